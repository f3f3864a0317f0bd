"""Where the tensors of a network lie in scratch memory. In: an `IntegerNetwork`. Out: an offset for each."""

from __future__ import annotations

import math

from inkdigits.learning.integer.network import IntegerNetwork


def plan(network: IntegerNetwork) -> tuple[list[int], int]:
    """The offset of what each step gives but the last (whose logits lie elsewhere), and how many bytes are
    needed in all: two tensors share a byte only if one is no longer read when the other is written.
    """
    hidden = network.steps[:-1]
    last_read = [
        max(later for later, step in enumerate(network.steps) if number + 1 in step.inputs)
        for number in range(len(hidden))
    ]
    offsets: list[int] = []
    ends: list[int] = []
    for number, step in enumerate(hidden):
        size = math.prod(step.output.shape)
        taken = sorted((offsets[other], ends[other]) for other in range(number) if last_read[other] >= number)
        place = 0
        for start, end in taken:
            if place + size <= start:
                break
            place = max(place, end)
        offsets.append(place)
        ends.append(place + size)
    return offsets, max(ends, default=0)
