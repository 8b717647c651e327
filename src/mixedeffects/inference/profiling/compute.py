"""Profile likelihood: `profile` and the confidence intervals that come from it."""

from __future__ import annotations

import sys
from math import isnan
from numbers import Integral
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.engine import threads_for
from mixedeffects.errors import NotAvailableError, OptionError
from mixedeffects.estimation.profile import LowerPointError, check_profile, optimum_of
from mixedeffects.inference.df import df_method
from mixedeffects.inference.df.estimates import t_quantile
from mixedeffects.inference.identification import NOT_IN_DATA, unknown_names
from mixedeffects.inference.normal import check_level, z_quantile
from mixedeffects.inference.profiling.names import all_parameters, chosen
from mixedeffects.inference.profiling.record import ProfileFacts, fixed_first
from mixedeffects.inference.separated import because
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

CRITERIA = ("ml", "reml")
REFERENCES = ("chi2", "t")
USUAL_LEVEL = 0.95
# steps on either side when only the limits are wanted
FEWEST = 4
# an optimum found while profiling replaces the one started from, at most so often
RESTARTS = 3


def profile(fit: Fit, parameters=None, *, criterion="ml", level=0.99, points=8, progress=False):
    """Profile likelihood of variance components and fixed effects.

    For each value of a parameter the criterion d is minimised over all other parameters;
    zeta = sign(value - estimate) sqrt(d(value) - d_min) is compared with the normal
    distribution. A straight zeta means that a Wald interval would do as well.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    parameters : str or sequence of str, optional
        Names as in the result: standard deviations (``"sd_Days|Subject"``), correlations
        (``"cor_Days.(Intercept)|Subject"``), ``"sigma"``, fixed effects by their own names;
        ``"random"`` or ``"fixed"`` for all of a kind. A term as tables show it
        (``"sd__Days"``) stands for every group that has one. All by default.
    criterion : {"ml", "reml"}
        By default the maximum-likelihood deviance, *whatever the fit was estimated by*, as
        lme4's profile: likelihoods of different fixed effects cannot be compared by REML. The
        profile of a REML fit is therefore centred at the ML estimates. With ``"reml"``
        variance parameters are profiled by the REML criterion, which covers much better when
        there are few groups.
    level : float
        Coverage up to which the profile reaches.
    points : int
        Steps of zeta on either side.
    progress : bool
        Print an estimate of the time, then one line per parameter, to standard error.

    Returns
    -------
    ProfileFacts
        With ``.table()`` and ``.confint(level)``.

    Raises
    ------
    OptionError
        For unknown names or values.
    NotAvailableError
        For a fixed effect by the REML criterion, and for a generalised model by REML, fitted
        with nagq=0 or not converged.

    Notes
    -----
    Parameters are on their natural scale. A standard deviation may be zero and a correlation
    -1 or 1; where d does not rise enough up to there, the interval ends there. Of a linear model
    no row is read again: a fixed effect is held by transforming the cross-products, and the
    search is Newton's with the average information in the factors L of the covariances LL', not
    relative to sigma, in which a standard deviation that is held is a linear constraint.

    References
    ----------
    Bates & Watts (1988), Nonlinear Regression Analysis, section 6.1.2; Bates, Mächler, Bolker &
    Walker (2015), section 5.1, doi:10.18637/jss.v067.i01; Venzon & Moolgavkar (1988),
    doi:10.2307/2347496.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> limits = profile(fit, ["sd_Days|Subject", "Days"]).confint(0.95).columns
    >>> limits["lower"].round(2), limits["upper"].round(2)
    (array([3.8 , 7.36]), array([ 8.75, 13.58]))
    """
    if criterion not in CRITERIA:
        raise OptionError(f"criterion={criterion!r} is not one of {', '.join(CRITERIA)}")
    check_level(level)
    if not isinstance(points, Integral) or isinstance(points, bool) or points < 2:
        raise OptionError(f"points={points!r} must be a whole number, at least 2")
    everything, wanted = _wanted(fit, parameters, criterion)
    key = "profile", criterion, float(level), int(points), tuple(wanted)
    if key not in fit.cache:
        with threads_for(fit.plan.columns):
            fit.cache[key] = _profile(fit, everything, wanted, criterion, level, points, progress)
    return fit.cache[key]


def profile_confint(fit: Fit, *, level=0.95, parameters=None, criterion="ml", reference="chi2"):
    """Profile confidence intervals, exact at any level, without a fine profile in between.

    Parameters
    ----------
    fit : Fit
        A fitted model.
    level : float
        Coverage of the intervals.
    parameters, criterion
        As in `profile`.
    reference : {"chi2", "t"}
        What the rise of the criterion is compared with. "chi2" is the large-sample limit, as in
        lme4. "t", for fixed effects, is what the rise of a normal mean with as many degrees of
        freedom as Satterthwaite gives would have to be: (df + 1) log(1 + t^2 / df). With few
        groups the first covers too little.

    Returns
    -------
    Table
        term, group, estimate, lower, upper.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> limits = profile_confint(fit).columns
    >>> limits["term"][:2], limits["lower"][:2].round(2), limits["upper"][:2].round(2)
    (['(Intercept)', 'Days'], array([231.99,   8.89]), array([270.82,  12.05]))
    """
    if reference not in REFERENCES:
        raise OptionError(f"reference={reference!r} is not one of {', '.join(REFERENCES)}")
    if reference == "chi2":
        found = profile(fit, parameters, criterion=criterion, level=level, points=FEWEST)
        return with_unknown(fit, fixed_first(found.confint(level)), parameters)
    if fit.default_ddf == "wald":
        raise NotAvailableError(
            "reference='t' needs degrees of freedom, which the coefficients of a generalised model "
            "do not have\nuse reference='chi2', or method='bootstrap'"
        )
    check_level(level)
    everything, wanted = _wanted(fit, parameters, criterion)
    df = df_method(fit).df(np.eye(fit.beta.size))
    columns: dict[str, list] = {n: [] for n in ("term", "group", "estimate", "lower", "upper")}
    for i in wanted:
        parameter, reached = everything[i], level
        if parameter.kind == "fixed":
            reached = level_of_t(level, float(df[parameter.constraint.columns[0]]))
        found = profile(fit, parameter.name, criterion=criterion, level=reached, points=FEWEST)
        for name, column in found.confint(reached).columns.items():
            columns[name].append(column[0])
    numbers = ("estimate", "lower", "upper")
    table = Table({n: np.array(c) if n in numbers else c for n, c in columns.items()})
    return with_unknown(fit, fixed_first(table), parameters)


def with_unknown(fit: Fit, table, parameters):
    """A table of limits with a row, without numbers, of every parameter that is not in the data."""
    names = unknown_names(fit) if parameters in (None, "random") else []
    if not names:
        return table
    missing = [p for p in all_parameters(fit) if p.name in names]
    columns: dict[str, Any] = {
        "term": [*table.columns["term"], *(p.term for p in missing)],
        "group": [*table.columns["group"], *(p.group for p in missing)],
    }
    for name in ("estimate", "lower", "upper"):
        columns[name] = np.concatenate([table.columns[name], np.full(len(missing), np.nan)])
    return Table(columns)


def level_of_t(level, df):
    """The level whose normal quantile is the signed root of (df + 1) log(1 + t^2 / df).

    For the mean of a normal sample, where that is the rise of -2 log-likelihood at the limits of
    the t interval, profile limits at this level are the t interval.

    Examples
    --------
    >>> round(level_of_t(0.95, 7.0), 4), round(level_of_t(0.95, 1e6), 4)
    (0.9698, 0.95)
    """
    t = float(t_quantile(0.5 + level / 2.0, np.array([df]))[0])
    root = t if not np.isfinite(df) else float(np.sqrt((df + 1.0) * np.log1p(t * t / df)))
    return 1.0 - 2.0 * NormalDist().cdf(-root)


def _wanted(fit: Fit, parameters, criterion):
    """All parameters, and the positions of those to be profiled."""
    check_profile(fit, criterion == "reml")
    everything = all_parameters(fit)
    wanted = chosen(fit, everything, parameters)
    if criterion == "reml":
        wanted = _without_fixed(everything, wanted, parameters)
    return everything, _in_the_data(fit, everything, wanted, parameters)


def _in_the_data(fit: Fit, everything, wanted, parameters):
    """Those of the wanted parameters that are in the data.

    Raises
    ------
    NotAvailableError
        For one that was asked for by name.
    """
    unknown = unknown_names(fit)
    asked = [parameters] if isinstance(parameters, str) else parameters or ()
    for name in unknown:
        if name in asked:
            raise NotAvailableError(
                f"{name!r} has no profile: it is {NOT_IN_DATA}\n"
                "fit.summary() says what is in the data"
            )
    return [i for i in wanted if everything[i].name not in unknown]


def _without_fixed(everything, wanted, parameters):
    reason = (
        "REML criteria of models with different fixed effects cannot be compared, and holding a "
        "coefficient changes the fixed effects"
    )
    if parameters is None:
        return [i for i in wanted if everything[i].kind != "fixed"]
    for i in wanted:
        if everything[i].kind == "fixed":
            raise NotAvailableError(
                f"{everything[i].name!r} cannot be profiled by criterion='reml': {reason}\n"
                "use criterion='ml', or a t interval with Satterthwaite or Kenward-Roger df"
            )
    return wanted


def _profile(fit: Fit, everything, wanted, criterion, level, points, progress):
    optimum = optimum_of(fit, criterion == "reml")
    usual, last = z_quantile(USUAL_LEVEL), z_quantile(level)
    targets = [last * (i + 1) / points for i in range(points - 1)] + [last]
    exact = {last}
    if usual < last:
        targets[int(np.argmin([abs(t - usual) for t in targets[:-1]]))] = usual
        exact.add(usual)
    if progress:
        _estimate(fit, optimum, len(wanted), points)
    notes = []
    for _ in range(RESTARTS):
        try:
            curves = []
            for i in wanted:
                curves.append(optimum.curve(everything[i].constraint, i, targets, exact))
                if progress:
                    print(f"profile: {everything[i].name} done", file=sys.stderr)
            break
        except LowerPointError as error:
            notes = ["profiling found a lower optimum than the search before it and started there"]
            optimum = optimum.restarted(error.found)
    else:
        raise NotAvailableError(
            "profiling keeps finding lower optima: the likelihood has several and cannot be "
            "profiled"
        )
    estimates = optimum.estimates()
    for i, curve in zip(wanted, curves, strict=True):
        name = everything[i].name
        notes += [f"{name}: {said}" for said in _said(curve, name, estimates[i])]
    return ProfileFacts(
        parameters=tuple(everything[i] for i in wanted),
        names=tuple(p.name for p in everything),
        estimates=estimates,
        values=tuple(curve.values for curve in curves),
        zeta=tuple(curve.zeta for curve in curves),
        conditional=tuple(curve.conditional for curve in curves),
        ends=tuple(curve.ends for curve in curves),
        criterion=criterion,
        minimum=optimum.minimum,
        level=float(level),
        evaluations=optimum.evaluations,
        notes=tuple(notes),
    )


def _said(curve, name, estimate):
    """What a user must know of one profile, in words."""
    if curve.limit != 0:
        said = said_of_limit(curve.limit, name)
        return [", but ".join((said, *curve.complaints))]
    if isnan(estimate):
        return ["a standard deviation is zero, any value is as likely"]
    return curve.complaints


def said_of_limit(limit, name=""):
    """Why a profile of a parameter has one side, or none.

    Examples
    --------
    >>> import numpy as np
    >>> said_of_limit(-np.inf)
    'the estimate is -∞ (separation); only the upper limit is finite'
    """
    why = because([name])
    if isnan(limit):
        return f"undetermined{why}; the likelihood is the same at every value"
    side, sign = ("lower", "") if limit > 0 else ("upper", "-")
    return f"the estimate is {sign}∞{why}; only the {side} limit is finite"


def _estimate(fit: Fit, optimum, n, points):
    count = optimum.per_point * n * 2 * (points + 2)
    print(
        f"profile: {n} parameters, about {count:.0f} evaluations, "
        f"about {count * fit.plan.seconds:.2g} s",
        file=sys.stderr,
    )
