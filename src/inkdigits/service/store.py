"""Keeping what visitors send, where the operator asked for it. In: images and their answer. Out: files."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from inkdigits.service.intake import Upload

log = logging.getLogger("inkdigits.service")


def keep(folder: Path, request: str, images: Sequence[Upload], answer: bytes) -> None:
    """Write the images of a request, `REQUEST-1.bin` and so on, and its answer, `REQUEST.json`.

    Names that visitors give name no file. A full disk is logged and costs no answer.
    """
    try:
        for number, image in enumerate(images, 1):
            (folder / f"{request}-{number}.bin").write_bytes(image.content)
        (folder / f"{request}.json").write_bytes(answer)
    except OSError as error:
        log.error("an upload was not kept", extra={"request_id": request, "error": str(error)})
