"""The options of a model that several commands share, and the fit they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
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
        help="A CSV, TSV or Parquet file, or the name of a data set that comes with the package.",
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
Level = Annotated[
    float,
    typer.Option(
        min=0.0, max=1.0, help="Coverage of the intervals.", metavar="X", rich_help_panel=INFERENCE
    ),
]
# those of `lmm` and `glmm` that the command line has
OFFERED = tuple(option for option in OPTIONS if option.help)


@dataclass(frozen=True, slots=True)
class Asked:
    """The model that a command line asks for: arguments and options that commands share."""

    data: str
    formula: str
    options: dict[str, Any]


def as_parameter(option: Option) -> Parameter:
    """An option of `lmm` or `glmm` as Typer reads it."""
    name, flag, panel = option.flag or option.name, option.kind is bool, None
    kind, default = (bool, False) if flag else (option.kind | None, option.default)
    if option.search:
        panel = SEARCH
    elif option.functions == ("glmm",):
        panel, default = GENERALISED, None  # what it is for linear models, which are the default
    more = typer.Option(
        *[f"--{name}"] * flag, help=option.help, metavar=option.metavar, min=option.least,
        rich_help_panel=panel,
    )  # fmt: skip
    return Parameter(
        name, Parameter.KEYWORD_ONLY, annotation=Annotated[kind, more], default=default
    )


def of_a_model(
    offered: Iterable[Option] = OFFERED,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a command of a function of an `Asked` and of options of its own."""
    parameters = {option.name: as_parameter(option) for option in offered}
    shared = [
        Parameter("data", Parameter.KEYWORD_ONLY, annotation=Data),
        Parameter("formula", Parameter.KEYWORD_ONLY, annotation=Formula),
        *parameters.values(),
    ]

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            data, formula = given.pop("data"), given.pop("formula")
            options = {name: given.pop(asked.name) for name, asked in parameters.items()}
            command(Asked(data, formula, options), **given)

        _, *own = signature(command, eval_str=True).parameters.values()
        every = [*shared, *(option.replace(kind=Parameter.KEYWORD_ONLY) for option in own)]
        # what Typer reads the options from
        run.__signature__ = Signature(every)  # type: ignore[attr-defined]
        run.__annotations__ = {option.name: option.annotation for option in every}
        return run

    return decorated


def fit_of(asked: Asked) -> Any:
    """The fit that a command line asks for, its warnings told."""
    function = "lmm" if asked.options["family"] is None else "glmm"
    arguments, refused = {}, []
    for option in OFFERED:
        value = asked.options.get(option.name)
        if option.kind is bool:  # a flag gives what is not the default
            value = option.default != bool(value)
        elif value is None:
            continue
        if function in option.functions:
            arguments[option.name] = value
        elif function == "lmm":
            refused.append(f"--{option.name}")
    if refused:
        raise typer.BadParameter(
            f"{', '.join(refused)}: for generalised models; give --family as well"
        )
    table = find_data(asked.data)
    with busy("fitting"), told():
        from mixedeffects import model

        return getattr(model, function)(asked.formula, table, **arguments)
