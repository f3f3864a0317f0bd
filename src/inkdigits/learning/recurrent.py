"""The recipes of the recurrent networks.

In: nothing. Out: `RECURRENT`. What a publication leaves open was chosen on MNIST's validation part.
"""

from __future__ import annotations

from inkdigits.learning.literature import AFFINE, HALF
from inkdigits.learning.mnist import glyph_recipe
from inkdigits.learning.models.recurrent import lstm, mdlstm
from inkdigits.learning.recipe import Recipe

RECURRENT: tuple[Recipe, ...] = (
    glyph_recipe(
        "lstm",
        "rows as time steps through two layers of 128 LSTM cells",
        "Hochreiter and Schmidhuber 1997; Gers, Schmidhuber and Cummins 2000",
        lstm,
        {
            "epochs": 12,
            "batch_size": 128,
            "learning_rate": 3e-3,
            "schedule": "one-cycle",
            "ema_momentum": 0.998,
            **HALF,
            "augmentation": AFFINE,
        },
    ),
    glyph_recipe(
        "mdlstm",
        "two levels of two-dimensional LSTM cells, each scanning from four corners",
        "Graves, Fernandez and Schmidhuber 2007; Graves and Schmidhuber 2008",
        mdlstm,
        {
            "epochs": 9,
            "batch_size": 64,
            "learning_rate": 1e-2,
            "schedule": "one-cycle",
            "ema_momentum": 0.998,
            **HALF,
            "augmentation": AFFINE,
        },
    ),
)
