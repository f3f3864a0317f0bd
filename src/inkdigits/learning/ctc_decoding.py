"""From probabilities of classes at each step to the text that a line says.

In: outputs of a network trained by connectionist temporal classification, class 0 the blank. Out: texts.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from inkdigits.learning.texts import LINE_CLASSES

CTC_CLASSES = LINE_CLASSES[:11]
_LEAST = 1e-4  # a class less probable than this at a step does not begin a digit there

Prefix = tuple[int, ...]


def best_path(outputs: np.ndarray) -> list[str]:
    """The texts of `outputs` (n, steps, 11): each step's best class, repetitions joined, blanks left out."""
    best = outputs.argmax(axis=2)
    before = np.pad(best[:, :-1], ((0, 0), (1, 0)))
    return [
        "".join(CTC_CLASSES[one] for one in row[begins])
        for row, begins in zip(best, (best > 0) & (best != before), strict=True)
    ]


def prefix_search(outputs: np.ndarray, beam: int = 8) -> str:
    """The most probable text of one line (steps, 11), as far as `beam` beginnings at a time find it.

    The probability of a text is the sum over all paths that say it, and the best single path need not be one
    of them (Graves et al. 2006, section 3.2; with a beam, Hannun et al. 2014). A beginning keeps two
    probabilities: of its paths that end in the blank, and of those that end in its last digit.
    """
    kept: dict[Prefix, tuple[float, float]] = {(): (1.0, 0.0)}
    for step in outputs.astype(np.float64):
        begun = np.flatnonzero(step[1:] > _LEAST) + 1
        found: dict[Prefix, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for prefix, (blank, digit) in kept.items():
            last = prefix[-1] if prefix else 0
            found[prefix][0] += (blank + digit) * step[0]
            found[prefix][1] += digit * step[last] if last else 0.0
            for one in begun.tolist():
                # The same digit twice needs a blank between.
                found[(*prefix, one)][1] += (blank if one == last else blank + digit) * step[one]
        most = sorted(found.items(), key=lambda item: -sum(item[1]))[:beam]
        total = sum(map(sum, (both for _, both in most)))  # Scaled, lest a long line's underflow.
        kept = {prefix: (blank / total, digit / total) for prefix, (blank, digit) in most}
    best = max(kept, key=lambda prefix: sum(kept[prefix]))
    return "".join(CTC_CLASSES[one] for one in best)
