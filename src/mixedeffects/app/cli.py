"""The command line: ``mixedeffects demo``, ``fit``, ``explain``, ``datasets``, ``warmup``.

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

Data = Annotated[
    str,
    typer.Argument(
        help="A CSV, TSV or Parquet file, or the name of a data set that comes with the package.",
        metavar="DATA",
    ),
]
Formula = Annotated[str, typer.Argument(help='In quotes: "y ~ x + (1 + x | group)".')]
Weights = Annotated[str | None, typer.Option(help="Column of prior weights.")]


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
    ml: Annotated[
        bool, typer.Option("--ml", help="Maximum likelihood; REML if not given.")
    ] = False,
    family: Annotated[
        str | None,
        typer.Option(
            help="A generalised model: binomial, poisson, nbinom2, gamma, beta, ordinal, …; "
            "a linear one if not given."
        ),
    ] = None,
    link: Annotated[
        str | None, typer.Option(help="logit, log, …; the family's usual one if not given.")
    ] = None,
    nagq: Annotated[
        int | None, typer.Option(help="Quadrature points; 1, Laplace's approximation.")
    ] = None,
    zi: Annotated[
        str | None, typer.Option(help='Formula of the extra zeros: "~ 1".', metavar="FORMULA")
    ] = None,
    dispersion: Annotated[
        str | None, typer.Option(help='Formula of the dispersion: "~ x".', metavar="FORMULA")
    ] = None,
    exposure: Annotated[str | None, typer.Option(help="Column of the exposure of counts.")] = None,
    weights: Weights = None,
    optimizer: Annotated[
        str, typer.Option(help="newton, L-BFGS-B, Nelder-Mead, Powell or COBYQA.")
    ] = "newton",
    max_iterations: Annotated[int | None, typer.Option(min=1, help="Iteration limit.")] = None,
    out: Annotated[Format, typer.Option(help="What to write.")] = Format.text,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write instead of the screen.")
    ] = None,
) -> None:
    """Fit a linear mixed model, or with --family a generalised one.

    Exit status 3 means that the result was written but is not certified to be an optimum.
    """
    common = {"weights": weights, "optimizer": optimizer, "max_iterations": max_iterations}
    special = {
        "link": link, "nagq": nagq, "zi": zi, "dispersion": dispersion, "exposure": exposure,
    }  # fmt: skip
    given = {name: value for name, value in special.items() if value is not None}
    if family is None and given:
        options = ", ".join(f"--{name}" for name in given)
        raise typer.BadParameter(f"{options}: for generalised models; give --family as well")
    table = find_data(data)
    with busy("fitting"), told():
        if family is None:
            from mixedeffects.model import lmm

            result = lmm(formula, table, reml=not ml, **common)
        else:
            from mixedeffects.model import glmm

            result = glmm(formula, table, family=family, **given, **common)
    text = render(result, out.value)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        say(f"written to {output}")
    if not result.certificate.converged:
        raise typer.Exit(NOT_CERTIFIED)


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
