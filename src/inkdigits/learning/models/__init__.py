"""The networks, one file a family. `REGISTRY` maps a network's name to the function that builds it."""

from __future__ import annotations

from collections.abc import Callable

import keras

from inkdigits.learning.models.paper import mlp, paper_cnn

REGISTRY: dict[str, Callable[..., keras.Model]] = {
    "mlp": mlp,
    "paper-cnn": paper_cnn,
}
