"""A network in integers as JavaScript. In: an `IntegerNetwork`. Out: the text of one file.

It needs nothing but the language: a browser that loads it has `inkdigits.NAME.classify(glyph)`, Node what
`require` gives. Weights are in it as base64.
"""

from __future__ import annotations

import base64
import json
from importlib import resources
from typing import Any

import numpy as np

from inkdigits.learning.integer.network import IntegerNetwork, Step


class _Blob:
    """Owns the bytes that constants are gathered in, those that several steps have alike once."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self._places: dict[bytes, list[int]] = {}

    def put(self, values: np.ndarray | None, kind: str) -> list[int] | None:
        """Where `values` begin, and how many they are."""
        if values is None:
            return None
        written = values.astype(kind).tobytes()
        if written not in self._places:
            self._places[written] = [len(self.bytes), int(values.size)]
            self.bytes += written
        return self._places[written]


def write_js(network: IntegerNetwork) -> str:
    """The text of the file."""
    blob = _Blob()
    steps = [_describe(step, blob) for step in network.steps]
    glyph = network.glyph
    told = {
        "name": network.name,
        "classes": network.classes,
        "height": glyph.shape[1],
        "width": glyph.shape[2],
        "glyph": [*glyph.shape, glyph.zero],
        "logitScale": network.logit_scale,
        "steps": steps,
    }
    code = "\n".join(_read(file) for file in ("operations", "network"))
    return f"""\
// {network.name}: reads a handwritten digit, in integers. Written by `inkdigits export --target js`.
(function (root) {{
"use strict";

const network = {json.dumps(told)};
const blob = "{base64.b64encode(bytes(blob.bytes)).decode("ascii")}";

{code}
const {{ name, classes, height, width }} = network;
const reader = {{ name, classes, height, width, classify }};
if (typeof module === "object" && module.exports) {{
  module.exports = reader;
}} else {{
  root.inkdigits = Object.assign(root.inkdigits || {{}}, {{ [name]: reader }});
}}
}})(typeof self === "undefined" ? globalThis : self);
"""


def _describe(step: Step, blob: _Blob) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": step.kind,
        "inputs": step.inputs,
        "shape": [*step.output.shape, step.output.zero],
        "weights": blob.put(step.weights, "<i1"),
        "bias": blob.put(step.bias, "<i4"),
        "strides": step.strides,
        "padding": step.padding,
        "groups": step.groups,
        "size": list(step.window if step.weights is None else step.weights.shape[2:]),
    }
    if step.kind == "add":
        told["factors"] = [int(rescale.factor[0]) for rescale in step.rescales]
        told["shift"] = int(step.rescales[0].shift[0])
    elif step.rescales:
        told["factor"] = blob.put(step.rescales[0].factor, "<i2")
        told["shift"] = blob.put(step.rescales[0].shift, "<u1")
    return told


def _read(file: str) -> str:
    return (resources.files("inkdigits.learning.integer") / "js" / f"{file}.js").read_text(encoding="utf-8")
