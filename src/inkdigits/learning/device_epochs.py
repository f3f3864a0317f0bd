"""Whole epochs as one compiled program, under JAX: images and weights stay on the device, and shuffling,
warps and steps are one scan.

In: a compiled Keras model, `TrainingData` whose epochs are its images shuffled and warped. Out: the model's
variables, an epoch further, and what the epoch measured. Only JAX as Keras's backend reaches this file.
"""

# Keras declares types that its own documentation contradicts.
# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false
# pyright: reportAssignmentType=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import keras
import numpy as np
from jax import numpy as jnp
from jax.scipy.ndimage import map_coordinates

from inkdigits.learning.augment import Augmentation, Draws, source_positions
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.feed import EVALUATION_BATCH
from inkdigits.learning.recipe import TrainingData

# The trainable weights, the model's other variables, the optimizer's variables.
State = tuple[list[Any], list[Any], list[Any]]


class DeviceEpochs:
    """Owns the images on the device, and the program that is an epoch.

    `loss` takes targets and outputs; its mean is what is learnt from. The order and the warps of an epoch's
    images follow from the config's seed and the epoch's number, so that a resumed run goes on as it would
    have.
    """

    def __init__(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        loss: Callable[[Any, Any], Any],
        config: TrainConfig,
        data: TrainingData,
    ) -> None:
        if data.plain is None or data.warps is None:
            raise ValueError("the epochs of this data are not its images, shuffled and warped")
        self._model, self._optimizer = model, optimizer
        self._plain = data.plain
        self.begin(config.seed)
        epoch = epoch_program(model, optimizer, loss, config.batch_size, data.warps)
        self._program: Any = jax.jit(epoch)

    def begin(self, seed: int) -> None:
        """Draw by another seed from here on, with the images copied to the device anew."""
        self._seed = jax.random.key(seed)
        self._arrays = tuple(jnp.asarray(part) for part in self._plain)

    def compile(self) -> None:
        """Compile the program before its first epoch, which does so otherwise."""
        self._program = self._program.lower(
            state_of(self._model, self._optimizer), self._seed, *self._arrays
        ).compile()

    def run(self, index: int, *_: Any) -> dict[str, float]:
        """Learn epoch `index`, from 0, and return its mean loss and accuracy; as `HostEpochs.run`, but
        callbacks see nothing of an epoch that is one step.
        """
        key = jax.random.fold_in(self._seed, index)
        state, loss, accuracy = self._program(state_of(self._model, self._optimizer), key, *self._arrays)
        give(state, self._model, self._optimizer)
        return {"loss": float(loss), "accuracy": float(accuracy)}


def state_of(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> State:
    """The values of all variables that an epoch changes."""
    trainable, other, optimizing = ([one.value for one in part] for part in _variables(model, optimizer))
    return trainable, other, optimizing


def give(state: State, model: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
    """Put values as of `state_of` into the variables."""
    for variables, values in zip(_variables(model, optimizer), state, strict=True):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def reading(model: keras.Model) -> Callable[[State, np.ndarray], np.ndarray]:
    """The compiled function from values as of `state_of` and images (n, 28, 28) to the classes (n,) that a
    network of these values reads; one for all that are built as `model` is.
    """
    outputs = jax.jit(lambda state, images: model.stateless_call(state[0], state[1], images)[0])

    def read(state: State, images: np.ndarray) -> np.ndarray:
        parts = (images[at : at + EVALUATION_BATCH] for at in range(0, len(images), EVALUATION_BATCH))
        return np.concatenate([np.asarray(outputs(state, part)).argmax(axis=1) for part in parts])

    return read


def _variables(
    model: keras.Model, optimizer: keras.optimizers.Optimizer
) -> tuple[list[Any], list[Any], list[Any]]:
    return model.trainable_variables, model.non_trainable_variables, optimizer.variables


def epoch_program(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: Callable[[Any, Any], Any],
    batch_size: int,
    warps: Augmentation,
) -> Callable[[State, Any, Any, Any], tuple[State, Any, Any]]:
    """The function (state, key, images, targets) to (state, mean loss, accuracy)."""

    def total(trainable: Any, other: Any, images: Any, targets: Any) -> tuple[Any, tuple[Any, Any]]:
        outputs, other, penalties = model.stateless_call(
            trainable, other, images, training=True, return_losses=True
        )
        right = outputs.argmax(axis=-1) == targets.argmax(axis=-1)
        return jnp.mean(loss(targets, outputs)) + sum(penalties), (other, right.mean())

    slopes_of = jax.value_and_grad(total, has_aux=True)

    def epoch(state: State, key: Any, images: Any, targets: Any) -> tuple[State, Any, Any]:
        count = len(images)
        order_key, warp_key = jax.random.split(key)
        order = jax.random.permutation(order_key, count)
        whole = count // batch_size
        rest = order[whole * batch_size :]

        def step(state: State, batch: tuple[Any, Any]) -> tuple[State, Any]:
            rows, number = batch
            trainable, other, optimizing = state
            seen = warped(images[rows], warps, jax.random.fold_in(warp_key, number))
            (value, (other, right)), slopes = slopes_of(trainable, other, seen, targets[rows])
            trainable, optimizing = optimizer.stateless_apply(optimizing, slopes, trainable)
            return (trainable, other, optimizing), len(rows) / count * jnp.stack([value, right])

        batches = order[: whole * batch_size].reshape(whole, batch_size)
        state, measured = jax.lax.scan(step, state, (batches, jnp.arange(whole)))
        sums = measured.sum(axis=0)
        if len(rest):
            state, last = step(state, (rest, whole))
            sums = sums + last
        return state, sums[0], sums[1]

    return epoch


def warped(images: Any, settings: Augmentation, key: Any) -> Any:
    """As `augment.augment`, on the device: `images` (n, height, width) uint8, warped by draws from `key`."""
    if not settings.active:
        return images
    draws = _draw(images.shape, settings, key)
    positions = source_positions(draws, images.shape[1:], settings, jnp)
    places = (positions[..., 1], positions[..., 0])
    sample = jax.vmap(lambda image, *at: map_coordinates(image, at, order=1, mode="constant"))
    return jnp.round(sample(images.astype(np.float32), *places)).astype(np.uint8)


def _draw(shape: tuple[int, ...], settings: Augmentation, key: Any) -> Draws:
    count = shape[0]
    shapes = ((count, 2), (count,), (count,), (count, 2), (*shape, 2))
    keys = jax.random.split(key, len(shapes))
    draws = [
        jax.random.uniform(one, size, minval=-1.0, maxval=1.0) for one, size in zip(keys, shapes, strict=True)
    ]
    return Draws(*draws[:4], noise=draws[4] if settings.elastic else None)
