"""Of a fit whose variances are not all in the data: a formula that has only such as are."""

from __future__ import annotations

from dataclasses import replace

from mixedeffects.errors import MixedEffectsError
from mixedeffects.formula import CORRELATED, UNCORRELATED, column_names
from mixedeffects.inference import Identification
from mixedeffects.remedies.record import LOGLIK_SLACK, Trial
from mixedeffects.remedies.simplify import bars, rewritten

NAME = "what the data can tell"
# models along the path, at most
MOST_STEPS = 6


def identify(bench):
    """Smaller formulas until every variance is in the data; first those that lose nothing.

    A category, or a number with few values, that is constant within groups has a variance at each
    value and no correlations: ``(0 + f || g)``. Otherwise correlations, effects or terms go, one
    after another. Returns list of Trial.
    """
    fit, path = bench.asked, []
    for _ in range(MOST_STEPS):
        found: list[Trial] = []
        for what, formula, zi in candidates(fit):
            trial = bench.attempt(NAME, what, formula=formula, zi=zi)
            found.append(trial)
            if trial.fit is not None and loses_nothing(trial.fit, bench.asked):
                break
        path += found
        done = [t for t in found if t.fit is not None and n_flat(t.fit) < n_flat(fit)]
        if not done:
            break
        # the one that keeps most of the likelihood; of equals the first
        best = min(t.fit.objective for t in done)
        fit = next(t.fit for t in done if t.fit.objective <= best + LOGLIK_SLACK)
        if not n_flat(fit):
            break
    return path


def n_flat(fit):
    """Directions of the variances that are not in the data."""
    return len(fit.certificate.flat)


def loses_nothing(fit, asked):
    """Whether all of a fit's variances are in the data, with the likelihood of the asked one."""
    return not n_flat(fit) and abs(fit.objective - asked.objective) <= 2.0 * LOGLIK_SLACK


def candidates(fit):
    """Formulas with one random term changed, in the order in which they are tried.

    Returns list of (what, formula, zi formula).
    """
    found = Identification(fit)
    doubted = {
        (e.group.startswith("zi: "), fit.all_blocks[e.block].terms[e.term].text)
        for e in found.entries if not e.known
    }  # fmt: skip
    out = []
    for zi in (False, True):
        own = bars(fit, zi)
        for i, bar in enumerate(own):
            if (zi, str(bar.part.text)) not in doubted:
                continue
            for what, new in smaller_bars(fit, bar):
                changed = [*own[:i], new, *own[i + 1 :]]
                if zi or not all(b.empty for b in changed):
                    out.append((what, *rewritten(fit, zi, changed)))
    order = {"by value": 0, "without": 1, "dropped": 2}
    return sorted(out, key=lambda c: next(v for k, v in order.items() if k in c[0]))


def smaller_bars(fit, bar):
    """One random term without what its data cannot tell: (what, Bar)."""
    out = []
    cells = by_value(fit, bar)
    if cells is not None:
        out.append((f"a variance of {bar.group} by value of {', '.join(cells.slopes)}", cells))
    if bar.covariance == CORRELATED and bar.n_effects > 1:
        out.append((f"{bar.group} without correlations", replace(bar, covariance=UNCORRELATED)))
    for slope in reversed(bar.slopes):
        if bar.n_effects > 1:
            out.append((f"'{slope}' by {bar.group} dropped", bar.without([slope])))
    empty = bar.without([*bar.slopes, "1"])
    out.append((f"the term of {bar.group} dropped", empty))
    return out


def by_value(fit, bar):
    """The term with a variance for each value of its one variable; None where it has others."""
    variables = bar.part.effects.variables
    if len(bar.slopes) != 1 or len(variables) != 1:
        return None
    text = variables[0].text
    names = [name for block in fit.all_blocks for name in block.names]
    if not any(name.startswith(f"{text}[") for name in names):
        columns = [c.name for c in column_names(variables[0].node)]
        if columns != [text]:
            return None
        text = f"factor({text})"
    if bar.slopes == (text,) and not bar.intercept and bar.covariance == UNCORRELATED:
        return None
    return replace(bar, intercept=False, slopes=(text,), covariance=UNCORRELATED)


def recommended(asked, others):
    """The trial to use, and why, where the asked fit has variances that are not in the data.

    Returns Trial, list of str.
    """
    usable = [t for t in others if t.certified]
    if not usable:
        return asked, [
            "These data cannot tell its variances. What is the same for all of them (coefficients, "
            "log-likelihood, what the summary shows) can be reported; a smaller formula without "
            "such variances was not found.",
            without_any(asked),
        ]
    best = next((t for t in usable if loses_nothing(t.fit, asked.fit)), None)
    if best is not None:
        return best, [
            f"With {best.what} the likelihood is the same, {best.loglik:.4f}, and every variance "
            "of it is in the data."
        ]
    lowest = min(t.aic for t in usable)
    best = next(t for t in usable if t.aic <= lowest + LOGLIK_SLACK)
    return best, [
        f"With {best.what} every variance is in the data; the log-likelihood is {best.loglik:.3f}, "
        f"against {asked.loglik:.3f}."
    ]


def without_any(asked):
    """What the model without random effects would say, where nothing else is left."""
    fit = asked.fit
    try:
        objective = fit.objective_without_random()
    except MixedEffectsError:
        return ""
    name = fit.kind.without_random
    return f"{name}, without random effects, has log-likelihood {-0.5 * objective:.3f}."
