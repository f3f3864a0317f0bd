"""Connected strokes of a map. In: (height, width) uint8 in {0, 1}. Out: whose each pixel is, boxes and areas.

OpenCV names the components. Those of large maps are measured here, from runs of ink along the rows: OpenCV
also measures the background.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

_DENSE = 0.3  # share of ink from which OpenCV measures components quicker
_SMALL = 260_000  # pixels: so does it on smaller maps, which have no more components than 16 bits count


@dataclass(frozen=True, eq=False)
class Components:
    """The connected components of a map, touching at corners too; number 0 is the background.

    Attributes:
        shape: height and width of the map.
        stats: (components, 5) int32 as OpenCV has them: left, top, width, height, area; those of the
            background are 0.
        places: (pixels,) where the ink is, counted along the rows of the map, ascending.
        owners: (pixels,) integers, the number of the component of each of `places`.
        labels: (rows, width) integers, the number of each pixel's component in the rows from `top` that hold
            all ink.
        top: the first of these rows.
    """

    shape: tuple[int, int]
    stats: np.ndarray
    places: np.ndarray
    owners: np.ndarray
    labels: np.ndarray
    top: int

    @property
    def count(self) -> int:
        """How many there are, the background included."""
        return len(self.stats)

    @property
    def longest(self) -> np.ndarray:
        """The longer side of each one's box (components,) int32."""
        return self.stats[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1)

    def box(self, number: int) -> tuple[slice, slice]:
        """The rows and columns of a component."""
        left, top, width, height = self.stats[number, :4].tolist()
        return slice(top, top + height), slice(left, left + width)

    def within(self, rows: slice, columns: slice) -> np.ndarray:
        """The numbers of the pixels of a component's box."""
        return self.labels[rows.start - self.top : rows.stop - self.top, columns]

    def chosen(self, which: np.ndarray) -> np.ndarray:
        """The map (height, width) uint8 of the components in `which` (components,) bool: 1 where they are."""
        chosen = np.zeros(self.shape, np.uint8)
        chosen.ravel()[self.places] = which[self.owners]
        return chosen


def components(binary: np.ndarray) -> Components:
    """The connected components of `binary` (height, width) uint8 in {0, 1}."""
    height, width = binary.shape
    places = np.flatnonzero(binary.view(bool))
    # From an even row, as OpenCV looks at two rows at a time and would number the components otherwise.
    top = int(places[0]) // width & ~1 if len(places) else 0
    band = binary[top : int(places[-1]) // width + 1] if len(places) else binary[:1]
    kind = cv2.CV_16U if band.size < _SMALL else cv2.CV_32S
    if len(places) > _DENSE * binary.size or band.size < _SMALL:
        _, labels, stats, _ = cv2.connectedComponentsWithStats(band, connectivity=8, ltype=kind)
        labels, stats = np.asarray(labels), np.asarray(stats)
        stats[0] = 0
        stats[1:, 1] += top
        return Components((height, width), stats, places, labels.ravel()[places - top * width], labels, top)
    count, labels = cv2.connectedComponents(band, connectivity=8, ltype=kind)
    labels = np.asarray(labels)
    owners = labels.ravel()[places - top * width if top else places]
    return Components((height, width), _measured(count, places, owners, width), places, owners, labels, top)


def _measured(count: int, places: np.ndarray, owners: np.ndarray, width: int) -> np.ndarray:
    """The statistics of `count` components on a map of `width` columns."""
    rows, columns = np.divmod(places.astype(np.int32), np.int32(width))
    # A run of ink along a row is of one component, and there are far fewer runs than pixels.
    begins = np.ones(len(places), bool)
    begins[1:] = (places[1:] - places[:-1] != 1) | (columns[1:] == 0)
    starts = np.flatnonzero(begins)
    ends = np.append(starts, len(places))[1:] - 1
    whose = owners[starts]
    first = np.full((2, count), np.iinfo(np.int32).max, np.int32)
    last = np.full((2, count), -1, np.int32)
    np.minimum.at(first[0], whose, columns[starts])
    np.maximum.at(last[0], whose, columns[ends])
    np.minimum.at(first[1], whose, rows[starts])
    np.maximum.at(last[1], whose, rows[starts])
    area = np.bincount(whose, weights=ends - starts + 1, minlength=count)
    stats = np.column_stack([*first, *(last - first + 1), area]).astype(np.int32)
    stats[0] = 0
    return stats


def touches_border(stats: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Which of OpenCV's component statistics (n, 5) reach the border of a map of `shape`."""
    left, top, wide, high = stats[:, 0], stats[:, 1], stats[:, 2], stats[:, 3]
    return (left <= 1) | (top <= 1) | (left + wide >= shape[1] - 1) | (top + high >= shape[0] - 1)
