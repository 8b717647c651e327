"""A certificate says in words what its numbers say."""

from __future__ import annotations

import warnings

import numpy as np

import mixedeffects as me
from mixedeffects.estimation import stopping

SLEEP = me.datasets.sleepstudy()
FORMULA = "Reaction ~ Days + (Days | Subject)"


def fitted(*args, kind=me.lmm, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(*args, **options)


def groups(seed=1, n=200):
    rng = np.random.default_rng(seed)
    return rng, np.repeat(np.arange(20), n // 20), rng.normal(size=n)


def test_an_optimum():
    c = fitted(FORMULA, SLEEP).certificate
    lines = str(c).splitlines()
    assert lines[0] == "Certified optimum" and repr(c) == str(c)
    assert lines[3] == "  zero variances  none"
    assert f"newton: {c.evaluations} evaluations, {c.iterations} iterations" in lines[4]
    assert f"{c.gradient:.1e}" in lines[1] and f"{c.remaining:.1e}" in lines[2]
    assert max(map(len, lines)) <= 80


def test_a_singular_optimum():
    rng, g, x = groups()
    table = {"y": x + rng.normal(size=200), "x": x, "g": g}
    c = fitted("y ~ x + (1 + x | g)", table).certificate
    assert c.is_singular and c.proved
    n = len(c.singular)
    assert f"{n} direction{'s' * (n > 1)}, where the objective is least" in str(c)


def test_a_search_that_ran_out():
    c = fitted(FORMULA, SLEEP, max_iterations=1, optimizer="Nelder-Mead").certificate
    text = str(c)
    assert text.startswith("Not certified: ") and "Certified" not in text.splitlines()[1]
    assert " ".join(text.split()).count("try another optimiser") == 1


def test_the_users_own_rule():
    c = fitted(FORMULA, SLEEP, converged=stopping.after(seconds=1e-9)).certificate
    assert str(c).startswith("Stopped by your rule (") and "short of" in str(c).splitlines()[0]
    c = fitted(FORMULA, SLEEP, converged=stopping.gradient_below(1e-9)).certificate
    where = "at a certified optimum" if c.at_maximum else "short of"
    assert c.rule is None or where in str(c).splitlines()[0]


def test_separation():
    _, g, x = groups()
    fit = fitted("y ~ x + (1 | g)", {"y": (x > 0).astype(int), "x": x, "g": g}, kind=me.glmm)
    text = str(fit.certificate)
    assert text.startswith("The likelihood has no maximum") and "infinite" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_range_of_maxima():
    rng, g, x = groups()
    table = {"y": rng.normal(size=200), "x": x, "g": g, "h": g + 100}
    c = fitted("y ~ x + (1 | g) + (1 | h)", table).certificate
    assert c.flat and str(c).startswith("Certified maximum, but not a single one")


def test_many_dropped_columns_are_one_line():
    rng, g, _ = groups()
    table = {"y": rng.normal(size=200), "f": np.array(list("abcde"))[g // 4],
             "teacher": np.char.add("t", g.astype(str)), "g": rng.integers(0, 9, 200)}  # fmt: skip
    fit = fitted("y ~ f + teacher + (1 | g)", table)
    lines = [line for line in str(fit).splitlines() if "dropped" in line]
    dropped = [column.name for column in fit.design.aliased]
    assert len(dropped) == 4
    assert lines == [
        f"4 columns were dropped because they cannot be estimated: {', '.join(dropped[:3])} and 1 "
        "more. fit.design.aliased has the reason of each."
    ]


def test_no_number_is_printed_that_says_nothing():
    from mixedeffects.display.numbers import at_precision, degree, share_words, significant

    assert significant(3e147) == ">1e+30" and significant(-3e147) == "<-1e+30"
    assert at_precision(-0.3, 3e147) == "-0.30" and at_precision(3e147, 1e147) == ">1e+30"
    assert degree(0.004) == "0.0040" and degree(3.04) == "3.0"
    assert share_words(0.004) == "0.4%" and share_words(0.0) == "0%"
