"""Cold starts and the installed size of the reading half.

    python benchmarks/startup.py [--image PATH] [--repeat 10] [--weights PATH] [--measure-install]

Out: a table and results/startup.json: `import inkdigits` and `inkdigits read` of one image, each in a
process of its own, median of the repetitions (files are in the system's cache after the first, which is
left out). The detail adds the best, processor time, an empty Python process for comparison, and the load
average. --measure-install makes a fresh virtual environment, installs the project without extras into it
as a user would, and adds up its files.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from importlib import metadata
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from common import RESULTS, ROOT, commit, deviation, print_rows, result_row, write_results

TARGETS = {"import": "< 0.3", "read": "< 0.6", "size": "< 400"}
_LARGEST = 8
# What every virtual environment holds, and no part of what is installed.
_TOOLS = {"pip", "setuptools"}
_FORBIDDEN = {"keras", "tensorflow", "tensorflow-cpu", "jax", "torch", "matplotlib", "scikit-learn", "scipy"}

Times = list[tuple[float, float]]  # wall and processor seconds of each process


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description="Cold start of inkdigits and its installed size.")
    parser.add_argument("--image", type=Path, help="image to read (default: one of examples/, or one drawn)")
    parser.add_argument("--weights", type=Path, help="other weights; the figures are then not written")
    parser.add_argument("--repeat", type=int, default=10, help="processes a figure (default %(default)s)")
    parser.add_argument("--measure-install", action="store_true", help="install afresh and print the size")
    options = parser.parse_args(arguments)
    if options.repeat < 1:
        parser.error("--repeat must be at least 1")
    commit()
    with tempfile.TemporaryDirectory() as folder:
        image = options.image or example_image(Path(folder))
        read = [str(Path(sys.executable).with_name("inkdigits")), "read", str(image)]
        read += ["--weights", str(options.weights)] if options.weights else []
        try:
            bare = cold_times([sys.executable, "-c", "pass"], options.repeat)
            imports = cold_times([sys.executable, "-c", "import inkdigits"], options.repeat)
            rows = [
                time_row("import inkdigits, cold process", imports, bare, TARGETS["import"]),
                time_row(
                    "inkdigits read of one image, cold process",
                    cold_times(read, options.repeat),
                    bare,
                    TARGETS["read"],
                ),
            ]
            if options.measure_install:
                rows.append(install_row(Path(folder) / "environment"))
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", None) or ""
            print(f"{error}\n{said}".strip(), file=sys.stderr)
            return 1
    print_rows(rows, title="Start and size", note=f"load average {os.getloadavg()[0]:.1f}")
    for row in rows[:2]:
        detail = row["detail"]
        print(f"{row['figure']}: best {detail['best']} s, processor {detail['cpu_median']} s (median)")
    for row in rows[2:]:
        print(
            "largest, MB: " + ", ".join(f"{name} {size}" for name, size in row["detail"]["largest"].items())
        )
    if options.weights is None:
        write_results(RESULTS / "startup.json", rows)
    return 0


def example_image(folder: Path) -> Path:
    """The photo of one digit in examples/, or where that was not made yet a "5" drawn into `folder`."""
    example = ROOT / "examples" / "digit-plain.jpg"
    if example.is_file():
        return example
    page = np.full((600, 800), 235, np.uint8)
    cv2.putText(page, "5", (320, 400), cv2.FONT_HERSHEY_SIMPLEX, 10, 40, 18, cv2.LINE_AA)
    path = folder / "five.png"
    cv2.imwrite(str(path), page)
    return path


def cold_times(command: list[str], repeat: int) -> Times:
    """Wall and processor seconds of `repeat` processes, after one not counted that fills the file cache.

    Raises CalledProcessError where one fails, with what it said.
    """
    times: Times = []
    for _ in range(repeat + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append((wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))
    return times[1:]


def time_row(figure: str, times: Times, bare: Times, target: str) -> dict[str, Any]:
    """The median wall time of one command in seconds."""
    wall, cpu = ([seconds[kind] for seconds in times] for kind in (0, 1))
    return result_row(
        figure,
        round(statistics.median(wall), 4),
        n=len(wall),
        unit="s",
        sd=deviation(wall, 4),
        target=target,
        detail={
            "statistic": "median",
            "best": round(min(wall), 4),
            "cpu_median": round(statistics.median(cpu), 4),
            "empty_python_median": round(statistics.median(seconds for seconds, _ in bare), 4),
            "load": round(os.getloadavg()[0], 2),
        },
    )


def install_row(environment: Path) -> dict[str, Any]:
    """Install the reading half into a fresh environment and add up what came, in megabytes (10^6 bytes)."""
    venv.create(environment, with_pip=True)
    constraints = ROOT / "constraints.txt"
    pinned = ["-c", str(constraints)] if constraints.is_file() else []
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", str(ROOT), *pinned],
        check=True,
        capture_output=True,
        text=True,
    )
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    sizes = {name: size for name, size in installed_sizes(Path(site)).items() if name not in _TOOLS}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:_LARGEST]
    return result_row(
        "installed size of the reading half",
        round(sum(sizes.values()) / 1e6, 1),
        n=len(sizes),
        unit="MB",
        target=TARGETS["size"],
        detail={
            "largest": {name: round(sizes[name] / 1e6, 1) for name in largest},
            "learning_packages": sorted(_FORBIDDEN & sizes.keys()),
            "constraints": bool(pinned),
        },
    )


def installed_sizes(site: Path) -> dict[str, int]:
    """Bytes of every distribution in a site-packages folder, by its name in lower case."""
    sizes: dict[str, int] = {}
    for distribution in metadata.distributions(path=[str(site)]):
        files = (Path(str(distribution.locate_file(file))) for file in distribution.files or ())
        name = distribution.metadata["Name"].lower()
        sizes[name] = sum(path.stat().st_size for path in files if path.is_file())
    return sizes


if __name__ == "__main__":
    sys.exit(main())
