"""The command line: ``mixedeffects explore``, ``fit``, ``diagnose``, ``interpret``, ``report``, ….

Exit status: 0 done; 2 the request cannot be met (wrong usage, file, formula or data); 3 a fit
was written but is not certified to be an optimum. Results go to standard output, everything
else to standard error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mixedeffects.app.choices import (
    Format,
    Groups,
    Interval,
    NewLevels,
    Remedies,
    Shown,
    Tabled,
)
from mixedeffects.app.export import (
    beside,
    csv_of,
    render,
    render_diagnosis,
    render_exploration,
    render_table,
)
from mixedeffects.app.modelling import (
    INFERENCE,
    OFFERED,
    Asked,
    Data,
    Ddf,
    Level,
    fit_of,
    fits_of,
    of_a_model,
    require_family,
)
from mixedeffects.app.shell import (
    Command,
    Commands,
    busy,
    certified_or_exit,
    check_output,
    find_data,
    say,
    told,
    write,
)
from mixedeffects.app.tables import reading_code, write_table

DEMO = "Reaction ~ 1 + Days + (1 + Days | Subject)"
# what the demo proposes; every line of the first part runs as it stands, in this order
NEXT = f"""\
What to try next
    mixedeffects interpret sleepstudy "{DEMO}"
    mixedeffects explore pain_trial
    mixedeffects fit cbpp "incidence / size ~ period + (1 | herd)" --family binomial
    mixedeffects datasets flipped_classrooms --out classes.csv
    mixedeffects fit classes.csv "score ~ style + (1 | professor)"
    mixedeffects warmup    # compiles what larger models need, once

With a table of your own (put your names in place of the capitals)
    mixedeffects explore YOUR_TABLE.csv
    mixedeffects fit YOUR_TABLE.csv "OUTCOME ~ PREDICTOR + (1 | GROUP)"
"""
# below the help of a command
EXAMPLE = 'Example:  mixedeffects {} trial.csv "pain ~ arm * month + (1 | patient)"{}'


Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write instead of the screen.", metavar="FILE"),
]


app = typer.Typer(
    cls=Commands,
    help="Mixed-effects (hierarchical, multilevel) models: a formula and a table in, "
    "an answer you can trust out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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


@app.command(cls=Command)
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
    typer.echo(NEXT)


@app.command(cls=Command, epilog=EXAMPLE.format("explore", "").split(' "')[0])
def explore(
    data: Data,
    outcome: Annotated[
        str | None, typer.Option(help="Column of the outcome.", metavar="COLUMN")
    ] = None,
    subject: Annotated[
        list[str] | None,
        typer.Option(help="Grouping column; again for another.", metavar="COLUMN"),
    ] = None,
    time: Annotated[str | None, typer.Option(help="Column of the time.", metavar="COLUMN")] = None,
    treatment: Annotated[
        str | None, typer.Option(help="Column of the treatment.", metavar="COLUMN")
    ] = None,
    out: Annotated[Shown, typer.Option(help="What to write.")] = Shown.text,
    output: Output = None,
) -> None:
    """Look at a table before any model: roles of columns, groups, gaps, a formula to start from."""
    from mixedeffects.model import explore as explore_table

    check_output(output)
    table = find_data(data)
    with busy("looking"), told():
        found = explore_table(
            table, outcome=outcome, subject=subject or None, time=time, treatment=treatment
        )
    write(render_exploration(found, out.value), output)


@app.command(cls=Command, epilog=EXAMPLE.format("fit", " --out json"))
@of_a_model()
def fit(
    asked: Asked,
    ddf: Ddf = None,
    level: Level = 0.95,
    out: Annotated[Format, typer.Option(help="What to write.")] = Format.text,
    output: Output = None,
) -> None:
    """Fit a linear mixed model, or with --family a generalised one.

    Exit status 3 means that the result was written but is not certified to be an optimum.
    """
    check_output(output)
    result = fit_of(asked)
    write(render(result, out.value, ddf=ddf, level=level), output)
    certified_or_exit(result)


@app.command(cls=Command, epilog=EXAMPLE.format("diagnose", ""))
@of_a_model(option for option in OFFERED if option.name != "remedy")
def diagnose(
    asked: Asked,
    remedies: Annotated[
        Remedies, typer.Option(help="Try the six remedies: auto, where a check finds a problem.")
    ] = Remedies.auto,
    budget: Annotated[
        float, typer.Option(help="Seconds that the remedies may take together.", metavar="SECONDS")
    ] = 60.0,
    out: Annotated[Shown, typer.Option(help="What to write.")] = Shown.text,
    output: Output = None,
) -> None:
    """Fit a model, say what may be wrong with it, what was tried, and which model to use.

    Exit status 3 means that the fit asked for is not certified to be an optimum.
    """
    check_output(output)
    result = fit_of(asked)
    wanted = {"auto": "auto", "always": True, "never": False}[remedies.value]
    with busy("diagnosing"), told():
        found = result.diagnose(remedies=wanted, budget=budget)
    write(render_diagnosis(found, out.value), output)
    certified_or_exit(result)


@app.command(cls=Command, epilog=EXAMPLE.format("interpret", ""))
@of_a_model()
def interpret(
    asked: Asked,
    ddf: Ddf = None,
    level: Level = 0.95,
    markdown: Annotated[bool, typer.Option("--markdown", help="Headings and Markdown.")] = False,
    output: Output = None,
) -> None:
    """Fit a model and say in sentences what it found."""
    check_output(output)
    result = fit_of(asked)
    words = result.interpret(ddf=ddf, level=level)
    write(words.markdown() if markdown else str(words), output)
    certified_or_exit(result)


@app.command(cls=Command, epilog=EXAMPLE.format("report", " -o trial.html"))
@of_a_model()
def report(
    asked: Asked,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File to write: .html, .md or .docx.", metavar="FILE"),
    ],
    ddf: Ddf = None,
    level: Level = 0.95,
    title: Annotated[str | None, typer.Option(help="Title of the report.", metavar="TEXT")] = None,
    charts: Annotated[
        str, typer.Option(help="auto, none, or names with commas.", metavar="NAMES")
    ] = "auto",
    static: Annotated[
        bool, typer.Option("--static", help="Pictures and no scripts, in a page of HTML.")
    ] = False,
) -> None:
    """Fit a model and write a report of it: one page that needs nothing else, Markdown, or Word."""
    from mixedeffects.report import check_path

    check_path(output)
    result = fit_of(asked)
    chosen = charts if charts in ("auto", "none") else [name.strip() for name in charts.split(",")]
    with busy("writing"), told():
        result.report(
            output, title=title, ddf=ddf, level=level, charts=chosen, interactive=not static,
            code=reading_code(asked.data),
        )  # fmt: skip
    say(f"written to {output}")
    certified_or_exit(result)


@app.command(cls=Command, epilog=EXAMPLE.format("explain", ""))
@of_a_model(option for option in OFFERED if option.name in ("weights", "family", "zi"))
def explain(asked: Asked) -> None:
    """Say how a model would be fitted and what that would cost, without fitting it."""
    from mixedeffects.model import explain as explain_model

    require_family(asked)
    with told():
        typer.echo(str(explain_model(asked.formula, find_data(asked.data), **asked.options)))


@app.command(cls=Command, epilog=EXAMPLE.format("anova", " --ddf kenward-roger"))
@of_a_model()
def anova(
    asked: Asked,
    ddf: Ddf = None,
    type_: Annotated[
        int,
        typer.Option(
            "--type", min=1, max=3, metavar="N", rich_help_panel=INFERENCE,
            help="1: each term after those before it; 2: after all that do not contain it; "
            "3: equally weighted cell means.",
        ),
    ] = 3,
    out: Annotated[Tabled, typer.Option(help="What to write.")] = Tabled.text,
    output: Output = None,
) -> None:  # fmt: skip
    """Fit a model and test each term of its fixed effects."""
    check_output(output)
    result = fit_of(asked)
    with told():
        found = result.anova(type=type_, ddf=ddf)
    write(render_table(str(found), found, out.value), output)
    certified_or_exit(result)


@app.command(
    cls=Command,
    epilog='Example:  mixedeffects compare trial.csv "pain ~ month + (1 | patient)" '
    '"pain ~ arm * month + (1 | patient)"',
)
@of_a_model(more_formulas=True)
def compare(
    asked: Asked,
    out: Annotated[Tabled, typer.Option(help="What to write.")] = Tabled.text,
    output: Output = None,
) -> None:
    """Fit several models to one table, and compare them: criteria and likelihood-ratio tests.

    Options of a model are those of all of them. Linear models whose fixed effects differ are
    compared by maximum likelihood.
    """
    from mixedeffects.model import compare as compare_fits

    check_output(output)
    fits = fits_of(asked)
    with busy("comparing"), told():
        found = compare_fits(*fits)
    write(render_table(str(found), found.tidy(), out.value), output)
    for fit in fits:
        certified_or_exit(fit)


@app.command(cls=Command, epilog=EXAMPLE.format("predict", " --new visits.csv"))
@of_a_model()
def predict(
    asked: Asked,
    new: Annotated[
        str | None,
        typer.Option(help="Table to predict; the rows of DATA if not given.", metavar="FILE"),
    ] = None,
    groups: Annotated[
        Groups, typer.Option(help="With the groups' own effects, or for an average group.")
    ] = Groups.conditional,
    new_levels: Annotated[
        NewLevels,
        typer.Option(
            help="For groups that were not seen: an error, a group with effects of zero, or the "
            "mean over groups."
        ),
    ] = NewLevels.error,
    interval: Annotated[
        Interval, typer.Option(help="For the mean, or for a new observation.")
    ] = Interval.none,
    level: Level = 0.95,
    output: Output = None,
) -> None:
    """Fit a model and write its predictions as CSV: the columns of the table, then the prediction.

    With an interval also std_error, lower and upper.
    """
    check_output(output)
    result = fit_of(asked)
    table = find_data(asked.data if new is None else new)
    kind = None if interval is Interval.none else interval.value
    with busy("predicting"), told():
        found = result.predict(
            table, groups=groups.value, new_levels=new_levels.value, interval=kind, level=level
        )
    write(csv_of(beside(table, found)), output)
    certified_or_exit(result)


@app.command("datasets", cls=Command)
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


@app.command(cls=Command)
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
