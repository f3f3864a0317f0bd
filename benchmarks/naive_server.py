"""A server of digits as a tutorial would write it, to be compared with: FastAPI and `model.predict`.

    python benchmarks/naive_server.py --port 8001 [--workers 1] [--model PATH]

In: a request to /predict whose body is a picture of one digit, dark on white. Out: {"digit": 7}. The image
is the whole body, as our service takes it, which spares this one the parsing of a form. Without --model the
paper's network has random weights: its answers are wrong and as quick. Nothing here slows it down: the model
is loaded once and has predicted before the first request, TensorFlow may use all processors, nothing is
logged, and uvicorn runs with the same loop and the same HTTP parser as ours.

Requests are served by threads, which is what `def` gives: with `async def`, so that `predict` keeps the event
loop from all else, it answered 8 connections a third more slowly.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import uvicorn
from fastapi import Body, FastAPI
from PIL import Image

from inkdigits.learning.models.paper import paper_cnn

READY = "a naive worker is ready"
_MODEL = "NAIVE_SERVER_MODEL"  # tells the workers, which import this file, where the model is


def load_model() -> Any:
    """The model of the file that was named, or one of the same shape."""
    path = os.environ.get(_MODEL)
    return keras.saving.load_model(path) if path else paper_cnn()


def glyph(picture: bytes) -> np.ndarray:
    """The picture as the network wants it: (1, 28, 28) uint8, ink bright on black."""
    image = Image.open(io.BytesIO(picture)).convert("L").resize((28, 28))
    return 255 - np.asarray(image)[None]


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the model once a process."""
    app.state.model = load_model()
    app.state.model.predict(np.zeros((1, 28, 28), np.uint8), verbose=0)
    print(READY, file=sys.stderr, flush=True)
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/predict")
def predict(picture: Annotated[bytes, Body()]) -> dict[str, int]:
    """The digit of a picture."""
    probabilities = app.state.model.predict(glyph(picture), verbose=0)
    return {"digit": int(probabilities.argmax())}


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description="A minimal FastAPI and Keras server, for comparison.")
    parser.add_argument("--port", type=int, default=8001, help="(default %(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="processes (default %(default)s)")
    parser.add_argument("--model", type=Path, help="a .keras file (default: random weights)")
    options = parser.parse_args()
    if options.model:
        os.environ[_MODEL] = str(options.model.resolve())
    uvicorn.run(
        "naive_server:app",
        app_dir=str(Path(__file__).resolve().parent),
        port=options.port,
        workers=options.workers,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
