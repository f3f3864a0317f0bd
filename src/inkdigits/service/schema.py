"""What OpenAPI says of an answer. In: the dataclasses of `answer`. Out: JSON schemas, so that there is one
definition of what the command line, Python and the service give.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from inkdigits.answer import Answer
from inkdigits.service import problems

_REFERENCE = "#/components/schemas/{model}"


def _derived() -> dict[str, Any]:
    """What `Answer.to_dict` adds to the fields."""
    statuses = ["ok", "unsure", "blank", "not_digits", "error"]
    return {
        "text": {"type": "string", "description": "digits only, lines joined by a newline"},
        "status": {"type": "string", "enum": statuses},
    }


def components() -> dict[str, Any]:
    """The schemas of `Answer`, of what it holds, and of a problem."""
    schema = TypeAdapter(Answer).json_schema(ref_template=_REFERENCE, mode="serialization")
    parts = schema.pop("$defs")
    schema["properties"] |= _derived()
    for part in (schema, *parts.values()):
        # Answers are whole: what has a default in Python is there all the same.
        part["required"] = list(part["properties"])
    return {**parts, "Answer": schema, "Problem": problems.SCHEMA}


READ: dict[str, Any] = {
    "type": "object",
    "required": ["answers"],
    "properties": {
        "answers": {"type": "array", "items": {"$ref": "#/components/schemas/Answer"}},
        "shown": {
            "type": "array",
            "description": "with shown=true: of each answer, line and digit the glyph, as a PNG in base64",
            "items": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
        },
    },
}

_IMAGE = {"schema": {"type": "string", "format": "binary"}}
_FILES = {"type": "array", "items": {"type": "string", "format": "binary"}}
_ONE = {
    "type": "object",
    "required": ["data"],
    "properties": {"name": {"type": "string"}, "data": {"type": "string", "format": "byte"}},
}

BODY: dict[str, Any] = {
    "required": True,
    "description": "one image as it is, a form with any number of files, or JSON with base64",
    "content": {
        "image/png": _IMAGE,
        "image/jpeg": _IMAGE,
        "application/pdf": _IMAGE,
        "application/octet-stream": _IMAGE,
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["files"], "properties": {"files": _FILES}}
        },
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["images"],
                "properties": {"images": {"type": "array", "minItems": 1, "items": _ONE}},
            }
        },
    },
}

IMAGE_BODY: dict[str, Any] = {
    "required": True,
    "description": "one image or PDF file as it is",
    "content": {kind: _IMAGE for kind in ("image/png", "application/pdf", "application/octet-stream")},
}
