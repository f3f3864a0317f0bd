"""Networks for other runtimes. In: a finished run, or an ONNX file with its card; a target. Out: its files,
and how they compare with ONNX Runtime's float32 on MNIST's 10,000 test images, on the runtime that is meant.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from inkdigits.errors import RunError, WeightsError
from inkdigits.learning import runs
from inkdigits.learning.datasets import Digits, load_mnist
from inkdigits.learning.integer import runtimes
from inkdigits.reading.card import WEIGHTS, Card, card_path, file_sha256, load_card, save_card
from inkdigits.reading.glyph import NORMALISER_VERSION
from inkdigits.reading.recogniser import Recogniser

TARGETS = ("onnx-int8", "litert", "c", "js")
_RANGES = 2000  # training images that the ranges of integers are fitted on
_LEAST_AGREEMENT = 0.98


@dataclass(frozen=True)
class Written:
    """Files, and what they are like.

    Attributes:
        paths: the files.
        sizes: bytes by what they are of: "file", "weights", "flash", "work".
        runtime: what the network was run on.
        images: how many test images it was run on.
        agreement: share of them that are read as in float32.
        accuracy, float_accuracy: shares of them read rightly.
    """

    paths: tuple[Path, ...]
    sizes: dict[str, int]
    runtime: str
    images: int
    agreement: float
    accuracy: float
    float_accuracy: float


@dataclass(frozen=True)
class _Draft:
    """Files in a scratch folder, and the test images' scores (n, classes) on their runtime."""

    paths: tuple[Path, ...]
    sizes: dict[str, int]
    runtime: str
    scores: np.ndarray


def write_target(source: Path, target: str, data_folder: Path, out_folder: Path | None = None) -> Written:
    """Write a network for `target`, one of `TARGETS`, to `out_folder` or beside its source.

    Args:
        source: a run folder, an ONNX file with its card, or the name of a network of the package.

    Raises:
        RunError, WeightsError: there is no such network, it reads lines, it has no form for the target, or
            it does not compute what ONNX Runtime does, and then nothing is written.
        DataError: MNIST is missing.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path, model = _find(source, target, data_folder, Path(scratch))
        training = load_mnist(data_folder, "train").images
        ranges = training[:: max(1, len(training) // _RANGES)]
        beside = source if source.is_dir() else source.parent
        return convert(path, target, ranges, load_mnist(data_folder, "test"), out_folder or beside, model)


def convert(
    path: Path,
    target: str,
    ranges: np.ndarray,
    test: Digits,
    out: Path,
    model: keras.Model | None = None,
) -> Written:
    """Write the ONNX file `path`, with its card beside it, for `target` to the folder `out`.

    Args:
        ranges: glyphs (n, 28, 28) uint8 that the ranges of integers are fitted on.
        test: what the two are compared on.
        model: the same network in Keras, which "litert" is written from.
    """
    card = load_card(path, NORMALISER_VERSION)
    if card.kind != "glyph":
        raise WeightsError(
            f"{path.name}: it reads lines; only networks of single digits can be written as {target}"
        )
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        if target == "onnx-int8":
            draft = _onnx_int8(path, card, place, ranges, test.images)
        elif target == "litert":
            draft = _litert(card, place, model, test.images)
        else:
            draft = _integers(path, card, target, place, ranges, test.images)
        wanted = Recogniser(path).glyph_probabilities(test.images).argmax(axis=1)
        read = draft.scores.argmax(axis=1)
        agreement = float((read == wanted).mean())
        if agreement < _LEAST_AGREEMENT:
            raise WeightsError(
                f"{path.name}: as {target}, {1 - agreement:.1%} of {len(read)} images are read otherwise "
                "than in float32; nothing is written"
            )
        out.mkdir(parents=True, exist_ok=True)
        for drafted in draft.paths:
            _move(drafted, out / drafted.name)
    return Written(
        paths=tuple(out / drafted.name for drafted in draft.paths),
        sizes=draft.sizes,
        runtime=draft.runtime,
        images=len(test),
        agreement=agreement,
        accuracy=float((read == test.labels).mean()),
        float_accuracy=float((wanted == test.labels).mean()),
    )


def _find(source: Path, target: str, data_folder: Path, scratch: Path) -> tuple[Path, keras.Model | None]:
    """The ONNX file of `source`; of a run the Keras network too, and its ONNX file is written for this."""
    if (source / runs.CONFIG).is_file():
        from inkdigits.learning.export import export_run, load_run

        return export_run(source, data_folder, scratch), load_run(source)[0]
    if target == "litert":
        raise RunError(f"{source}: LiteRT files are written from a run folder (inkdigits train NAME)")
    bundled = WEIGHTS / f"{source}.onnx"
    path = bundled if not source.exists() and bundled.is_file() else source
    if not path.is_file():
        raise RunError(f"{source}: no run folder, ONNX file or network of the package")
    return path, None


def _onnx_int8(path: Path, card: Card, place: Path, ranges: np.ndarray, test: np.ndarray) -> _Draft:
    from inkdigits.learning.onnx_int8 import store_in_int8

    name = f"{card.name}-int8"
    target = place / f"{name}.onnx"
    store_in_int8(path, target, ranges)
    save_card(dataclasses.replace(card, name=name, sha256=file_sha256(target)), target)
    scores = Recogniser(target).glyph_probabilities(test)
    return _Draft((target, card_path(target)), {"file": target.stat().st_size}, "ONNX Runtime", scores)


def _litert(card: Card, place: Path, model: keras.Model | None, test: np.ndarray) -> _Draft:
    from inkdigits.learning.litert import run_litert, write_litert

    if model is None:
        raise RunError(f"{card.name}: LiteRT files are written from a run folder (inkdigits train NAME)")
    target = place / f"{card.name}.tflite"
    write_litert(model, target)
    return _Draft((target,), {"file": target.stat().st_size}, "LiteRT", run_litert(target, test))


def _integers(
    path: Path, card: Card, target: str, place: Path, ranges: np.ndarray, test: np.ndarray
) -> _Draft:
    from inkdigits.learning.integer.c_source import c_name, write_c
    from inkdigits.learning.integer.js_source import write_js
    from inkdigits.learning.integer.memory import plan
    from inkdigits.learning.integer.quantise import quantise

    network = quantise(path, card.classes, ranges)
    network = dataclasses.replace(network, name=card.name, logit_scale=network.logit_scale / card.temperature)
    sizes = {"weights": network.weight_bytes}
    if target == "c":
        header, source = write_c(network)
        paths = tuple(place / f"{c_name(card.name)}.{ending}" for ending in ("h", "c"))
        paths[0].write_text(header, encoding="utf-8")
        paths[1].write_text(source, encoding="utf-8")
        sizes["work"] = plan(network)[1]
        flash = runtimes.flash_bytes(card.name, header, source)
        sizes |= {} if flash is None else {"flash": flash}
        runtime, said = "C", runtimes.run_c(card.name, header, source, test)
    else:
        text = write_js(network)
        paths = (place / f"{card.name}.js",)
        paths[0].write_text(text, encoding="utf-8")
        sizes["file"] = paths[0].stat().st_size
        runtime, said = "JavaScript", runtimes.run_js(text, test)
    if said is None:
        needed = {"c": "C compiler", "js": "Node"}[target]
        return _Draft(paths, sizes, f"NumPy (there is no {needed} on this machine)", network.logits(test))
    if not np.array_equal(said[:_RANGES], network.logits(test[:_RANGES])):
        raise WeightsError(
            f"{card.name}: its {runtime} computes other logits here than it should; not written"
        )
    return _Draft(paths, sizes, runtime, said)


def _move(drafted: Path, path: Path) -> None:
    """Put a file in its place, whole or not at all; the two may lie on different disks."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(drafted.read_bytes())
    os.replace(beside, path)
