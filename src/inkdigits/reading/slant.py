"""A second look at a line in doubt: what the networks are shown, slanted to either side. In: images of ink.
Out: the mean of what a network says of each, upright and slanted.

The slant is about the middle row, so that a digit's middle stays in its column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from inkdigits.answer import Line

UPRIGHT = (0.0,)
SLANTS = (0.0, -0.15, 0.15)
_QUITE_SURE = 0.99  # confidence of each digit of a line that one look is enough for
_SURE = 0.9  # confidence of a line that need not be shown slanted
_LIKELY = 0.5  # share of digits from which a line that was refused is looked at again


def is_doubtful(line: Line) -> bool:
    """Whether a line deserves to be shown slanted: something was read, but hardly surely, or could not be,
    though it looks like digits.
    """
    return line.confidence < _SURE if line.text else line.digit_share >= _LIKELY


def is_not_quite_sure(line: Line) -> bool:
    """Whether a line, in doubt or not, deserves another network's opinion."""
    if is_doubtful(line):
        return True
    return bool(line.text) and (
        line.status != "ok" or min(digit.confidence for digit in line.digits) < _QUITE_SURE
    )


def slanted(image: np.ndarray, slope: float) -> np.ndarray:
    """Ink (height, width) uint8 sheared about its middle row by `slope` columns a row."""
    if not slope:
        return image
    height, width = image.shape
    matrix = np.array([[1.0, slope, -slope * (height - 1) / 2], [0.0, 1.0, 0.0]])
    return cv2.warpAffine(
        image,
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def mean_of_views(
    network: Callable[[list[np.ndarray]], list[np.ndarray]],
    images: Sequence[np.ndarray] | np.ndarray,
    slants: Sequence[float],
    upright: Sequence[np.ndarray] | None = None,
) -> list[np.ndarray]:
    """What `network` says of each image, the mean over `slants`; it is asked once for all.

    `upright` is what it has said of the images at the first slant, if it has.
    """
    if not len(images):
        return []
    asked = slants if upright is None else slants[1:]
    said = network([slanted(image, slope) for slope in asked for image in images]) if asked else []
    said = [*(upright or ()), *said]
    if len(slants) == 1:
        return said
    return [np.mean(said[number :: len(images)], axis=0) for number in range(len(images))]
