"""The recipes of `inkdigits train`, by name: those of the literature and the three that are shipped.

In: a `TrainConfig` and the data folder. Out: `RECIPES`.
"""

from __future__ import annotations

from inkdigits.learning.autoencoder import DENOISING_AUTOENCODER
from inkdigits.learning.classical import CLASSICAL
from inkdigits.learning.ctc import CRNN_CTC
from inkdigits.learning.fewshot_pretraining import EMBEDDING_RECIPE
from inkdigits.learning.literature import LITERATURE
from inkdigits.learning.recipe import Arrays, Recipe, TrainingData
from inkdigits.learning.recurrent import RECURRENT
from inkdigits.learning.shipped import CONTEXT_RECIPE, DIGIT_RECIPE, LINE_RECIPE
from inkdigits.learning.transfer import TRANSFER

__all__ = ["RECIPES", "Arrays", "Recipe", "TrainingData"]

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        *LITERATURE,
        *CLASSICAL,
        TRANSFER,
        DENOISING_AUTOENCODER,
        *RECURRENT,
        CRNN_CTC,
        EMBEDDING_RECIPE,
        DIGIT_RECIPE,
        LINE_RECIPE,
        CONTEXT_RECIPE,
    )
}
