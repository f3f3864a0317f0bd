"""In what precision this machine learns."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import pytest

from inkdigits.learning import precision
from inkdigits.learning.config import TrainConfig
from inkdigits.learning.precision import suited
from inkdigits.learning.recipes import RECIPES
from inkdigits.learning.training import build


@pytest.fixture(autouse=True)
def _measured_anew() -> Iterator[None]:
    precision._is_slow_in_bfloat16.cache_clear()
    yield
    precision._is_slow_in_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("factor", "expected"), [(0.5, "mixed_bfloat16"), (1.2, "mixed_bfloat16"), (10.0, "float32")]
)
def test_bfloat16_is_left_where_it_is_slow(
    monkeypatch: pytest.MonkeyPatch, factor: float, expected: str
) -> None:
    monkeypatch.setattr(precision, "_seconds", lambda dtype: factor if dtype == "bfloat16" else 1.0)
    assert suited("mixed_bfloat16") == expected
    assert suited("float32") == "float32" and suited("mixed_float16") == "mixed_float16"
    model = build(RECIPES["paper-cnn"], TrainConfig("paper-cnn", precision="mixed_bfloat16"))
    convolution = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    assert convolution.dtype_policy.name == expected


def test_what_is_measured_is_a_time() -> None:
    assert 0 < precision._seconds("float32") < 10
    assert suited("mixed_bfloat16") in ("mixed_bfloat16", "float32")
