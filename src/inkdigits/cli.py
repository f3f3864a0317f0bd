"""The command line: `inkdigits read | data | train | evaluate | export | models | figures`, one command a verb.

In: arguments. Out: answers and tables on standard output, progress and errors on standard error, an exit code.
"""

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False)


def main() -> None:
    """Run the command line; an error of ours is printed as one message, without a traceback."""
    app()
