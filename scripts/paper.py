"""Sheets and the camera that looks at them. In: ink coverage. Out: RGB photos, uint8, height x width x 3.

Sheets and light are float32 in [0, 1], RGB; every function takes the generator that decides its chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.learning.pen import Pen

Color = tuple[float, float, float]


@dataclass(frozen=True)
class Camera:
    """How a sheet is photographed.

    `corners`: where the sheet's four corners (top left, then clockwise) fall in the photo, as fractions of
    its size; outside [0, 1] they are out of the frame. `light`: the light at those corners of the photo.
    `tint`: the color of the light. `shadow`: how much light the shadow takes, 0 for none. `vignette`: how
    much darker the photo's corners are. `blur`: standard deviation in pixels; `noise`: the same in gray
    levels of 255.
    """

    size: tuple[int, int]
    corners: tuple[tuple[float, float], ...] = ((-0.05, -0.05), (1.05, -0.05), (1.05, 1.05), (-0.05, 1.05))
    light: tuple[float, float, float, float] = (0.95, 0.9, 0.82, 0.88)
    tint: Color = (1.0, 1.0, 1.0)
    shadow: float = 0.0
    vignette: float = 0.12
    blur: float = 0.7
    noise: float = 2.0


def noise_field(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise with blobs of about `scale` pixels, mean 0, standard deviation 1."""
    height, width = shape
    small = rng.normal(size=(int(height / scale) + 3, int(width / scale) + 3)).astype(np.float32)
    field = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return (field - field.mean()) / (field.std() + 1e-6)


def sheet(shape: tuple[int, int], color: Color, rng: np.random.Generator) -> np.ndarray:
    """Bare paper: fibres, clouds and the curl of a sheet that does not lie flat."""
    fibres = 0.008 * cv2.GaussianBlur(noise_field(shape, 1.5, rng), (0, 0), 0.8) + 0.006 * noise_field(
        shape, 5, rng
    )
    curl = 0.012 * noise_field(shape, max(shape) / 2.5, rng)
    return (np.array(color, np.float32) + (fibres + curl)[..., None]).astype(np.float32)


def rule(
    paper: np.ndarray,
    pitch: float,
    color: Color,
    *,
    squared: bool = False,
    width: float = 1.6,
    start: float = 0.6,
) -> None:
    """Print lines on the paper, `pitch` pixels apart; squares where `squared`."""
    height, columns = paper.shape[:2]
    lines = np.zeros((height, columns), np.uint8)
    for y in np.arange(start * pitch, height, pitch):
        _segment(lines, (0, y), (columns, y), width)
    for x in np.arange(start * pitch, columns, pitch) if squared else ():
        _segment(lines, (x, 0), (x, height), width)
    lay(paper, lines.astype(np.float32) / 255, color)


def security_print(paper: np.ndarray, pitch: float, color: Color, rng: np.random.Generator) -> None:
    """The fine waves that are printed on cheques, in two families that cross."""
    height, width = paper.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    bend = pitch * noise_field((height, width), 12 * pitch, rng)
    for angle, strength in ((0.12, 0.55), (-0.35, 0.35)):
        wave = np.sin(2 * np.pi * (y * np.cos(angle) + x * np.sin(angle) + bend) / pitch)
        lay(paper, strength * np.clip((wave - 0.55) / 0.3, 0, 1), color)


def lay(paper: np.ndarray, coverage: np.ndarray, color: Color) -> None:
    """Color the paper where `coverage` (height x width, [0, 1]) says."""
    paper += coverage[..., None].astype(np.float32) * (np.array(color, np.float32) - paper)


def ink_on(paper: np.ndarray, ink: np.ndarray, pen: Pen, rng: np.random.Generator) -> None:
    """Let the ink soak into the paper: its edge is soft, and the paper's tooth stays bare under a dry pen."""
    coverage = cv2.GaussianBlur(ink, (0, 0), 0.6)
    if pen.grain:
        tooth = cv2.GaussianBlur(noise_field(ink.shape, 1.3, rng), (0, 0), 0.6)
        coverage = coverage * np.clip(1 - pen.grain * (0.6 + 1.1 * tooth), 0, 1)
    lay(paper, coverage, pen.color)


def desk(shape: tuple[int, int], color: Color, rng: np.random.Generator) -> np.ndarray:
    """A wooden table: grain along x, boards across."""
    height, width = shape
    grain = cv2.resize(noise_field((height, max(8, width // 40)), 2, rng), (width, height))
    bend = cv2.resize(noise_field((max(8, height // 6), width), 30, rng), (width, height))
    tone = 1 + 0.10 * grain + 0.10 * bend
    return np.clip(np.array(color, np.float32) * tone[..., None], 0, 1).astype(np.float32)


def photograph(
    paper: np.ndarray, camera: Camera, rng: np.random.Generator, table: np.ndarray | None = None
) -> np.ndarray:
    """The photo of a sheet on a table (RGB uint8, `camera.size` is width, height)."""
    width, height = camera.size
    rows, columns = paper.shape[:2]
    target = np.array(camera.corners, np.float32) * np.array([width, height], np.float32)
    source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    # Warped at twice the size and shrunk: no staircase on thin lines.
    twice = np.diag([2.0, 2.0, 1.0]) @ matrix
    large = (2 * width, 2 * height)
    cover = cv2.warpPerspective(np.ones((rows, columns), np.float32), twice, large, flags=cv2.INTER_LINEAR)
    seen = cv2.warpPerspective(paper, twice, large, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover, seen = (cv2.resize(image, camera.size, interpolation=cv2.INTER_AREA) for image in (cover, seen))
    if table is None:
        scene = seen
    else:
        ground = cv2.resize(table, camera.size, interpolation=cv2.INTER_AREA)
        fall = cv2.GaussianBlur(np.roll(cover, (9, 7), (0, 1)), (0, 0), 7)  # the sheet's own shadow
        ground = ground * (1 - 0.45 * fall[..., None])
        scene = ground + cover[..., None] * (seen - ground)
    scene = scene * _light(camera, rng)[..., None] * np.array(camera.tint, np.float32)
    scene = cv2.GaussianBlur(scene, (0, 0), camera.blur)
    # A sensor's noise: most of it in brightness, stronger where there is more light, a little in color.
    grain = rng.normal(size=(height, width, 1)) + 0.35 * rng.normal(size=(height, width, 3))
    grain = cv2.GaussianBlur(grain.astype(np.float32), (0, 0), 0.7) * 2
    scene = 255 * scene + camera.noise * grain * np.sqrt(np.clip(scene, 0.05, 1))
    return np.clip(np.rint(scene), 0, 255).astype(np.uint8)


def _light(camera: Camera, rng: np.random.Generator) -> np.ndarray:
    width, height = camera.size
    top_left, top_right, bottom_right, bottom_left = camera.light
    corners = np.array([[top_left, top_right], [bottom_left, bottom_right]], np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = cv2.remap(corners, x / (width - 1), y / (height - 1), cv2.INTER_LINEAR)
    away = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    light *= 1 - camera.vignette * away
    if camera.shadow:
        # The photographer's hand and head: a blunt wedge from one side.
        lean = rng.uniform(-0.35, 0.35)
        edge = 0.66 + 0.05 * noise_field((height, width), max(width, height) / 1.6, rng)
        inside = 1 / (1 + np.exp(-((x / width + lean * (y / height - 0.5)) - edge) / 0.03))
        light *= 1 - camera.shadow * inside
    return light


def _segment(canvas: np.ndarray, start: tuple[float, float], stop: tuple[float, float], width: float) -> None:
    """A straight anti-aliased line of fractional width."""
    (x0, y0), (x1, y1) = start, stop
    along = np.hypot(x1 - x0, y1 - y0)
    across = 0.5 * width * np.array([-(y1 - y0), x1 - x0]) / along
    quad = np.array([[x0, y0] + across, [x1, y1] + across, [x1, y1] - across, [x0, y0] - across])
    cv2.fillPoly(canvas, [np.rint(quad * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
