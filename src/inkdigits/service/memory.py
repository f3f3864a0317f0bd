"""How much memory a process of the service may take, and that it gives back what it no longer needs.

In: limits on images. Out: the process's own settings, changed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import threading
import time

import psutil

from inkdigits.reading.limits import Limits
from inkdigits.service.messages import TOO_LARGE

# Bytes of a worker: four times what the dearest page takes, and little of what a hostile file would ask for.
_OWN, _A_PIXEL = 1024 * 1024 * 1024, 16
_HARD = 1.5  # times that, of memory that is asked for and not yet used: allocations fail
_LOOK_SECONDS = 0.05
# The C library's settings, as mallopt(3) numbers them, and their values.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE = 1_000_000  # bytes


def give_back() -> None:
    """Have the C library give large pieces back to the system as soon as they are free.

    It would keep what one large page has taken, up to 32 MiB a piece, in case another comes. Does nothing
    where the C library has no such settings (it is not GNU's).
    """
    with contextlib.suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        for setting, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _LARGE)):
            mallopt(setting, value)


def bound(limits: Limits) -> None:
    """A file that would fill the machine's memory ends this process with `TOO_LARGE` instead."""
    most = _OWN + _A_PIXEL * limits.pixels
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    asked_for = round(_HARD * most)
    if hard != resource.RLIM_INFINITY:
        asked_for = min(asked_for, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (asked_for, hard))

    process = psutil.Process()

    def watch() -> None:
        # Libraries crash where they are given no more memory; this ends before, and says why. Not the most
        # that the system remembers counts: a process inherits that from the one that started it.
        while process.memory_info().rss < most:
            time.sleep(_LOOK_SECONDS)
        os._exit(TOO_LARGE)

    threading.Thread(target=watch, daemon=True).start()
