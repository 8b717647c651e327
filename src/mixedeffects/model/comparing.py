"""Comparing fits: refit where their likelihoods would not be comparable, then test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mixedeffects.covariance import structure_of
from mixedeffects.design import MAIN
from mixedeffects.display import ModelComparison
from mixedeffects.errors import ColumnTypeError, ModelError, OptionError
from mixedeffects.fitting import GLMMFit, LMMFit
from mixedeffects.fitting.marginal_fit import MarginalFit
from mixedeffects.inference import Table, n_parameters
from mixedeffects.inference.comparison import (
    Nesting,
    bootstrap_test,
    comparison_facts,
    likelihood_ratio,
    needs_ml,
    on_the_same_rows,
    reductions,
    reference,
    refuse_other_likelihoods,
    tested,
)
from mixedeffects.model.foreign import refusing
from mixedeffects.model.listing import printing_frames


@refusing
def compare(*fits, names=None, refit="auto", test="auto"):
    """Compare fitted models: information criteria, weights, likelihood-ratio tests.

    Parameters
    ----------
    *fits : LMM or GLMM
        Two or more, fitted to the same rows, in any order; or one list of them. Or two or more
        `MMRM`, whose covariances of visits are compared: each is tested against the most general
        that includes it, and criteria count as SAS does.
    names : sequence of str, optional
        What to call them; "model 1", … by default.
    refit : {"auto", True, False}
        "auto" refits by maximum likelihood when the fixed effects differ and any model was
        fitted by REML, because a REML likelihood depends on them; True always does (as R's
        ``anova`` does); False never, and refuses where it would be needed.
    test : {"auto", True, False}
        Test each model against the best of the smaller ones that are nested in it, with no other
        between; True refuses models of which none is.

    Returns
    -------
    ModelComparison
        Prints as a table; ``tidy()`` is a frame with model, formula, npar, nobs, reml, loglik,
        aic, aicc, bic, delta_aic, weight_aic, weight_bic, against (the model that it was tested
        against), chisq, df, p_value (variances on the boundary taken into account), p_naive
        (chi-squared) and reference. ``nesting()`` says of every pair whether one is a case of
        the other.

    Raises
    ------
    DataError
        Other rows, responses or weights.
    ModelError
        Not nested, with ``test=True``; REML fits of different fixed effects, with
        ``refit=False``; generalised models of continuous and of discrete families, or with
        different ``nagq``, whose likelihoods are not comparable.

    Notes
    -----
    Nesting is decided on the columns, not on the formulas' text. Of several nested models the one
    with the highest likelihood is the one to improve on; in a chain it is the one before, as in R's
    ``anova``. A singular fit is compared
    like any other. A family that is the limit of another (poisson of nbinom2, binomial of
    betabinomial, none of extra zeros) is a parameter on the boundary.

    References
    ----------
    Self & Liang (1987), doi:10.1080/01621459.1987.10478472; Stram & Lee (1994),
    doi:10.2307/2533455.

    Examples
    --------
    >>> import mixedeffects as me
    >>> data = me.datasets.sleepstudy()
    >>> one = me.lmm("Reaction ~ 1 + (Days | Subject)", data)
    >>> two = me.lmm("Reaction ~ Days + (Days | Subject)", data)
    >>> both = me.compare(one, two)
    >>> both.tidy()["chisq"].round(2).tolist()[1], both.notes[0][:39]
    (23.54, 'Refitted by maximum likelihood: a REML ')
    """
    if len(fits) == 1 and isinstance(fits[0], list | tuple):
        (fits,) = fits
    names = _names(fits, names)
    if any(isinstance(fit, MarginalFit) for fit in fits):
        return _of_visits(fits, names)
    fits, notes = comparable(fits, names, refit, test)
    facts = comparison_facts(fits, names, test=test, notes=notes)
    return ModelComparison(facts, printing_frames(fits[0]))


def _of_visits(fits, names):
    """Models of visits compared among themselves."""
    from mixedeffects.display.visits import VisitComparison
    from mixedeffects.inference.compare_visits import compare_visits

    if not all(isinstance(fit, MarginalFit) for fit in fits):
        raise ModelError(
            "a model by mmrm() is compared with others by mmrm() only: its criteria count subjects "
            "and covariance parameters\nlook at fit.loglik of each"
        )
    return VisitComparison(compare_visits(fits, names), printing_frames(fits[0]))


def lrt(fit, other, *, refit="auto", method="mixture", n=1000, rng=None):
    """Likelihood-ratio test of two nested models, in either order.

    Parameters
    ----------
    fit, other : LMM or GLMM
        Two fitted models, one nested in the other.
    refit : {"auto", True, False}
        As in `compare`.
    method : {"mixture", "bootstrap"}
        "mixture": chi-squared, or the mixture of chi-squared distributions that holds for
        variances on the boundary. "bootstrap": the statistic's distribution by simulation
        from the smaller model.
    n : int
        Simulated data sets.
    rng : numpy.random.Generator or int, optional
        Source of random numbers, or its seed.

    Returns
    -------
    ModelComparison
        With ``statistic``, ``df``, ``p_value``, ``p_naive``, and for the bootstrap
        ``bootstrap`` with the simulated statistics and the number of failures.

    Raises
    ------
    DataError, ModelError
        As in `compare`; ModelError when the models are not nested.

    Examples
    --------
    >>> import mixedeffects as me
    >>> data = me.datasets.sleepstudy()
    >>> one = me.lmm("Reaction ~ Days + (Days || Subject)", data)
    >>> two = me.lmm("Reaction ~ Days + (Days | Subject)", data)
    >>> test = two.lrt(one)
    >>> round(test.statistic, 3), test.df, round(test.p_value, 3)
    (0.041, 1, 0.839)
    """
    if method not in ("mixture", "bootstrap"):
        raise OptionError(f"method={method!r} is not one of mixture, bootstrap")
    names = _names((fit, other), None)
    fits, notes = comparable((fit, other), names, refit, True)
    facts = comparison_facts(fits, names, test=True, notes=notes)
    to_frame = printing_frames(fit)
    if method == "mixture":
        return ModelComparison(facts, to_frame)
    if any(one is not fit for one, fit in zip(fits, (fit, other), strict=True)):
        fits = [fit.again() for fit in fits]
    small, large = sorted(fits, key=n_parameters)
    (asymptotic,) = facts.tests
    if asymptotic is None:  # refused above
        raise ModelError("the models are not nested")
    found = bootstrap_test(small, large, asymptotic.statistic, n=n, rng=rng)
    words = f"bootstrap of {found.n:,}"
    test = replace(asymptotic, p_value=found.p_value, words=words)
    columns = dict(facts.table.columns)
    columns["p_value"] = np.array([np.nan, found.p_value])
    columns["reference"] = [None, words]
    said = (
        *notes,
        f"Parametric bootstrap: {found.n:,} data sets drawn from the smaller model, "
        f"{found.n_failed:,} failed; by {asymptotic.words} p = {asymptotic.p_value:.3g}",
    )
    facts = replace(facts, table=Table(columns), tests=(test,), notes=said)
    return ModelComparison(facts, to_frame, found)


def ranova(fit):
    """Tests of the random terms: the model without each, one at a time.

    The fixed effects stay, so the fit's own criterion, REML or ML, is kept.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.

    Returns
    -------
    Table
        term, npar, loglik, aic, lrt, df, p_value, p_naive, reference; first "<none>", the model
        itself. ``p_value`` takes into account that variances are on the boundary, ``p_naive``
        (chi-squared) does not.

    Notes
    -----
    ``(x | g)`` is reduced to ``(1 | g)``; a term that cannot be reduced is left out. Without
    any random term the likelihood is that of least squares, or of the generalised linear model.
    Terms of the extra zeros of a generalised model follow those of the main formula.

    References
    ----------
    Kuznetsova, Brockhoff & Christensen (2017), doi:10.18637/jss.v082.i13 (which models);
    Stram & Lee (1994), doi:10.2307/2533455 (the p-values).

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.ranova()[["term", "lrt", "df"]].round(2).values.tolist()[1]
    ['Days in (1 + Days | Subject)', 42.84, 2.0]
    """
    rows: list[tuple[Any, ...]] = [("<none>", n_parameters(fit), -0.5 * fit.objective, None)]
    for name, part in fit.design.predictors.items():
        start = "" if name == MAIN else f"{name}: "
        rows += [(start + r.words, *reduced(fit, r, name)) for r in reductions(part)]
    tests = [row[3] for row in rows]

    def column(name):
        return np.array([np.nan if t is None else getattr(t, name) for t in tests], dtype=float)

    npar, loglik = [row[1] for row in rows], np.array([row[2] for row in rows])
    return Table(
        {
            "term": [row[0] for row in rows],
            "npar": npar,
            "loglik": loglik,
            "aic": -2.0 * loglik + 2.0 * np.array(npar),
            "lrt": column("statistic"),
            "df": column("df"),
            "p_value": column("p_value"),
            "p_naive": column("p_naive"),
            "reference": [None if t is None else t.words for t in tests],
        }
    )


def reduced(fit, reduction, part):
    """Parameters, log-likelihood and test of a model with less randomness.

    Returns npar, loglik, LikelihoodRatio.

    Parameters
    ----------
    part : str
        Linear predictor that the reduction is of.
    """
    small = without(fit, reduction, part)
    if small is not None:
        test, remark = likelihood_ratio(small, fit)
        if test is None:
            raise ModelError(f"the model without {reduction.words} cannot be tested: {remark}")
        return n_parameters(small), -0.5 * small.objective, test
    objective = fit.objective_without_random()
    df = fit.theta.size
    ((block, *_),) = fit.random_effects
    (term,) = block.terms
    new = structure_of(term).cones
    test = tested(objective - fit.objective, reference(Nesting("", 0, df, new)))
    return n_parameters(fit) - df, -0.5 * objective, test


def without(fit, reduction, part):
    """The fit with less randomness; None if no random effects are left."""
    design = fit.design.changed(part, blocks=reduction.blocks)
    return fit.again(design) if design.all_blocks else None


def comparable(fits, names, refit, test):
    """Fits whose likelihoods can be compared, and what was done to make them so.

    Returns fits (tuple of LMM or GLMM), notes (list of str).
    """
    if not (refit == "auto" or isinstance(refit, bool)):
        raise OptionError(f"refit={refit!r} is not one of 'auto', True, False")
    if not (test == "auto" or isinstance(test, bool)):
        raise OptionError(f"test={test!r} is not one of 'auto', True, False")
    fits = on_the_same_rows(fits, names)
    refuse_other_likelihoods(fits, names)
    reason = needs_ml(fits)
    if refit is True and not reason and any(fit.reml for fit in fits):
        reason = "as asked"
    if not reason:
        kept = all(fit.reml for fit in fits)
        return fits, ["REML likelihoods: the fixed effects are the same"] if kept else []
    if refit is False:
        raise ModelError(
            f"these likelihoods cannot be compared: {reason}\n"
            'use refit="auto", which refits by maximum likelihood'
        )
    fits = tuple(fit.by_ml() for fit in fits)
    return fits, [f"Refitted by maximum likelihood: {reason}"]


def _names(fits, names):
    if len(fits) < 2:
        raise OptionError("there is nothing to compare: give two or more fits")
    for fit in fits:
        if not isinstance(fit, LMMFit | GLMMFit | MarginalFit):
            raise ColumnTypeError(f"a {type(fit).__name__} cannot be compared, only fitted models")
    if names is None:
        return [f"model {i + 1}" for i in range(len(fits))]
    names = [str(name) for name in names]
    if len(names) != len(fits) or len(set(names)) != len(names):
        raise OptionError(f"names must be {len(fits)} different names")
    return names
