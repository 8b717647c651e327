"""The options of a model that several commands share, and the fit they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer

from mixedeffects.app.shell import busy, find_data, told
from mixedeffects.fitting import OPTIONS, Option

# panels of the help texts
GENERALISED, SEARCH, INFERENCE = "Generalised models", "Search", "Inference"

Data = Annotated[
    str,
    typer.Argument(
        help="A CSV, TSV or Parquet file, - for CSV through a pipe, or the name of a data set that "
        "comes with the package.",
        metavar="DATA",
        show_default=False,
    ),
]
Formula = Annotated[
    str, typer.Argument(help='In quotes: "y ~ x + (1 + x | group)".', metavar="FORMULA")
]
Ddf = Annotated[
    str | None,
    typer.Option(
        help="satterthwaite, kenward-roger, wald, CR0 or CR2; the usual if not given.",
        metavar="NAME",
        rich_help_panel=INFERENCE,
    ),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        "--na",
        metavar="TEXT",
        show_default=False,
        help="What stands for a missing value, besides empty cells, NA and the like; again for "
        "another: --na . --na -99.",
    ),
]


def coverage(level: float) -> float:
    """A coverage of intervals; what is no share is refused before anything is fitted."""
    if not 0.0 < level < 1.0:
        example = f"{level / 100:g} for {level:g}%" if 1.0 < level < 100.0 else "0.95 for 95%"
        raise typer.BadParameter(f"{level:g} does not lie between 0 and 1: {example}")
    return level


Level = Annotated[
    float,
    typer.Option(
        callback=coverage, help="Coverage of the intervals.", metavar="X",
        rich_help_panel=INFERENCE,
    ),
]  # fmt: skip
Formulas = Annotated[
    list[str],
    typer.Argument(help='Two or more, each in quotes: "y ~ x + (1 | group)".', metavar="FORMULA…"),
]
# those of `lmm` and `glmm` that the command line has
OFFERED = tuple(option for option in OPTIONS if option.help)


@dataclass(frozen=True)
class Asked:
    """The model that a command line asks for: arguments and options that commands share."""

    data: str
    formulas: tuple[str, ...]
    options: dict[str, Any]
    missing: tuple[str, ...] = ()

    @property
    def formula(self) -> str:
        return self.formulas[0]

    @cached_property
    def table(self) -> Any:
        """The table, read once: it may come through a pipe."""
        return find_data(self.data, self.missing)


def as_parameter(option: Option) -> Parameter:
    """An option of `lmm` or `glmm` as Typer reads it."""
    name, flag, panel = option.flag or option.name, option.kind is bool, None
    kind, default = (bool, False) if flag else (option.kind | None, option.default)
    if option.search:
        panel = SEARCH
    elif option.functions == ("glmm",):
        panel, default = GENERALISED, None  # what it is for linear models, which are the default
    words = f"--{name}" if name == option.name else f"--{name}/--{option.name}"
    more = typer.Option(
        *[words] * flag, help=option.help, metavar=option.metavar, min=option.least,
        rich_help_panel=panel,
    )  # fmt: skip
    return Parameter(
        name, Parameter.KEYWORD_ONLY, annotation=Annotated[kind, more], default=default
    )


def of_a_model(
    offered: Iterable[Option] = OFFERED, *, more_formulas: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function of an `Asked` and of options of its own."""
    parameters = {option.name: as_parameter(option) for option in offered}
    shared = [
        Parameter("data", Parameter.KEYWORD_ONLY, annotation=Data),
        Parameter(
            "formula", Parameter.KEYWORD_ONLY, annotation=Formulas if more_formulas else Formula
        ),
        *parameters.values(),
        Parameter("missing", Parameter.KEYWORD_ONLY, annotation=Missing, default=None),
    ]

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            data, formula = given.pop("data"), given.pop("formula")
            missing = tuple(given.pop("missing") or ())
            options = {name: given.pop(asked.name) for name, asked in parameters.items()}
            formulas = tuple(formula) if more_formulas else (formula,)
            command(Asked(data, formulas, options, missing), **given)

        _, *own = signature(command, eval_str=True).parameters.values()
        every = [*shared, *(option.replace(kind=Parameter.KEYWORD_ONLY) for option in own)]
        # what Typer reads the options from
        run.__signature__ = Signature(every)  # type: ignore[attr-defined]
        run.__annotations__ = {option.name: option.annotation for option in every}
        return run

    return decorated


def require_family(asked: Asked) -> None:
    """Refuse options of generalised models where no family is given. Raises BadParameter."""
    if asked.options["family"] is not None:
        return
    refused = [
        f"--{option.name}"
        for option in OFFERED
        if option.functions == ("glmm",) and asked.options.get(option.name) is not None
    ]
    if refused:
        raise typer.BadParameter(
            f"{', '.join(refused)}: for generalised models; give --family as well"
        )


def fit_of(asked: Asked) -> Any:
    """The fit that a command line asks for, its warnings told."""
    return fits_of(asked)[0]


def fits_of(asked: Asked) -> list[Any]:
    """The fits of all formulas that a command line names, their warnings told."""
    require_family(asked)
    function = "lmm" if asked.options["family"] is None else "glmm"
    arguments = {}
    for option in OFFERED:
        value = asked.options.get(option.name)
        if option.kind is bool:  # a flag gives what is not the default
            value = option.default != bool(value)
        elif value is None:
            continue
        if function in option.functions:
            arguments[option.name] = value
    table = asked.table
    with busy("fitting"), told():
        from mixedeffects import model

        make = getattr(model, function)
        return [make(formula, table, **arguments) for formula in asked.formulas]
