"""RapidOCR behind a pipe, so that it can live in an environment of its own. Standard library and RapidOCR
only.

In: on standard input, one JSON object a line, {"path": ..., "mode": "page" | "line"}: find text and read
it, or read the whole picture as one line. Out: first a line {"peer": name and version}, then one a
request: {"lines": [...], "seconds": wall time, "cpu_seconds": processor time}. Every network runs on one
thread.
"""

import contextlib
import json
import logging
import sys
import time
from importlib import metadata


def open_engine():
    """RapidOCR 3 where there is one, else RapidOCR 1: name with version, function of path and mode."""
    threads = {"intra_op_num_threads": 1, "inter_op_num_threads": 1}
    try:
        import rapidocr  # pyright: ignore[reportMissingImports]
    except ImportError:
        from rapidocr_onnxruntime import RapidOCR  # pyright: ignore[reportMissingImports]

        first = RapidOCR(**threads)

        def read_first(path, mode):
            found, _ = first(path, use_det=mode == "page", use_cls=mode == "page", use_rec=True)
            # With detection a result is (box, text, score), without it (text, score).
            return [(one[0] if mode == "page" else None, one[-2]) for one in found or []]

        return "RapidOCR " + metadata.version("rapidocr-onnxruntime"), read_first

    params = {f"EngineConfig.onnxruntime.{name}": value for name, value in threads.items()}
    third = rapidocr.RapidOCR(params=params)
    logging.disable(logging.CRITICAL)

    def read_third(path, mode):
        found = third(path, use_det=mode == "page", use_cls=mode == "page", use_rec=True)
        texts = list(getattr(found, "txts", None) or ())
        boxes = getattr(found, "boxes", None) if mode == "page" else None
        return list(zip([None] * len(texts) if boxes is None else boxes, texts, strict=True))

    return "RapidOCR " + metadata.version("rapidocr"), read_third


def rows_of(found):
    """Texts in rows, left to right; boxes whose middles are within half a height of each other share one."""
    rows = []
    for box, text in found:
        if box is None:
            return [text for _, text in found]
        ys = [float(point[1]) for point in box]
        rows.append((sum(ys) / len(ys), max(ys) - min(ys), min(float(point[0]) for point in box), text))
    joined = []
    for middle, height, left, text in sorted(rows):
        if joined and middle - joined[-1][0] < 0.5 * height:
            joined[-1][1].append((left, text))
        else:
            joined.append((middle, [(left, text)]))
    return ["".join(text for _, text in sorted(row)) for _, row in joined]


def main():
    """Answer requests until standard input ends."""
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        name, read = open_engine()
        print(json.dumps({"peer": name}), file=answers, flush=True)
        for request in map(json.loads, sys.stdin):
            start, start_cpu = time.perf_counter(), time.process_time()
            lines = rows_of(read(request["path"], request["mode"]))
            seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
            answer = {"lines": lines, "seconds": seconds, "cpu_seconds": cpu}
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
