"""The stacked denoising autoencoder (Vincent et al. 2008, 2010): each layer learns to undo noise, then all to
read.

In: a `TrainConfig` and the data folder. Out: the recipe `denoising-autoencoder`; in the run folder
autoencoder.keras, encoders and decoders as they were before the first label was seen, and pretraining.json,
what learning them took. `options` of the config: "pretrain" (default true), "noise" (default 0.25: the share
of a layer's inputs that is set to 0 while it is pretrained).
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from inkdigits.errors import RunError
from inkdigits.learning import runs
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.mnist import glyph_recipe, prepare_mnist
from inkdigits.learning.models.autoencoder import (
    DECODERS,
    ENCODERS,
    TiedDecoder,
    autoencoder,
    denoising_classifier,
)
from inkdigits.learning.pretraining import Plan, fit_epochs
from inkdigits.learning.recipe import Arrays, TrainingData, epoch_generator

AUTOENCODER = "autoencoder.keras"
PRETRAINING = "pretraining.json"
NOISE = 0.25
EPOCHS_A_LAYER = 6
BATCH = 128
RATE = 1e-3
OPTIONS = ("pretrain", "noise")
NOISES = ("masking", "gaussian", "salt-and-pepper")
# The epochs of pretraining draw other numbers than those of training; each layer has a thousand of its own.
_PRETRAINING_DRAWS = 1 << 20


def corrupt(values: np.ndarray, kind: str, level: float, generator: np.random.Generator) -> np.ndarray:
    """`values`, uint8 or floats in [0, 1], with noise of one of `NOISES`; the same shape and dtype.

    `level` in [0, 1] is the share of values set to 0 (masking), or to 0 or full ink by the toss of a coin
    (salt and pepper), or the noise's standard deviation as a share of full ink (Gaussian; the sum is cut at 0
    and full ink).
    """
    full = 255 if values.dtype == np.uint8 else 1
    if kind == "gaussian":
        noisy = values + generator.standard_normal(values.shape, dtype=np.float32) * (level * full)
        if values.dtype == np.uint8:
            noisy = np.rint(noisy)
        return np.clip(noisy, 0, full).astype(values.dtype)
    draws = generator.random(values.shape, dtype=np.float32)
    if kind == "masking":
        return np.where(draws < level, values.dtype.type(0), values)
    if kind == "salt-and-pepper":
        noisy = np.where(draws < level / 2, values.dtype.type(full), values)
        return np.where(draws >= 1 - level / 2, values.dtype.type(0), noisy)
    raise RunError(f"noise {kind!r}: {', '.join(NOISES)} are known")


def pretrain(model: keras.Model, config: TrainConfig, data_folder: Path, run_folder: Path) -> None:
    """Teach the hidden layers of `model` to undo masking noise, one after the other, in place.

    Nothing where the option "pretrain" is false; what an earlier start left whole in the run folder is taken.
    """
    data = prepare(config, data_folder)
    if data.plain is not None and config.options.get("pretrain", True):
        pretrain_on(model, data.plain[0], config, run_folder)


def pretrain_on(model: keras.Model, glyphs: np.ndarray, config: TrainConfig, run_folder: Path) -> None:
    """`pretrain` on glyphs (n, 28, 28) uint8."""
    encoders = [model.get_layer(name) for name in ENCODERS]
    path = run_folder / AUTOENCODER
    if (whole := _load(path)) is not None:
        for name, encoder in zip(ENCODERS, encoders, strict=True):
            encoder.set_weights(whole.get_layer(name).get_weights())
        return
    whole = autoencoder()
    start = time.perf_counter()
    record: dict[str, Any] = {}
    inputs = (glyphs.reshape(len(glyphs), -1) / np.float32(255)).astype(np.float16)
    for number, (encoder, name, decoder) in enumerate(
        zip(encoders, ENCODERS, reversed(DECODERS), strict=True)
    ):
        bias, record[name] = _learn_layer(encoder, inputs, number, config, run_folder)
        kernel, own_bias = encoder.get_weights()
        whole.get_layer(name).set_weights([kernel, own_bias])
        whole.get_layer(decoder).set_weights([kernel.T, bias])
        inputs = _encode(encoder, inputs)
    record["seconds"] = time.perf_counter() - start
    temporary = run_folder / "part.keras"
    whole.save(temporary)
    os.replace(temporary, path)
    runs.write_json(run_folder / PRETRAINING, record)


def _learn_layer(
    encoder: Any, inputs: np.ndarray, number: int, config: TrainConfig, run_folder: Path
) -> tuple[np.ndarray, list[dict[str, float]]]:
    """Train one layer to give back `inputs` (n, units) in [0, 1]; its decoder's bias and metrics."""
    noise = float(config.options.get("noise", NOISE))

    def epoch(index: int) -> Arrays:
        generator = epoch_generator(config.seed, _PRETRAINING_DRAWS + 1000 * number + index)
        clean = inputs[generator.permutation(len(inputs))]
        return corrupt(clean, "masking", noise, generator), clean

    noisy = keras.Input((inputs.shape[1],))
    decoder = TiedDecoder(encoder, dtype=encoder.dtype_policy, name="decoder")
    network = keras.Model(noisy, decoder(encoder(noisy)), name=f"layer_{number + 1}")
    plan = Plan(len(inputs), EPOCHS_A_LAYER, BATCH, RATE)
    history = fit_epochs(network, epoch, plan, keras.losses.BinaryCrossentropy(from_logits=True), run_folder)
    return np.asarray(decoder.bias), history


def _encode(encoder: Any, inputs: np.ndarray) -> np.ndarray:
    """The layer's units (n, units) float16 for clean inputs."""
    kernel, bias = encoder.get_weights()
    out = np.empty((len(inputs), len(bias)), dtype=np.float16)
    for start in range(0, len(inputs), 4096):
        part = inputs[start : start + 4096].astype(np.float32)
        out[start : start + 4096] = 1 / (1 + np.exp(-(part @ kernel + bias)))
    return out


def _load(path: Path) -> Any:
    """The autoencoder at `path`; None where there is no whole one."""
    try:
        return keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, KeyError):
        return None


def prepare(config: TrainConfig, folder: Path) -> TrainingData:
    """MNIST, once the options are known to make sense."""
    noise = config.options.get("noise", NOISE)
    if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise < 1:
        raise RunError(f"noise is {noise!r}: a number from 0 to below 1 is needed")
    return prepare_mnist(config, folder)


DENOISING_AUTOENCODER = glyph_recipe(
    "denoising-autoencoder",
    "784-1000-1000-1000-10 sigmoid units, pretrained layer by layer to undo noise; digits shifted by a pixel",
    "Vincent, Larochelle, Lajoie, Bengio and Manzagol 2010",
    denoising_classifier,
    {
        "epochs": 24,
        "batch_size": 128,
        "schedule": "one-cycle",
        "ema_momentum": 0.999,
        "precision": "mixed_bfloat16",
        "augmentation": {"translation": 1.0},
    },
    prepare=prepare,
    begin=pretrain,
    options=OPTIONS,
)
