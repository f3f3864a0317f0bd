"""The command line: `inkdigits read | serve | data | train | evaluate | export | models | figures`.

In: arguments. Out: answers and tables on standard output, progress and errors on standard error, an exit
code: 0 where all went well, 1 where something failed, 2 for a wrong use, 130 after Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer

from inkdigits import __version__
from inkdigits.answer import Answer
from inkdigits.errors import InkdigitsError, InputError
from inkdigits.learning import cli as learning_cli
from inkdigits.reading import report, sources
from inkdigits.reading.limits import Limits, parse_pages
from inkdigits.service.cli import serve

if TYPE_CHECKING:
    from inkdigits.reading.annotate import Album
    from inkdigits.reading.crew import Order
    from inkdigits.reading.page import Page
    from inkdigits.reading.reader import Reader

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_DEFAULTS = Limits()
_MANY = 16  # files from which on it pays to start processes
_DEBUG = "INKDIGITS_DEBUG"  # set in the environment, it shows the traceback of an error that is our fault


def main() -> NoReturn:
    """Run the command line; an error of ours is printed as one message, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        # A file name may hold bytes that no encoding can show: they are printed as question marks.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")
    try:
        app()  # Typer ends the process itself: usage errors with 2, Ctrl-C with 130, a closed pipe with 1
    except InkdigitsError as error:
        _complain(str(error))
        sys.exit(1)
    except Exception as error:
        if _DEBUG in os.environ:
            raise
        _complain(f"internal error, please report it: {type(error).__name__}: {error} (details: {_DEBUG}=1)")
        sys.exit(1)
    sys.exit(0)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"inkdigits {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and stop.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Read handwritten digits from photos, scans and forms, and say how sure it is."""


@app.command(no_args_is_help=True)
def read(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Pictures, PDF files, folders (with their subfolders), patterns such as 'scans/*.png', "
            "or - for standard input.",
        ),
    ],
    pages: Annotated[str | None, typer.Option(metavar="1-3,5", help="Pages of PDF and TIFF files.")] = None,
    pattern: Annotated[
        str | None,
        typer.Option(metavar=r"'\d{5}'", help="What each number looks like, as a regular expression."),
    ] = None,
    length: Annotated[int | None, typer.Option(metavar="N", help="How many digits each number has.")] = None,
    check: Annotated[
        str | None, typer.Option(metavar="luhn|mod97|...", help="The check digit that each number must have.")
    ] = None,
    amounts: Annotated[
        bool,
        typer.Option("--amounts", help="Each number is an amount: it begins with a 1 oftener than with a 9."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON Lines: one object a page.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV: one row a line of handwriting.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the answers to this file.")
    ] = None,
    annotate: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write each page with its boxes and readings into DIR.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the --output of --json that was interrupted.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Files read at once; for many files as many as there are processors."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="Other weights: a file of `inkdigits export`, or a name such as light."),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Processor threads for the networks; one by default.")
    ] = None,
    max_pixels: Annotated[int, typer.Option(min=1, help="Largest page, in pixels.")] = _DEFAULTS.pixels,
    max_pages: Annotated[int, typer.Option(min=1, help="Most pages read of one file.")] = _DEFAULTS.pages,
    max_bytes: Annotated[int, typer.Option(min=1, help="Largest file, in bytes.")] = _DEFAULTS.bytes,
) -> None:
    """Read the digits in pictures and PDF files.

    Answers come in the order of the arguments. A file that cannot be read is reported, the others go on, and
    the exit code is 1 at the end.
    """
    if json and csv:
        raise typer.BadParameter("--json and --csv exclude each other")
    if resume and not (json and output):
        raise typer.BadParameter("--resume goes on with a file of --json --output")
    # Imported here: `inkdigits --help` and the learning verbs need no recogniser.
    from inkdigits.reading.constraint import asked
    from inkdigits.reading.crew import Order
    from inkdigits.reading.reader import Reader
    from inkdigits.reading.resume import answered

    try:
        parse_pages(pages)
        constraint = asked(pattern, length, check, amounts)
    except InputError as error:
        raise typer.BadParameter(str(error)) from error
    order = Order(weights, threads, Limits(max_pixels, max_pages, max_bytes), pages, constraint)
    found = list(_expand(paths))
    if resume and output:
        done = answered(output)
        found = [source for source in found if _name(source) not in done]

    failed = False
    with ExitStack() as stack:
        out = stack.enter_context(_opened(output, on=resume)) if output else sys.stdout
        album = _album(annotate) if annotate else None
        at_once = _at_once(jobs, found, album)
        reader = Reader(weights, threads=threads, limits=order.limits) if at_once == 1 else None
        if json:
            write = report.json_writer(out)
        elif csv:
            write = report.csv_writer(out)
        else:
            write = report.table_writer(
                out,
                [_name(source) for source in found],
                in_color=out.isatty() and "NO_COLOR" not in os.environ,
            )
        shown = _with_progress(found, stack, shown_otherwise=out.isatty())
        for page, answer in _read(shown, order, reader or at_once, in_color=album is not None):
            write(answer)
            if album and page:
                album.add(page, answer)
            if answer.error is not None:
                failed = True
                _complain(answer.error)
    if album:
        typer.echo(
            f"{album.count} annotated picture{'' if album.count == 1 else 's'} in {annotate}", err=True
        )
    if failed:
        raise typer.Exit(1)


learning_cli.register(app)
app.command("serve")(serve)


def _expand(paths: Iterable[str]) -> Iterator[str | Answer]:
    """The files to read, and in their place among them the answers for arguments that name none."""
    for path in paths:
        try:
            yield from sources.expand(path)
        except InputError as error:
            yield Answer(source=path, page=1, width=0, height=0, error=str(error))


def _name(source: str | Answer) -> str:
    return source if isinstance(source, str) else source.source


def _at_once(jobs: int | None, found: list[str | Answer], album: Album | None) -> int:
    """How many processes read. Pictures for an album are drawn here, and standard input is read here."""
    if album or sources.STANDARD_INPUT in found:
        return 1
    if jobs is None:
        jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return jobs if len(found) >= _MANY else 1
    return min(jobs, max(1, len(found)))


def _read(
    found: Iterable[str | Answer], order: Order, by: Reader | int, *, in_color: bool
) -> Iterator[tuple[Page | None, Answer]]:
    """The pages of all files with their answers, by one reader or so many processes, which give no pages; an
    error ends a file as its last answer.
    """
    from inkdigits.reading.crew import failure, read_file, read_files

    if isinstance(by, int):
        for answers in read_files(found, order, by):
            yield from ((None, answer) for answer in answers)
        return
    for source in found:
        if isinstance(source, Answer):
            yield None, source
        else:
            try:
                content = _standard_input(order.limits) if source == sources.STANDARD_INPUT else None
            except InputError as error:
                yield None, failure(source, str(error))
                continue
            yield from read_file(by, source, order, content=content, in_color=in_color)


def _standard_input(limits: Limits) -> bytes:
    if sys.stdin.isatty():
        raise InputError("-: standard input is a terminal; pipe a picture into it")
    return sys.stdin.buffer.read(limits.bytes + 1)


def _opened(path: Path, *, on: bool) -> TextIO:
    try:
        return open(path, "a" if on else "w", encoding="utf-8", errors="replace", newline="")
    except OSError as error:
        raise InkdigitsError(f"{path}: cannot be written ({error.strerror or error})") from error


def _album(folder: Path) -> Album:
    from inkdigits.reading.annotate import Album

    return Album(folder)


def _with_progress(found: list[Any], stack: ExitStack, *, shown_otherwise: bool) -> Iterable[Any]:
    """A progress bar on a terminal at standard error, for several files, where no rows show progress."""
    if len(found) < 2 or shown_otherwise or not sys.stderr.isatty():
        return found
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True), redirect_stdout=False, redirect_stderr=True, transient=True)
    stack.enter_context(bar)
    return bar.track(found, description="Reading")


def _complain(message: str) -> None:
    print(f"inkdigits: {message}", file=sys.stderr)
