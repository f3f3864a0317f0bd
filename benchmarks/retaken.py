"""The real images as if they had been taken once more: from another angle, nearer, cut, in worse light.

    python benchmarks/retaken.py --data ../shared/data [--times 4]

The sets are small, and read by now at rates at which one image more or less is chance. What is read of an
image when it is turned, cut, dimmed, blurred and compressed says whether others of its kind would be read and
shows what was fitted to one image. Where a digit is, for what is cut beside it, is told by the answer to the
image as it is; where that is wrong, the image is left out. Retaken images are the same in every run, as long
as those boxes are. Out: results/retaken.json, a row a kind: the share of images, or of lines of pages, that
is read exactly.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from common import RESULTS, commit, print_rows, share_row, write_results
from inkdigits.answer import Answer, Box
from inkdigits.errors import InkdigitsError
from inkdigits.learning.sources import data_folder
from inkdigits.reading.page import load_pages
from inkdigits.reading.reader import Reader
from real_sets import Picture, load_pictures
from scoring import PageScore, score_page

TITLE = "The real images taken once more: turned, nearer, cut, in worse light"
_SIZES = (120, 200, 400, 800, 1600)  # pixels of the longer side of what is cut out
_LARGE = 3000  # pixels, about what a telephone takes

Image = np.ndarray  # (height, width, 3) uint8
Random = np.random.Generator


def _slope(shape: tuple[int, ...], random: Random) -> np.ndarray:
    """(height, width, 1) float32 in about [-0.5, 0.5], rising in some direction."""
    rows, columns = np.mgrid[-0.5 : 0.5 : shape[0] * 1j, -0.5 : 0.5 : shape[1] * 1j]
    angle = random.uniform(0, 2 * np.pi)
    return (np.cos(angle) * columns + np.sin(angle) * rows).astype(np.float32)[..., None]


def _taken(light: np.ndarray, noise: float, quality: int, random: Random) -> Image:
    """`light` (height, width, 3) float32 in [0, 1] with a sensor's noise, compressed as JPEG."""
    noisy = light + random.normal(0, noise, light.shape)
    shown = np.rint(np.clip(noisy, 0, 1) * 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def _resized(image: Image, factor: float) -> Image:
    smooth = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=smooth)


def turned(image: Image, _: Box, random: Random, degrees: float = 12.0) -> Image:
    """Turned, at another size, in other light, now and then out of focus."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), random.uniform(-degrees, degrees), 1.0)
    image = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    light = _resized(image, random.uniform(0.6, 1.6)).astype(np.float32) / 255
    light = light ** random.uniform(0.7, 1.4) * random.uniform(0.7, 1.1)
    light *= 1 - random.uniform(0, 0.3) * (_slope(light.shape, random) + 0.5)
    if random.random() < 0.5:
        # As far out of focus for the height of a line as for the width of a picture of one digit.
        side = min(max(light.shape) / 400, min(light.shape[:2]) / 60)
        light = cv2.GaussianBlur(light, (0, 0), random.uniform(0.3, 1.0) * side)
    return _taken(light, random.choice([0, 0.01, 0.03]), int(random.integers(50, 95)), random)


def level(image: Image, box: Box, random: Random) -> Image:
    """The same of a scan, which is turned by 3 degrees at most."""
    return turned(image, box, random, degrees=3.0)


def near(image: Image, box: Box, random: Random) -> Image:
    """Cut out from near by, small or large, with motion, a shadow's edge, much noise and compression."""
    side = max(box[2:])
    cut = _cut(image, box, random.uniform(0, 0.8, 4) * side)
    light = _resized(cut, random.choice(_SIZES) / max(cut.shape)).astype(np.float32) / 255
    length = round(random.choice([0, 0, 0.02, 0.04]) * max(light.shape)) | 1
    angle, middle = random.uniform(0, np.pi), length // 2
    reach = np.rint(middle * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    motion = np.zeros((length, length), np.float32)
    cv2.line(motion, (middle - reach).tolist(), (middle + reach).tolist(), 1.0)
    light = cv2.filter2D(light, -1, motion / motion.sum(), borderType=cv2.BORDER_REPLICATE)
    # By way of Fourier's transform, as large kernels go, black may come out a little below 0.
    light = np.maximum(light, 0) ** random.uniform(0.6, 1.6) * random.uniform(0.5, 1.1)
    edge = 1 / (1 + np.exp(-random.uniform(3, 30) * _slope(light.shape, random)))
    light *= 1 - random.uniform(0, 0.4) * edge
    return _taken(light, random.choice([0, 0.02, 0.05]), int(random.integers(30, 95)), random)


def cut_off(image: Image, box: Box, random: Random) -> Image:
    """Cut so that one side of the digit, up to 3 % of it, lies beyond the picture."""
    margins = random.uniform(0.1, 0.8, 4)
    margins[random.integers(len(margins))] = -random.uniform(0, 0.03)
    return _cut(image, box, margins * max(box[2:]))


def large(image: Image, _: Box, random: Random) -> Image:
    """As many pixels as a telephone's camera has."""
    return _resized(image, _LARGE / max(image.shape))


def _cut(image: Image, box: Box, margins: np.ndarray) -> Image:
    """What lies in `box` (x, y, width, height) and `margins` pixels beside it, left, top, right, bottom."""
    x, y, width, height = box
    corners = np.array([x, y, x + width, y + height]) + margins * (-1, -1, 1, 1)
    left, top, right, bottom = np.clip(np.rint(corners), 0, np.tile(image.shape[1::-1], 2)).astype(int)
    return image[top:bottom, left:right]


KINDS: dict[str, tuple[str, Callable[[Image, Box, Random], Image]]] = {
    "photos, turned, in other light": ("photos", turned),
    "photos, from near by, in bad light": ("photos", near),
    "photos, the digit cut off at a side": ("photos", cut_off),
    "photos, of 3,000 pixels": ("photos", large),
    "cheques, turned, in other light": ("cheques", level),
    "pages, turned, in other light": ("pages", level),
}


def _score(answer: Answer, picture: Picture) -> PageScore:
    return score_page([line.text for line in answer.lines], picture.lines)


def _placed(reader: Reader, pictures: list[Picture], needs_box: bool) -> Iterator[tuple[Picture, Image, Box]]:
    """Each picture as an image, RGB, with the box of its number; where that is needed, those read rightly."""
    for picture in pictures:
        page = next(iter(load_pages(picture.path, in_color=True)))
        box: Box = (0, 0, page.width, page.height)
        if needs_box:
            answer = reader.read_page(page)
            if not _score(answer, picture).page_exact:
                continue
            box = next(line.box for line in answer.lines if line.text)
        yield picture, cv2.cvtColor(page.gray, cv2.COLOR_GRAY2RGB) if page.color is None else page.color, box


def retake_all(data: Path, most: int, limit: int | None) -> list[dict[str, Any]]:
    """A row a kind; each image is retaken `most` times at most."""
    reader, rows = Reader(), []
    for seed, (name, (which, retake)) in enumerate(KINDS.items()):
        random = np.random.default_rng(seed)
        right = total = 0
        # Those that nothing is drawn for are alike each time; of cheques there are enough.
        times = 1 if retake is large or which == "cheques" else most
        by_line = which == "pages"
        for picture, image, box in _placed(
            reader, load_pictures(data, which, limit), retake in (near, cut_off)
        ):
            for _ in range(times):
                (answer,) = reader.read(retake(image, box, random))
                score = _score(answer, picture)
                right += score.exact if by_line else score.page_exact
                total += score.true_lines if by_line else 1
        if total:
            rows.append(share_row(name, right, total, detail={"times": times}))
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Read the retaken images of every kind; print and write the figures."""
    parser = argparse.ArgumentParser(description="The real images taken once more, read.")
    parser.add_argument("--data", type=Path, help="data folder (default: INKDIGITS_DATA)")
    parser.add_argument(
        "--times", type=int, default=4, help="how often each is retaken (default %(default)s)"
    )
    parser.add_argument("--limit", type=int, help="only so many images a set: a quick look, never written")
    options = parser.parse_args(arguments)
    if options.times < 1:
        parser.error("--times must be at least 1")
    commit()
    try:
        rows = retake_all(data_folder(options.data), options.times, options.limit)
    except InkdigitsError as error:
        print(f"retaken: {error}", file=sys.stderr)
        return 1
    print_rows(rows, title=TITLE)
    if options.limit is None:
        write_results(RESULTS / "retaken.json", rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
