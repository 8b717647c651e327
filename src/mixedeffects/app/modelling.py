"""The options of a model that several commands share, and the fit they ask for."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Data = Annotated[
    str,
    typer.Argument(
        help="A CSV, TSV or Parquet file, or the name of a data set that comes with the package.",
        metavar="DATA",
    ),
]
Formula = Annotated[str, typer.Argument(help='In quotes: "y ~ x + (1 + x | group)".')]
Weights = Annotated[str | None, typer.Option(help="Column of prior weights.")]
MaximumLikelihood = Annotated[
    bool, typer.Option("--ml", help="Maximum likelihood; REML if not given.")
]
Family = Annotated[
    str | None,
    typer.Option(
        help="A generalised model: binomial, poisson, nbinom2, gamma, beta, ordinal, …; "
        "a linear one if not given."
    ),
]
Link = Annotated[
    str | None, typer.Option(help="logit, log, …; the family's usual one if not given.")
]
Nagq = Annotated[int | None, typer.Option(help="Quadrature points; 1, Laplace's approximation.")]
Zi = Annotated[
    str | None, typer.Option(help='Formula of the extra zeros: "~ 1".', metavar="FORMULA")
]
Dispersion = Annotated[
    str | None, typer.Option(help='Formula of the dispersion: "~ x".', metavar="FORMULA")
]
Exposure = Annotated[str | None, typer.Option(help="Column of the exposure of counts.")]
Optimizer = Annotated[
    str, typer.Option(help="newton, L-BFGS-B, Nelder-Mead, Powell, COBYQA or em.")
]
MaxIterations = Annotated[int | None, typer.Option(min=1, help="Iteration limit.")]
Ddf = Annotated[
    str | None,
    typer.Option(help="satterthwaite, kenward-roger, wald, CR0 or CR2; the usual if not given."),
]
Level = Annotated[float, typer.Option(min=0.0, max=1.0, help="Coverage of the intervals.")]


def fitted(
    table: Any, formula: str, *, ml: bool, family: str | None, special: dict[str, Any],
    **common: Any,
) -> Any:  # fmt: skip
    """The model that the options describe, fitted.

    Parameters
    ----------
    table : table
    formula : str
    ml : bool
    family : str or None
        None for a linear model.
    special : dict
        Options of generalised models: link, nagq, zi, dispersion, exposure; None if not given.
    **common
        Of both: weights, optimizer, max_iterations.

    Raises
    ------
    typer.BadParameter
        A special option without a family.
    """
    given = check_options(family, special)
    if family is None:
        from mixedeffects.model import lmm

        return lmm(formula, table, reml=not ml, **common)
    from mixedeffects.model import glmm

    return glmm(formula, table, family=family, **given, **common)


def check_options(family: str | None, special: dict[str, Any]) -> dict[str, Any]:
    """The special options that were given; refused without a family."""
    given = {name: value for name, value in special.items() if value is not None}
    if family is None and given:
        options = ", ".join(f"--{name}" for name in given)
        raise typer.BadParameter(f"{options}: for generalised models; give --family as well")
    return given
