"""Every input that is read becomes the same upright gray page; every other gets one clear error."""

from __future__ import annotations

import io
import os
import struct
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw

from inkdigits.errors import InkdigitsError, InputError, LimitError
from inkdigits.reading.page import Limits, Page, count_pages, load_pages, parse_pages

# A busy machine is slow, which is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

WIDTH, HEIGHT = 60, 40


def drawing(mode: str = "RGB") -> Image.Image:
    """A stroke in the upper left corner of white paper: which side is up shows in every format."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    ImageDraw.Draw(image).rectangle((5, 5, 12, 25), fill=(20, 20, 120))
    return image if mode == "RGB" else image.convert(mode, dither=Image.Dither.NONE)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def only(source: object, **options: object) -> Page:
    """The one page of a source, in colour; without colour its gray must be the same to the last bit."""
    (page,) = load_pages(source, **options, in_color=True)  # type: ignore[arg-type]
    if isinstance(source, (bytes, np.ndarray)):
        (plain,) = load_pages(source, **options)  # type: ignore[arg-type]
        np.testing.assert_array_equal(plain.gray, page.gray)
        assert plain.color is None
    return page


def assert_drawing(gray: np.ndarray) -> None:
    assert gray.dtype == np.uint8
    assert gray.shape == (HEIGHT, WIDTH)
    assert gray[8:22, 7:11].max() < 90
    assert gray[30:, 20:].min() > 230
    assert gray[8:22, 20:].min() > 230


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_every_format_gives_the_same_page(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "scan.dat"  # the name says nothing: the first bytes do
    path.write_bytes(encoded(drawing(), kind, quality=95) if kind == "JPEG" else encoded(drawing(), kind))
    page = only(path)
    assert_drawing(page.gray)
    assert (page.source, page.number, page.width, page.height) == (str(path), 1, WIDTH, HEIGHT)
    assert page.color is not None and page.color.shape == (HEIGHT, WIDTH, 3)
    red, _, blue = page.color[15, 9].astype(int)
    assert blue > red + 60


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"),
        ("1", "TIFF"),
        ("L", "PNG"),
        ("LA", "PNG"),
        ("P", "PNG"),
        ("P", "BMP"),
        ("RGBA", "PNG"),
        ("RGBA", "WEBP"),
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("YCbCr", "TIFF"),
    ],
)
def test_every_pixel_mode_is_read(mode: str, kind: str) -> None:
    assert_drawing(only(encoded(drawing(mode), kind)).gray)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_gray_has_no_colour(mode: str) -> None:
    assert only(encoded(drawing(mode), "PNG")).color is None


def test_gray_palette_has_no_colour() -> None:
    assert only(encoded(drawing("L"), "GIF")).color is None


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_deep_gray_is_scaled_by_its_bits(bits: int) -> None:
    samples = np.asarray(drawing("L"), np.float64) / 255 * (2**bits - 1)
    assert_drawing(only(encoded(Image.fromarray(samples.astype(np.uint16)), "PNG")).gray)


@pytest.mark.parametrize("scale", [1 / 255, 1.0, 1000.0])
def test_float_tiff_is_scaled_by_its_range(scale: float) -> None:
    samples = np.asarray(drawing("L"), np.float32) * np.float32(scale)
    assert_drawing(only(encoded(Image.fromarray(samples), "TIFF")).gray)


def test_float_tiff_with_nan_is_an_input_error() -> None:
    samples = np.full((HEIGHT, WIDTH), np.nan, np.float32)
    with pytest.raises(InputError, match="NaN"):
        only(encoded(Image.fromarray(samples), "TIFF"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_orientation_of_the_camera_is_obeyed(
    monkeypatch: pytest.MonkeyPatch, orientation: int, kind: str
) -> None:
    # What a camera stores is the upright picture under the inverse of the tag's operation.
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = drawing()
    stored = image.transpose(inverse[orientation]) if orientation in inverse else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(stored, kind, exif=exif)
    page = only(data)
    assert_drawing(page.gray)
    assert page.color is not None and page.color.shape == (HEIGHT, WIDTH, 3)
    monkeypatch.setattr("inkdigits.reading.raster.COLOR_PIXELS", 1)
    assert_drawing(only(data).gray)


def ink_on_nothing(shade: int) -> Image.Image:
    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((5, 5, 12, 25), fill=(shade, shade, shade, 255))
    return image


@pytest.mark.parametrize("shade", [0, 90, 255])
def test_ink_on_transparency_is_never_lost(shade: int) -> None:
    gray = only(encoded(ink_on_nothing(shade), "PNG")).gray.astype(int)
    assert abs(gray[15, 9] - gray[35, 40]) > 100
    array = only(np.asarray(ink_on_nothing(shade))).gray.astype(int)
    np.testing.assert_array_equal(gray, array)


def test_paper_cut_out_of_transparency_stays_on_white() -> None:
    image = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    image.paste((250, 250, 250, 255), (2, 2, WIDTH - 2, HEIGHT - 2))
    assert only(encoded(image, "PNG")).gray.min() >= 250


def test_transparent_palette_and_key_colour() -> None:
    gif = encoded(ink_on_nothing(10), "GIF")
    assert only(gif).gray[35, 40] == 255
    keyed = encoded(drawing("L"), "PNG", transparency=255)
    assert_drawing(only(keyed).gray)


def test_tiff_pages_are_chosen_and_numbered() -> None:
    frames = [Image.new("L", (10 + number, 8), 200) for number in range(1, 6)]
    tiff = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    assert [(page.number, page.width) for page in load_pages(tiff)] == [(n, 10 + n) for n in range(1, 6)]
    assert count_pages(tiff) == 5
    assert [page.number for page in load_pages(tiff, pages="2,4-")] == [2, 4, 5]
    assert [page.number for page in load_pages(tiff, pages="5-9")] == [5]
    with pytest.raises(InputError, match="5 pages"):
        only(tiff, pages="6")


def test_tiff_thumbnails_are_no_pages() -> None:
    thumbnail = Image.new("L", (6, 4), 0)
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}
    buffer = io.BytesIO()
    from PIL import TiffImagePlugin

    with TiffImagePlugin.AppendingTiffWriter(buffer) as writer:
        for image, subfile in ((drawing("L"), 0), (thumbnail, 1), (drawing("L"), 0)):
            image.save(writer, "TIFF", tiffinfo={254: subfile})
            writer.newFrame()
    assert [(page.number, page.width) for page in load_pages(buffer.getvalue())] == [(1, WIDTH), (2, WIDTH)]
    assert count_pages(buffer.getvalue()) == 2


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_read(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    frames = [drawing(), Image.new("RGB", (WIDTH, HEIGHT), "black")]
    animation = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert_drawing(only(animation).gray)
    assert count_pages(animation) == 1


def pdf_of(*images: Image.Image) -> bytes:
    return encoded(images[0], "PDF", save_all=True, append_images=list(images[1:]), resolution=200)


def assert_drawn(gray: np.ndarray) -> None:
    """PDFium rounds a page's size up to whole pixels."""
    assert 0 <= gray.shape[0] - HEIGHT <= 1 and 0 <= gray.shape[1] - WIDTH <= 1
    assert_drawing(gray[:HEIGHT, :WIDTH])


def test_pdf_pages_are_drawn_at_200_dots_an_inch() -> None:
    pages = list(load_pages(pdf_of(drawing(), drawing("L")), name="form.pdf", in_color=True))
    assert [(page.source, page.number) for page in pages] == [("form.pdf", 1), ("form.pdf", 2)]
    for page in pages:
        assert_drawn(page.gray)
    assert pages[0].color is not None
    assert pages[1].color is None
    assert [page.number for page in load_pages(pdf_of(drawing(), drawing()), pages="2")] == [2]


def test_a_large_pdf_page_is_drawn_smaller() -> None:
    document = pypdfium2.PdfDocument.new()
    document.new_page(14400, 100)
    buffer = io.BytesIO()
    document.save(buffer)
    document.close()
    page = only(buffer.getvalue(), limits=Limits(pixels=10_000))
    assert 5_000 < page.width * page.height < 12_000
    assert page.gray.min() == 255


def test_pdf_is_safe_in_threads() -> None:
    data = pdf_of(drawing(), drawing("L"))
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                for page in load_pages(data):
                    assert_drawn(page.gray)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


ENCRYPTED_PDF = """%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj
4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<{key}>/U<{key}>>>endobj
trailer<</Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>
%%EOF""".format(key="5a" * 32)


def test_an_encrypted_pdf_is_said_to_be_encrypted() -> None:
    with pytest.raises(InputError, match="encrypted"):
        only(ENCRYPTED_PDF.encode())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PDF"])
def test_truncated_files_are_input_errors(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    for share in (0.2, 0.5):
        with pytest.raises(InputError, match=r"^bytes: the .*(truncated|damaged)"):
            only(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"hello", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"8BPS\0\1" + bytes(20), "not a picture"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "HEIC"),
    ],
)
def test_other_files_are_refused_by_name(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "letter.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        only(path)
    assert str(path) in str(caught.value)


def test_paths_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        only(tmp_path / "missing.png")
    with pytest.raises(InputError, match="folder"):
        only(tmp_path)
    with pytest.raises(InputError, match="cannot be opened"):
        only("nul\0byte")
    with pytest.raises(InputError, match="path, bytes or a NumPy array"):
        only(3)


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(encoded(drawing(), "PNG"),))
    writer.start()
    assert_drawing(only(pipe).gray)
    writer.join()


def bomb(width: int, height: int) -> bytes:
    """A valid PNG header that claims a size, and next to no data."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def test_limits_name_their_flag() -> None:
    with pytest.raises(LimitError, match="--max-pixels"):
        only(bomb(60_000, 60_000))
    with pytest.raises(LimitError, match="--max-bytes"):
        only(encoded(drawing(), "PNG"), limits=Limits(bytes=20))
    frames = [drawing("L")] * 4
    for data in (encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:]), pdf_of(*frames)):
        with pytest.raises(LimitError, match="--max-pages"):
            list(load_pages(data, limits=Limits(pages=3)))
        assert len(list(load_pages(data, pages="2-4", limits=Limits(pages=3)))) == 3
    with pytest.raises(LimitError, match="--max-pixels"):
        only(encoded(drawing(), "PDF"), limits=Limits(pixels=WIDTH * HEIGHT - 1))
    with pytest.raises(LimitError, match="--max-pixels"):
        only(np.zeros((HEIGHT, WIDTH), np.uint8), limits=Limits(pixels=WIDTH * HEIGHT - 1))
    with pytest.raises(LimitError, match="at least 1"):
        Limits(pages=0)


def test_the_pixel_limit_is_ours_and_not_that_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert_drawing(only(encoded(drawing(), "PNG")).gray)


def test_pages_of_colour_in_bands_equal_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (37, 41, 4), dtype=np.uint8)
    sources = [encoded(Image.fromarray(noise, mode), "PNG") for mode in ("RGBA",)]
    sources += [
        encoded(Image.fromarray(noise[..., :3]), "PNG"),
        encoded(Image.fromarray(noise[..., 0]), "PNG"),
    ]
    sources.append(encoded(Image.fromarray(noise[..., 0].astype(np.uint16) * 257), "PNG"))
    whole = [only(source) for source in sources]
    monkeypatch.setattr("inkdigits.reading.raster._BAND_PIXELS", 41 * 5)
    for source, expected in zip(sources, whole, strict=True):
        page = only(source)
        np.testing.assert_array_equal(page.gray, expected.gray)
        assert (page.color is None) == (expected.color is None)
        if page.color is not None and expected.color is not None:
            np.testing.assert_array_equal(page.color, expected.color)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_the_largest_pages_keep_no_colour(monkeypatch: pytest.MonkeyPatch, kind: str, mode: str) -> None:
    monkeypatch.setattr("inkdigits.reading.raster.COLOR_PIXELS", WIDTH * HEIGHT - 1)
    image = drawing(mode)
    if mode == "RGBA" and kind != "JPEG":
        image.putpixel((WIDTH - 1, HEIGHT - 1), (0, 0, 0, 0))  # WebP drops a channel that says nothing
    page = only(encoded(image.convert("RGB") if kind == "JPEG" else image, kind))
    assert page.color is None
    assert_drawing(page.gray)


@pytest.mark.parametrize("save_all", [False, True])
def test_a_truncated_large_webp_is_an_input_error(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], save_all: bool
) -> None:
    monkeypatch.setattr("inkdigits.reading.raster.COLOR_PIXELS", WIDTH * HEIGHT - 1)
    frames = {"save_all": True, "append_images": [drawing().rotate(90)]} if save_all else {}
    data = encoded(drawing(), "WEBP", **frames)
    with pytest.raises(InputError, match="WebP"):
        only(data[: len(data) - 30])
    assert capfd.readouterr().err == ""


def test_one_pixel_is_a_page() -> None:
    assert only(encoded(Image.new("L", (1, 1), 7), "PNG")).gray.tolist() == [[7]]
    assert only(np.array([[7]], np.uint8)).gray.tolist() == [[7]]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64, np.bool_])
@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_arrays_of_every_accepted_kind(dtype: type, channels: int | None) -> None:
    gray = np.asarray(drawing("L"))
    top = 1 if np.issubdtype(dtype, np.floating) or dtype is np.bool_ else np.iinfo(dtype).max
    array = gray > 127 if dtype is np.bool_ else (gray / 255 * top).astype(dtype)
    if channels:
        array = np.repeat(array[..., None], channels, axis=2)
        if channels == 4:
            array[..., 3] = top
    page = only(array)
    assert_drawing(page.gray)
    assert (page.color is not None) == (channels in (3, 4))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((0, 5), np.uint8), "no area"),
        (np.zeros((5,), np.uint8), "shape"),
        (np.zeros((5, 5, 2), np.uint8), "shape"),
        (np.zeros((3, 5, 5), np.uint8), "shape"),
        (np.zeros((5, 5), np.int64), "dtype"),
        (np.zeros((5, 5), np.complex64), "dtype"),
        (np.full((5, 5), "a"), "dtype"),
        (np.full((5, 5), object()), "dtype"),
        (np.full((5, 5), np.nan), "NaN"),
        (np.full((5, 5), np.inf), "infinite"),
        (np.full((5, 5), -1.0), "0..1 or 0..255"),
        (np.full((5, 5), 300.0), "0..1 or 0..255"),
    ],
)
def test_wrong_arrays_are_input_errors(array: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        only(array, name="field")


def test_a_page_does_not_share_the_memory_of_the_caller() -> None:
    for shape in ((4, 4), (4, 4, 1), (4, 4, 3), (4, 4, 4)):
        array = np.full(shape, 255, np.uint8)
        page = only(array)
        array[:] = 0
        assert page.gray.min() == 255
        assert page.color is None or page.color.min() == 255


@unhurried
@given(
    arrays.arrays(
        st.sampled_from(
            [np.uint8, np.uint16, np.int16, np.float16, np.float32, np.float64, np.bool_, np.complex64]
        ),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6),
    )
)
def test_any_array_is_a_page_or_an_input_error(array: np.ndarray) -> None:
    try:
        page = only(array)
    except InputError:
        return
    assert page.gray.dtype == np.uint8 and page.gray.shape == array.shape[:2]
    assert page.color is None or (page.color.dtype == np.uint8 and page.color.shape == (*array.shape[:2], 3))


@unhurried
@given(st.lists(st.tuples(st.integers(1, 20), st.none() | st.integers(0, 5)), min_size=1, max_size=4))
def test_page_ranges_hold_what_they_say(ranges: list[tuple[int, int | None]]) -> None:
    text = ",".join(f"{first}-" if more is None else f"{first}-{first + more}" for first, more in ranges)
    wanted = parse_pages(text)
    for page in range(1, 30):
        assert (page in wanted) == any(
            first <= page and (more is None or page <= first + more) for first, more in ranges
        )


@pytest.mark.parametrize("text", ["", "0", "a", "3-2", "1,,2", "-3", "1--2", "1.5", "9999999999"])
def test_malformed_page_ranges_are_input_errors(text: str) -> None:
    with pytest.raises(InputError, match="--pages"):
        parse_pages(text)


@unhurried
@given(
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"II*\0", b"%PDF-1.4"]),
    st.binary(),
)
def test_any_bytes_are_pages_or_an_error_of_ours(start: bytes, rest: bytes) -> None:
    try:
        assert count_pages(start + rest) >= 0
        for page in load_pages(start + rest, limits=Limits(pixels=1_000_000)):
            assert page.gray.dtype == np.uint8 and page.gray.size > 0
    except InkdigitsError as error:
        assert str(error).startswith("bytes: ") or str(error).startswith("bytes, page ")


def test_filters_of_warnings_survive_overlapping_reads() -> None:
    data = encoded(drawing(), "TIFF")
    before = list(warnings.filters)
    threads = [threading.Thread(target=lambda: [list(load_pages(data)) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before
