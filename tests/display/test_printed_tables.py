"""Every printed table is its frame: each number under its name, in its row, rounded and no more.

A table that is printed by a module that is not in `CASES` makes a test fail: give it a case, which
says what its columns are and where each comes from.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import warnings
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import mixedeffects as me
from mixedeffects import display
from mixedeffects.display.results import Heading, printed
from tests import tolerances as tol
from tests.display.printed import (
    P,
    assert_says,
    html_tables,
    in_text,
    markdown_tables,
    rounds,
    says,
)
from tests.display.word_models import model

SLEEP = me.datasets.sleepstudy()


@cache
def sleep(formula="Reaction ~ Days + (Days | Subject)", **options):
    return me.lmm(formula, SLEEP, **options)


@cache
def trial():
    return me.lmm("pain_score ~ treatment * time + (1 | patient)", me.datasets.pain_trial())


def frame(table):
    """A frame with None for what has no name."""
    table = pd.DataFrame(table)
    return table.astype(object).where(table.notna() | table.apply(_is_number), None)


def _is_number(column):
    return pd.Series(column.map(lambda v: isinstance(v, float)), index=column.index)


# ---- what every table has to have: header, and rows of values ---------------------------------


def random_part(varcorr):
    """Variances and standard deviations, with the correlations with the columns above."""
    tidy = frame(varcorr.tidy())
    if "component" in tidy:
        tidy["group"] = np.where(tidy["component"] == "zi", "zi: " + tidy["group"], tidy["group"])
    single = iter(tidy[[not isinstance(v, str) for v in tidy["term2"]]].itertuples())
    rows = []
    for term in varcorr.terms:
        for i, name in enumerate(term.names):
            own = next(single)
            assert own.term1 == name
            with_above = [
                other.sdcor for above in term.names[:i] for other in tidy.itertuples()
                if other.group == own.group and {other.term1, other.term2} == {above, name}
            ]  # fmt: skip
            assert len(with_above) == (i if term.correlated else 0)
            rows.append([read(own.group) if i == 0 else "", name, own.vcov, own.sdcor, with_above])
    for own in single:
        rows.append([own.group, "", own.vcov, own.sdcor, []])
    return ["group", "term", "variance", "sd", "corr"], rows


def coefficients(table, level=0.95, *, tested=True):
    table = frame(table)
    normal = np.isinf(table["df"].astype(float)).all()
    header = ["term", "estimate", "std. error", *(["z"] if normal else ["df", "t"]), "p"]
    header += [f"{100 * level:g}% lower", "upper"]
    rows = [
        [r.term, r.estimate, r.std_error, *([] if normal else [r.df]), r.statistic, P(r.p_value),
         r.lower, r.upper]
        for r in table.itertuples()
    ]  # fmt: skip
    if not tested:  # thresholds
        keep = [i for i, name in enumerate(header) if name not in ("z", "p")]
        header, rows = [header[i] for i in keep], [[row[i] for i in keep] for row in rows]
    return header, rows


def summary(fit, **options):
    found = fit.summary(**options)
    tables = [random_part(fit.varcorr), coefficients(fit.test(**options), **level_of(options))]
    for part in [] if fit.linear else fit.summary().facts.parts:
        own = fit.test(component=part, **options)
        tables.append(coefficients(own, tested=part != "thresholds", **level_of(options)))
    return found, tables


def visits_part(varcorr):
    """Rows of the visits, their standard deviations with errors, correlations with those above."""
    found = list(frame(varcorr.tidy()).itertuples(index=False))
    rows = []
    for count, own in zip(varcorr.facts.counts, found, strict=False):
        above = [r.sdcor for r in found if r.visit == own.visit and isinstance(r[1], str)]
        rows.append([own.visit, int(count), own.sdcor, own.std_error, above])
    return ["visit", "rows", "sd", "std. error", "corr"], rows


def pain(covariance="us"):
    return me.mmrm(
        "pain_score ~ treatment * factor(time)", me.datasets.pain_trial(), "patient", "time",
        covariance=covariance,
    )  # fmt: skip


def structures(found):
    header = ["model", "covariance", "npar", "objective", "AIC", "BIC", "weight"]
    header += ["against", "chisq", "df", "p"]
    rows = []
    for r in frame(found.tidy()).itertuples():
        tested = isinstance(r.against, str)
        rows.append(
            [r.model, r.covariance, r.npar, r.objective, r.aic, r.bic, r.weight_aic]
            + ([r.against, r.chisq, int(r.df), P(r.p_value)] if tested else [None] * 4)
        )
    return found, [(header, rows)]


def level_of(options):
    return {"level": options["level"]} if "level" in options else {}


def like_frame(header, columns, table, **kinds):
    """Columns of a frame under these names; p-values where `kinds` says so."""
    table = frame(table)
    rows = [
        [kinds.get(name, lambda v: v)(value) for name, value in zip(columns, row, strict=True)]
        for row in table[columns].itertuples(index=False)
    ]
    return header, rows


def means(found):
    table = found.tidy()
    names = list(table.columns)
    labels = names[: names.index("estimate")]
    as_text = {name: lambda v: f"{v:g}" if isinstance(v, float) else str(v) for name in labels}
    return found, [like_frame(names, names, table, p_value=P, **as_text)]


def profile(found, level=0.95):
    names = ["term", "group", "estimate", "lower", "upper"]
    return found, [like_frame(names, names, found.confint(level))]


def bootstrap(found):
    names = ["term", "group", "estimate", "std_error", "bias"]
    return found, [like_frame(names, names, found.tidy())]


def influence(found, name, more=10):
    table = found.tidy()
    columns = ["unit", "cooks_distance", "mdffits", "covratio"]
    header = [name, "Cook's distance", "MDFFITS", "COVRATIO"]
    if "leverage_fixed" in table and table["leverage_fixed"].notna().any():
        table["leverage"] = table["leverage_fixed"] + table["leverage_random"]
        columns, header = [*columns, "leverage", "sigma"], [*header, "leverage", "sigma"]
    ordered = table.sort_values("cooks_distance", ascending=False, kind="stable")
    header, rows = like_frame(header, columns, ordered[:more], unit=str)
    if len(table) > more:
        rows.append([f"… {len(table) - more:,} more", *[None] * (len(header) - 1)])
    return found, [(header, rows)]


def comparison(found):
    header = ["model", "npar", "loglik", "AIC", "BIC", "weight", "against", "chisq", "df", "p",
              "reference"]  # fmt: skip
    columns = ["model", "npar", "loglik", "aic", "bic", "weight_aic", "against", "chisq", "df",
               "p_value", "reference"]  # fmt: skip
    tables = [like_frame(header, columns, found.tidy(), p_value=P)]
    if all(test is None for test in found.tests):
        tables = [(header[:6], [row[:6] for row in tables[0][1]])]
    return found, tables


def quantile(found):
    columns = ["test", "statistic", "expected", "p_value", "meaning"]
    header = ["test", "observed", "expected", "p", "meaning"]
    return found, [like_frame(header, columns, found.tests(), p_value=P)]


def rm_anova(found):
    table, both = found.tidy(), found.compare()
    columns = ["term", "num_df", "den_df", "statistic", "p_value", "gg_p_value", "hf_p_value",
               "partial_eta_squared"]  # fmt: skip
    header = ["term", "df", "error df", "F", "p", "p (GG)", "p (HF)", "partial eta²"]
    as_p = dict.fromkeys(("p_value", "gg_p_value", "hf_p_value", "mauchly_p", "lmm_p_value"), P)
    out = [like_frame(header, columns, table, **as_p)]
    between = set(found.facts.between)
    spherical = [
        known and not set(term.split(":")) & between
        for term, known in zip(table["term"], table["gg_epsilon"].notna(), strict=True)
    ]
    if any(spherical):
        columns = ["term", "mauchly_w", "mauchly_p", "gg_epsilon", "hf_epsilon"]
        header = ["term", "Mauchly W", "p", "epsilon (GG)", "epsilon (HF)"]
        out.append(like_frame(header, columns, table[spherical], **as_p))
    both = both.merge(table[["term", "num_df"]], on="term")
    fitted = [re.sub(r"C\((\w+), Sum\)", r"\1", term) for term in found.fit.anova()["term"]]
    both["place"] = [fitted.index(term) for term in both["term"]]
    columns = ["term", "num_df", "lmm_den_df", "lmm_statistic", "lmm_p_value"]
    ordered = both.sort_values("place")
    out.append(like_frame(["term", "df", "error df", "F", "p"], columns, ordered, **as_p))
    return found, out


def all_fit(found):
    header = ["optimizer", "loglik", "difference", "certificate", "evaluations", "seconds",
              "fixed (SE)", "theta"]  # fmt: skip
    rows = []
    for r in frame(found.tidy()).itertuples():
        if r.refused:
            rows.append([r.optimizer, *[None] * 7])
            continue
        word = "certified" if r.certified else "not converged"
        word += ", singular" if r.certified and r.singular else ""
        rows.append([r.optimizer, r.loglik, r.difference, word, r.evaluations, r.seconds,
                     r.change_fixef, r.change_theta])  # fmt: skip
    return found, [(header, rows)]


def baselines(found):
    tidy, glance = found.tidy(), found.glance()
    models = glance["model"].tolist()
    header = ["term", *(name for m in models for name in (m, "std. error"))]
    rows = []
    for term in dict.fromkeys(tidy["term"]):
        row = [term]
        for m in models:
            own = tidy[(tidy["term"] == term) & (tidy["model"] == m)].iloc[0]
            gone = np.isnan(own["estimate"])
            row += ["aliased", None] if gone else [own["estimate"], own["std_error"]]
        rows.append(row)
    for name, column in (("residual sd", "sigma"), ("parameters", "n_parameters")):
        rows.append([name, *(v for value in glance[column] for v in (float(value), None))])
    return found, [(header, rows)]


def least_squares(found):
    limits = ["95% lower", "upper"]
    header = ["term", "estimate", "std. error", "t", "p", *limits]
    rows = [
        [r.term, r.estimate, r.std_error, r.statistic, P(r.p_value), r.lower, r.upper]
        for r in frame(found.tidy()).itertuples()
    ]
    out = [(header, rows)]
    if found.grouped() is not None:
        header = ["term", "estimate", "std. error", "× above", "df", "p", *limits]
        rows = [
            [r.term, r.estimate, r.std_error, r.ratio, r.df, P(r.p_value), r.lower, r.upper]
            for r in frame(found.grouped()).itertuples()
        ]
        out.append((header, rows))
    return found, out


def many_responses(found):
    tidy, glance = frame(found.tidy()), frame(found.glance())
    fixed = tidy[tidy["effect"] == "fixed"]
    terms = list(dict.fromkeys(fixed["term"]))
    sigma = ["sigma"] if "sigma" in glance else []
    header = ["response", *terms, *sigma, "loglik", "status"]
    rows = []
    for r in glance.itertuples():
        own = fixed[fixed["response"] == r.response].set_index("term")["estimate"]
        rows.append(
            [str(r.response), *own[terms], *(getattr(r, s) for s in sigma), r.loglik, r.status]
        )
    return found, [(header, rows)]


def diagnosis(found):
    checks = frame(found.checks())
    order = {"problem": 0, "look": 1}
    said = [
        [c.verdict, c.check, c.words]
        for verdict in order for c in checks.itertuples() if c.verdict == verdict
    ]  # fmt: skip
    out = [(["verdict", "check", "meaning"], said)] if said else []
    tried = frame(found.tidy())
    tried = tried[[trial.fit is not None for trial in found.trials]]
    if len(tried) > 1:
        header = ["", "remedy", "what", "verdict", "loglik", "npar", "AIC", "ΔAIC", "p",
                  "|gradient|", "seconds"]  # fmt: skip
        rows = [
            [str(i + 1), r.remedy, r.what, r.verdict, r.loglik, r.npar, r.aic,
             None if r.remedy == "asked" else Change(r.delta_aic), P(r.p_value), Size(r.gradient),
             r.seconds]
            for i, r in enumerate(tried.itertuples())
        ]  # fmt: skip
        out.append((header, rows))
    return found, out


class Change(float):
    """A difference, with its sign."""


class Size(float):
    """A number of which the power of ten counts."""


def exploration(found):
    tidy = frame(found.tidy())
    header = ["column", "role", "kind", "values", "missing", "why"]
    kinds = {"number": ("number", "whole number"), "text": ("text",), "category": ("category",)}
    rows = [
        [r.column, r.role, Among(kinds[r.kind]), r.distinct, r.missing or None, r.reason]
        for r in tidy.itertuples()
    ]
    groups = ["group", "levels", "rows per level: min", "mean", "max", "with one row"]
    names = ["group", "n_levels", "rows_min", "rows_mean", "rows_max", "singletons"]
    out = [(header, rows), like_frame(groups, names, found.groups())]
    waves = found.waves()
    if len(waves) and waves["observed"].nunique() > 1:
        names = ["wave", "observed", "share_missing"]
        out.append(like_frame([found.time, "observed", "missing"], names, waves, wave=str))
    return found, out


class Among(tuple):
    """One of several words."""


# ---- the cases -------------------------------------------------------------------------------


def unbalanced():
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(12), 6)
    x = rng.normal(size=72)
    y = 1 + x + rng.normal(size=12)[g] + rng.normal(size=72)
    return {"y": y, "x": x, "g": g, "f": np.array([*"abc"])[rng.integers(0, 3, 72)]}


def a_little_slope():
    """Of which a likelihood ratio is neither certain nor absent, and its two p-values differ."""
    table = unbalanced()
    slopes = np.random.default_rng(8).normal(size=12)
    return table | {"y": table["y"] + 0.55 * slopes[table["g"]] * table["x"]}


def slopes_that_are_not_there():
    table = unbalanced()
    return me.lmm("y ~ x + f + (1 + x + f | g)", table)


def result(found):
    """A result of coefficients, of any library."""
    rows = [
        [*row[:-4], row[-4], P(row[-3]), *row[-2:]]
        for row in frame(found.to_pandas()).itertuples(index=False)
    ]
    return found, [(list(found.to_pandas()), rows)]


SUMMARIES = ("slopes", "factor", "interaction", "independent", "crossed", "nested", "weights",
             "singular", "singular slopes", "binomial", "zeros", "rate", "gamma", "beta", "ordinal",
             "hurdle")  # fmt: skip
CASES = {
    **{f"summary: {name}": lambda name=name: summary(model(name)) for name in SUMMARIES},
    "summary: level": lambda: summary(trial(), level=0.8),
    "summary: wald": lambda: summary(trial(), ddf="wald", level=0.99),
    "summary: Kenward-Roger": lambda: summary(trial(), ddf="kenward-roger"),
    **{
        f"varcorr: {name}": lambda name=name: (
            model(name).varcorr, [random_part(model(name).varcorr)]
        )
        for name in ("slopes", "crossed", "independent", "hurdle")
    },
    "visits: covariance": lambda: (pain().varcorr, [visits_part(pain().varcorr)]),
    "visits: compared": lambda: structures(me.compare(pain(), pain("csh"), pain("ar1"))),
    "visits: summary": lambda: (
        pain().summary(level=0.9),
        [visits_part(pain().varcorr), coefficients(pain().test(level=0.9), level=0.9)],
    ),
    "profile": lambda: profile(sleep().profile()),
    "profile: one level": lambda: profile(sleep().profile("fixed", level=0.9), 0.9),
    "many_responses": lambda: many_responses(sleep().refit(sleep().simulate(3, rng=1))),
    "many_responses: counts": lambda: many_responses(
        model("binomial").refit(model("binomial").simulate(2, rng=1))
    ),
    "bootstrap": lambda: bootstrap(sleep().bootstrap(30, rng=1)),
    "bootstrap: counts": lambda: bootstrap(model("binomial").bootstrap(20, rng=1)),
    "means": lambda: means(trial().emmeans("treatment", by="time", at={"time": [0, 6]})),
    "means: contrasts": lambda: means(
        me.lmm("y ~ f * x + (1 | g)", unbalanced()).emmeans("f").contrasts()
    ),
    "means: slopes": lambda: means(trial().emtrends("time", "treatment")),
    "means: response": lambda: means(model("binomial").emmeans("period", type="response")),
    "means: ratios": lambda: means(
        model("binomial").emmeans("period", type="response").contrasts()
    ),
    "influence": lambda: influence(sleep().influence("Subject"), "Subject"),
    "influence: rows": lambda: influence(sleep().influence(), "row"),
    "influence: counts": lambda: influence(model("binomial").influence("herd"), "herd"),
    "comparison": lambda: comparison(
        me.compare(sleep("Reaction ~ Days + (1 | Subject)"), sleep("Reaction ~ Days + (Days || "
                   "Subject)"), sleep())
    ),
    "comparison: uncertain": lambda: comparison(
        me.compare(me.lmm("y ~ x + (1 | g)", a_little_slope()),
                   me.lmm("y ~ x + (1 + x | g)", a_little_slope()))
    ),
    "comparison: untested": lambda: comparison(
        me.compare(sleep("Reaction ~ Days + (1 | Subject)", reml=False),
                   sleep("Reaction ~ I(Days^2) + (1 | Subject)", reml=False))
    ),
    "quantile_residuals": lambda: quantile(sleep().quantile_residuals(rng=1)),
    "quantile_residuals: counts": lambda: quantile(model("rate").quantile_residuals(rng=1)),
    "rm_anova": lambda: rm_anova(
        me.rm_anova(me.datasets.pain_trial(), "pain_score", subject="patient", within="time",
                    between="treatment")
    ),
    "all_fit": lambda: all_fit(me.all_fit(sleep())),
    "baselines": lambda: baselines(me.baselines("Reaction ~ Days + (1 | Subject)", SLEEP)),
    "least_squares": lambda: least_squares(me.ols("Reaction ~ Days", SLEEP)),
    "least_squares: groups": lambda: least_squares(
        me.ols("Reaction ~ Days + (Days | Subject)", SLEEP)
    ),
    "diagnosis": lambda: diagnosis(slopes_that_are_not_there().diagnose(remedies=True)),
    "results.of_pandas": lambda: result(sleep().test()),
    "results.of_polars": lambda: result(
        me.lmm("Reaction ~ Days + (Days | Subject)", pl.from_pandas(SLEEP)).test()
    ),
    "results.of_arrow": lambda: result(
        me.lmm("Reaction ~ Days + (Days | Subject)", pa.Table.from_pandas(SLEEP)).test()
    ),
    "results.plain": lambda: result(
        printed(dict(sleep().test()), Heading("The same as a dict of columns"))
    ),
    "exploration": lambda: exploration(me.explore(me.datasets.pain_trial())),
    "exploration: sleep": lambda: exploration(me.explore(SLEEP)),
}  # fmt: skip
# modules whose objects print sentences, formulas or code, and no table
SENTENCES = {
    "explanation": "the plan of a fit, one line each",
    "words.interpretation": "sentences, which test_words and test_numbers_in_words read",
    "equation.labelled": "formulas",
}


@cache
def case(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CASES[name]()


@pytest.mark.parametrize("name", CASES)
def test_a_printed_table_is_its_frame(name):
    found, expected = case(name)
    tables = html_tables(found._repr_html_())
    assert [t.header for t in tables] == [header for header, _ in expected]
    for table, (header, rows) in zip(tables, expected, strict=True):
        read = [
            [read_cell(cell, value) for cell, value in zip(printed, row, strict=True)]
            for printed, row in zip(table.rows, rows, strict=True)
        ]
        assert_says(table, header, read)


def read_cell(cell, value):
    """The value in a form that `says` knows."""
    if isinstance(value, Among):
        return cell if cell in value else "one of " + ", ".join(value)
    if isinstance(value, Size):
        assert value == 0 or float(cell) == pytest.approx(value, rel=tol.PRINTED_5E1)
        return cell
    if isinstance(value, Change):
        sign = "" if abs(value) < 0.005 else "+" if value > 0 else "-"
        assert cell.startswith(sign) and rounds(cell.lstrip("+"), float(value))
        return cell
    if isinstance(value, np.generic):
        return value.item()
    return value


@pytest.mark.parametrize("name", CASES)
def test_text_and_page_have_the_same_cells(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    found, _ = case(name)
    text = str(found)
    tables = html_tables(found._repr_html_())
    for table in tables:
        if table.header == ["verdict", "check", "meaning"]:  # sentences in the text
            continue
        folded = 5 if table.header[-1] == "why" else None
        assert in_text(text, table, folded), table


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("name", CASES)
def test_a_printed_table_is_whole_at_the_width_of_the_page(name, columns, monkeypatch):
    """No line of it is wider, and no word of it is lost."""
    monkeypatch.setenv("COLUMNS", str(columns))
    found, _ = case(name)
    text = str(found)
    for table in html_tables(found._repr_html_()):
        if table.header == ["verdict", "check", "meaning"]:
            continue
        cells = [cell for row in (table.header, *table.rows) for cell in row]
        words = {word for cell in cells for word in cell.split()}
        whole = "".join(text.split())
        assert [word for word in words if word not in whole and len(word) < 12] == []
        lines, word = text.splitlines(), " ".join(table.header).split()[:1]
        first = next(i for i, line in enumerate(lines) if line.split()[:1] == word)
        for line in lines[first : first + len(table.rows) + 1]:
            assert len(line) <= columns or table.header[-1] == "why", line


def test_every_module_that_prints_a_table_has_a_case():
    """Found in the package itself: a new kind of table has to be read back as the others are."""
    printing = set()
    for info in pkgutil.walk_packages(display.__path__, f"{display.__name__}."):
        module = importlib.import_module(info.name)
        for thing in vars(module).values():
            own = isinstance(thing, type) and thing.__module__ == info.name
            if own and "__str__" in vars(thing) and not issubclass(thing, str):
                printing.add(info.name.removeprefix(f"{display.__name__}."))
    read = {
        base.__module__.removeprefix(f"{display.__name__}.")
        for name in CASES
        for base in type(case(name)[0]).__mro__
    }
    assert printing - read - set(SENTENCES) == set()
    assert not read & set(SENTENCES)


def read(name):
    """A grouping factor as it is read out; of these models one is nested in the letter after it."""
    return {"h:g": "h in g"}.get(name, name)


# ---- lines and sentences of the summary ---------------------------------------------------------


@pytest.mark.parametrize("name", SUMMARIES)
def test_criteria_of_a_summary_are_the_fits(name):
    fit = model(name)
    (line,) = [text for text in str(fit).splitlines() if re.search(r"\bAIC\b.*\bBIC\b", text)]
    found = dict(part.rsplit(" ", 1) for part in line.split(", "))
    label = "REML criterion" if fit.linear and fit.reml else "-2 log-likelihood"
    expected = {
        label: -2 * fit.loglik, "logLik": fit.loglik, "AIC": -2 * fit.loglik + 2 * fit.df,
        "BIC": -2 * fit.loglik + np.log(fit.nobs) * fit.df,
    }  # fmt: skip
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert says(found[key], value), (key, found[key], value)


@pytest.mark.parametrize("name", SUMMARIES)
def test_sizes_and_shares_of_a_summary_are_counted(name):
    fit = model(name)
    text = str(fit)
    assert f"\n{fit.design.n:,} rows\n" in text
    for block in fit.all_blocks:
        rows = np.bincount(block.factor.codes)
        found = re.search(
            rf"^{re.escape(read(block.factor.name))}: ([\d,]+) groups, (.*)$", text, re.MULTILINE
        )
        assert found and says(found[1], float(rows.size))
        sizes = [float(v.replace(",", "")) for v in re.findall(r"\d[\d,]*(?:\.\d+)?", found[2])]
        if rows.min() == rows.max():
            assert sizes == [rows.min()]
        else:
            assert sizes == [
                rows.min(),
                pytest.approx(rows.mean(), abs=tol.PRINTED_5E2),
                rows.max(),
            ]
    shares = pd.DataFrame(fit.icc())
    for group, icc in zip(shares["group"][:-1], shares["icc"][:-1], strict=True):
        said = re.search(
            rf"([\d.]+)% of the variance[^%]*is between levels of {re.escape(read(group))}"
            r"(?:, on the scale of the linear predictor)? \(ICC\)\.", text,
        )  # fmt: skip
        assert said and abs(float(said[1]) - 100 * icc) <= tol.PRINTED_5E1 + tol.ROUNDING_E9


# ---- numbers in the lines of an exploration -----------------------------------------------------


def gaps():
    """Subjects at up to four visits of several sites, with gaps in three columns."""
    rng = np.random.default_rng(3)
    table = pd.DataFrame({
        "subject": np.repeat([f"s{k:02d}" for k in range(30)], 4),
        "visit": np.tile([1, 2, 3, 4], 30),
        "rater": rng.choice([f"r{k}" for k in range(7)], 120),
        "age": np.repeat(rng.integers(30, 70, 30).astype(float), 4),
        "dose": rng.integers(1, 4, 120) * 10.0, "score": rng.normal(50, 9, 120).round(2),
    })  # fmt: skip
    for column, share in (("score", 0.12), ("dose", 0.05), ("age", 0.2)):
        table.loc[rng.random(120) < share, column] = np.nan
    return table.drop(index=rng.choice(120, 9, replace=False)).reset_index(drop=True)


def test_lines_of_an_exploration_count_what_is_in_the_table():
    table = gaps()
    found = me.explore(table, outcome="score", subject=["subject", "rater"], time="visit")
    text = " ".join(str(found).split())
    said = re.search(r"By column: (.*?)\.(?= |$)", text.replace("%)", "%"))[1]
    by_column = dict(part.split(" ", 1) for part in said.replace("(", "").split(", "))
    gone = table.isna().sum()
    assert list(by_column) == gone[gone > 0].sort_values(ascending=False).index.tolist()
    for column, words in by_column.items():
        count, share = words.split()
        assert says(count, float(gone[column])) and says(share, gone[column] / len(table))
    o = table["score"].dropna()
    numbers = re.search(r"score: mean (\S+), sd (\S+), from (\S+) to (\S+), ([\d,]+) diff", text)
    expected = (o.mean(), o.std(ddof=1), o.min(), o.max(), float(o.nunique()))
    for number, value in zip(numbers.groups(), expected, strict=True):
        assert says(number, value), (number, value)
    pairs = re.search(
        r"(\w+) and (\w+) are partly crossed: (\d+) of (\d+) combinations occur \((\S+)\)", text
    )
    n = len(table.drop_duplicates(["subject", "rater"]))
    assert {pairs[1], pairs[2]} == {"subject", "rater"}
    assert (int(pairs[3]), int(pairs[4])) == (n, 30 * 7) and says(pairs[5], n / 210)
    known = table.dropna(subset=["score"])
    per = known.groupby("subject").size()
    said = re.search(r"Observations per subject: (.*?)\.(?= |$)", text)[1]
    counted = {int(k): int(n) for n, k in re.findall(r"(\d+) have (\d+)", said)}
    assert counted == per.value_counts().to_dict() | ({0: 30 - len(per)} if len(per) < 30 else {})
    whole = per[per == 4]
    lost = re.search(
        r"would lose (\d+) of (\d+) levels of subject and (\d+) of (\d+) observations", text
    )
    assert tuple(map(int, lost.groups())) == (
        30 - len(whole), 30, len(known) - 4 * len(whole), len(known)
    )  # fmt: skip


# ---- tables of a report -------------------------------------------------------------------------


@cache
def report(name, tmp):
    fit = trial() if name == "trial" else model(name)
    path = tmp / f"{name}.md"
    fit.report(path, charts="none", level=0.9)
    return fit, markdown_tables(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("reports")


REPORTS = ("trial", "factor", "slopes", "binomial", "zeros", "crossed")
LIMITS = ["90% lower", "upper"]


@pytest.mark.parametrize("name", REPORTS)
def test_tables_of_coefficients_in_a_report_are_the_fits(name, folder):
    fit, tables = report(name, folder)
    (caption,) = [c for c in tables if c.startswith("Fixed effects, ")]
    assert_says(tables[caption], *coefficients(fit.test(level=0.9), 0.9))
    ratios = tables.get("The same as ratios (exponentials)")
    assert (ratios is not None) == (name in ("binomial", "zeros"))
    if ratios is not None:
        table = frame(fit.test(level=0.9, exponentiate=True))
        rows = [
            [r.term, r.estimate, r.lower, r.upper]
            for r in table.itertuples() if r.term in {row[0] for row in ratios.rows}
        ]  # fmt: skip
        assert len(rows) >= 2
        assert_says(ratios, ["term", "ratio", *LIMITS], rows)


@pytest.mark.parametrize("name", REPORTS)
def test_tests_of_terms_in_a_report_are_anovas(name, folder):
    fit, tables = report(name, folder)
    table = tables.get("Tests of terms (type 3)")
    anova = frame(fit.anova(type=3))
    assert (table is None) == (anova["num_df"] == 1).all()
    if table is None:
        return
    if "χ²" in table.header:
        rows = [[r.term, r.num_df, r.chisq, P(r.p_value)] for r in anova.itertuples()]
        assert_says(table, ["term", "df", "χ²", "p"], rows)
    else:
        rows = [[r.term, r.num_df, r.den_df, r.statistic, P(r.p_value)] for r in anova.itertuples()]
        assert_says(table, ["term", "num. df", "den. df", "F", "p"], rows)


@pytest.mark.parametrize("name", REPORTS)
def test_variances_and_shares_in_a_report_are_the_fits(name, folder):
    fit, tables = report(name, folder)
    rows = []
    for r in frame(fit.varcorr.tidy(level=0.9)).itertuples():
        pair = isinstance(r.term2, str)
        what = f"{r.term1}, {r.term2}" if pair else r.term1
        rows.append([r.group, what, "correlation" if pair else "sd", None if pair else r.vcov,
                     r.sdcor, r.lower, r.upper])  # fmt: skip
    header = ["group", "term", "kind", "variance", "estimate", *LIMITS]
    assert_says(tables["Standard deviations and correlations"], header, rows)
    for caption, table in tables.items():
        if caption.startswith("Intraclass correlation"):
            icc = frame(fit.icc(level=0.9))
            icc = icc if len(icc) > 2 else icc[:1]
            names = ["group", "icc", "lower", "upper", "icc_unadjusted"]
            assert_says(
                table, *like_frame(["group", "ICC", *LIMITS, "of all variance"], names, icc)
            )
        elif caption.startswith("R²"):
            names = ["measure", "r2"]
            assert_says(table, *like_frame(["measure", "R²"], names, frame(fit.r2())[:2]))
        elif caption == "Criteria of the fit":
            found = dict(zip(table.header, table.rows[0], strict=True))
            expected = {"logLik": fit.loglik, "AIC": fit.aic, "BIC": fit.bic, "AICc": fit.aicc,
                        "parameters": float(fit.df)}  # fmt: skip
            first = table.header[0]
            assert says(found.pop(first), -2 * fit.loglik)
            assert all(says(found[key], value) for key, value in expected.items())
            assert found.keys() == expected.keys()


@pytest.mark.parametrize("name", REPORTS)
def test_extreme_levels_in_a_report_are_ranefs(name, folder):
    fit, tables = report(name, folder)
    ranef = pd.DataFrame(fit.ranef(level=0.9))
    seen = 0
    for (group, term), own in ranef.groupby(["group", "term"], sort=False):
        table = tables.get(f"{group}: {term}, deviation from the average")
        if table is None:
            continue
        seen += 1
        assert table.header == [group, "rank", "prediction", "std. error", *LIMITS]
        ordered = own.sort_values("estimate", ascending=False).reset_index(drop=True)
        for cells in table.rows:
            if cells[0] == "⋮":
                continue
            r = ordered.iloc[int(cells[1]) - 1]
            assert cells[0] == str(r["level"])
            numbers = [r["estimate"], r["std_error"], r["lower"], r["upper"]]
            assert all(says(c, float(v)) for c, v in zip(cells[2:], numbers, strict=True)), cells
    assert seen
