"""The command line: ``mixedeffects demo``, ``fit``, ``interpret``, ``report``, ``explain``, ….

Exit status: 0 done; 2 the request cannot be met (wrong usage, file, formula or data); 3 a fit
was written but is not certified to be an optimum. Results go to standard output, everything
else to standard error.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from mixedeffects.app.export import render
from mixedeffects.app.modelling import (
    Data,
    Ddf,
    Dispersion,
    Exposure,
    Family,
    Formula,
    Level,
    Link,
    MaximumLikelihood,
    MaxIterations,
    Nagq,
    Optimizer,
    Weights,
    Zi,
    check_options,
    fitted,
)
from mixedeffects.app.tables import read_table, write_table
from mixedeffects.errors import DataError, MixedEffectsError, MixedEffectsWarning

CANNOT, NOT_CERTIFIED = 2, 3
DEMO = "Reaction ~ 1 + Days + (1 + Days | Subject)"


class Format(StrEnum):
    """What `fit` writes."""

    text = "text"
    json = "json"
    html = "html"
    csv = "csv"


class Commands(TyperGroup):
    """The commands, with every error of the package as a message instead of a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (MixedEffectsError, OSError) as problem:
            if isinstance(problem, BrokenPipeError):
                raise
            say(str(problem), label="Error", style="bold red")
            raise typer.Exit(CANNOT) from None


app = typer.Typer(
    cls=Commands,
    help="Mixed-effects (hierarchical, multilevel) models: a formula and a table in, "
    "an answer you can trust out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
    return read_table(data)


def show_version(asked: bool) -> None:
    """Print the version and stop."""
    if asked:
        import mixedeffects

        typer.echo(f"mixedeffects {mixedeffects.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command()
def demo() -> None:
    """Fit a first model to data that come with the package."""
    from mixedeffects import datasets
    from mixedeffects.model import lmm

    with busy("fitting"), told():
        fit = lmm(DEMO, datasets.sleepstudy())
    typer.echo(
        "Reaction times of 18 people over ten days of little sleep: everybody gets slower, "
        "each at a pace of their own.\n\n"
        "    import mixedeffects as me\n"
        f'    fit = me.lmm("{DEMO}", me.datasets.sleepstudy())\n'
        "    print(fit)\n"
    )
    typer.echo(render(fit, "text"))
    typer.echo(
        "What to try next\n"
        f'    mixedeffects explain sleepstudy "{DEMO}"\n'
        "    mixedeffects datasets flipped_classrooms\n"
        '    mixedeffects fit flipped_classrooms "score ~ style + (1 | professor)"\n'
        '    mixedeffects fit cbpp "incidence / size ~ period + (1 | herd)" --family binomial\n'
        '    mixedeffects fit your_data.csv "y ~ x + (1 | group)" --out json\n'
        "    mixedeffects warmup        compiles what larger models need, once"
    )


@app.command()
def fit(
    data: Data,
    formula: Formula,
    ml: MaximumLikelihood = False,
    family: Family = None,
    link: Link = None,
    nagq: Nagq = None,
    zi: Zi = None,
    dispersion: Dispersion = None,
    exposure: Exposure = None,
    weights: Weights = None,
    optimizer: Optimizer = "newton",
    max_iterations: MaxIterations = None,
    out: Annotated[Format, typer.Option(help="What to write.")] = Format.text,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write instead of the screen.")
    ] = None,
) -> None:
    """Fit a linear mixed model, or with --family a generalised one.

    Exit status 3 means that the result was written but is not certified to be an optimum.
    """
    special = {
        "link": link, "nagq": nagq, "zi": zi, "dispersion": dispersion, "exposure": exposure,
    }  # fmt: skip
    result = fit_of(
        data, formula, ml=ml, family=family, special=special, weights=weights,
        optimizer=optimizer, max_iterations=max_iterations,
    )  # fmt: skip
    text = render(result, out.value)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        say(f"written to {output}")
    certified_or_exit(result)


def fit_of(data: str, formula: str, *, family: str | None, special: dict[str, Any], **options: Any):
    """The fit that the options of a command ask for, warnings told."""
    check_options(family, special)
    table = find_data(data)
    with busy("fitting"), told():
        return fitted(table, formula, family=family, special=special, **options)


def certified_or_exit(result: Any) -> None:
    """End with status 3 where the optimum is not certified."""
    if not result.certificate.converged:
        raise typer.Exit(NOT_CERTIFIED)


@app.command()
def interpret(
    data: Data,
    formula: Formula,
    ml: MaximumLikelihood = False,
    family: Family = None,
    link: Link = None,
    nagq: Nagq = None,
    zi: Zi = None,
    dispersion: Dispersion = None,
    exposure: Exposure = None,
    weights: Weights = None,
    optimizer: Optimizer = "newton",
    max_iterations: MaxIterations = None,
    ddf: Ddf = None,
    level: Level = 0.95,
    markdown: Annotated[bool, typer.Option("--markdown", help="Headings and Markdown.")] = False,
) -> None:
    """Fit a model and say in sentences what it found."""
    special = {
        "link": link, "nagq": nagq, "zi": zi, "dispersion": dispersion, "exposure": exposure,
    }  # fmt: skip
    result = fit_of(
        data, formula, ml=ml, family=family, special=special, weights=weights,
        optimizer=optimizer, max_iterations=max_iterations,
    )  # fmt: skip
    words = result.interpret(ddf=ddf, level=level)
    typer.echo(words.markdown() if markdown else str(words))
    certified_or_exit(result)


@app.command()
def report(
    data: Data,
    formula: Formula,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write: .html, .md or .docx.")
    ],
    ml: MaximumLikelihood = False,
    family: Family = None,
    link: Link = None,
    nagq: Nagq = None,
    zi: Zi = None,
    dispersion: Dispersion = None,
    exposure: Exposure = None,
    weights: Weights = None,
    optimizer: Optimizer = "newton",
    max_iterations: MaxIterations = None,
    ddf: Ddf = None,
    level: Level = 0.95,
    title: Annotated[str | None, typer.Option(help="Title of the report.")] = None,
    charts: Annotated[str, typer.Option(help="auto, none, or names with commas.")] = "auto",
    static: Annotated[
        bool, typer.Option("--static", help="Pictures and no scripts, in a page of HTML.")
    ] = False,
) -> None:
    """Fit a model and write a report of it: one page that needs nothing else, Markdown, or Word."""
    special = {
        "link": link, "nagq": nagq, "zi": zi, "dispersion": dispersion, "exposure": exposure,
    }  # fmt: skip
    result = fit_of(
        data, formula, ml=ml, family=family, special=special, weights=weights,
        optimizer=optimizer, max_iterations=max_iterations,
    )  # fmt: skip
    chosen = charts if charts in ("auto", "none") else charts.split(",")
    with busy("writing"), told():
        result.report(
            output, title=title, ddf=ddf, level=level, charts=chosen, interactive=not static,
            code=code_of(data),
        )  # fmt: skip
    say(f"written to {output}")
    certified_or_exit(result)


def code_of(data: str) -> str:
    """Python that reads the same table."""
    if not Path(data).exists():
        return f"data = me.datasets.load({data!r})"
    reader = {".parquet": "read_parquet({!r})", ".tsv": "read_csv({!r}, sep='\\t')"}
    call = reader.get(Path(data).suffix.lower(), "read_csv({!r})")
    return f"import pandas as pd\n\ndata = pd.{call.format(data)}"


@app.command()
def explain(data: Data, formula: Formula, weights: Weights = None) -> None:
    """Say how a model would be fitted and what that would cost, without fitting it."""
    from mixedeffects.model import explain as explain_model

    with told():
        typer.echo(str(explain_model(formula, find_data(data), weights=weights)))


@app.command("datasets")
def datasets_(
    name: Annotated[str | None, typer.Argument(help="Say what this one was made from.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "--output", "-o", help="Write it: .csv, .tsv or .parquet."),
    ] = None,
) -> None:
    """List the data sets that come with the package, describe one, or write one to a file."""
    from mixedeffects import datasets

    if name is None:
        if out is not None:
            raise typer.BadParameter("which data set? give its name before --out")
        for entry in datasets.describe():
            typer.echo(f"{entry.name}\n    {entry.summary}\n    {entry.formula}")
        return
    if out is None:
        typer.echo(str(datasets.truth(name)))
        return
    with busy(f"writing {out}"):
        write_table(datasets.load(name, flavour="dict"), out)
    say(f"written to {out}")


@app.command()
def warmup() -> None:
    """Compile the numerical kernels and keep them, so that no later fit has to wait."""
    from time import perf_counter

    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from mixedeffects.model import warmup as compile_kernels

    start = perf_counter()
    console = Console(stderr=True)
    columns = (TextColumn("compiling: {task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)

        def report(done: int, total: int, shape: str) -> None:
            bar.update(task, completed=done, total=total, description=shape)

        compile_kernels(report=report)
    typer.echo(f"Kernels are compiled and stored ({perf_counter() - start:.1f} s).")


def main() -> None:
    """Run the command line."""
    app(prog_name="mixedeffects")


if __name__ == "__main__":
    main()
