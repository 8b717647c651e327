"""A marginal model of a design whose one random term stands for the residuals."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from mixedeffects.covariance import Grouped, structure
from mixedeffects.engine import threads_for
from mixedeffects.errors import DataError, ModelError, OptionError
from mixedeffects.estimation.marginal.fit import fit_marginal
from mixedeffects.estimation.minimize import warn_unless_proved
from mixedeffects.fitting.linear import check_restricted, response_size
from mixedeffects.fitting.marginal_fit import MarginalFit
from mixedeffects.fitting.structures import check_order

# levels in the name of a column
LEVELS = re.compile(r"\[(.*?)\](?=:factor\(|$)")
# subjects that an error names
NAMED = 3
# standard deviation, of the largest, that is none; part of a combination that is in it
SINGULAR, PART = 1e-5, 0.05


def fit_visits(design, covariance, reml, record=MarginalFit, *, group=None, max_iterations=None):
    """Fit the marginal model of a design.

    Parameters
    ----------
    design : Design
        With one block of one term: the visits of each subject.
    covariance : str
        Name of the structure.
    reml : bool
        Restricted maximum likelihood.
    record : class of MarginalFit
        What is made.
    group : str, optional
        Whose levels have a covariance each: the columns of the term are those of visits for each
        level of it.
    max_iterations : int, optional
        Of Newton's method.

    Raises
    ------
    DataError
        Two rows of a subject at one visit.
    ModelError
        Other random terms, one visit only, visits whose covariance is not in the data, or a
        response of a size that double precision cannot hold.
    OptionError
        A name that is no structure.
    """
    if len(design.blocks) != 1 or len(design.blocks[0].terms) != 1:
        raise ModelError(
            "mmrm() has no random effects besides the covariance of the visits\n"
            "leave the other random terms out, or use lmm()"
        )
    check_restricted(design)
    response_size(design)
    block = design.blocks[0]
    if not design.x_names:
        raise ModelError("the formula has no fixed effects\nwrite y ~ 1 for a mean")
    if block.Z is None or block.k < 2:
        raise ModelError("there is one visit only: nothing covaries\nuse me.ols(formula, data)")
    Z = np.asarray(block.Z)
    column, subject = Z.argmax(axis=1), block.factor.codes
    cells = [LEVELS.findall(name) for name in block.names]
    labels = list(dict.fromkeys(cell[0] for cell in cells))
    groups = list(dict.fromkeys(cell[-1] for cell in cells)) if group is not None else [""]
    refuse_changing(subject, column // len(labels), block.factor, group)
    refuse_missing(Z, cells, labels, groups)
    form = structure(covariance, len(labels))
    for g in range(len(groups)):
        own = column // len(labels) == g
        visit = column[own] % len(labels)
        refuse_twice(subject[own], visit, block.factor, labels)
        refuse_apart(subject[own], visit, block.factor.n_levels, form, labels)
    if group is not None and form.ordered:
        check_order(labels, block.terms[0].text)
    whole = form if group is None else Grouped(form, len(groups))
    fixed = replace(design, mean=replace(design.mean, blocks=()))
    X = np.asarray(fixed.X)
    y = design.y if design.offset is None else design.y - design.offset
    with threads_for(block.k):
        found = fit_marginal(X, y, subject, column, whole, reml, max_iterations=max_iterations)
    for g in range(len(groups)):
        place = slice(g * form.k, (g + 1) * form.k)
        seen = found.evaluation.objective.sums.seen[:, place]
        refuse_singular(found.evaluation.Sigma[place, place], seen, block.factor, labels)
    warn_unless_proved(found.certificate)
    return record(
        design=fixed,
        visits=replace(block, names=tuple(labels)),
        groups=tuple(groups) if group is not None else (),
        group=group,
        covariance=covariance,
        reml=reml,
        certificate=found.certificate,
        beta=found.beta,
        T=found.T,
        evaluation=found.evaluation,
    )


def refuse_twice(subject, visit, factor, labels):
    """Refuse two rows of a subject at one visit."""
    cell = subject * len(labels) + visit
    _, first, count = np.unique(cell, return_index=True, return_counts=True)
    twice = first[count > 1]
    if not twice.size:
        return
    shown = [f"{factor.labels[subject[i]]} at {labels[visit[i]]}" for i in twice[:NAMED]]
    subjects = np.unique(subject[twice]).size
    have = "subject has" if subjects == 1 else "subjects have"
    more = ", …" if twice.size > NAMED else ""
    raise DataError(
        f"{subjects} {have} two rows at one visit ({', '.join(shown)}{more})\n"
        f"the covariance of visits needs one; average them, or use (1 | {factor.name}) in lmm(). "
        'Where names start anew in each centre, give both: subject="centre:name"'
    )


def refuse_changing(subject, group, factor, name):
    """Refuse a subject with rows in two groups."""
    first = np.full(factor.n_levels, -1)
    first[subject] = group
    moved = np.unique(subject[first[subject] != group])
    if moved.size:
        raise DataError(
            f"{factor.labels[moved[0]]} is in two levels of '{name}': a covariance for each group "
            "needs subjects that stay in theirs"
        )


def refuse_missing(Z, cells, labels, groups):
    """Refuse a visit that nobody of a group was seen at."""
    empty = np.flatnonzero(~Z.any(axis=0))
    where = " ".join(cells[empty[0]]) if empty.size else ""
    if len(cells) != len(labels) * len(groups) or empty.size:
        raise ModelError(
            f"a visit was observed for nobody of a group{': ' * bool(where)}{where}\n"
            "leave group= out, or leave that visit out of the table"
        )


def refuse_apart(subject, visit, n_subjects, form, labels):
    """Refuse a covariance of its own for two visits that no subject has both of."""
    seen = np.zeros((n_subjects, form.k))
    seen[subject, visit] = 1.0
    together = seen.T @ seen
    for i, j in form.pairs:
        if together[i, j] or form.shared(max(i, j), min(i, j)) != (max(i, j), min(i, j)):
            continue
        if form.n_theta < len(form.pairs) + form.k:
            continue  # other pairs have the same parameter
        raise ModelError(
            f"{labels[i]} and {labels[j]} are never observed on the same subject: their "
            'covariance is not in the data\nuse covariance="ar1", or leave one out'
        )


def refuse_singular(Sigma, seen, factor, labels):
    """Refuse visits that determine each other: the likelihood then grows without limit.

    Takes seen (P, T) bool array: the visits of each pattern. A covariance that is singular for all
    visits together may be regular for those that anybody was seen at.
    """
    sd = np.sqrt(np.diagonal(Sigma))
    involved = []
    if np.isfinite(Sigma).all() and sd.min() > SINGULAR * sd.max():
        for visits in map(np.flatnonzero, seen):
            R = (Sigma / np.outer(sd, sd))[np.ix_(visits, visits)]
            sizes, vectors = np.linalg.eigh(R)
            if visits.size and sizes[0] <= SINGULAR**2:
                weights = np.abs(vectors[:, 0])
                involved = [labels[v] for v, w in zip(visits, weights, strict=True) if w > PART]
                break
        if not involved:
            return
    else:
        involved = [name for name, s in zip(labels, sd, strict=True) if not s > SINGULAR * sd.max()]
    few = (
        f"; {factor.n_levels} levels of {factor.name} are too few for {len(labels)} visits"
        if factor.n_levels <= len(labels)
        else ""
    )
    what = (
        f"the response at {involved[0]} does not vary"
        if len(involved) == 1
        else f"the responses at {', '.join(involved)} determine each other exactly"
    )
    raise ModelError(
        f"the likelihood has no maximum: given the fixed effects, {what}{few}\n"
        "use a covariance with fewer parameters, or fewer fixed effects"
    )


def check_covariance(name):
    """Refuse what is not the name of a structure."""
    from mixedeffects.formula import COVARIANCES

    if not isinstance(name, str) or name not in COVARIANCES:
        from mixedeffects.formula.functions import STRUCTURES_ELSEWHERE

        ours = STRUCTURES_ELSEWHERE.get(name) if isinstance(name, str) else None
        hint = f"\nhere it is called {ours!r}" if ours else ""
        raise OptionError(f"covariance={name!r} is not one of {', '.join(COVARIANCES)}{hint}")
