"""One row per parameter or random effect, as R's broom.mixed has it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import DataWarning, NotAvailableError, OptionError, depth_of_package
from mixedeffects.inference.coefficient_parts import MAIN, check_flag
from mixedeffects.inference.coefficients import coefficient_table
from mixedeffects.inference.component_names import PREFIXES, component_name
from mixedeffects.inference.level_columns import level_column
from mixedeffects.inference.normal import check_level, z_quantile
from mixedeffects.inference.prediction.rows import PredictorRows
from mixedeffects.inference.prediction.uncertainty import TooManyRows
from mixedeffects.inference.ranef import ranef
from mixedeffects.inference.table import Table
from mixedeffects.inference.variance_errors import variance_errors

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

COLUMNS = (
    "effect", "component", "group", "level", "term", "estimate", "std_error", "statistic", "df",
    "p_value", "lower", "upper",
)  # fmt: skip
TEXT = COLUMNS[:5]


def tidy(
    fit: Fit,
    *,
    effects=("fixed", "ran_pars"),
    ddf=None,
    level=0.95,
    scale="sdcor",
    exponentiate=False,
):
    """One row per parameter, and per random effect on request.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    effects : str or sequence of str
        Any of "fixed" (fixed effects), "ran_pars" (standard deviations and correlations),
        "ran_vals" (random effects, that is conditional modes or BLUPs) and "ran_coefs"
        (coefficients of every level: fixed plus random effect), in the order wanted.
    ddf : str, optional
        Degrees of freedom of the fixed effects, as in `coefficient_table`.
    level : float
        Coverage of the intervals. Those of "ran_pars" are approximate (see
        `variance_errors`); those of "ran_coefs" take theta as known, those of "ran_vals" the
        fixed effects too, as broom.mixed's do: `ranef` has the prediction errors.
    scale : {"sdcor", "vcov"}
        "ran_pars" as standard deviations and correlations, or variances and covariances.
    exponentiate : bool
        Fixed effects as ratios (of odds, of means): estimates and limits as their exponentials,
        errors by the delta method. Random effects stay on the scale of the linear predictor.

    Returns
    -------
    Table
        effect, component (of a generalised model: the linear predictor), group, level (with
        "ran_vals" or "ran_coefs"), term, estimate, std_error, statistic, df, p_value, lower,
        upper. Terms of "ran_pars" are named as in broom.mixed: ``sd__Days``,
        ``cor__(Intercept).Days``, ``sd__Observation`` (``var__``, ``cov__``). The "fixed" rows of
        a generalised model are those of all its linear predictors.

    Raises
    ------
    OptionError
        For another effect or scale.

    Warns
    -----
    DataWarning
        When standard errors of "ran_coefs" would take too long; they are nan then.

    Notes
    -----
    The standard error of a "ran_coefs" row is that of the prediction error of the level's
    coefficient, the errors of the fixed and of the random effect correlated as they are; of a
    generalised model with the uncertainty of its covariance parameters.

    References
    ----------
    Bolker & Robinson, broom.mixed (R package), for the layout; Henderson (1975),
    doi:10.2307/2529430, for the errors of "ran_coefs".

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.tidy()["term"].tolist()[2:]
    ['sd__(Intercept)', 'sd__Days', 'cor__(Intercept).Days', 'sd__Observation']
    >>> coefficients = fit.tidy(effects="ran_coefs")
    >>> int(coefficients.loc[0, "level"]), float(coefficients.loc[0, "estimate"].round(2))
    (308, 253.66)
    """
    if not isinstance(effects, str | list | tuple):
        raise OptionError(f"effects={effects!r} must be names among {', '.join(EFFECTS)}")
    effects = (effects,) if isinstance(effects, str) else tuple(effects)
    for effect in effects:
        if effect not in EFFECTS:
            raise OptionError(f"effects={effect!r} is not one of {', '.join(EFFECTS)}")
    if len(set(effects)) < len(effects) or not effects:
        raise OptionError(f"effects={effects!r} must name each of {', '.join(EFFECTS)} once")
    if scale not in PREFIXES:
        raise OptionError(f"scale={scale!r} is not one of {', '.join(PREFIXES)}")
    check_level(level)
    check_flag("exponentiate", exponentiate)
    options = {"ddf": ddf, "level": level, "scale": scale, "exponentiate": exponentiate}
    parts = [(effect, EFFECTS[effect](fit, **options)) for effect in effects]
    out = {}
    for name in COLUMNS:
        if name == "level" and not {"ran_vals", "ran_coefs"} & set(effects):
            continue
        if name == "component" and fit.kind.residual:
            continue
        columns = []
        for effect, part in parts:
            n = len(part["term"])
            missing = MAIN if name == "component" else None if name in TEXT else np.nan
            columns.append([effect] * n if name == "effect" else part.get(name, [missing] * n))
        if name in TEXT:
            out[name] = [value for column in columns for value in column]
        else:
            out[name] = np.concatenate([np.asarray(column, dtype=float) for column in columns])
    return Table(out)


def _fixed(fit: Fit, ddf, level, exponentiate, **_):
    component = "all" if fit.extras else MAIN
    return coefficient_table(
        fit, ddf=ddf, level=level, component=component, exponentiate=exponentiate
    ).columns


def _ran_pars(fit: Fit, level, scale, **_):
    found = variance_errors(fit, level=level).columns
    terms = [
        component_name(a, b, scale=scale)
        for a, b in zip(found["term1"], found["term2"], strict=True)
    ]
    out = {"group": found["group"], "term": terms, "estimate": found[scale]}
    if "component" in found:
        out["component"] = found["component"]
    for name in ("std_error", "lower", "upper"):
        out[name] = found[name if scale == "sdcor" else f"vcov_{name}"]
    return out


def _ran_vals(fit: Fit, level, **_):
    found = dict(ranef(fit, level=level, error="conditional").columns)
    return found | {"std_error": found.pop("sd")}


def _ran_coefs(fit: Fit, level, **_):
    """beta + b of every level; columns that are not random are the same for all levels."""
    design = fit.design
    half = z_quantile(level)
    known = True
    columns = {name: [] for name in ("group", "level", "term", "estimate", "std_error")}
    shown = level_column(design.blocks)
    for f, (block, b) in enumerate(zip(design.blocks, fit.b, strict=True)):
        q, k = b.shape
        levels = shown[f].tolist()
        names = [*design.x_names, *(n for n in block.names if n not in design.x_names)]
        codes = [np.full(q, -1, dtype=np.int32) for _ in design.blocks]
        codes[f] = np.arange(q, dtype=np.int32)
        for name in dict.fromkeys(names):
            x = np.array([float(name == other) for other in design.x_names])
            z = np.array([float(name == other) for other in block.names])
            Z = [np.zeros((q, other.k)) for other in design.blocks]
            Z[f] = np.broadcast_to(z, (q, k))
            columns["group"] += [block.factor.name] * q
            columns["level"] += levels
            columns["term"] += [name] * q
            columns["estimate"].append(x @ fit.beta + b @ z)
            error = np.full(q, np.nan)
            if known:
                try:
                    X = np.broadcast_to(x, (q, x.size))
                    error = np.sqrt(_coefficient_error(fit, X, list(zip(codes, Z, strict=True))))
                except NotAvailableError as reason:
                    known = False
                    too_long = isinstance(reason, TooManyRows)
                    why = "would take too long" if too_long else f"are not known ({reason})"
                    warnings.warn(
                        f"standard errors of the coefficients of {q:,} levels of "
                        f"'{block.factor.name}' {why} and were left out",
                        DataWarning,
                        stacklevel=depth_of_package(),
                    )
            columns["std_error"].append(error)
    estimate = np.concatenate(columns["estimate"])
    error = np.concatenate(columns["std_error"])
    limits = {"lower": estimate - half * error, "upper": estimate + half * error}
    return columns | {"estimate": estimate, "std_error": error} | limits


def _coefficient_error(fit: Fit, X, blocks):
    """(q,) variance of the prediction errors of X beta + Z b."""
    q = X.shape[0]
    others = fit.all_blocks[len(blocks) :]
    blocks += [(np.full(q, -1, dtype=np.int32), np.zeros((q, b.k))) for b in others]
    rows = PredictorRows(q, {MAIN: (X, None)}, tuple(blocks), None, False)
    return fit.uncertainty().variance(rows, {MAIN: np.ones(q)}, conditional=True)


# name -> function of a fit and the options that returns columns; a new kind is one line
EFFECTS = {
    "fixed": _fixed,
    "ran_pars": _ran_pars,
    "ran_vals": _ran_vals,
    "ran_coefs": _ran_coefs,
}
