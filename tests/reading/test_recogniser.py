"""The recogniser with networks small enough to know by heart, written as ONNX here."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from inkdigits.errors import WeightsError
from inkdigits.reading.card import (
    ADVISER_FILE,
    GLYPH_FILE,
    LINE_FILE,
    SECOND_FILE,
    WEIGHTS,
    Card,
    card_path,
    file_sha256,
    load_card,
    save_card,
)
from inkdigits.reading.glyph import NORMALISER_VERSION
from inkdigits.reading.recogniser import LINE_STRIDE, Recogniser

DIGITS = tuple("0123456789")
LINE_CLASSES = ("", *DIGITS, "?")


def _save(path: Path, nodes: list, shapes: tuple[list, list], constants: dict[str, np.ndarray]) -> None:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("ink", TensorProto.UINT8, shapes[0])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, shapes[1])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _write_card(path: Path, kind: str, classes: tuple[str, ...], **changes: object) -> None:
    shape = (28, 28) if kind == "glyph" else (32, None)
    card = Card(path.stem, kind, file_sha256(path), NORMALISER_VERSION, classes, shape)  # pyright: ignore
    save_card(replace(card, **changes), path)  # pyright: ignore


def _write_glyph_network(path: Path, from_below: bool = False) -> None:
    """The class is the tenth of the glyph's rows that holds most ink; rows 0 to 27 in ten parts, or 27 to
    0.
    """
    weights = np.zeros((28, 28, 10), np.float32)
    tenths = np.arange(28) * 10 // 28
    weights[np.arange(28), :, 9 - tenths if from_below else tenths] = 1e-4
    nodes = [
        helper.make_node("Cast", ["ink"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["float", "flat"], ["rows"]),
        helper.make_node("MatMul", ["rows", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    constants = {"flat": np.array([-1, 784], np.int64), "weights": weights.reshape(784, 10)}
    _save(path, nodes, (["n", 28, 28], ["n", 10]), constants)
    _write_card(path, "glyph", DIGITS)


def _write_line_network(path: Path) -> None:
    """A step's probabilities follow from the mean of its two columns alone: the darker, the higher its
    class.
    """
    classes = len(LINE_CLASSES)
    slopes = np.linspace(0, 0.4, classes, dtype=np.float32)[None]
    offsets = -(np.linspace(0, 6, classes, dtype=np.float32) ** 2)
    nodes = [
        helper.make_node("Cast", ["ink"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["float", "one"], ["planes"]),
        helper.make_node(
            "AveragePool", ["planes"], ["pooled"], kernel_shape=[32, LINE_STRIDE], strides=[32, LINE_STRIDE]
        ),
        helper.make_node("Squeeze", ["pooled", "both"], ["means"]),
        helper.make_node("Unsqueeze", ["means", "last"], ["steps"]),
        helper.make_node("MatMul", ["steps", "slopes"], ["scores"]),
        helper.make_node("Add", ["scores", "offsets"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]
    constants = {
        "one": np.array([1], np.int64),
        "both": np.array([1, 2], np.int64),
        "last": np.array([-1], np.int64),
        "slopes": slopes,
        "offsets": offsets,
    }
    _save(path, nodes, (["n", 32, "w"], ["n", "steps", classes]), constants)
    _write_card(path, "line", LINE_CLASSES)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both networks and their cards; tests that change it take a copy."""
    folder = tmp_path_factory.mktemp("weights")
    _write_glyph_network(folder / GLYPH_FILE)
    _write_line_network(folder / LINE_FILE)
    return folder


@pytest.fixture(scope="module")
def recogniser(weights: Path) -> Recogniser:
    return Recogniser(weights)


@pytest.fixture
def copy(weights: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(weights, tmp_path / "copy"))


def _edit_card(path: Path, **changes: object) -> None:
    save_card(replace(load_card(path, NORMALISER_VERSION), **changes), path)  # pyright: ignore


def test_glyphs_are_classified_in_the_order_given(recogniser: Recogniser) -> None:
    glyphs = np.zeros((10, 28, 28), np.uint8)
    order = [3, 1, 4, 0, 5, 9, 2, 6, 8, 7]
    for glyph, digit in zip(glyphs, order, strict=True):
        glyph[np.arange(28) * 10 // 28 == digit] = 255
    probabilities = recogniser.glyph_probabilities(glyphs)
    assert probabilities.shape == (10, 10)
    assert probabilities.dtype == np.float32
    assert probabilities.argmax(axis=1).tolist() == order
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 600])
def test_many_glyphs_are_read_as_each_alone(recogniser: Recogniser, count: int) -> None:
    glyphs = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    together = recogniser.glyph_probabilities(glyphs)
    assert together.shape == (count, 10)
    for index in {0, count // 2, count - 1} if count else ():
        alone = recogniser.glyph_probabilities(glyphs[index : index + 1])
        np.testing.assert_allclose(together[index], alone[0], atol=1e-6)


@pytest.mark.parametrize("shape", [(28, 28), (1, 28, 27), (1, 28, 28, 1), (2, 32, 32)])
def test_glyphs_of_another_shape_are_refused(recogniser: Recogniser, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="glyphs of shape"):
        recogniser.glyph_probabilities(np.zeros(shape, np.uint8))


@given(widths=st.lists(st.integers(1, 300), max_size=40), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_strips_of_any_widths_are_read_as_each_alone(
    recogniser: Recogniser, widths: list[int], seed: int
) -> None:
    random = np.random.default_rng(seed)
    strips = [random.integers(0, 256, (32, width), dtype=np.uint8) for width in widths]
    together = recogniser.line_probabilities(strips)
    assert len(together) == len(strips)
    for strip, steps in zip(strips, together, strict=True):
        assert steps.shape == (-(-strip.shape[1] // LINE_STRIDE), len(LINE_CLASSES))
        np.testing.assert_allclose(steps, recogniser.line_probabilities([strip])[0], atol=1e-5)


def test_a_step_tells_of_its_own_columns(recogniser: Recogniser) -> None:
    strip = np.zeros((32, 40), np.uint8)
    strip[:, 10:20] = 255
    (steps,) = recogniser.line_probabilities([strip])
    dark = np.flatnonzero(steps.argmax(axis=1) == len(LINE_CLASSES) - 1)
    assert dark.tolist() == [5, 6, 7, 8, 9]
    assert (np.delete(steps, dark, axis=0).argmax(axis=1) == 0).all()


def test_the_temperature_of_the_card_softens_and_keeps_the_order(copy: Path) -> None:
    glyphs = np.random.default_rng(1).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    strip = np.random.default_rng(2).integers(0, 256, (32, 60), dtype=np.uint8)
    plain = Recogniser(copy)
    _edit_card(copy / GLYPH_FILE, temperature=2.0)
    _edit_card(copy / LINE_FILE, temperature=2.0)
    soft = Recogniser(copy)
    pairs = [
        (plain.glyph_probabilities(glyphs), soft.glyph_probabilities(glyphs)),
        (plain.line_probabilities([strip])[0], soft.line_probabilities([strip])[0]),
    ]
    for before, after in pairs:
        roots = np.sqrt(before)
        np.testing.assert_allclose(after, roots / roots.sum(axis=-1, keepdims=True), atol=1e-5)
        assert (after.argmax(axis=-1) == before.argmax(axis=-1)).all()
        assert after.max() < before.max()


def test_one_glyph_network_alone_reads_no_lines(weights: Path, copy: Path) -> None:
    (copy / LINE_FILE).unlink()
    for source in (weights / GLYPH_FILE, str(weights / GLYPH_FILE), copy):
        alone = Recogniser(source)
        assert not alone.reads_lines
        assert alone.line_card is None
        with pytest.raises(WeightsError, match=LINE_FILE):
            alone.line_probabilities([np.zeros((32, 40), np.uint8)])


def test_an_adviser_is_heard_on_lone_digits_of_which_the_glyph_network_is_in_doubt(copy: Path) -> None:
    _edit_card(copy / GLYPH_FILE, temperature=0.1)
    alone = Recogniser(copy)
    _write_glyph_network(copy / ADVISER_FILE, from_below=True)
    helped, adviser = Recogniser(copy), Recogniser(copy / ADVISER_FILE)
    assert alone.adviser_card is None and helped.adviser_card == adviser.glyph_card
    faint = np.random.default_rng(3).integers(100, 120, (6, 28, 28), dtype=np.uint8)
    sure = np.zeros((1, 28, 28), np.uint8)
    sure[0, :2] = 255
    glyphs = np.concatenate([faint[:3], sure, faint[3:]])
    own, told = alone.glyph_probabilities(glyphs), helped.glyph_probabilities(glyphs, lone=True)
    np.testing.assert_array_equal(helped.glyph_probabilities(glyphs), own)
    np.testing.assert_array_equal(told[3], own[3])
    both = np.delete(own, 3, axis=0) * adviser.glyph_probabilities(faint) ** (1 / 4)
    expected = both / both.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.delete(told, 3, axis=0), expected, atol=1e-5)
    last = helped.glyph_probabilities(glyphs, np.arange(7) == 6)
    np.testing.assert_array_equal(last[:6], own[:6])
    np.testing.assert_allclose(last[6], told[6], atol=1e-6)
    assert helped.glyph_probabilities(glyphs[:0], lone=True).shape == (0, 10)


def test_a_second_line_network_is_asked_by_name(weights: Path, copy: Path) -> None:
    _write_line_network(copy / SECOND_FILE)
    _edit_card(copy / SECOND_FILE, temperature=2.0)
    alone, helped = Recogniser(weights), Recogniser(copy)
    assert alone.second_card is None and helped.second_card is not None
    assert [card.name for card in helped.cards] == [
        Path(name).stem for name in (GLYPH_FILE, LINE_FILE, SECOND_FILE)
    ]
    strips = [np.random.default_rng(4).integers(0, 256, (32, width), dtype=np.uint8) for width in (40, 61)]
    for own, first, second in zip(
        alone.line_probabilities(strips),
        helped.line_probabilities(strips),
        helped.line_probabilities(strips, second=True),
        strict=True,
    ):
        np.testing.assert_array_equal(own, first)
        roots = np.sqrt(first)
        np.testing.assert_allclose(second, roots / roots.sum(axis=-1, keepdims=True), atol=1e-5)
    with pytest.raises(WeightsError, match=SECOND_FILE):
        alone.line_probabilities(strips, second=True)


def test_a_second_line_network_names_what_the_first_does(copy: Path) -> None:
    _write_glyph_network(copy / SECOND_FILE)
    with pytest.raises(WeightsError, match="a glyph network where a line network is needed"):
        Recogniser(copy)
    _write_line_network(copy / SECOND_FILE)
    _edit_card(copy / SECOND_FILE, classes=LINE_CLASSES[::-1])
    with pytest.raises(WeightsError, match=f"{SECOND_FILE}.*other classes than"):
        Recogniser(copy)


def test_an_adviser_must_know_the_digits_and_no_more(copy: Path) -> None:
    _write_line_network(copy / ADVISER_FILE)
    with pytest.raises(WeightsError, match="a line network where a glyph network is needed"):
        Recogniser(copy)
    _write_glyph_network(copy / ADVISER_FILE)
    _edit_card(copy / ADVISER_FILE, classes=(*DIGITS, "none"))
    with pytest.raises(WeightsError, match=f"{ADVISER_FILE}.*ten digits and nothing else"):
        Recogniser(copy)


def test_a_network_of_the_other_kind_is_refused(copy: Path) -> None:
    for there, other, told in (
        (LINE_FILE, GLYPH_FILE, "a line network where a glyph network is needed"),
        (GLYPH_FILE, LINE_FILE, "a glyph network where a line network is needed"),
    ):
        folder = copy.parent / f"two-of-{there}"
        shutil.copytree(copy, folder)
        for suffix in (Path, card_path):
            shutil.copy(suffix(copy / there), suffix(folder / other))
        with pytest.raises(WeightsError, match=told):
            Recogniser(folder)


def test_a_line_network_alone_is_helped_by_the_packages_glyph_network(copy: Path) -> None:
    helped = Recogniser(copy / LINE_FILE)
    package = load_card(WEIGHTS / GLYPH_FILE, NORMALISER_VERSION)
    assert helped.reads_lines and helped.glyph_card == package
    assert helped.line_card == load_card(copy / LINE_FILE, NORMALISER_VERSION)


def test_a_network_of_the_package_goes_by_its_name() -> None:
    named = Recogniser(GLYPH_FILE.removesuffix(".onnx"))
    assert not named.reads_lines and named.glyph_card.name == "inkdigits-digits"
    with pytest.raises(WeightsError, match="no such weights"):
        Recogniser("inkdigits-digit")


@pytest.mark.parametrize("name", [GLYPH_FILE, LINE_FILE])
def test_a_missing_card_and_foreign_bytes_are_named(copy: Path, name: str) -> None:
    card = card_path(copy / name)
    kept = card.read_bytes()
    card.unlink()
    with pytest.raises(WeightsError, match=f"{name}.*is missing"):
        Recogniser(copy)
    card.write_bytes(kept)
    (copy / name).write_bytes((copy / name).read_bytes() + b"\0")
    with pytest.raises(WeightsError, match=f"{name}.*not those of their card"):
        Recogniser(copy)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"{GLYPH_FILE}: no such weights file"):
        Recogniser(tmp_path)
    with pytest.raises(WeightsError, match="nothing.onnx: no such weights file"):
        Recogniser(tmp_path / "nothing.onnx")


def test_what_onnx_runtime_cannot_load_is_a_clear_error(copy: Path) -> None:
    path = copy / GLYPH_FILE
    path.write_bytes(b"no network at all")
    _write_card(path, "glyph", DIGITS)
    with pytest.raises(WeightsError, match="ONNX Runtime cannot load it"):
        Recogniser(copy)


def test_weights_for_another_normaliser_are_refused(copy: Path) -> None:
    _edit_card(copy / LINE_FILE, normaliser_version=NORMALISER_VERSION + 1)
    with pytest.raises(WeightsError, match=f"{LINE_FILE}.*normaliser version {NORMALISER_VERSION + 1}"):
        Recogniser(copy)


def test_the_package_holds_both_networks_for_digits() -> None:
    own = Recogniser()
    assert own.reads_lines and own.line_card is not None
    assert own.glyph_card.classes[:10] == DIGITS
    assert own.adviser_card is not None and own.adviser_card.classes == DIGITS
    assert own.second_card is not None and own.second_card.classes == own.line_card.classes
    assert own.line_card.classes[0] == "" and set(DIGITS) < set(own.line_card.classes)
    assert own.glyph_probabilities(np.zeros((1, 28, 28), np.uint8)).shape[1] == len(own.glyph_card.classes)
