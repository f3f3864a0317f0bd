"""The card of exported weights: what they are, what they learnt from, how good and how sure they are.

In: an ONNX file and the JSON card beside it (`digits.onnx`, `digits.card.json`). Out: a `Card`, once the
file's sha256 and the normaliser's version are those that the card names. Export writes cards; the reading
half loads them.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from inkdigits.errors import WeightsError
from inkdigits.reading.trust import Trust

Kind = Literal["glyph", "line"]

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
GLYPH_FILE, LINE_FILE = "inkdigits-digits.onnx", "inkdigits-lines.onnx"
ADVISER_FILE = "inkdigits-single.onnx"  # asked about lone digits in doubt
SECOND_FILE = "inkdigits-context.onnx"  # asked about lines in doubt


@dataclass(frozen=True)
class Card:
    """What a reader must know about one ONNX file.

    `kind` is "glyph" (one 28x28 glyph to class probabilities) or "line" (a strip to probabilities a time
    step). `classes` names the outputs in order, such as "0".."9" and perhaps "none" for ink that is no digit.
    `input_shape` is the shape of one example, None where an axis is dynamic: (28, 28) or (32, None).
    `training_data` holds {"name", "sha256", "count", "licence"} of each source. `metrics` maps a figure's
    name to its value. `threshold` is the confidence in [0, 1] below which a reading is `unsure`;
    `temperature` divides the logits before they become probabilities (Guo et al. 2017), 1.0 leaving them as
    they are; `confidence_scale` and `confidence_shift` are the curve of `Trust`, by which a line's confidence
    is calibrated.
    """

    name: str
    kind: Kind
    sha256: str
    normaliser_version: int
    classes: tuple[str, ...]
    input_shape: tuple[int | None, ...]
    training_data: tuple[dict[str, Any], ...] = ()
    metrics: dict[str, Any] = field(default_factory=dict)
    threshold: float = 0.5
    temperature: float = 1.0
    confidence_scale: float = 1.0
    confidence_shift: float = 0.0
    recipe: dict[str, Any] = field(default_factory=dict)
    created_from_commit: str = "unknown"

    @property
    def trust(self) -> Trust:
        """What confidence means in lines read with these weights."""
        return Trust(self.threshold, self.confidence_scale, self.confidence_shift)


def card_path(onnx_path: Path | str) -> Path:
    """Where the card of `onnx_path` lies: the same folder and stem, ending in `.card.json`."""
    return Path(onnx_path).with_suffix(".card.json")


def file_sha256(path: Path | str) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_card(card: Card, onnx_path: Path | str) -> Path:
    """Write `card` beside `onnx_path`, whole or not at all, and return its path."""
    path = card_path(onnx_path)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(asdict(card), indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, path)
    return path


def load_card(onnx_path: Path | str, expected_normaliser_version: int) -> Card:
    """The card of `onnx_path`, after checking that it belongs to these bytes and to this normaliser.

    Raises WeightsError where the weights or the card are missing, the card is damaged, the bytes are not
    those the card was written for, or the weights were trained on glyphs of another version of the
    normaliser.
    """
    onnx_path = Path(onnx_path)
    path = card_path(onnx_path)
    if not onnx_path.is_file():
        raise WeightsError(f"{onnx_path}: no such weights file; export a run with `inkdigits export RUN`")
    if not path.is_file():
        raise WeightsError(
            f"{onnx_path}: its card {path.name} is missing; "
            "keep the two files together, or export the run again"
        )
    try:
        card = _from_json(path.read_text(encoding="utf-8"))
        actual = file_sha256(onnx_path)
    except OSError as error:
        raise WeightsError(f"{error.filename}: cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise WeightsError(f"{path}: the card is damaged ({error}); export the run again") from error
    if actual != card.sha256:
        raise WeightsError(
            f"{onnx_path}: the weights are not those of their card (sha256 {actual[:12]}, the card says "
            f"{card.sha256[:12]}); the file is damaged or was replaced: fetch it or export the run again"
        )
    if card.normaliser_version != expected_normaliser_version:
        raise WeightsError(
            f"{onnx_path}: trained on glyphs of normaliser version {card.normaliser_version}, and this "
            f"inkdigits normalises by version {expected_normaliser_version}; train and export again, "
            "or use the inkdigits that they came with"
        )
    return card


def _from_json(text: str) -> Card:
    """A `Card` from its JSON text; ValueError, TypeError or KeyError where a field is missing or of the wrong
    kind.
    """
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    unknown = data.keys() - {one.name for one in fields(Card)}
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    if data["kind"] not in get_args(Kind):
        raise ValueError(f"unknown kind {data['kind']!r}")
    for name, kind in (("name", str), ("sha256", str), ("normaliser_version", int)):
        if not isinstance(data[name], kind):
            raise ValueError(f"field {name} is not of type {kind.__name__}")
    data["classes"] = tuple(str(one) for one in data["classes"])
    data["input_shape"] = tuple(None if one is None else int(one) for one in data["input_shape"])
    data["training_data"] = tuple(dict(one) for one in data.get("training_data", ()))
    data["threshold"] = float(data.get("threshold", 0.5))
    for name, usual in (("temperature", 1.0), ("confidence_scale", 1.0), ("confidence_shift", 0.0)):
        data[name] = float(data.get(name, usual))
    if not 0.0 <= data["threshold"] <= 1.0 or not min(data["temperature"], data["confidence_scale"]) > 0.0:
        raise ValueError("threshold outside [0, 1], or temperature or scale not above 0")
    return Card(**data)
