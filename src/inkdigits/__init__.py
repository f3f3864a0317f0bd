"""inkdigits reads handwritten digits from images and says how sure it is.

    import inkdigits
    inkdigits.read("photo.jpg")[0].text

Importing this package loads no image or network library; the first reading does.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from inkdigits.answer import Alternative, Answer, Digit, Line, Mark
from inkdigits.errors import DataError, InkdigitsError, InputError, LimitError, RunError, WeightsError

if TYPE_CHECKING:
    from inkdigits.reading.reader import Reader, read

__version__ = "0.1.0"

# Newer releases of ONNX Runtime report every process that loads them to their makers unless this is set
# before. What people read stays with them; whoever wants those reports sets the variable to 0.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

__all__ = [
    "Alternative",
    "Answer",
    "DataError",
    "Digit",
    "InkdigitsError",
    "InputError",
    "LimitError",
    "Line",
    "Mark",
    "Reader",
    "RunError",
    "WeightsError",
    "read",
]


def __getattr__(name: str) -> Any:
    if name in ("Reader", "read"):
        from inkdigits.reading import reader

        return getattr(reader, name)
    raise AttributeError(f"module 'inkdigits' has no attribute {name!r}")
