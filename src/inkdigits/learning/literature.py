"""The networks of the literature, each by the recipe it is measured with; all learn from MNIST alone.

In: nothing. Out: `LITERATURE`. What a publication leaves open was chosen on the validation part.
"""

from __future__ import annotations

from inkdigits.learning.mnist import glyph_recipe
from inkdigits.learning.models.paper import mlp, paper_cnn
from inkdigits.learning.recipe import Recipe

LITERATURE: tuple[Recipe, ...] = (
    glyph_recipe(
        "paper-cnn",
        "two 5x5 convolutions, a hidden layer of 128, dropout",
        "the paper",
        paper_cnn,
    ),
    glyph_recipe("mlp", "two hidden layers of 512 rectified linear units", "the paper", mlp),
)
