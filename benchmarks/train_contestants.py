"""One training against the clock, in a process of its own: what `train_speed.py` compares.

    python benchmarks/train_contestants.py NAME --seed N --data DIR

In: a contestant's name. Out: one line of JSON on standard output, {"seconds", "compile_seconds",
"images_per_second", "accuracy", "epochs"}. What is timed is everything from the raw arrays in memory, uint8
images and labels, to the finished weights; what is compiled is timed apart. Accuracy is that of all 10,000
test images, scored once, after the clock has stopped.

The recipes of others are those of their own examples, written anew from their descriptions. The paper's
network learns in bfloat16 with us, where the processor is quick in it; "precision" then says so.
"""

# Keras declares types that its own documentation contradicts.
# pyright: reportArgumentType=false, reportCallIssue=false

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inkdigits.learning.datasets import Digits, load_mnist

if TYPE_CHECKING:  # PyTorch's Python lacks what it imports
    from inkdigits.learning.config import Precision

# Of images (n, 28, 28) uint8, the probabilities or any scores (n, 10) of each class.
Scores = Callable[[np.ndarray], np.ndarray]
Contestant = Callable[[int, Digits, Path], tuple[Scores, dict[str, Any]]]


def timed(seconds: float, compile_seconds: float, epochs: int, count: int) -> dict[str, float]:
    """What is told of a training on `count` images."""
    return {
        "seconds": round(seconds, 3),
        "compile_seconds": round(compile_seconds, 3),
        "images_per_second": round(epochs * count / seconds, 1),
        "epochs": epochs,
    }


def compile_fit(model: Any, inputs: np.ndarray, targets: np.ndarray, batch_size: int) -> float:
    """Seconds that the first call of `fit` takes to compile; what it learns is taken back."""
    import keras

    from inkdigits.learning.feed import feed
    from inkdigits.learning.optimizer import STEPS_PER_EXECUTION

    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    before = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
    few = batch_size * STEPS_PER_EXECUTION
    start = time.perf_counter()
    model.fit(**feed(inputs[:few], targets[:few], batch_size), shuffle=False, verbose=0)
    seconds = time.perf_counter() - start
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    return seconds


def recipe_of_ours(
    name: str, epochs: int | None = None, warps: bool = True, precision: Precision | None = None
) -> Contestant:
    """A recipe of this project, learnt as by `inkdigits train`, without checkpoints: as it is, or with other
    epochs, without its warps, or in another precision where that suits the machine.
    """

    def train(seed: int, training: Digits, folder: Path) -> tuple[Scores, dict[str, Any]]:
        import keras

        from inkdigits.learning.augment import Augmentation
        from inkdigits.learning.config import TrainConfig
        from inkdigits.learning.feed import HostEpochs
        from inkdigits.learning.makers import epoch_makers
        from inkdigits.learning.optimizer import compile_model
        from inkdigits.learning.precision import suited
        from inkdigits.learning.recipes import RECIPES
        from inkdigits.learning.training import build, learner

        recipe = RECIPES[name]
        config = TrainConfig(name, **recipe.defaults, seed=seed)
        config = replace(
            config,
            train_on_all=True,
            epochs=epochs or config.epochs,
            precision=precision or config.precision,
            augmentation=config.augmentation if warps else Augmentation(),
        )
        data = recipe.prepare(config, folder)
        keras.utils.set_random_seed(seed)
        began = time.perf_counter()
        model = build(recipe, config)
        optimizer = compile_model(model, recipe, config, data)
        with epoch_makers(data, config, folder) as maker:
            learning: Any = learner(model, optimizer, recipe, config, data, maker)
            if isinstance(learning, HostEpochs):
                compile_fit(model, *(data.plain or ()), config.batch_size)
            else:
                learning.compile()
            start = time.perf_counter()
            for index in range(config.epochs):
                learning.run(index)
            optimizer.take_averages(model.trainable_variables)
            seconds = time.perf_counter() - start
        told = timed(seconds, start - began, config.epochs, data.count)
        return _predict(model), {**told, "precision": suited(config.precision)}

    return train


def _predict(model: Any) -> Scores:
    return lambda images: model.predict(images, batch_size=1024, verbose=0)


def _fitted_by_keras(
    build: Callable[[], Any], shape: tuple[int, ...], batch_size: int, epochs: int, held_out: float
) -> Contestant:
    """A network trained by `compile` and `fit` as their documentation has it: float32, nothing tuned."""

    def train(seed: int, training: Digits, folder: Path) -> tuple[Scores, dict[str, float]]:
        import keras

        keras.utils.set_random_seed(seed)

        def prepared(images: np.ndarray) -> np.ndarray:
            return images.astype("float32").reshape(-1, *shape) / 255

        began = time.perf_counter()
        model = build()
        model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
        few = training[np.arange(16 * batch_size)]
        compile_fit(model, prepared(few.images), keras.utils.to_categorical(few.labels, 10), batch_size)
        start = time.perf_counter()
        inputs, targets = prepared(training.images), keras.utils.to_categorical(training.labels, 10)
        model.fit(inputs, targets, batch_size=batch_size, epochs=epochs, validation_split=held_out, verbose=0)
        seconds = time.perf_counter() - start
        learnt = round((1 - held_out) * len(training))
        scores = _predict(model)
        return lambda images: scores(prepared(images)), timed(seconds, start - began, epochs, learnt)

    return train


def _keras_example() -> Any:
    """The network of Keras's own convolutional MNIST example: 34,826 parameters."""
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _papers_network() -> Any:
    """The paper's network for pixels that were brought to [0, 1] beforehand."""
    import keras

    from inkdigits.learning.models.paper import paper_cnn

    whole = paper_cnn()
    return keras.Sequential([keras.Input((28, 28)), *whole.layers[1:]])


def perceptron(seed: int, training: Digits, folder: Path) -> tuple[Scores, dict[str, float]]:
    """scikit-learn's multi-layer perceptron with its default settings: 100 hidden units, Adam, batches of
    200, until its loss stays.
    """
    from sklearn.neural_network import MLPClassifier

    start = time.perf_counter()
    classifier = MLPClassifier(random_state=seed).fit(_flat(training.images), training.labels)
    seconds = time.perf_counter() - start
    scores: Any = classifier.predict_proba
    told = timed(seconds, 0.0, int(classifier.n_iter_), len(training))
    return lambda images: scores(_flat(images)), told


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / 255


def pytorch(seed: int, training: Digits, folder: Path) -> tuple[Scores, dict[str, Any]]:
    """PyTorch's own MNIST example: two 3x3 convolutions, dropout, a hidden layer of 128; Adadelta from a rate
    of 1 that falls to 0.7 of it each epoch, batches of 64, 14 epochs.
    """
    import torch  # pyright: ignore[reportMissingImports]
    from torch import nn  # pyright: ignore[reportMissingImports]

    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )
    optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    epochs, batch_size = 14, 64

    def prepared(images: np.ndarray) -> Any:
        return (torch.from_numpy(images).float()[:, None] / 255 - 0.1307) / 0.3081

    start = time.perf_counter()
    inputs, targets = prepared(training.images), torch.from_numpy(training.labels.astype(np.int64))
    network.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(inputs)).split(batch_size):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs[rows]), targets[rows]).backward()
            optimizer.step()
        schedule.step()
    seconds = time.perf_counter() - start

    def scores(images: np.ndarray) -> np.ndarray:
        network.eval()
        with torch.no_grad():
            return np.concatenate([network(part).numpy() for part in prepared(images).split(1000)])

    return scores, {**timed(seconds, 0.0, epochs, len(training)), "torch": torch.__version__}


KERAS, PYTORCH = "paper-cnn in Keras", "PyTorch's example"
OURS = ("fast, to 99 %", "fast, to 99.15 %", "fast, to 99.5 %")
REACHES = dict(zip(OURS, (99.0, 99.15, 99.5), strict=True))  # per cent of the test images
CONTESTANTS: dict[str, Contestant] = {
    "Keras's example": _fitted_by_keras(_keras_example, (28, 28, 1), 128, 15, 0.1),
    KERAS: _fitted_by_keras(_papers_network, (28, 28), 64, 15, 0.0),
    PYTORCH: pytorch,
    "scikit-learn MLP": perceptron,
    "paper-cnn": recipe_of_ours("paper-cnn", precision="mixed_bfloat16"),
    OURS[0]: recipe_of_ours("fast", epochs=1, warps=False),
    OURS[1]: recipe_of_ours("fast", epochs=2, warps=False),
    OURS[2]: recipe_of_ours("fast"),
}


def main(arguments: list[str] | None = None) -> int:
    """Train one, score it, print it."""
    parser = argparse.ArgumentParser(description="One training against the clock.")
    parser.add_argument("name", choices=list(CONTESTANTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    training, test = load_mnist(options.data, "train"), load_mnist(options.data, "test")
    scores, told = CONTESTANTS[options.name](options.seed, training, options.data)
    accuracy = float((scores(test.images).argmax(axis=1) == test.labels).mean())
    json.dump({**told, "accuracy": accuracy}, sys.stdout)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
