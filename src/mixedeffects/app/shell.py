"""Between a command and its user: messages, errors in words, tables, files, exit status."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from mixedeffects.app.advice import at_a_shell
from mixedeffects.app.tables import TEXT, kind_of, near, read_table
from mixedeffects.app.text_files import cells_of, suspicious_header
from mixedeffects.errors import DataError, MixedEffectsError, MixedEffectsWarning
from mixedeffects.formula import close_match

# typer has no public name for it
UsageError: Any = typer.BadParameter.__mro__[1]
CANNOT, NOT_CERTIFIED = 2, 3
# in place of a file's name
PIPE = "-"
# ends of names to what they say that a file holds; others are text
ENDINGS = {
    ".json": "json", ".html": "html", ".htm": "html", ".csv": "csv", ".md": "Markdown",
    ".tsv": "TSV", ".parquet": "Parquet", ".xlsx": "a spreadsheet", ".docx": "Word", ".pdf": "PDF",
}  # fmt: skip


def without_types_of_flags(options: list[Any]) -> list[Any]:
    """Options, of which flags, which take no value, show no type in help texts."""
    for option in options:
        if getattr(option, "is_flag", False) and option.metavar is None:
            option.metavar = ""
    return options


class Command(TyperCommand):
    """A command; see `without_types_of_flags`."""

    def get_params(self, ctx: Any) -> Any:
        return without_types_of_flags(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except UsageError as problem:
            problem.message = problem.message.replace("Value error, ", "")
            if "unexpected extra argument" in problem.message and len(given) > 2:
                problem.message = (
                    f"{problem.message}; a formula goes into quotes, as one argument: "
                    '"y ~ x + (1 | group)"'
                )
            raise


class Commands(TyperGroup):
    """The commands, with every error of the package as a message instead of a traceback."""

    def get_params(self, ctx: Any) -> Any:
        return without_types_of_flags(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (MixedEffectsError, OSError) as problem:
            if isinstance(problem, BrokenPipeError):
                raise
            say(at_a_shell(said(problem)), label="Error", style="bold red")
            raise typer.Exit(CANNOT) from None


def said(problem: Exception) -> str:
    """An error in words, also one of the operating system.

    Examples
    --------
    >>> said(PermissionError(13, "Permission denied", "a.html"))
    "cannot use 'a.html': permission denied"
    """
    if isinstance(problem, OSError) and problem.filename is not None and problem.strerror:
        return f"cannot use {str(problem.filename)!r}: {problem.strerror.lower()}"
    return str(problem)


def say(message: str, *, label: str = "", style: str = "") -> None:
    """Write to standard error; colour only where it is a terminal."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if label:
        console.print(f"{label}: ", style=style, end="", markup=False)
    console.print(message, markup=False)


@contextmanager
def busy(words: str) -> Iterator[None]:
    """Show a spinner meanwhile, on a terminal only."""
    console = Console(stderr=True)
    with console.status(words) if console.is_terminal else nullcontext():
        yield


@contextmanager
def told() -> Iterator[None]:
    """Turn the package's warnings into messages on standard error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MixedEffectsWarning)
        yield
    for warning in caught:
        if issubclass(warning.category, MixedEffectsWarning):
            say(at_a_shell(str(warning.message)), label="Warning", style="bold yellow")
        else:
            warnings.showwarning(
                warning.message, warning.category, warning.filename, warning.lineno
            )


def find_data(data: str, missing: tuple[str, ...] = ()) -> Any:
    """The table of a file, or of a data set of that name; of what comes through a pipe for "-".

    Parameters
    ----------
    data : str
        As the command line names it.
    missing : tuple of str
        Cells that stand for a missing value, besides the usual ones.
    """
    from mixedeffects import datasets

    if data in datasets.names() and not Path(data).exists():
        return datasets.load(data)
    refuse_what_is_no_file(data)
    with file_of(data) as path:
        table = read_table(path, missing)
        names = suspicious_header(path) if kind_of(path) in TEXT else []
    if names:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        say(
            f"the first line of {data} was taken for the names of columns: {shown}; if it holds "
            "values, write a line of names above it",
            label="Warning", style="bold yellow",
        )  # fmt: skip
    return table


@contextmanager
def file_of(data: str) -> Iterator[Path]:
    """The file of a name; what comes through a pipe is kept in one meanwhile."""
    if data != PIPE:
        yield Path(data)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "standard input.csv")
        path.write_bytes(sys.stdin.buffer.read())
        yield path


def refuse_what_is_no_file(data: str) -> None:
    """Say what a name of no file may have been meant as. Raises DataError."""
    from mixedeffects import datasets

    if data == PIPE or Path(data).exists():
        return
    if "~" in data:
        raise DataError(f"{data!r} is a formula; the table comes first, and then the formula")
    if re.match(r"[a-z]+://", data):
        raise DataError(
            f"{data!r} is an address, and nothing is read from the network\n"
            "download it first, and give the name of the file"
        )
    if not Path(data).suffix:
        known = datasets.names()
        guess = close_match(data, list(known))
        raise DataError(
            f"no file {data!r}, nor a data set of that name; there are: {', '.join(known)}"
            + (f"; did you mean {guess!r}?" if guess else near(Path(data)))
        )


def as_written(data: str) -> dict[str, list[str]] | None:
    """The cells of a text file as they are written; None for other tables, and for pipes."""
    path = Path(data)
    return cells_of(path) if path.is_file() and kind_of(path) in TEXT else None


def chosen_form(out: Any, output: Path | None, offered: Any) -> str:
    """What to write: what `--out` says, else what the ending of the file's name says, else text.

    Parameters
    ----------
    out : StrEnum member or None
        What `--out` says.
    output : path or None
        The file to write.
    offered : StrEnum
        What the command writes.

    Raises
    ------
    DataError
        The name ends as files do that the command does not write.

    Examples
    --------
    >>> from pathlib import Path
    >>> from mixedeffects.app.choices import Format, Tabled
    >>> chosen_form(None, Path("fit.json"), Format), chosen_form(None, None, Tabled)
    ('json', 'text')
    """
    if out is not None:
        return out.value
    ending = "" if output is None else output.suffix.lower()
    form = ENDINGS.get(ending, "text")
    known = [kind.value for kind in offered]
    if form not in known:
        raise DataError(
            f"{output} cannot be written: this command writes {', '.join(known)}\n"
            "give the file another ending, or say which of them with --out"
        )
    return form


def check_output(path: Path | None) -> None:
    """Refuse a file that cannot be written before the work is done. Raises DataError."""
    if path is None:
        return
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise DataError(f"no folder {str(path.parent)!r} for {path.name!r}; make it first")


def write(text: str, output: Path | None) -> None:
    """Write to a file where one is named, else to standard output."""
    if output is None:
        typer.echo(text, nl=not text.endswith("\n"))
        return
    output.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
    say(f"written to {output}")


def certified_or_exit(result: Any) -> None:
    """End with status 3 where the optimum is not certified."""
    if not result.certificate.converged or not result.certificate.identified:
        raise typer.Exit(NOT_CERTIFIED)
