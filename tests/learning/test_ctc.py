"""Strings of digits: lines of one writer, the CTC loss against a sum over all paths, decoding, learning."""

import dataclasses
import io
import itertools
import os
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import tiny
from rich.console import Console

from inkdigits.errors import DataError, RunError
from inkdigits.learning import ctc, ctc_decoding, line_evaluation, runs
from inkdigits.learning.augment import Augmentation
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.datasets import Digits
from inkdigits.learning.export import export_run
from inkdigits.learning.models.crnn import crnn
from inkdigits.learning.recipe import Arrays, TrainingData
from inkdigits.learning.report import print_report
from inkdigits.learning.strings import target_text
from inkdigits.learning.training import train
from inkdigits.learning.writer_lines import (
    Hand,
    Lines,
    WriterBank,
    draw_lengths,
    load_writer_bank,
    make_lines,
    text_of,
    writer_bank,
)

CLASSES = ctc_decoding.CTC_CLASSES


def drawn(writers: int = 3) -> WriterBank:
    """Ten shapes by each of some writers, who differ in how dark they write."""
    images = np.zeros((10 * writers, 28, 28), np.uint8)
    labels, names = np.tile(np.arange(10), writers), np.repeat(np.arange(writers), 10)
    for image, label, name in zip(images, labels, names, strict=True):
        image[4:24, 10:13] = 255 - 40 * name
        image[4 + 2 * label : 6 + 2 * label, 10:20] = 255 - 40 * name
    return writer_bank(Digits(images, labels.astype(np.uint8)), names + 7)


def lines(count: int, seed: int = 0, **settings) -> Lines:
    random = np.random.default_rng(seed)
    return make_lines(drawn(), draw_lengths(count, random), random, **settings)


def test_the_bank_keeps_writers_and_classes_apart():
    digits, writers = (
        Digits(np.zeros((6, 28, 28), np.uint8), np.array([3, 3, 1, 3, 1, 9], np.uint8)),
        [5, 5, 5, 8, 8, 8],
    )
    digits.images[:, 0, 0] = np.arange(6)
    bank = writer_bank(digits, np.array(writers))
    assert bank.counts[:, [1, 3, 9]].tolist() == [[1, 2, 0], [1, 1, 1]] and bank.counts.sum() == 6
    places = bank.starts[0, 3] + np.arange(2)
    assert bank.glyphs[places, 0, 0].tolist() == [0, 1]


def test_a_line_is_of_one_writer_and_says_its_digits():
    made = lines(300)
    assert made.strips.dtype == np.uint8 and made.strips.shape[:2] == (300, 32)
    assert made.digits.shape == (300, 10) and made.digits.max() == 10
    counts = (made.digits > 0).sum(axis=1)
    assert set(counts) == set(range(1, 11))
    assert all(len(text_of(digits)) == count for digits, count in zip(made.digits, counts, strict=True))
    # The lightest writer's ink is 175, the others' 215 and 255: no line mixes them.
    for strip, width in zip(made.strips, made.widths, strict=True):
        assert strip[:, width:].max(initial=0) == 0
        assert any(abs(int(strip.max()) - ink) < 12 for ink in (255, 215, 175))
    assert made.widths.max() == made.strips.shape[2]


def test_the_same_generator_gives_the_same_lines():
    warped = Augmentation(rotation=10, scale=0.1, shear=0.1, elastic=20)
    first, second, other = (lines(70, seed, augmentation=warped) for seed in (1, 1, 2))
    assert np.array_equal(first.strips, second.strips) and np.array_equal(first.digits, second.digits)
    assert first.strips.shape != other.strips.shape or not np.array_equal(first.strips, other.strips)


def test_digits_that_do_not_fit_are_left_out():
    whole, cut = lines(200), lines(200, width=96)
    assert cut.strips.shape == (200, 32, 96) and cut.widths.max() <= 96
    shorter = (cut.digits > 0).sum(axis=1) < (whole.digits > 0).sum(axis=1)
    assert shorter.any() and not shorter.all()
    for kept, all_ in zip(cut.digits, whole.digits, strict=True):
        assert text_of(all_).startswith(text_of(kept)) and text_of(kept)


@pytest.mark.parametrize(("gap", "apart"), [((3.0, 3.0), True), ((-2.0, -2.0), False)])
def test_gaps_are_paper_between_ink(gap, apart):
    hand = Hand(slant=0, gaps=(gap,), gap_shares=(1.0,), gap_jitter=0, base_drift=0, slope=0, turn_jitter=0)
    random = np.random.default_rng(0)
    made = make_lines(drawn(1), np.full(50, 2), random, hand=hand)
    forms = [
        cv2.connectedComponents((strip >= 64).astype(np.uint8), connectivity=8)[0] - 1
        for strip in made.strips
    ]
    assert all(form == (2 if apart else 1) for form in forms)


def test_lines_without_digits_or_of_too_many_are_refused():
    for length in (0, 11):
        with pytest.raises(DataError, match="1 to 10"):
            make_lines(drawn(), np.array([length]), np.random.default_rng(0))


def paths_probability(outputs: np.ndarray, text: str) -> float:
    """The probability of `text`, summed over every path: what Graves et al. define."""
    total = 0.0
    for path in itertools.product(range(outputs.shape[1]), repeat=len(outputs)):
        joined = [one for one, _ in itertools.groupby(path)]
        if "".join(CLASSES[one] for one in joined if one) == text:
            total += float(np.prod([outputs[step, one] for step, one in enumerate(path)]))
    return total


def test_the_loss_is_the_sum_over_all_paths():
    random = np.random.default_rng(0)
    outputs = random.dirichlet(np.ones(11), (4, 5))
    outputs[:, :, 4:] = 0  # Four classes: 4 ** 5 paths to sum.
    outputs = (outputs / outputs.sum(axis=2, keepdims=True)).astype(np.float32)
    texts = ["0", "11", "", "021"]
    expected = [paths_probability(line[:, :4], text) for line, text in zip(outputs, texts, strict=True)]
    np.testing.assert_allclose(ctc.text_probabilities(outputs, texts), expected, rtol=1e-4)


def test_a_network_that_is_sure_of_the_wrong_line_still_learns():
    outputs = np.zeros((1, 12, 11), np.float32)
    outputs[:, :, 0] = 1
    targets = ctc.spaced(np.array([[4, 4, 0, 0, 0, 0, 0, 0, 0, 0]], np.uint8))
    assert np.isfinite(np.asarray(ctc.ctc_loss(keras.ops.convert_to_tensor(targets), outputs))).all()


def steps(text: str, count: int = 20) -> np.ndarray:
    """Outputs that say `text`: "-" is the blank."""
    outputs = np.full((count, 11), 0.01, np.float32)
    path = [0 if one == "-" else CLASSES.index(one) for one in text.ljust(count, "-")]
    outputs[np.arange(count), path] = 0.9
    return outputs


def test_the_best_path_joins_repetitions_and_leaves_blanks_out():
    said = {
        "--1-1--": "11",
        "0110-0": "0100",
        "": "",
        "99-9": "99",
        "12345678909876543210": "12345678909876543210",
    }
    assert ctc_decoding.best_path(np.stack([steps(path) for path in said])) == list(said.values())


def test_the_most_probable_text_is_found_where_no_single_path_says_it():
    # Graves et al.'s example: two steps of the blank at 0.6 are one path, "0" has three that sum to 0.64.
    outputs = np.zeros((1, 2, 11), np.float32)
    outputs[:, :, 0], outputs[:, :, 1] = 0.6, 0.4
    assert ctc_decoding.best_path(outputs) == [""]
    assert ctc_decoding.prefix_search(outputs[0]) == "0"
    texts, probabilities = ctc.decode(outputs)
    assert texts == ["0"] and probabilities == pytest.approx([0.64], abs=1e-5)


def test_a_wide_search_finds_the_most_probable_of_all_texts():
    random = np.random.default_rng(1)
    outputs = np.zeros((20, 5, 11))
    outputs[:, :, :3] = random.dirichlet(np.ones(3), (20, 5))
    texts = ["".join(text) for length in range(6) for text in itertools.product("01", repeat=length)]
    for line in outputs:
        probable = {text: paths_probability(line[:, :3], text) for text in texts}
        assert ctc_decoding.prefix_search(line, beam=100) == max(texts, key=lambda text: probable[text])


def test_exact_tells_right_lines_from_wrong_ones():
    truths = ["11", "10", "0100", "0100", "01", ""]
    outputs = np.stack([steps(path) for path in ("1-1", "1-1", "0110-0", "0-10", "0--10-0", "--1")])
    digits = np.zeros((6, 10), np.uint8)
    for row, truth in zip(digits, truths, strict=True):
        row[: len(truth)] = [int(digit) + 1 for digit in truth]
    targets = ctc.spaced(digits)
    found = np.asarray(ctc.exact(keras.ops.convert_to_tensor(targets), keras.ops.convert_to_tensor(outputs)))
    assert found.tolist() == [1, 0, 1, 0, 0, 0]
    assert [target_text(target) for target in targets] == truths  # Readers of steps read them as well.


def test_errors_of_strings_and_of_digits():
    texts, truths = ["123", "12", "", "55", "0"], ["123", "123", "7", "5", "0"]
    assert ctc.string_error(texts, truths) == 0.6
    assert ctc.digit_error(texts, truths) == 3 / 9
    assert ctc.digit_error(["132"], ["123"]) == 2 / 3


@pytest.mark.parametrize(("time", "count"), [("convolution", 577_590), ("lstm", 591_030)])
def test_any_width_is_read_at_every_second_column(time, count):
    model = crnn(time)
    assert model.count_params() == count
    for width in (8, 30, 53, 160):
        out = model.predict_on_batch(np.zeros((2, 32, width), np.uint8))
        assert out.shape == (2, 2 * -(-width // 4), 11) and out.dtype == np.float32
        assert np.allclose(out.sum(axis=2), 1, atol=1e-5)


def test_an_unknown_reader_of_time_is_refused():
    with pytest.raises(RunError, match="convolution or lstm"):
        ctc.CRNN_CTC.build(TrainConfig("crnn-ctc", options={"time": "gru"}))


def small(config: TrainConfig) -> keras.Model:
    """A network of two convolutions that reads the drawn shapes."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, None), dtype="uint8"),
            layers.Rescaling(1 / 255),
            layers.Reshape((32, -1, 1)),
            layers.Conv2D(16, 5, 2, "same", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Conv2D(64, (16, 7), padding="valid", use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Reshape((-1, 64)),
            layers.Dense(11, activation="softmax", dtype="float32"),
        ]
    )


def simple_lines(count: int, seed: int) -> Lines:
    """Lines of 1 to 4 upright shapes, well apart."""
    random = np.random.default_rng(seed)
    hand = Hand(size=(20, 22), slant=0.02, turn_jitter=0, gaps=((2, 5),), gap_shares=(1.0,))
    return make_lines(drawn(), random.integers(1, 5, count), random, hand=hand, width=96)


def prepare(config: TrainConfig, folder: Path) -> TrainingData:
    """A hundred lines, learnt again and again, and a thousand others."""
    plain, held_out = (
        (made.strips, ctc.spaced(made.digits)) for made in (simple_lines(100, 0), simple_lines(1000, 1))
    )

    def epoch(index: int) -> Arrays:
        order = np.random.default_rng(index).permutation(800) % 100
        return plain[0][order], plain[1][order]

    return TrainingData(epoch=epoch, count=800, validation=held_out, hashes={}, plain=plain)


# Its runs say that they are of `mlp`, which reads single digits.
TINY = dataclasses.replace(tiny.TINY, name="mlp")
RECIPE = dataclasses.replace(ctc.CRNN_CTC, build=small, prepare=prepare)


def learn(folder: Path, **changes) -> float:
    resume = changes.pop("resume", False)
    after = changes.pop("after_epoch", None)
    settings = {
        "batch_size": 10,
        "learning_rate": 5e-3,
        "ema_momentum": 0.9,
        "schedule": "cosine",
        **changes,
    }
    result = train(
        TrainConfig("crnn-ctc", **settings),
        folder,
        folder,
        resume=resume,
        recipe=RECIPE,
        console=Console(file=io.StringIO()),
        after_epoch=after,
    )
    return result.train["accuracy"]


def test_a_hundred_lines_are_learnt_by_heart_exported_and_read(tmp_path, monkeypatch):
    assert learn(tmp_path / "run", epochs=6) == 1
    exported = export_run(tmp_path / "run", tmp_path, tmp_path, recipe=RECIPE)
    made = simple_lines(100, 0)
    monkeypatch.setattr(line_evaluation, "load_lines", lambda name, folder: made)
    by_keras = line_evaluation.evaluate_lines(tmp_path / "run", "lines-test", tmp_path)
    by_onnx = line_evaluation.evaluate_lines(exported, "lines-test", tmp_path)
    assert by_keras.correct == by_onnx.correct == 100
    found = by_keras.to_dict()
    assert found["string_error"] == found["digit_error"] == 0
    out = io.StringIO()
    print_report(by_keras, Console(file=out, width=100))
    assert "string error" in out.getvalue()
    scored = line_evaluation.score_strings(
        keras.saving.load_model(tmp_path / "run" / runs.MODEL, compile=False), tmp_path, tmp_path
    )
    assert scored["accuracy"]["string-error"] == found["string_error"]


def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path):
    def stop(done: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    learn(tmp_path / "whole", epochs=2, precision="mixed_bfloat16")
    with pytest.raises(KeyboardInterrupt):
        learn(tmp_path / "broken", epochs=2, precision="mixed_bfloat16", after_epoch=stop)
    learn(tmp_path / "broken", epochs=2, precision="mixed_bfloat16", resume=True)
    weights = [
        keras.saving.load_model(tmp_path / name / runs.MODEL, compile=False).get_weights()  # pyright: ignore
        for name in ("whole", "broken")
    ]
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_what_reads_no_lines_is_refused(tmp_path):
    with pytest.raises(RunError, match="neither"):
        line_evaluation.evaluate_lines(tmp_path / "weights.h5", "lines-test", tmp_path)
    train(
        TrainConfig("mlp", epochs=1),
        tmp_path / "run",
        tmp_path,
        recipe=TINY,
        console=Console(file=io.StringIO()),
    )
    with pytest.raises(RunError, match="single digits"):
        line_evaluation.evaluate_lines(tmp_path / "run", "lines-test", tmp_path)


@pytest.mark.data
def test_the_sets_of_lines_are_of_writers_of_their_own():
    named = os.environ.get("INKDIGITS_DATA")
    if not named or not (Path(named) / "mnist").is_dir():
        pytest.skip("INKDIGITS_DATA names no folder with mnist/")
    folder = Path(named)
    parts = {part: load_writer_bank(folder, part) for part in ("train", "validation", "test", "all")}
    assert {part: len(bank.counts) for part, bank in parts.items()} == {
        "train": 493,
        "validation": 46,
        "test": 297,
        "all": 539,
    }
    first = line_evaluation.load_lines("lines-validation", folder)
    assert len(first) == 4_000 and np.array_equal(
        first.strips, line_evaluation.load_lines("lines-validation", folder).strips
    )
    data = ctc.prepare_lines(TrainConfig("crnn-ctc", options={"lines_an_epoch": 64}), folder)
    strips, targets = data.epoch(0)
    assert strips.shape == (64, 32, ctc.TRAINING_WIDTH) and targets.shape == (64, 20)
    assert np.array_equal(strips, data.epoch(0)[0]) and not np.array_equal(strips, data.epoch(1)[0])
