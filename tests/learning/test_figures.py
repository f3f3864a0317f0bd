"""Figures: every picture is drawn from what it is given."""

import cv2
import numpy as np
import tiny

from inkdigits.learning import figures
from inkdigits.learning.models.paper import paper_cnn
from inkdigits.learning.models.perceptrons import mlp

ROWS = [
    {"epoch": 1, "accuracy": 0.9, "loss": 0.3, "val_accuracy": 0.95, "val_loss": 0.2},
    {"epoch": 2, "accuracy": 0.95, "loss": 0.2, "val_accuracy": 0.96, "val_loss": 0.15},
]


def drawn(path) -> np.ndarray:
    picture = cv2.imread(str(path))
    assert picture is not None and picture.std() > 5, "an empty picture"
    return picture


def test_data_sets_of_different_sizes_and_labels(tmp_path):
    letters = (np.zeros((3, 105, 105), np.uint8), np.array(["A", "B", "A"]))
    path = figures.draw_datasets(
        {"bars": tiny.bars(200, 0), "letters": letters}, tmp_path / "new" / "sets.png"
    )
    assert drawn(path).shape[1] > 600


def test_an_architecture_grows_with_its_layers(tmp_path):
    cnn = drawn(figures.draw_architecture(paper_cnn(), tmp_path / "cnn.png"))
    wide = drawn(figures.draw_architecture(mlp(), tmp_path / "mlp.png"))
    assert cnn.shape[0] > wide.shape[0]


def test_curves_leave_out_what_was_not_measured(tmp_path):
    both = figures.draw_curves({"run": ROWS}, tmp_path)
    assert [path.name for path in both] == ["accuracy.png", "loss.png"]
    assert all(drawn(path).size for path in both)
    only_loss = [{"epoch": 1, "loss": 0.5}]
    assert [path.name for path in figures.draw_curves({"lines": only_loss}, tmp_path / "lines")] == [
        "loss.png"
    ]


def test_times(tmp_path):
    assert drawn(
        figures.draw_times({"mlp": (60.0, 0.2), "paper-cnn": (200.0, 0.9)}, tmp_path / "times.png")
    ).size
