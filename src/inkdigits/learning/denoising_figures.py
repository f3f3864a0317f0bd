"""What denoising is worth: digits given back from under noise, and accuracy under noise.

In: a finished run of `denoising-autoencoder`, and one of the same network without pretraining. Out:
denoising.json, reconstructions.png and noise.png.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

from inkdigits.errors import RunError
from inkdigits.learning import runs
from inkdigits.learning.autoencoder import AUTOENCODER, NOISES, corrupt
from inkdigits.learning.datasets import Digits
from inkdigits.learning.evaluation import SETS, open_network
from inkdigits.learning.figures import save

LEVELS = {
    "masking": (0.0, 0.1, 0.25, 0.5, 0.75),
    "gaussian": (0.0, 0.1, 0.2, 0.3, 0.5),
    "salt-and-pepper": (0.0, 0.05, 0.1, 0.2, 0.4),
}
SHOWN = (("masking", 0.25), ("masking", 0.5), ("gaussian", 0.3), ("salt-and-pepper", 0.1))
NOISE_SEED = 11


@dataclass(frozen=True)
class NoisyAccuracy:
    """The share of right readings of two networks, on the same digits under the same noise."""

    noise: str
    level: float
    pretrained: float
    baseline: float


def report_denoising(
    run: Path, baseline: Path, on: str, data_folder: Path, out: Path
) -> tuple[list[NoisyAccuracy], list[Path]]:
    """Measure both runs on the set `on` under every noise, draw, and return the table and the files written.

    RunError where `run` was not pretrained, or where either is not finished.
    """
    if not (run / AUTOENCODER).is_file():
        raise RunError(f"{run}: holds no {AUTOENCODER}: no run of denoising-autoencoder that was pretrained")
    digits = SETS[on](data_folder)
    rows = measure_noise(run, baseline, digits)
    whole: Any = keras.saving.load_model(run / AUTOENCODER, compile=False)
    out.mkdir(parents=True, exist_ok=True)
    table = out / "denoising.json"
    record = {"run": run.resolve().name, "baseline": baseline.resolve().name, "on": on, "count": len(digits)}
    runs.write_json(table, {**record, "accuracy": [asdict(row) for row in rows]})
    pictures = [
        draw_reconstructions(whole, digits, out / "reconstructions.png"),
        draw_noise(rows, on, out / "noise.png"),
    ]
    return rows, [table, *pictures]


def measure_noise(run: Path, baseline: Path, digits: Digits) -> list[NoisyAccuracy]:
    """Accuracy of two runs at all of `LEVELS`; the noise is the same whenever it is drawn."""
    networks = [open_network(path) for path in (run, baseline)]
    rows = []
    for kind, levels in LEVELS.items():
        for level in levels:
            generator = np.random.default_rng((NOISE_SEED, NOISES.index(kind), round(level * 1000)))
            images = corrupt(digits.images, kind, level, generator)
            read = [network.probabilities(images).argmax(axis=1) for network in networks]
            rows.append(NoisyAccuracy(kind, level, *[float((one == digits.labels).mean()) for one in read]))
    return rows


def draw_reconstructions(whole: Any, digits: Digits, path: Path) -> Path:
    """The first digit of each class: clean, and under each of `SHOWN` what went in and what came back."""
    firsts = digits.images[np.unique(digits.labels, return_index=True)[1]]
    rows = [("clean", firsts), ("given back", _given_back(whole, firsts))]
    for kind, level in SHOWN:
        noisy = corrupt(firsts, kind, level, np.random.default_rng(NOISE_SEED))
        rows += [(f"{kind} {level:g}", noisy), ("given back", _given_back(whole, noisy))]
    figure = Figure(figsize=(0.75 * len(firsts) + 1.7, 0.75 * len(rows) + 0.1), layout="constrained")
    grid = figure.subplots(len(rows), len(firsts), squeeze=False)
    for axes_row, (name, images) in zip(grid, rows, strict=True):
        for axes, image in zip(axes_row, images, strict=True):
            axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.axis("off")
        first = axes_row[0]
        first.text(-0.2, 0.5, name, transform=first.transAxes, ha="right", va="center", fontsize=9)
    return save(figure, path)


def _given_back(whole: Any, images: np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(whole(images)) * 255).astype(np.uint8)


def draw_noise(rows: list[NoisyAccuracy], on: str, path: Path) -> Path:
    """Accuracy against the level of each noise, with and without pretraining."""
    kinds = list(dict.fromkeys(row.noise for row in rows))
    figure = Figure(figsize=(3.4 * len(kinds), 3.4), layout="constrained")
    for axes, kind in zip(figure.subplots(1, len(kinds), sharey=True, squeeze=False)[0], kinds, strict=True):
        chosen = [row for row in rows if row.noise == kind]
        levels = [row.level for row in chosen]
        axes.plot(levels, [100 * row.pretrained for row in chosen], "o-", label="pretrained")
        axes.plot(levels, [100 * row.baseline for row in chosen], "s--", label="without pretraining")
        axes.set(xlabel=f"{kind} noise, level", title=kind)
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel(f"accuracy on {on}, %")
    figure.axes[0].legend(fontsize=8)
    return save(figure, path)
