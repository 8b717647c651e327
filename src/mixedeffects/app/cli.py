"""The command line: ``mixedeffects explore``, ``fit``, ``diagnose``, ``interpret``, ``report``, ….

Exit status: 0 done; 2 the request cannot be met (wrong usage, file, formula or data); 3 a fit
was written but is not certified to be an optimum. Results go to standard output, everything
else to standard error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from mixedeffects.app.advice import at_a_shell, in_words
from mixedeffects.app.choices import (
    Format,
    Groups,
    Interval,
    NewLevels,
    Predicted,
    Remedies,
    Shown,
    Tabled,
    Worded,
    kind_of_tests,
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
    Missing,
    fit_of,
    fits_of,
    of_a_model,
    require_family,
)
from mixedeffects.app.shell import (
    Command,
    Commands,
    as_written,
    busy,
    certified_or_exit,
    check_output,
    chosen_form,
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


Out: Any = typer.Option(help="What to write; if not given, what FILE ends in, else text.")


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
    out: Annotated[Shown | None, Out] = None,
    output: Output = None,
    missing: Missing = None,
) -> None:
    """Look at a table before any model: roles of columns, groups, gaps, a formula to start from."""
    from mixedeffects.model import explore as explore_table

    check_output(output)
    form = chosen_form(out, output, Shown)
    table = find_data(data, tuple(missing or ()))
    with busy("looking"), told():
        found = explore_table(
            table, outcome=outcome, subject=subject or None, time=time, treatment=treatment
        )
    write(in_words(render_exploration(found, form), form, data), output)


@app.command(cls=Command, epilog=EXAMPLE.format("fit", " --out json"))
@of_a_model()
def fit(
    asked: Asked,
    ddf: Ddf = None,
    level: Level = 0.95,
    out: Annotated[Format | None, Out] = None,
    output: Output = None,
) -> None:
    """Fit a linear mixed model, or with --family a generalised one.

    Exit status 3 means that the result was written but is not certified to be an optimum.
    """
    check_output(output)
    form = chosen_form(out, output, Format)
    result = fit_of(asked)
    write(in_words(render(result, form, ddf=ddf, level=level), form, asked.data), output)
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
    out: Annotated[Shown | None, Out] = None,
    output: Output = None,
) -> None:
    """Fit a model, say what may be wrong with it, what was tried, and which model to use.

    Exit status 3 means that the fit asked for is not certified to be an optimum.
    """
    check_output(output)
    form = chosen_form(out, output, Shown)
    result = fit_of(asked)
    wanted = {"auto": "auto", "always": True, "never": False}[remedies.value]
    with busy("diagnosing"), told():
        found = result.diagnose(remedies=wanted, budget=budget)
    write(in_words(render_diagnosis(found, form), form, asked.data), output)
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
    marked = markdown or chosen_form(None, output, Worded) == Worded.markdown
    result = fit_of(asked)
    words = result.interpret(ddf=ddf, level=level)
    write(at_a_shell(words.markdown() if marked else str(words), asked.data), output)
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
    from mixedeffects.report import check_packages, check_path

    chosen = charts if charts in ("auto", "none") else [name.strip() for name in charts.split(",")]
    check_packages(check_path(output), chosen)
    result = fit_of(asked)
    with busy("writing"), told():
        result.report(
            output, title=title, ddf=ddf, level=level, charts=chosen, interactive=not static,
            code=reading_code(asked.data, asked.missing),
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
        typer.echo(str(explain_model(asked.formula, asked.table, **asked.options)))


@app.command(cls=Command, epilog=EXAMPLE.format("anova", " --ddf kenward-roger"))
@of_a_model()
def anova(
    asked: Asked,
    ddf: Ddf = None,
    type_: Annotated[
        str,
        typer.Option(
            "--type", callback=kind_of_tests, metavar="N", rich_help_panel=INFERENCE,
            help="1: each term after those before it; 2: after all that do not contain it; "
            "3: equally weighted cell means.",
        ),
    ] = "3",
    out: Annotated[Tabled | None, Out] = None,
    output: Output = None,
) -> None:  # fmt: skip
    """Fit a model and test each term of its fixed effects."""
    check_output(output)
    form = chosen_form(out, output, Tabled)
    result = fit_of(asked)
    with told():
        found = result.anova(type=int(type_), ddf=ddf)
    write(render_table(str(found), found, form), output)
    certified_or_exit(result)


@app.command(
    cls=Command,
    epilog='Example:  mixedeffects compare trial.csv "pain ~ month + (1 | patient)" '
    '"pain ~ arm * month + (1 | patient)"',
)
@of_a_model(more_formulas=True)
def compare(
    asked: Asked,
    out: Annotated[Tabled | None, Out] = None,
    output: Output = None,
) -> None:
    """Fit several models to one table, and compare them: criteria and likelihood-ratio tests.

    Options of a model are those of all of them.

    Linear models whose fixed effects differ are compared by maximum likelihood.
    """
    from mixedeffects.model import compare as compare_fits

    check_output(output)
    form = chosen_form(out, output, Tabled)
    if len(asked.formulas) < 2:
        raise typer.BadParameter("there is nothing to compare: give two or more formulas")
    fits = fits_of(asked)
    with busy("comparing"), told():
        found = compare_fits(*fits)
    write(render_table(str(found), found.tidy(), form), output)
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
        Groups,
        typer.Option(
            metavar="WHOSE",
            help="conditional: with the groups' own effects; population: for an average group.",
        ),
    ] = Groups.conditional,
    new_levels: Annotated[
        NewLevels,
        typer.Option(
            metavar="WHAT",
            help="For groups that were not seen: error; population, a group with effects of zero; "
            "marginal, the mean over groups.",
        ),
    ] = NewLevels.error,
    interval: Annotated[
        Interval,
        typer.Option(
            metavar="KIND",
            help="confidence: for the mean; prediction: for a new observation; none.",
        ),
    ] = Interval.none,
    level: Level = 0.95,
    output: Output = None,
) -> None:
    """Fit a model and write its predictions as CSV: the columns of the table, then the prediction.

    With an interval also std_error, lower and upper.
    """
    check_output(output)
    form = chosen_form(None, output or Path("-.csv"), Predicted)
    result = fit_of(asked)
    table = asked.table if new is None else find_data(new, asked.missing)
    kind = None if interval is Interval.none else interval.value
    with busy("predicting"), told():
        found = result.predict(
            table, groups=groups.value, new_levels=new_levels.value, interval=kind, level=level
        )
    columns = beside(table, found, as_written(new or asked.data))
    if output is None or form == Predicted.text:
        write(csv_of(columns), output)
    else:
        write_table(columns, output)
        say(f"written to {output}")
    certified_or_exit(result)


@app.command("datasets", cls=Command)
def datasets_(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Say what this one was made from.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "--output", "-o", metavar="FILE", help="Write it: .csv, .tsv or .parquet."
        ),
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
