"""The one way ink becomes a network's input. In: ink float32 [0, 1]. Out: a 28x28 glyph or a line strip,
uint8.

Both networks are trained on what these two functions return, and read what they return. Changing either
changes the meaning of every exported weight: raise `NORMALISER_VERSION`, which the cards of the weights hold.
"""

from __future__ import annotations

import cv2
import numpy as np

from inkdigits.reading.percentile import percentile, percentiles

NORMALISER_VERSION = 1

GLYPH_SIZE = 28
GLYPH_BOX = 20  # the longer side of the ink, as in MNIST (LeCun et al., 1998)
STRIP_HEIGHT = 32

_INK = 0.2  # ink above this share of full strength counts for the bounding box and the stroke width
_STROKE = (
    1.7  # pixels at glyph scale; thinner strokes (a sharp pencil, photographed large) are thickened to it
)
_STROKE_MAX = 4.5
_STEPS = np.arange(GLYPH_BOX, dtype=np.float64)


def normalise(ink: np.ndarray) -> np.ndarray:
    """One digit's ink as MNIST would show it.

    The ink's bounding box is scaled so that its longer side is 20 pixels, strokes that would be too thin to
    see at that size are thickened, and the result is placed with its centre of mass at the centre of 28x28.

    Args:
        ink: (height, width) float32 in [0, 1], 1 is full ink.

    Returns:
        (28, 28) uint8, 255 is ink; all zeros where `ink` holds none.
    """
    left, top, width, height = cv2.boundingRect((ink > _INK).view(np.uint8))
    if width == 0:
        return np.zeros((GLYPH_SIZE, GLYPH_SIZE), np.uint8)
    crop = np.ascontiguousarray(ink[top : top + height, left : left + width], np.float32)
    scale = GLYPH_BOX / max(height, width)
    if scale < 1:
        crop = _thicken(crop, stroke_width(crop), scale)
    # A thickened stroke grows outwards too: measure again, so that the box is 20 pixels whatever the pen.
    height, width = crop.shape
    scale = GLYPH_BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    inked = small[small > 0.05]
    peak = percentile(inked, 95) if inked.size else 1.0
    small /= max(peak, 1e-3)
    return _centre(np.clip(small, 0, 1, out=small))


def stroke_width(ink: np.ndarray) -> float:
    """Typical stroke width in pixels: twice the mean distance to paper along the ridge of the strokes."""
    mask = (ink > 0.5 * float(ink.max())).view(np.uint8)
    area = cv2.countNonZero(mask)
    if area == 0:
        return 0.0
    distance = cv2.distanceTransform(
        cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3
    )
    # Over a stroke of width w, distances run evenly from 0 to w/2: their mean is a quarter of the width.
    return 4.0 * float(distance.sum()) / area - 1.0


def _thicken(crop: np.ndarray, stroke: float, scale: float) -> np.ndarray:
    missing = int(round(_STROKE / scale - stroke))
    if missing < 1:
        return crop
    missing = min(missing, max(1, int(0.12 * max(crop.shape))))
    pad = missing // 2 + 1
    padded = cv2.copyMakeBorder(crop, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (missing + 1, missing + 1))
    return cv2.dilate(padded, kernel)


def _centre(small: np.ndarray) -> np.ndarray:
    height, width = small.shape
    total = max(float(small.sum()), 1e-6)
    centre_y = float(small.sum(axis=1) @ _STEPS[:height]) / total
    centre_x = float(small.sum(axis=0) @ _STEPS[:width]) / total
    top = min(max(round(GLYPH_SIZE / 2 - centre_y), 0), GLYPH_SIZE - height)
    left = min(max(round(GLYPH_SIZE / 2 - centre_x), 0), GLYPH_SIZE - width)
    glyph = np.zeros((GLYPH_SIZE, GLYPH_SIZE), np.uint8)
    glyph[top : top + height, left : left + width] = np.rint(small * 255)
    return glyph


def strip(darkness: np.ndarray) -> np.ndarray:
    """One line's darkness as the line network sees it.

    Args:
        darkness: (height, width) float32 in [0, 1]: ink with whatever is printed under it, cut out so that
        the
            digits are about 0.45 to 0.92 of its height.

    Returns:
        (32, width * 32 / height) uint8, 255 is the darkest ink.
    """
    height, width = darkness.shape
    scale = STRIP_HEIGHT / height
    size = (max(1, round(width * scale)), STRIP_HEIGHT)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return finish_strip(
        cv2.resize(darkness, size, interpolation=interpolation).astype(np.float32, copy=False)
    )


def finish_strip(small: np.ndarray) -> np.ndarray:
    """Stretch a strip (32, width) so that clean paper is 0 and the darker strokes are 255, whatever the
    pen.
    """
    low, high = percentiles(small, 10, 98)
    return np.round(np.clip((small - low) / max(high - low, 0.08), 0, 1) * 255).astype(np.uint8)
