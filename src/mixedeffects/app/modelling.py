"""The options of a model that several commands share, and the fit they ask for."""

from __future__ import annotations

from typing import Annotated, Any

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
# names of the options above, as commands have them
SPECIAL = ("link", "nagq", "zi", "dispersion", "exposure")
COMMON = ("weights", "optimizer", "max_iterations", "remedy")


def fit_of(given: dict[str, Any]) -> Any:
    """The fit that the options of a command ask for, its warnings told.

    Parameters
    ----------
    given : dict
        The command's arguments by name, data, formula and the options of a model among them.

    Raises
    ------
    typer.BadParameter
        An option of generalised models without a family.
    """
    family, special = given["family"], {name: given[name] for name in SPECIAL}
    special = check_options(family, special)
    common = {name: given[name] for name in COMMON if name in given}
    table = find_data(given["data"])
    with busy("fitting"), told():
        if family is None:
            from mixedeffects.model import lmm

            return lmm(given["formula"], table, reml=not given["ml"], **common)
        from mixedeffects.model import glmm

        return glmm(given["formula"], table, family=family, **special, **common)


def check_options(family: str | None, special: dict[str, Any]) -> dict[str, Any]:
    """The special options that were given; refused without a family."""
    given = {name: value for name, value in special.items() if value is not None}
    if family is None and given:
        options = ", ".join(f"--{name}" for name in given)
        raise typer.BadParameter(f"{options}: for generalised models; give --family as well")
    return given
