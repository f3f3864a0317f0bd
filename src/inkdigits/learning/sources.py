"""The sources of data: what each file is called, where it comes from, its sha256, its licence, what it may be
used for.

In: a data folder (`--data`, else INKDIGITS_DATA, else a cache folder of the user). Out: the path of a
source's file, or one message that says which files are missing and where to put them.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from inkdigits.errors import DataError
from inkdigits.reading.card import file_sha256


@dataclass(frozen=True)
class SourceFile:
    """One file of a source.

    `path` is relative to the data folder. `urls` are mirrors of the same bytes, tried in order; none where
    the file is converted by hand from its publisher's form and has to be brought. `sha256` is that of the
    bytes as downloaded, `unpacked_sha256` that of what a `.gz` holds, so that an unpacked copy is known as
    well.
    """

    path: str
    sha256: str
    size: int
    urls: tuple[str, ...] = ()
    unpacked_sha256: str | None = None


@dataclass(frozen=True)
class Source:
    """One data set. `may_train` is whether shipped weights may learn from it; `homepage` is its publisher's
    page.
    """

    name: str
    title: str
    licence: str
    homepage: str
    may_train: bool
    files: tuple[SourceFile, ...]


_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_QMNIST_MIRROR = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"


def _mnist(name: str, size: int, sha256: str, unpacked_sha256: str) -> SourceFile:
    return SourceFile(
        f"mnist/{name}", sha256, size, tuple(f"{url}{name}" for url in _MNIST_MIRRORS), unpacked_sha256
    )


def _qmnist(name: str, size: int, sha256: str, unpacked_sha256: str) -> SourceFile:
    return SourceFile(f"mnist/{name}", sha256, size, (f"{_QMNIST_MIRROR}{name}",), unpacked_sha256)


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            "mnist",
            "MNIST: 60,000 training and 10,000 test digits, 28x28 (LeCun, Cortes and Burges 1998)",
            "CC BY-SA 3.0",
            "https://yann.lecun.org/exdb/mnist/",
            True,
            (
                _mnist(
                    "train-images-idx3-ubyte.gz",
                    9912422,
                    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
                    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                ),
                _mnist(
                    "train-labels-idx1-ubyte.gz",
                    28881,
                    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
                    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                ),
                _mnist(
                    "t10k-images-idx3-ubyte.gz",
                    1648877,
                    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
                    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                ),
                _mnist(
                    "t10k-labels-idx1-ubyte.gz",
                    4542,
                    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
                    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                ),
            ),
        ),
        Source(
            "qmnist",
            "QMNIST's rows for MNIST: who wrote which digit (Yadav and Bottou 2019)",
            "BSD-style (Facebook); see the publisher's page",
            "https://github.com/facebookresearch/qmnist",
            True,
            (
                _qmnist(
                    "qmnist-train-labels.tsv.gz",
                    429570,
                    "063229afb535986df50a905c6fa03b716f503bd859d2d9bc8a9b4e2c6a2ccee4",
                    "d12becc9bddd68fc45d52ddaa7868aa49dc4c7080d65b51ce6cf12ecdfbabd5c",
                ),
                _qmnist(
                    "qmnist-test-labels.tsv.gz",
                    478170,
                    "fe2001449c9580376e16fad7a14cc4f525644b6ffeadc47dc249938529002904",
                    "eb655936ef35473cf5b3df22bcb474433a6211ecdffd3ff670651f3167bdf6b6",
                ),
            ),
        ),
        Source(
            "semeion",
            "Semeion: 1,593 digits of Italian writers, 16x16 binary, white ink",
            "CC BY 4.0",
            "https://archive.ics.uci.edu/dataset/178/semeion+handwritten+digit",
            True,
            (
                SourceFile(
                    "semeion/semeion.npz",
                    "b60fab63da564e6fc7075b67bfdf1052d38ecc7059f1fb9a10821b5f91b949a4",
                    39078,
                ),
            ),
        ),
        Source(
            "optdigits",
            "optdigits, original bitmaps of the writer-independent part: 1,797 digits, 32x32 binary",
            "CC BY 4.0",
            "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
            True,
            (
                SourceFile(
                    "optdigits/optdigits_windep.npz",
                    "6e29b521e110194afd58adab8e0080a14f0314b19c20f772b978910d869834ed",
                    107061,
                ),
            ),
        ),
        Source(
            "letters",
            "EMNIST letters A B C D F T, no digits: 28,800 training and 4,000 test (Cohen et al. 2017)",
            "public domain",
            "https://www.nist.gov/itl/products-and-services/emnist-dataset",
            True,
            (
                SourceFile(
                    "letters/letters.npz",
                    "c69b2dd34f5bff7171f39f123b0231919e42980a9f41230345a8f60da5e949e3",
                    8092930,
                ),
            ),
        ),
        Source(
            "omniglot",
            "Omniglot small sets, no digits: 4,840 characters, 105x105, ink = 0 (Lake et al. 2015)",
            "MIT",
            "https://github.com/brendenlake/omniglot",
            True,
            (
                SourceFile(
                    "omniglot/omniglot_small.npz",
                    "2e9383419484fd968cf6d2d0a3912086cb8982b836ceaa2e4bf17ef07da3b629",
                    847883,
                ),
            ),
        ),
        Source(
            "usps",
            "USPS zip-code digits, 16x16: 7,291 and 2,007 (LeCun et al. 1989)",
            "none stated: evaluation only",
            "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass.html#usps",
            False,
            (
                SourceFile(
                    "usps/usps.npz",
                    "ff1e144b09abdd42b3877b83440fe2c032f76dd3d7d247010b756c454c067fd9",
                    1103587,
                ),
            ),
        ),
        Source(
            "ardis",
            "ARDIS IV: 6,600 digits of Swedish church records 1895-1970, 28x28 (Kusetogullari et al. 2019)",
            "none stated: evaluation only",
            "https://ardisdataset.github.io/ARDIS/",
            False,
            (
                SourceFile(
                    "ardis/ardis_iv_train.npz",
                    "d8cffa7ea0ad52ffec014675f2e1bec6c23f713e79821c936a057144a08f83f4",
                    1280597,
                ),
            ),
        ),
        Source(
            "quiz-sheets",
            "1,237 digits that students wrote in boxes of scanned quiz sheets, dark ink, not normalised",
            "ODbL 1.0: evaluation only",
            "",
            False,
            (
                SourceFile(
                    "quiz_sheets/nsysu_first_half.npz",
                    "ded8eae4070b33ebea0fce93f607574b60a9ac2af546c4ee18349f50c8181098",
                    148183,
                ),
            ),
        ),
    )
}


def data_folder(chosen: Path | str | None = None) -> Path:
    """The folder that holds the data: `chosen`, else INKDIGITS_DATA, else a cache folder of the user."""
    if chosen is not None:
        return Path(chosen)
    if named := os.environ.get("INKDIGITS_DATA"):
        return Path(named)
    return cache_folder()


def cache_folder() -> Path:
    """The folder of the user in which this program may keep what it can get or make again."""
    if sys.platform == "win32":
        cache = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "inkdigits"


def local_path(file: SourceFile, folder: Path) -> Path | None:
    """Where `file` lies in `folder`, as downloaded or unpacked; None where it is absent."""
    path = folder / file.path
    candidates = [path, path.with_suffix("")] if path.suffix == ".gz" else [path]
    return next((one for one in candidates if one.is_file()), None)


def require(names: list[str], folder: Path) -> None:
    """Nothing where every file of the named sources is in `folder`; else DataError with one message naming
    them all.
    """
    missing = [
        (SOURCES[name], file)
        for name in names
        for file in SOURCES[name].files
        if local_path(file, folder) is None
    ]
    if not missing:
        return
    lines = [f"data is missing in {folder}; put these files there:"]
    for source, file in missing:
        lines.append(f"  {folder / file.path}  ({file.urls[0] if file.urls else source.homepage})")
    fetchable = sorted({source.name for source, file in missing if file.urls})
    if fetchable:
        lines.append(f"`inkdigits data download {' '.join(fetchable)}` fetches what has a public mirror,")
    lines.append("or name a folder that holds them by --data DIR or INKDIGITS_DATA.")
    raise DataError("\n".join(lines))


def check(file: SourceFile, path: Path) -> bool:
    """Whether the file at `path` holds the bytes that `file` names, as downloaded or unpacked."""
    actual = file_sha256(path)
    return actual == file.sha256 or (actual == file.unpacked_sha256 and path.suffix != ".gz")


def checked_path(name: str, index: int, folder: Path) -> Path:
    """The path of file `index` of source `name`; DataError where it is absent, or damaged.

    A file that has a public mirror must be that mirror's, byte for byte. A file that its user converted may
    differ from ours: its hash is recorded with every run that learns from it.
    """
    require([name], folder)
    file = SOURCES[name].files[index]
    path = local_path(file, folder)
    if path is None:
        raise DataError(f"{folder / file.path}: disappeared while it was read")
    if file.urls and not check(file, path):
        raise DataError(
            f"{path}: damaged: its sha256 is not that of {name}; "
            f"delete it and run `inkdigits data download {name}`"
        )
    return path


def content_sha256(path: Path) -> str:
    """The sha256 of what a file holds, unpacked where it is gzipped: equal for both forms of a file."""
    if path.suffix != ".gz":
        return file_sha256(path)
    try:
        with gzip.open(path, "rb") as file:
            digest = hashlib.sha256()
            while block := file.read(1 << 20):
                digest.update(block)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path}: damaged gzip: {error}; fetch the file again") from error
    return digest.hexdigest()


def source_hashes(names: list[str], folder: Path) -> dict[str, str]:
    """The sha256 of what each file of the named sources holds: {"mnist/train-images-idx3-ubyte":
    "ba89..."}.
    """
    require(names, folder)
    hashes = {}
    for name in names:
        for file in SOURCES[name].files:
            path = local_path(file, folder)
            if path is not None:
                hashes[file.path.removesuffix(".gz")] = content_sha256(path)
    return hashes
