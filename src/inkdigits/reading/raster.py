"""Picture files to pixels. In: an open PNG, JPEG, WebP, BMP, TIFF or GIF file. Out: gray uint8 and colour.

Pillow decodes, and only the decoder of the format that the first bytes show is ever called. Rows are
converted in bands, so that a 60-megapixel scan never exists twice. The orientation that a camera wrote (EXIF)
is obeyed, transparency is laid over white paper, and 16-bit, float, palette, CMYK and 1-bit pictures become
8-bit. A TIFF has pages; of an animated GIF, PNG or WebP the first frame is read, because its frames are one
picture that moves.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from importlib import import_module
from typing import IO, Any

import cv2
import numpy as np
from PIL import Image, ImageFile

from inkdigits.reading.complaints import picture_errors, silence_tiff
from inkdigits.reading.limits import Limits, PageRanges

# Beyond this many pixels the colour is dropped: three more bytes a pixel would not fit below 1 GiB with what
# follows.
COLOR_PIXELS = 32_000_000

# Where the decoder of each format lives. Calling it directly, not through `Image.open`, keeps every other
# decoder of Pillow (EPS, PSD, FITS ...) out of reach and replaces its process-wide pixel limit by ours.
_DECODERS = {
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
}

# They fit a processor's cache, which makes a photo a quarter faster than in one piece.
_BAND_PIXELS = 50_000
_ORIENTATION = 0x0112
_NEW_SUBFILE_TYPE = 254
_REDUCED_RESOLUTION = 1
_GRAY_MODES = {"1", "L", "LA", "La"}
_DEEP_MODES = {"I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
_SAMPLE_MAXIMA = (255, 1023, 4095, 16383, 65535)

Pixels = tuple[np.ndarray, np.ndarray | None]


def raster_pages(
    file: IO[bytes], kind: str, name: str, wanted: PageRanges, limits: Limits, in_color: bool
) -> Generator[tuple[int, np.ndarray, np.ndarray | None]]:
    """The wanted pages of a file: (number from 1, gray (h, w) uint8, colour (h, w, 3) uint8 RGB or None).

    `kind` is a key of the formats above; colour is decoded only where it is asked for. Raises InputError for
    a damaged file and LimitError for one beyond the limits.
    """
    with picture_errors(kind, name):
        image = _open(file, kind)
        frames = _tiff_pages(image, wanted, limits) if kind == "TIFF" else [0]
    numbers = wanted.choose(name, len(frames))
    limits.check_pages(name, len(numbers))
    for number in numbers:
        with picture_errors(kind, name):
            if frames[number - 1] != image.tell():
                image.seek(frames[number - 1])
            limits.check_size(name, *image.size)
            keep_color = in_color and image.size[0] * image.size[1] <= COLOR_PIXELS
            if kind == "JPEG" and image.mode == "RGB":
                # Its luminance is decoded alone, three times as fast, and in the same way with colour and
                # without.
                image.draft("L", image.size)
                gray, _ = _decode(image, False)
                file.seek(0)
                color = _decode(_open(file, kind), True)[1] if keep_color else None
            else:
                gray, color = _decode(image, keep_color)
        yield number, gray, color


def count_raster_pages(file: IO[bytes], kind: str, name: str, most: int) -> int:
    """How many pages a file has, counted up to `most`; InputError where it is damaged."""
    if kind != "TIFF":
        return 1
    with picture_errors(kind, name):
        return min(most, len(_tiff_pages(_open(file, kind), PageRanges(), Limits(pages=most))))


def _open(file: IO[bytes], kind: str) -> ImageFile.ImageFile:
    if kind == "TIFF":
        silence_tiff()
    module, decoder = _DECODERS[kind]
    return getattr(import_module(module), decoder)(file)


def _tiff_pages(image: Any, wanted: PageRanges, limits: Limits) -> list[int]:
    """Frame indices of the pages, from headers alone; reduced copies (thumbnails, pyramids) are no pages.

    Counting stops one page beyond what may be read. A damaged header counts as a page, to be reported when it
    is reached.
    """
    frames: list[int] = []
    selected = 0
    frame = 0
    while selected <= limits.pages and (wanted.last is None or len(frames) < wanted.last):
        try:
            image.seek(frame)
            reduced = bool(int(image.tag_v2.get(_NEW_SUBFILE_TYPE, 0)) & _REDUCED_RESOLUTION)
        except EOFError:
            break
        except Exception:
            frames.append(frame)
            break
        if not reduced or frame == 0:
            frames.append(frame)
            selected += len(frames) in wanted
        frame += 1
    image.seek(0)
    return frames


def _decode(image: ImageFile.ImageFile, keep_color: bool) -> Pixels:
    """The current frame, upright: gray (h, w) uint8 and colour (h, w, 3) uint8 RGB or None."""
    if image.format == "WEBP" and image.size[0] * image.size[1] > COLOR_PIXELS:
        gray, color = _large_webp(image)
        return _upright(gray, _orientation(image)), color
    image.load()
    if image.mode in _DEEP_MODES:
        gray, color = _deep_to_gray(image), None
    elif image.has_transparency_data:
        gray, color = over_paper(image, keep_color)
    else:
        gray, color = _plain(image, keep_color)
    orientation = _orientation(image)
    return _upright(gray, orientation), None if color is None else _upright(color, orientation)


def _large_webp(image: Any) -> Pixels:
    """A large WebP by OpenCV: 5 bytes a pixel, where Pillow takes 16, 1 GiB at 64 megapixels."""
    image.fp.seek(0)
    encoded = np.frombuffer(image.fp.read(), np.uint8)
    transparent = image.mode == "RGBA"
    channels = cv2.IMREAD_UNCHANGED if transparent else cv2.IMREAD_GRAYSCALE
    samples = cv2.imdecode(encoded, channels | cv2.IMREAD_IGNORE_ORIENTATION)
    if samples is None:
        raise OSError("its frames cannot be decoded")
    if not transparent:
        return samples, None
    cv2.cvtColor(samples, cv2.COLOR_BGRA2RGBA, dst=samples)
    return over_paper(Image.fromarray(samples, "RGBA"), keep_color=False)


def _bands(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """The picture as bands of whole rows, each with the rows it covers."""
    width, height = image.size
    rows = max(1, _BAND_PIXELS // width)
    if rows >= height:
        yield slice(0, height), image
        return
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        yield slice(top, bottom), image.crop((0, top, width, bottom))


def _plain(image: Image.Image, keep_color: bool) -> Pixels:
    """An opaque 8-bit picture of any mode."""
    if (
        image.mode == "LAB"
    ):  # Pillow converts it only with a colour profile; its first channel is the lightness
        image = image.getchannel(0)
    if image.mode == "L":
        return np.asarray(image), None
    if image.mode in _GRAY_MODES or _has_gray_palette(image):
        return np.concatenate([_samples(band, "L") for _, band in _bands(image)]), None
    return _from_rgb(image.size, ((rows, _samples(band, "RGB")) for rows, band in _bands(image)), keep_color)


def _samples(image: Image.Image, mode: str) -> np.ndarray:
    # `convert` copies even where there is nothing to convert, which costs a photo a millisecond.
    return np.asarray(image if image.mode == mode else image.convert(mode))


def _from_rgb(size: tuple[int, int], bands: Iterator[tuple[slice, np.ndarray]], keep_color: bool) -> Pixels:
    gray = np.empty((size[1], size[0]), np.uint8)
    color = np.empty((size[1], size[0], 3), np.uint8) if keep_color else None
    for rows, band in bands:
        cv2.cvtColor(band, cv2.COLOR_RGB2GRAY, dst=gray[rows])
        if color is not None:
            color[rows] = band
    return gray, color


def _has_gray_palette(image: Image.Image) -> bool:
    if image.mode != "P":
        return False
    palette = np.array(image.getpalette("RGB") or [0, 0, 0], np.uint8).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def over_paper(image: Image.Image, keep_color: bool = True) -> Pixels:
    """A transparent picture, over white paper, or over black where light ink would be lost."""
    coverage = (
        float(np.mean([np.asarray(band.convert("RGBA").getchannel("A")).mean() for _, band in _bands(image)]))
        / 255
    )

    def over(shade: int) -> Iterator[tuple[slice, np.ndarray]]:
        for rows, band in _bands(image):
            band = band.convert("RGBA")
            paper = Image.new("RGB", band.size, (shade, shade, shade))
            paper.paste(band, mask=band.getchannel("A"))
            yield rows, np.asarray(paper)

    keep_color = keep_color and image.mode not in _GRAY_MODES
    gray, color = _from_rgb(image.size, over(255), keep_color)
    # Paper cut out of its surroundings covers most of the picture; ink alone covers little, and is lost if it
    # is light.
    swallowed = np.count_nonzero(gray < 200) < 0.001 * gray.size
    if 0 < coverage < 0.5 and swallowed:
        gray, color = _from_rgb(image.size, over(0), keep_color)
    return gray, color


def _deep_to_gray(image: Image.Image) -> np.ndarray:
    """A picture of 16-bit, 32-bit or float samples, scaled by its bit depth; an odd range is stretched."""
    extremes = np.array(
        [(band.min(), band.max()) for band in map(np.asarray, (b for _, b in _bands(image)))], np.float64
    )
    low, high = float(extremes[:, 0].min()), float(extremes[:, 1].max())
    if not np.isfinite(extremes).all():
        raise ValueError("it holds NaN or infinite samples")
    offset, scale = 0.0, sample_scale(low, high, is_float=image.mode == "F")
    if scale is None:
        offset, scale = low, 255 / (high - low) if high > low else 0.0
    gray = np.empty((image.size[1], image.size[0]), np.uint8)
    for rows, band in _bands(image):
        gray[rows] = np.rint((np.asarray(band, np.float64) - offset) * scale)
    return gray


def sample_scale(low: float, high: float, *, is_float: bool) -> float | None:
    """The factor that brings samples from `low` to `high` into 0..255; None where they fit no usual range.

    Float samples are 0..1 or 0..255. Integers are of the fewest bits (8, 10, 12, 14, 16) that hold the
    largest: scanners put 12 bits into 16.
    """
    if low < 0:
        return None
    if is_float:
        return 255.0 if high <= 1 else 1.0 if high <= 255 else None
    return next((255 / maximum for maximum in _SAMPLE_MAXIMA if high <= maximum), None)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged EXIF block says nothing about the pixels, which were decoded
        return 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo the camera's orientation, 1 to 8 (EXIF 2.3, tag 0x0112); others leave the picture as it is."""
    if orientation in (5, 7):
        pixels = cv2.transpose(pixels)
    flips = {2: 1, 4: 0, 7: -1}
    turns = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if orientation in flips:
        return cv2.flip(pixels, flips[orientation])
    return cv2.rotate(pixels, turns[orientation]) if orientation in turns else pixels
