"""Between a command and its user: messages, errors in words, tables, files, exit status."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from mixedeffects.app.tables import read_table, suspicious_header
from mixedeffects.errors import DataError, MixedEffectsError, MixedEffectsWarning

CANNOT, NOT_CERTIFIED = 2, 3


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
            say(said(problem), label="Error", style="bold red")
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
            say(str(warning.message), label="Warning", style="bold yellow")
        else:
            warnings.showwarning(
                warning.message, warning.category, warning.filename, warning.lineno
            )


def find_data(data: str) -> Any:
    """The table of a file, or of a data set of that name."""
    from mixedeffects import datasets

    if not Path(data).exists():
        if data in datasets.names():
            return datasets.load(data)
        if not Path(data).suffix:
            known = ", ".join(datasets.names())
            raise DataError(f"no file {data!r}, nor a data set of that name; there are: {known}")
    table = read_table(data)
    names = suspicious_header(data)
    if names:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        say(
            f"the first line of {data} was taken for the names of columns: {shown}; if it holds "
            "values, write a line of names above it",
            label="Warning", style="bold yellow",
        )  # fmt: skip
    return table


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
