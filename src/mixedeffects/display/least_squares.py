"""Ordinary least squares as text, HTML and frames, with what grouping would change."""

from __future__ import annotations

from html import escape

from mixedeffects.answers import Answering
from mixedeffects.display.exchange import Tabular
from mixedeffects.display.layout import html_table, text_table
from mixedeffects.display.numbers import at_precision, degree, p_value, significant
from mixedeffects.display.results import Printing
from mixedeffects.display.summary import row_remarks

# what fits of statsmodels, scikit-learn and R are asked for
ANSWERS = {
    **dict.fromkeys(("params", "coef", "coef_", "coefficients"), "fit.fixef"),
    "bse": 'fit["std_error"]',
    "tvalues": 'fit["statistic"]',
    **dict.fromkeys(("pvalues", "p_values"), 'fit["p_value"]'),
    **dict.fromkeys(("conf_int", "confint"), 'fit["lower"] and fit["upper"]'),
    **dict.fromkeys(("summary", "summary2"), "print(fit)"),
    "test": "fit.tidy()",
    "rsquared": "fit.r_squared",
    "rsquared_adj": "fit.adj_r_squared",
    "df_resid": "fit.df_residual",
    **dict.fromkeys(
        ("predict", "resid", "residuals", "fittedvalues", "fitted", "plot"),
        "that of a mixed model, me.lmm(…), or of fit.fit where the formula has groups",
    ),
}


class LeastSquares(Answering, Tabular):
    """A fit by ordinary least squares; prints its coefficients, and those with the groups.

    Parameters
    ----------
    facts : OLSFacts
        What is shown, unrounded.
    design : Design
        What was fitted.
    fit : LMM or None
        The mixed model of the same formula, where it has groups.

    Attributes
    ----------
    facts : OLSFacts
    fit : LMM or None
    fixef : dict of str to float
        The coefficients by name.
    sigma : float
        Residual standard deviation.
    nobs, df_residual : int
        Rows, and rows less coefficients.
    r_squared, adj_r_squared : float
        Share of the variance of the response that the predictors explain; the second corrected for
        their number.
    notes : tuple of str
    """

    answers = ANSWERS

    def __init__(self, facts, design, fit):
        self.facts, self.design, self.fit = facts, design, fit

    sigma = property(lambda self: self.facts.sigma)
    nobs = property(lambda self: self.facts.nobs)
    df_residual = property(lambda self: self.facts.df)
    r_squared = property(lambda self: self.facts.r_squared)
    adj_r_squared = property(lambda self: self.facts.adj_r_squared)
    notes = property(lambda self: self.facts.notes)

    @property
    def fixef(self):
        columns = self.facts.coefficients.columns
        return dict(zip(columns["term"], columns["estimate"].tolist(), strict=True))

    def tidy(self):
        """One row per coefficient: term, estimate, std_error, df, statistic, p_value, limits."""
        return Printing(self.design.spec.to_frame)(self.facts.coefficients.columns)

    def glance(self):
        """One row: nobs, df_residual, sigma, r_squared, adj_r_squared."""
        names = ("nobs", "df_residual", "sigma", "r_squared", "adj_r_squared")
        return Printing(self.design.spec.to_frame)({name: [getattr(self, name)] for name in names})

    def grouped(self):
        """The coefficients of the mixed model, as `tidy`, and ratio: its standard error to ours.

        None where the formula has no groups.
        """
        table = self.facts.grouped
        return None if table is None else Printing(self.design.spec.to_frame)(table.columns)

    def __str__(self):
        facts = self.facts
        lines = ["Ordinary least squares", self.design.spec.text, "", _size(facts), ""]
        lines += ["Without groups, t", *text_table(*_rows(facts), left=1, indent="  "), ""]
        if facts.grouped is not None:
            table = text_table(*_grouped_rows(facts), left=1, indent="  ")
            lines += [_grouped_title(facts), *table, ""]
        return "\n".join([*lines, *_remarks(facts, self.design)])

    __repr__ = __str__

    def _repr_html_(self):
        facts = self.facts
        text = escape(self.design.spec.text)
        parts = [
            '<div class="mixedeffects-ols">',
            f"<p><strong>Ordinary least squares</strong><br><code>{text}</code></p>",
            f"<p>{escape(_size(facts))}</p>",
            html_table("Without groups, t", *_rows(facts), left=1),
        ]
        if facts.grouped is not None:
            parts.append(html_table(_grouped_title(facts), *_grouped_rows(facts), left=1))
        remarks = "<br>".join(map(escape, _remarks(facts, self.design)))
        return "\n".join([*parts, f"<p>{remarks}</p>", "</div>"])


def _size(facts):
    share = "" if facts.r_squared != facts.r_squared else f", R² {facts.r_squared:.3f}"
    adjusted = f", adjusted {facts.adj_r_squared:.3f}" if share else ""
    degrees = "degree" if facts.df == 1 else "degrees"
    return (
        f"{facts.nobs:,} rows, {facts.df:,} {degrees} of freedom, residual sd "
        f"{significant(facts.sigma)}{share}{adjusted}"
    )


def _rows(facts):
    header = ["term", "estimate", "std. error", "t", "p", f"{100 * facts.level:g}% lower", "upper"]
    c = facts.coefficients.columns
    rows = []
    for i, term in enumerate(c["term"]):
        error = float(c["std_error"][i])
        estimate, lower, upper = (
            at_precision(float(c[name][i]), error) for name in ("estimate", "lower", "upper")
        )
        t, p = float(c["statistic"][i]), float(c["p_value"][i])
        rows.append(
            [term, estimate, at_precision(error, error), f"{t:.2f}", p_value(p), lower, upper]
        )
    return header, rows


def _grouped_title(facts):
    return f"With the groups (mixed model), {facts.df_method}"


def _grouped_rows(facts):
    header = ["term", "estimate", "std. error", "× above", "df", "p"]
    header += [f"{100 * facts.level:g}% lower", "upper"]
    c = facts.grouped.columns
    rows = []
    for i, term in enumerate(c["term"]):
        error = float(c["std_error"][i])
        shown = [at_precision(float(c[n][i]), error) for n in ("estimate", "lower", "upper")]
        df, ratio = float(c["df"][i]), float(c["ratio"][i])
        rows.append(
            [
                term, shown[0], at_precision(error, error), _times(ratio),
                degree(df), p_value(float(c["p_value"][i])), *shown[1:],
            ]
        )  # fmt: skip
    return header, rows


def _times(ratio):
    """A ratio with two decimals, or three digits where it is large."""
    return f"{ratio:.2f}" if 0.1 <= ratio < 10 else significant(ratio, 3)


def _remarks(facts, design):
    out = [f"{note[0].upper()}{note[1:]}." for note in facts.notes]
    return out + row_remarks(design.missing, design.aliased, design.notes)
