"""Where a run was made: commit, versions, hardware. In: nothing. Out: plain JSON types for
environment.json.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "inkdigits",
    "numpy",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "jax",
    "torch",
    "opencv-python-headless",
)


def environment() -> dict[str, Any]:
    """The commit, the versions of what computes, the processor, its cores, Keras's backend, and the GPU that
    computes, "" where none does.
    """
    import keras

    return {
        "commit": commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "backend": keras.config.backend(),
        "gpu": gpu(keras.config.backend()),
        "versions": versions(),
    }


def commit(root: Path | None = None, paths: Sequence[str] = ("src",)) -> str:
    """The git commit of the checkout at `root`, default: that which this package runs from, with "+dirty"
    where something under `paths` was changed; what INKDIGITS_COMMIT says where a copy has no history; else
    "unknown".
    """
    if told := os.environ.get("INKDIGITS_COMMIT"):
        return told
    root = root or Path(__file__).resolve().parents[3]
    try:
        head = git(root, "rev-parse", "HEAD")
        return head + ("+dirty" if git(root, "status", "--porcelain", "--", *paths) else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def processor() -> str:
    """The processor's name, such as "AMD EPYC 9R14"."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def gpu(backend: str) -> str:
    """The name of the GPU that Keras's `backend` computes on, such as "NVIDIA H100 80GB HBM3"; "" where there
    is none, or where that backend, which is then not JAX, is not run on one here.
    """
    if backend != "jax":
        return ""
    import jax

    first = jax.devices()[0]
    return first.device_kind if first.platform == "gpu" else ""


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """The versions of those of `packages` that are installed, read without importing them."""
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def git(root: Path, *arguments: str) -> str:
    """What `git` prints in `root`; OSError or subprocess.SubprocessError where it fails."""
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True, timeout=10
    )
    return done.stdout.strip()
