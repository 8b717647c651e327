"""The section of results: tables of effects, variances, criteria and levels, with charts."""

from __future__ import annotations

import math
from typing import Any

from mixedeffects.display.numbers import at_precision, p_value, significant
from mixedeffects.display.summary import criteria, fixed_rows, parameter_lines, part_tables
from mixedeffects.inference import aicc
from mixedeffects.inference.interpretation.limits import stated_components
from mixedeffects.report.charts import drawn_figures
from mixedeffects.report.record import Grid, ItemList, Paragraph, Section
from mixedeffects.views.report_tables import extreme_levels

# random effects of either end that are named
MOST_LEVELS = 5
# charts that stand beside other tables than those of the fixed effects
BESIDE = {"variance": "variances", "caterpillar": "levels", "shrinkage": "levels"}


def results_section(fit, facts, words, wishes):
    """Tables of everything estimated, each with the charts of it. Returns a `Section`."""
    figures, left_out = drawn_figures(fit, facts, wishes, "results")
    beside = {
        key: tuple(f for f in figures if BESIDE.get(f.key.split("-")[0], "fixed") == key)
        for key in ("fixed", "variances", "levels")
    }
    parts = [
        Section("fixed", "Fixed effects", (*_fixed(facts), *_terms(facts), *beside["fixed"])),
        Section(
            "variances", "Variance components", (*_variances(fit, facts), *beside["variances"])
        ),
        Section("levels", "Levels", (*_levels(fit, facts), *beside["levels"])),
        Section("criteria", "Fit", (_criteria(fit, facts), *_left_out(left_out))),
    ]
    return Section("results", "Results", (), tuple(part for part in parts if part.blocks))


def _left_out(reasons):
    return [Paragraph("; ".join(reasons) + ".", "Charts left out:")] if reasons else []


def _fixed(facts):
    header, rows = fixed_rows(facts.summary, fold=False)
    out = [_grid(f"Fixed effects, {facts.summary.df_method}", header, rows)]
    ratios = [e for e in facts.effects if e.ratio is not None]
    if ratios:
        percent = f"{100 * facts.summary.level:g}%"
        rows = []
        for e in ratios:
            value, error, lower, upper = e.ratio
            shown = [at_precision(v, error) for v in (value, lower, upper)]
            rows.append((e.name, *shown))
        header = ("term", "ratio", f"{percent} lower", "upper")
        out.append(Grid("The same as ratios (exponentials)", header, tuple(rows)))
    for caption, head, body in part_tables(facts.summary, fold=False):
        out.append(_grid(caption, head, body))
    return out


def _terms(facts):
    """Tests of whole terms, where a term has several columns."""
    if not facts.joint:
        return []
    c = facts.terms.columns
    columns = [c[n] for n in ("term", "num_df", "den_df", "statistic", "p_value")]
    normal = all(math.isinf(v) for v in c["den_df"])
    rows = []
    for term, num, den, f, p in zip(*columns, strict=True):
        p = p_value(float(p))
        if normal:  # F without a denominator is χ² over its degrees of freedom
            rows.append((term, f"{num:.0f}", f"{f * num:.2f}", p))
        else:
            shown = "∞" if math.isinf(den) else f"{den:.1f}"
            rows.append((term, f"{num:.0f}", shown, f"{f:.2f}", p))
    header = ("term", "df", "χ²", "p") if normal else ("term", "num. df", "den. df", "F", "p")
    return [Grid("Tests of terms (type 3)", header, tuple(rows))]


def _variances(fit, facts):
    percent = f"{100 * facts.summary.level:g}%"
    c = stated_components(fit, facts.summary.level).columns
    n = len(c["group"])
    rows = []
    for i in range(n):
        first, second = c["term1"][i], c["term2"][i]
        group = ("zi: " if c.get("component", [""] * n)[i] == "zi" else "") + c["group"][i]
        if second is None:
            digits = lambda v: significant(float(v), 5)  # noqa: E731
            what, variance = first or "", digits(c["vcov"][i])
            label = "sd"
        else:
            digits = lambda v: "" if v != v else f"{float(v):.2f}"  # noqa: E731
            what, variance = f"{first}, {second}", ""
            label = "correlation"
        rows.append(
            (group, what, label, variance, digits(c["sdcor"][i]), digits(c["lower"][i]),
             digits(c["upper"][i]))
        )  # fmt: skip
    header = ("group", "term", "kind", "variance", "estimate", f"{percent} lower", "upper")
    out: list[Any] = [Grid("Standard deviations and correlations", header, tuple(rows), left=3)]
    without: dict[str, list[str]] = {}
    for row, reason in zip(rows, c["reason"], strict=True):
        if reason:
            without.setdefault(reason, []).append(f"{row[0]}: {row[2]} of {row[1]}")
    out += [
        Paragraph(f"{'; '.join(names)} ({reason}).", "Without limits:")
        for reason, names in without.items()
    ]
    lines = parameter_lines(facts.summary)
    if lines:
        out.append(ItemList(tuple(lines)))
    out += _shares(facts)
    return out


def _shares(facts):
    out = []
    percent = f"{100 * facts.summary.level:g}%"
    scale = "" if facts.link is None else ", scale of the linear predictor"
    if facts.icc is not None and len(facts.icc.columns["group"]) > 1:
        c = facts.icc.columns
        names = [str(g) for g in c["group"]]
        rows = [
            (name, *(_share(c[n][i]) for n in ("icc", "lower", "upper", "icc_unadjusted")))
            for i, name in enumerate(names)
            if not (name == "total" and len(names) == 2)
        ]
        header = ("group", "ICC", f"{percent} lower", "upper", "of all variance")
        out.append(Grid(f"Intraclass correlation{scale}", header, tuple(rows)))
    if facts.r2 is not None:
        c = facts.r2.columns
        rows = tuple(
            (str(m), _share(v)) for m, v in zip(c["measure"], c["r2"], strict=True)
        )[:2]  # fmt: skip
        out.append(Grid(f"R²{scale}", ("measure", "R²"), rows))
    return out


def _share(value):
    return "" if value != value else f"{float(value):.3f}"


def _criteria(fit, facts):
    s = facts.summary
    pairs = [line.rsplit(" ", 1) for line in criteria(s)]
    pairs.append(["AICc", f"{aicc(fit):.2f}"])
    pairs.append(["parameters", f"{s.n_parameters:,}"])
    header = tuple(name for name, _ in pairs)
    return Grid("Criteria of the fit", header, (tuple(value for _, value in pairs),), left=0)


def _levels(fit, facts):
    percent = f"{100 * facts.summary.level:g}%"
    out = []
    for (group, term), table in extreme_levels(fit, facts.summary.level, MOST_LEVELS).items():
        c = table.columns
        rows, before = [], 0
        for rank, level, *numbers in zip(*c.values(), strict=True):
            if rank != before + 1:
                rows.append(("⋮", *[""] * 5))
            before = rank
            shown = (at_precision(float(v), float(numbers[1])) for v in numbers)
            rows.append((str(level), f"{rank:,}", *shown))
        header = (group, "rank", "prediction", "std. error", f"{percent} lower", "upper")
        out.append(Grid(f"{group}: {term}, deviation from the average", header, tuple(rows)))
    return out


def _grid(caption, header, rows):
    return Grid(caption, tuple(header), tuple(tuple(row) for row in rows))
