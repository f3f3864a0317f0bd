"""What decoders say of a damaged file. In: their exceptions, warnings and log. Out: one InputError, and
quiet.

Pillow raises a dozen kinds of exception on damaged files, warns about odd metadata, logs, and lets libtiff
write to standard error. A caller gets the one error that says which file it is.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from PIL import Image

from inkdigits.errors import InputError


class _Quiet:
    """Pillow's warnings about odd metadata are kept from the user, in any number of threads at once.

    `warnings.catch_warnings` alone would restore the wrong filters where two threads overlap: the first to
    enter saves them here and the last to leave restores them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._saved = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.simplefilter("ignore")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._saved.__exit__(None, None, None)


_QUIET = _Quiet()


@contextmanager
def picture_errors(kind: str, name: str) -> Iterator[None]:
    """Whatever a decoder raises on a damaged file (a dozen kinds of exception) becomes one InputError."""
    try:
        with _QUIET:
            yield
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(f"{name}: not enough memory to decode this {kind} picture") from error
    except Exception as error:
        if "truncated" in str(error).lower() or isinstance(error, EOFError):
            reason = f"the {kind} picture is truncated: the file ends before the picture does"
        else:
            tells = isinstance(error, (OSError, SyntaxError, ValueError)) and str(error)
            said = f" ({error})" if tells else ""
            reason = f"the {kind} picture is damaged{said}"
        raise InputError(f"{name}: {reason}; copy or scan it again") from error


@cache
def silence_tiff() -> None:
    """Keep Pillow's log and libtiff from standard error, where they repeat the error that they return.

    Pillow has no switch for libtiff, but its wheels carry the library as a file of its own.
    """
    logging.getLogger("PIL.TiffImagePlugin").addHandler(logging.NullHandler())
    packages = Path(Image.__file__).parent
    for library in (*packages.parent.glob("pillow.libs/libtiff*"), *packages.glob(".dylibs/libtiff*")):
        with suppress(OSError, AttributeError):
            loaded = ctypes.CDLL(str(library))
            loaded.TIFFSetErrorHandler(None)
            loaded.TIFFSetWarningHandler(None)
