"""A network in integers as C99. In: an `IntegerNetwork`. Out: the text of one header and one source file.

Tensors lie place by place, the maps of each together. No allocation and no state: the caller gives the
scratch memory, in which tensors take each other's place as soon as they are no longer needed. No floating
point, nothing from a library. Any number of threads may call it, each with scratch memory of its own.
"""

from __future__ import annotations

import re
from importlib import resources

import numpy as np

from inkdigits.learning.integer.memory import plan
from inkdigits.learning.integer.network import IntegerNetwork, Step

_OPERATIONS = {
    "convolution": ("convolution",),
    "max-pool": ("max_pool",),
    "add": ("add",),
    "mean": ("mean",),
    "dense": ("dense", "hidden"),
}
_WIDTH = 110  # characters of a line of numbers
_HEADER = """\
/* {name}: reads a handwritten digit, in integers. Written by `inkdigits export --target c`.

   {weights:,} bytes of weights, {work:,} bytes of scratch memory. */
#ifndef {macro}_H
#define {macro}_H

#include <stdint.h>

#define {macro}_HEIGHT {height}
#define {macro}_WIDTH {width}
#define {macro}_CLASSES {count} /* {classes} */
#define {macro}_WORK_BYTES {work}
#define {macro}_LOGIT_SCALE {scale:.9g}f /* what one unit of a logit stands for */

/* The class of a glyph: {macro}_HEIGHT rows of {macro}_WIDTH grey levels from 0, paper, to 255, ink, centred
   as the training data are.
   work is scratch memory of {macro}_WORK_BYTES. The logits, from which exp(logit * {macro}_LOGIT_SCALE)
   gives the odds, go to logits, unless it is a null pointer. */
#ifdef __cplusplus
extern "C"
#endif
int {function}(const uint8_t *glyph, uint8_t *work, int32_t *logits);

#endif
"""
_TYPES = """\
typedef struct {
    int maps, height, width, zero;
} shape;

typedef struct {
    int height, width, stride_y, stride_x, top, left, groups;
} kernel;

typedef struct {
    const int8_t *weights;
    const int32_t *bias;
    const int16_t *factor;
    const uint8_t *shift;
} scaling;
"""
_FUNCTION = """\
int {name}_classify(const uint8_t *glyph, uint8_t *work, int32_t *logits) {{
{steps}    int best = 0;
    int32_t most = INT32_MIN;
    for (int class = 0; class < {macro}_CLASSES; class++) {{
        const int32_t logit = {logit};
        if (logits) logits[class] = logit;
        if (logit > most) {{
            most = logit;
            best = class;
        }}
    }}
    return best;
}}
"""


def c_name(name: str) -> str:
    """`name` as C may call it."""
    found = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"_{found}" if found[:1].isdigit() else found


def write_c(network: IntegerNetwork) -> tuple[str, str]:
    """(header, source); the source includes the header under the name NAME.h, `-` as `_`."""
    name = c_name(network.name)
    offsets, work = plan(network)
    glyph = network.glyph.shape
    header = _HEADER.format(
        name=network.name,
        macro=name.upper(),
        function=f"{name}_classify",
        height=glyph[1],
        width=glyph[2],
        count=len(network.classes),
        classes=" ".join(network.classes),
        work=work,
        weights=network.weight_bytes,
        scale=network.logit_scale,
    )
    return header, "\n".join(_source(network, name, offsets))


def _source(network: IntegerNetwork, name: str, offsets: list[int]) -> list[str]:
    steps = network.steps
    parts = [f'/* See {name}.h. */\n#include "{name}.h"\n', "#include <stddef.h>\n", _TYPES, _read("rescale")]
    for kind, files in _OPERATIONS.items():
        used = [step for step in steps if step.kind == kind]
        if kind == "dense" and len(used) == 1:
            files = files[:1]
        parts += [_read(file) for file in files if used]
    tensors = ", ".join("{{{}, {}, {}, {}}}".format(*tensor.shape, tensor.zero) for tensor in network.tensors)
    parts.append(f"static const shape tensors[] = {{{tensors}}};\n")
    known: dict[tuple[str, bytes], str] = {}
    parts += [_tables(network, number, step, known) for number, step in enumerate(steps, start=1)]
    parts.append(_function(network, name, offsets))
    return parts


def _read(file: str) -> str:
    return (resources.files("inkdigits.learning.integer") / "c" / f"{file}.c").read_text(encoding="utf-8")


def _tables(network: IntegerNetwork, number: int, step: Step, known: dict[tuple[str, bytes], str]) -> str:
    """The constants of a step: its weights, biases, factors, shifts and geometry. What the tables that are
    `known` hold already is not written again; new ones are added.
    """
    tables, scaling = [], []
    rescale = step.rescales[0] if step.rescales and step.kind != "add" else None
    for kind, label, values in (
        ("int8_t", "weights", _place_by_place(network, step)),
        ("int32_t", "bias", step.bias),
        ("int16_t", "factor", None if rescale is None else rescale.factor),
        ("uint8_t", "shift", None if rescale is None else rescale.shift),
    ):
        if values is None:
            scaling.append("NULL")
            continue
        name = known.setdefault((kind, values.tobytes()), f"{label}_{number}")
        scaling.append(name)
        if name == f"{label}_{number}":
            tables.append(f"static const {kind} {name}[] = {{\n{_numbers(values)}}};\n")
    if any(one != "NULL" for one in scaling):
        tables.append(f"static const scaling scaling_{number} = {{{', '.join(scaling)}}};\n")
    if step.kind in ("convolution", "max-pool"):
        size = step.window if step.weights is None else step.weights.shape[2:]
        geometry = (*size, *step.strides, *step.padding[:2], step.groups)
        tables.append(f"static const kernel kernel_{number} = {{{', '.join(map(str, geometry))}}};\n")
    return "".join(tables)


def _place_by_place(network: IntegerNetwork, step: Step) -> np.ndarray | None:
    """The weights in the order in which the tensors lie."""
    if step.weights is None:
        return None
    if step.kind == "convolution":
        return step.weights.transpose(0, 2, 3, 1)
    maps = len(step.weights), *network.tensors[step.inputs[0]].shape
    return step.weights.reshape(maps).transpose(0, 2, 3, 1)


def _numbers(values: np.ndarray) -> str:
    lines, line = [], ""
    for value in values.reshape(-1).tolist():
        if len(line) + len(str(value)) + 2 > _WIDTH:
            lines.append(line)
            line = ""
        line += f"{value},"
    return "".join(f"{one}\n" for one in (*lines, line) if one)


def _function(network: IntegerNetwork, name: str, offsets: list[int]) -> str:
    places = ["glyph", *(f"work + {offset}" for offset in offsets)]
    *hidden, last = [_call(number, step, places) for number, step in enumerate(network.steps, start=1)]
    return _FUNCTION.format(
        name=name, macro=name.upper(), steps="".join(f"    {call};\n" for call in hidden), logit=last
    )


def _call(number: int, step: Step, places: list[str]) -> str:
    first = step.inputs[0]
    source = f"&tensors[{first}], {places[first]}"
    if not step.rescales and step.kind == "dense":
        return f"weigh({source}, class, &scaling_{number})"
    target = f"&tensors[{number}], {places[number]}"
    if step.kind == "convolution":
        return f"convolve({source}, {target}, &kernel_{number}, &scaling_{number})"
    if step.kind == "max-pool":
        return f"max_pool({source}, {target}, &kernel_{number})"
    if step.kind == "add":
        factors = [rescale.factor[0] for rescale in step.rescales]
        other = f"&tensors[{step.inputs[1]}], {places[step.inputs[1]]}, {factors[1]}"
        return f"add({source}, {factors[0]}, {other}, {target}, {step.rescales[0].shift[0]})"
    return f"{step.kind}({source}, {target}, &scaling_{number})"
