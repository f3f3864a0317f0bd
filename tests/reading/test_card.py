"""Cards: written and read back, and refused where they do not belong to the weights."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inkdigits.errors import WeightsError
from inkdigits.reading.card import WEIGHTS, Card, card_path, file_sha256, load_card, save_card


@pytest.fixture
def weights(tmp_path: Path) -> tuple[Path, Card]:
    path = tmp_path / "digits.onnx"
    path.write_bytes(b"not really a network, but bytes with a sha256")
    card = Card(
        name="paper-cnn",
        kind="glyph",
        sha256=file_sha256(path),
        normaliser_version=3,
        classes=tuple("0123456789"),
        input_shape=(28, 28),
        training_data=({"name": "mnist", "sha256": "ab", "count": 55000, "licence": "CC BY-SA 3.0"},),
        metrics={"mnist-test": 0.9915},
        threshold=0.8,
        temperature=1.25,
        recipe={"epochs": 15},
        created_from_commit="abc",
    )
    save_card(card, path)
    return path, card


def edit(path: Path, **changes: object) -> None:
    card = json.loads(card_path(path).read_text())
    card_path(path).write_text(json.dumps(card | changes))


def test_the_cards_of_the_package_are_json_to_any_reader():
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    cards = sorted(WEIGHTS.glob("*.card.json"))
    assert len(cards) == len(list(WEIGHTS.glob("*.onnx"))) >= 6
    for card in cards:
        assert json.loads(card.read_text(encoding="utf-8"), parse_constant=refuse)["name"] in card.name


def test_a_card_reads_back_as_it_was_written(weights):
    path, card = weights
    assert load_card(path, 3) == card
    assert card_path(path).name == "digits.card.json"
    assert not list(path.parent.glob("*.part"))


def test_a_dynamic_width_survives(weights):
    path, card = weights
    line = replace(card, kind="line", input_shape=(32, None))
    save_card(line, path)
    assert load_card(path, 3).input_shape == (32, None)


def test_changed_weights_are_refused(weights):
    path, _ = weights
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(WeightsError, match="not those of their card"):
        load_card(path, 3)


def test_another_normaliser_is_refused(weights):
    path, _ = weights
    with pytest.raises(WeightsError, match="version 3.*version 4"):
        load_card(path, 4)


def test_a_missing_card_or_file_is_named(weights):
    path, _ = weights
    card_path(path).unlink()
    with pytest.raises(WeightsError, match="digits.card.json is missing"):
        load_card(path, 3)
    path.unlink()
    with pytest.raises(WeightsError, match="no such weights file"):
        load_card(path, 3)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"kind": "glyph"}', "\x00\x01"])
def test_a_damaged_card_is_refused(weights, text):
    path, _ = weights
    card_path(path).write_text(text)
    with pytest.raises(WeightsError, match="the card is damaged"):
        load_card(path, 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "page"},
        {"sha256": 7},
        {"normaliser_version": "three"},
        {"classes": None},
        {"threshold": 1.5},
        {"temperature": 0},
        {"temperature": float("nan")},
        {"unheard": 1},
        {"input_shape": ["wide"]},
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(weights, changes):
    path, _ = weights
    edit(path, **changes)
    with pytest.raises(WeightsError, match="the card is damaged"):
        load_card(path, 3)


def test_a_card_that_is_not_text_is_refused(weights):
    path, _ = weights
    card_path(path).write_bytes(b"\xff\xfe\x00\xff")
    with pytest.raises(WeightsError, match="the card is damaged"):
        load_card(path, 3)
