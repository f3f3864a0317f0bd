"""Table 1: every network of the literature, the figure it was published with, and the figure we promise.

In: nothing. Out: `ROWS`. Published figures are per cent of MNIST's 10,000 test images read rightly, as the
named publications or the paper's own table give them; a row has none where we could not read it there. knn's
is Wilder's and svm's the radial kernel's of LeCun's table of methods; inkdigits-single's is the mean of 32
last epochs of Byerly et al. (2021), inkdigits-committee's that of 100 committees of 15 (Deotte 2018); those
of tiny-2k and light-10k are of networks of 1,936 parameters (Grimov's mnist-minimal-model) and of 11.0 kB of
weights (BitNetMCU).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from inkdigits.learning.literature import AFFINE, HALF
from inkdigits.learning.models.ciresan import WIDTHS
from inkdigits.learning.recipes import RECIPES

_TINY = 10  # seeds of the networks for the smallest devices
_SLOW = 3  # seeds of a row that takes more than twenty minutes a seed on one core; others have five
# Networks of which a GPU learns ten at once.
_LONG: dict[str, Any] = {"epochs": 200, "batch_size": 128, "learning_rate": 1.5e-2}

Scorer = Literal["digits", "strings", "fewshot", "committee"]


@dataclass(frozen=True)
class Row:
    """One row: a recipe with settings over its defaults, or a committee of other rows.

    `published` and `target` are per cent (for "string-error": at most); None where there is none. `figure` is
    which figure they are of. `on_gpu` are settings over `settings` where a GPU computes, which has the time
    for more epochs. `members` are (row, seeds of it): a committee of seed s averages the probabilities of
    runs s * seeds, s * seeds + 1, ... of each. `listed` is False for rows that are there for a committee
    only. `shares` names the row whose runs this one judges by another figure.
    """

    name: str
    recipe: str = ""
    published: float | None = None
    target: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    figure: str = "mnist-test"
    seeds: int = 5
    scorer: Scorer = "digits"
    members: tuple[tuple[str, int], ...] = ()
    listed: bool = True
    shares: str = ""
    note: str = ""
    on_gpu: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the network is, in a few words."""
        return self.note or RECIPES[self.recipe].description

    @property
    def paper(self) -> str:
        """Authors and year of the publication."""
        first = self.members[0][0] if self.members else self.name
        return RECIPES[BY_NAME[first].recipe].paper


def _rows() -> tuple[Row, ...]:
    pixels = {"options": {"features": "pixels"}}
    augmented = {"augmentation": AFFINE, **HALF}
    column: dict[str, Any] = {"epochs": 240, "precision": "float32"}
    columns = tuple(
        Row(
            f"ciresan-w{width}",
            "ciresan",
            settings={"epochs": 30, "options": {"width": width}},
            on_gpu=column,
            seeds=1,
            listed=False,
        )
        for width in WIDTHS
    )
    committee = (("ciresan", 1), *((column.name, 1) for column in columns))
    ours = (("inkdigits-single", 3), ("transfer", 3), ("resnet", 3))
    return (
        Row("mlp", "mlp", None, 98.3),
        Row("mlp-simard", "mlp-simard", 99.3, 99.3),
        Row("mlp-dropconnect", "mlp-dropconnect", None, 98.9),
        Row("mlp-maxout", "mlp-maxout", None, 99.0),
        Row("knn", "knn", 96.91, 97.5, seeds=1),
        Row("knn-pixels", "knn", 96.91, 97.5, pixels, seeds=1, note="nearest of all, by deskewed pixels"),
        Row("svm", "svm", 98.6, 98.9, seeds=1),
        Row("svm-pixels", "svm", 98.6, 98.9, pixels, seeds=1, note="support vectors on deskewed pixels"),
        Row("lenet5", "lenet5", 99.05, 99.05),
        Row("paper-cnn", "paper-cnn", 99.15, 99.15),
        Row(
            "paper-cnn-augmented", "paper-cnn", 99.15, 99.5, augmented, note="the paper's network, augmented"
        ),
        Row("alexnet", "alexnet", 99.15, 99.15),
        Row("ciresan", "ciresan", None, 99.55, on_gpu=column),
        *columns,
        Row(
            "ciresan-committee",
            published=99.77,
            target=99.77,
            seeds=1,
            scorer="committee",
            members=committee,
            note="seven columns: the original and widths 10 to 20, those of 30 epochs each",
        ),
        Row("resnet", "resnet", 99.72, 99.72, seeds=_SLOW),
        Row("transfer", "transfer", 99.60, 99.60),
        Row("light", "light", 99.12, 99.12),
        Row("light-10k", "light-10k", 99.55, 99.5, seeds=_TINY, on_gpu={**_LONG, "learning_rate": 1.4e-2}),
        Row("tiny-1k", "tiny-1k", None, 98.5, seeds=_TINY),
        Row("tiny-2k", "tiny-2k", 99.10, 99.2, seeds=_TINY, on_gpu=_LONG),
        Row("tiny-5k", "tiny-5k", None, 99.45, seeds=_TINY, on_gpu={**_LONG, "augmentation": AFFINE}),
        Row("denoising-autoencoder", "denoising-autoencoder", None, 98.7),
        Row("lstm", "lstm", None, 99.0),
        Row("mdlstm", "mdlstm", None, 98.5),
        Row("crnn-ctc", "crnn-ctc", None, 2.0, figure="string-error", seeds=_SLOW, scorer="strings"),
        Row("fewshot", "embedding", None, 95.0, figure="5-labels", seeds=_SLOW, scorer="fewshot"),
        *(
            Row(
                f"fewshot-{labels}",
                "embedding",
                None,
                target,
                figure=f"{labels}-labels",
                seeds=_SLOW,
                shares="fewshot",
            )
            for labels, target in ((10, 97.0), (100, 99.0))
        ),
        Row("inkdigits-single", "inkdigits-single", 99.69, 99.72, seeds=_SLOW),
        Row(
            "inkdigits-committee",
            published=99.745,
            target=99.78,
            seeds=1,
            scorer="committee",
            members=ours,
            note="the mean of nine networks, three seeds of each of our best rows",
        ),
    )


ROWS: tuple[Row, ...] = _rows()
BY_NAME: dict[str, Row] = {row.name: row for row in ROWS}
