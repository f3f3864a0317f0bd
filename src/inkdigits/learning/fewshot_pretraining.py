"""The recipe `embedding`: what few-shot learning starts from, learnt without a single digit.

In: nothing. Out: `EMBEDDING_RECIPE`.
"""

from __future__ import annotations

import keras

from inkdigits.learning.augment import Augmentation
from inkdigits.learning.fewshot_data import CLASS_COUNT, class_names, prepare_characters
from inkdigits.learning.models.embedding import embedding_cnn
from inkdigits.learning.recipe import Recipe

EMBEDDING_RECIPE = Recipe(
    name="embedding",
    description="letters and characters of many alphabets, no digit: what few-shot learning starts from",
    paper="Chen, Liu, Kira, Wang and Huang 2019",
    kind="glyph",
    classes=class_names(),
    build=lambda config: embedding_cnn(CLASS_COUNT),
    loss=lambda config: keras.losses.SparseCategoricalCrossentropy(),
    metrics=lambda: [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    prepare=prepare_characters,
    defaults={
        "epochs": 12,
        "batch_size": 128,
        "learning_rate": 3e-3,
        "schedule": "one-cycle",
        "ema_momentum": 0.999,
        "precision": "mixed_bfloat16",
        "augmentation": Augmentation(translation=2.0, rotation=12.0, scale=0.15, shear=0.15, elastic=24.0),
    },
)
