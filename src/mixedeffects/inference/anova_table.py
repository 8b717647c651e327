"""Analysis of variance: an F test of every fixed-effect term."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from mixedeffects.errors import DataWarning, OptionError, depth_of_package
from mixedeffects.inference.anova_types import general, marginal, sequential
from mixedeffects.inference.coefficient_parts import (
    MAIN,
    CoefficientPart,
    check_component,
    part_of,
)
from mixedeffects.inference.df import df_method
from mixedeffects.inference.df.estimates import f_p_value
from mixedeffects.inference.df.methods import independent_rows
from mixedeffects.inference.separated import LRT, limits_of
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit, HasColumns

TYPES = {1: sequential, 2: marginal, 3: general, "I": sequential, "II": marginal, "III": general}


def anova(fit: Fit, *, type=3, ddf=None, component=MAIN):
    """F tests of the fixed-effect terms; chi-squared tests for a generalised model.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.
    type : {3, 2, 1}
        Which hypotheses, the same for every coding of the factors: 1 tests each term after
        those before it, 2 after all terms that do not contain it, 3 compares equally weighted
        cell means (slopes at the other covariates' zero). As in SAS and lmerTest only a term with
        the same numeric variables contains another: types 2 and 3 of ``a * x`` test ``a`` where
        x is zero, while R's ``car::Anova`` of type 2 leaves ``a:x`` out. Without an intercept in
        the formula the first term of type 1, and of the others a factor beside which no other
        term has the constant (``0 + f``, ``0 + f + x``), is asked whether all its means are zero,
        as by SAS with NOINT; in ``0 + a * b`` both factors are asked for differences.
    ddf : {"satterthwaite", "kenward-roger", "wald", "CR0", "CR2"}, optional
        "satterthwaite" for a linear mixed model; "wald", the only one, for a generalised one.
        Where standard errors and denominator degrees of freedom come from.

    component : str
        Of a generalised model: "conditional", or another linear predictor with a formula, "zi" or
        "dispersion".

    Returns
    -------
    Table
        term, num_df, den_df, statistic, p_value, sum_sq, mean_sq; statistics are F, and mean_sq
        is F (before the scaling of Kenward and Roger, CR0 and CR2) times the residual variance,
        in squared units of
        the response. A term of which nothing can be estimated has num_df 0. For a generalised
        model term, num_df, den_df, statistic, p_value, chisq: Wald's chi-squared, the statistic
        being chisq / num_df and den_df inf.

    Raises
    ------
    OptionError

    Warns
    -----
    DataWarning
        When columns were dropped from the fit: which hypotheses remain depends on which cells
        have rows. When coefficients of a term have no finite estimate (separation): it has no
        Wald test, and nan.

    References
    ----------
    Kuznetsova, Brockhoff & Christensen (2017), doi:10.18637/jss.v082.i13.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ factor(Days) + (1 | Subject)", me.datasets.sleepstudy())
    >>> table = fit.anova()
    >>> table["num_df"].tolist(), table["statistic"].round(2).tolist()
    ([9.0], [18.7])
    """
    if not isinstance(type, int | float | str) or isinstance(type, bool) or type not in TYPES:
        raise OptionError(f"type={type!r} is not one of 1, 2, 3")
    method = df_method(fit, ddf)
    whole, part = fit, cast("HasColumns", fit)
    if component != MAIN:
        part = formula_part(fit, component)
        method = df_method(part)
    hypotheses = TYPES[type](part) if part.design.spec.terms else []
    _warn_aliased(part, hypotheses)
    sizes = ("sum_sq", "mean_sq") if whole.kind.residual else ("chisq",)
    columns = {name: [] for name in ("term", "num_df", "den_df", "statistic", "p_value", *sizes)}
    lost = lost_terms(part, hypotheses)
    for position, (term, L) in enumerate(zip(part.design.spec.terms, hypotheses, strict=True)):
        if L.shape[0] == 0:
            values = (0.0, *[np.nan] * (3 + len(sizes)))
        elif lost[position]:
            values = (float(L.shape[0]), np.inf, *[np.nan] * (2 + len(sizes)))
        else:
            rows, effects = independent_rows(L, L @ part.beta)
            test = method.joint(rows, effects)
            # some methods scale their F; the sum of squares is not scaled
            size = np.nan
            if not np.isnan(test.statistic):
                size = effects @ np.linalg.solve(rows @ method.vcov @ rows.T, effects)
            last = (float(size),)
            if whole.kind.residual:
                mean_sq = whole.noise.variance * float(size) / effects.size
                last = mean_sq * test.num_df, mean_sq
            values = (test.num_df, test.den_df, test.statistic, f_p_value(test), *last)
        for name, value in zip(columns, (term, *values), strict=True):
            columns[name].append(value)
    return Table({"term": columns.pop("term"), **{n: np.array(v) for n, v in columns.items()}})


def lost_terms(fit: HasColumns, hypotheses):
    """Whether each term has a coefficient, or a hypothesis, without a finite estimate.

    Takes hypotheses list of (d, p) arrays. Returns list of bool.

    Warns
    -----
    DataWarning
        Where a term has: Wald's statistic is then none, and its likelihood ratio is.
    """
    if fit.recession is None:
        return [False] * len(hypotheses)
    own = np.array(fit.design.spec.x_terms, dtype=int)
    moving = limits_of(fit, np.eye(fit.beta.size)) != 0
    lost = [
        bool(moving[own == t].any() or (limits_of(fit, L) != 0).any())
        for t, L in enumerate(hypotheses)
    ]
    names = [term for term, is_lost in zip(fit.design.spec.terms, lost, strict=True) if is_lost]
    if names:
        shown = ", ".join(f"'{name}'" for name in names)
        warnings.warn(
            f"no Wald test of {shown}: it has coefficients without a finite estimate (separation)\n"
            f"{LRT}",
            DataWarning,
            stacklevel=depth_of_package(),
        )
    return lost


@dataclass(frozen=True, slots=True)
class FormulaPart(CoefficientPart):
    """A linear predictor with a formula of its own, as a fit whose terms can be tested."""

    design: Any = None


def formula_part(fit: Fit, component):
    """The linear predictor of another part as something with a design and coefficients.

    Raises OptionError for a part without a formula.
    """
    check_component(fit, component, together=False)
    if component not in fit.design.others:
        raise OptionError(f"component={component!r} has no formula, so no terms to test")
    names, part = part_of(fit, component)
    design = fit.design.others[component]
    return FormulaPart(
        component, names, part.beta, part.vcov_beta, recession=part.recession, design=design
    )


def _warn_aliased(fit: HasColumns, hypotheses):
    aliased = fit.design.aliased
    if not aliased:
        return
    shown = "\n".join(column.reason for column in aliased[:5])
    more = f"\n… and {len(aliased) - 5} more" if len(aliased) > 5 else ""
    empty = [
        term for term, L in zip(fit.design.spec.terms, hypotheses, strict=True) if L.shape[0] == 0
    ]
    nothing = f"\nnothing can be tested of {', '.join(empty)}" if empty else ""
    warnings.warn(
        f"{len(aliased)} fixed-effect column{'s' * (len(aliased) > 1)} could not be estimated; "
        f"the tests are about what is left, which depends on the cells that have rows\n"
        f"{shown}{more}{nothing}",
        DataWarning,
        stacklevel=depth_of_package(),
    )
