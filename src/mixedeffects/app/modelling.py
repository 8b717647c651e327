"""The options of a model that several commands share, and the fit they ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, get_type_hints

import typer

from mixedeffects.app.shell import busy, find_data, told

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
Weights = Annotated[
    str | None, typer.Option(help="Column of prior weights.", metavar="COLUMN")
]  # fmt: skip
MaximumLikelihood = Annotated[
    bool, typer.Option("--ml", help="Maximum likelihood; REML if not given.")
]
Family = Annotated[
    str | None,
    typer.Option(
        help="A generalised model: binomial, poisson, nbinom2, gamma, beta, ordinal, …; "
        "a linear one if not given.",
        metavar="NAME",
        rich_help_panel=GENERALISED,
    ),
]
Link = Annotated[
    str | None,
    typer.Option(
        help="logit, log, …; the family's usual one if not given.", metavar="NAME",
        rich_help_panel=GENERALISED,
    ),
]  # fmt: skip
Nagq = Annotated[
    int | None,
    typer.Option(
        help="Quadrature points; 1 is Laplace's approximation.", metavar="N",
        rich_help_panel=GENERALISED,
    ),
]  # fmt: skip
Zi = Annotated[
    str | None,
    typer.Option(
        help='Formula of the extra zeros: "~ 1".', metavar="FORMULA", rich_help_panel=GENERALISED
    ),
]
Dispersion = Annotated[
    str | None,
    typer.Option(
        help='Formula of the dispersion: "~ x".', metavar="FORMULA", rich_help_panel=GENERALISED
    ),
]
Exposure = Annotated[
    str | None,
    typer.Option(
        help="Column of what counts were counted over.", metavar="COLUMN",
        rich_help_panel=GENERALISED,
    ),
]  # fmt: skip
Optimizer = Annotated[
    str,
    typer.Option(
        help="newton, L-BFGS-B, Nelder-Mead, Powell, COBYQA or em.", metavar="NAME",
        rich_help_panel=SEARCH,
    ),
]  # fmt: skip
MaxIterations = Annotated[
    int | None,
    typer.Option(min=1, help="Iteration limit.", metavar="N", rich_help_panel=SEARCH),
]
Remedy = Annotated[
    bool,
    typer.Option(
        "--remedy",
        help="Where the fit is singular or not certified, try the six remedies of diagnose and "
        "take the model they recommend.",
        rich_help_panel=SEARCH,
    ),
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
# options of generalised models, and options of every model
SPECIAL = ("link", "nagq", "zi", "dispersion", "exposure")
COMMON = ("weights", "optimizer", "max_iterations", "remedy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The model that a command line asks for: arguments and options that commands share."""

    data: Data
    formula: Formula
    ml: MaximumLikelihood = False
    family: Family = None
    link: Link = None
    nagq: Nagq = None
    zi: Zi = None
    dispersion: Dispersion = None
    exposure: Exposure = None
    weights: Weights = None
    optimizer: Optimizer = "newton"
    max_iterations: MaxIterations = None
    remedy: Remedy = False


def of_a_model(*without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command that fits a model: the fields of `Asked` become arguments and options of it.

    Parameters
    ----------
    without : str
        Options that the command does not have.

    Returns
    -------
    callable
        Decorator of a function of an `Asked` and the command's own options.
    """
    hints = get_type_hints(Asked, include_extras=True)
    shared = [
        Parameter(
            f.name, Parameter.KEYWORD_ONLY, annotation=hints[f.name],
            default=Parameter.empty if f.default is MISSING else f.default,
        )
        for f in fields(Asked)
        if f.name not in without
    ]  # fmt: skip

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            asked = Asked(**{option.name: given.pop(option.name) for option in shared})
            command(asked, **given)

        _, *own = signature(command, eval_str=True).parameters.values()
        every = [*shared, *(option.replace(kind=Parameter.KEYWORD_ONLY) for option in own)]
        # what Typer reads the options from
        run.__signature__ = Signature(every)  # type: ignore[attr-defined]
        run.__annotations__ = {option.name: option.annotation for option in every}
        return run

    return decorated


def fit_of(asked: Asked) -> Any:
    """The fit that the options of a command ask for, its warnings told.

    Parameters
    ----------
    asked : Asked

    Raises
    ------
    typer.BadParameter
        An option of generalised models without a family.
    """
    special = check_options(asked.family, {name: getattr(asked, name) for name in SPECIAL})
    common = {name: getattr(asked, name) for name in COMMON}
    table = find_data(asked.data)
    with busy("fitting"), told():
        if asked.family is None:
            from mixedeffects.model import lmm

            return lmm(asked.formula, table, reml=not asked.ml, **common)
        from mixedeffects.model import glmm

        return glmm(asked.formula, table, family=asked.family, **special, **common)


def check_options(family: str | None, special: dict[str, Any]) -> dict[str, Any]:
    """The special options that were given; refused without a family."""
    given = {name: value for name, value in special.items() if value is not None}
    if family is None and given:
        options = ", ".join(f"--{name}" for name in given)
        raise typer.BadParameter(f"{options}: for generalised models; give --family as well")
    return given
