"""One page of a file as a picture that any browser shows. In: the bytes of a file. Out: a JPEG of the upright
page, and how many pages there are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2

from inkdigits.errors import InkdigitsError
from inkdigits.reading.limits import Limits
from inkdigits.reading.page import count_pages, load_pages

_LONGEST = 1600  # pixels; more than a screen shows
_QUALITY = 85


def preview(content: bytes, job: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], list[bytes]]:
    """The result of a preview job: {"page_count"} with the JPEG, or {"error"}."""
    # One page is drawn, however many there are.
    limits = replace(limits, pages=max(limits.pages, 1))
    try:
        page = next(load_pages(content, pages=job["pages"], limits=limits, name=job["name"], in_color=True))
        count = count_pages(content, name=job["name"])
    except (InkdigitsError, MemoryError) as error:
        return {"error": str(error) or f"{job['name']}: not enough memory to show this page"}, []
    picture = page.gray if page.color is None else cv2.cvtColor(page.color, cv2.COLOR_RGB2BGR)
    scale = _LONGEST / max(page.width, page.height)
    if scale < 1:
        size = (max(1, round(page.width * scale)), max(1, round(page.height * scale)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
    return {"page_count": count}, [jpeg]
