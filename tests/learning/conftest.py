"""Learning tests run Keras quietly, and not without it."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytest.importorskip("keras", reason="the learning half needs: pip install 'inkdigits[train]'")

HERE = Path(__file__).parent
# Warnings that Keras, TensorFlow and tf2onnx raise among themselves.
FOREIGN = (
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
    "ignore:In the future `np.object`:FutureWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            for warning in FOREIGN:
                item.add_marker(pytest.mark.filterwarnings(warning))
