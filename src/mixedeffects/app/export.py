"""A fit, a diagnosis, an exploration as text, JSON or a page of HTML: what commands write.

The JSON object of a fit has these keys; a number that does not exist is null.

formula, method ("REML" or "ML"), version
family, approximation
                of a generalised model: its family with the link, how the likelihood was computed
rows            given, used, missing (column → missing values)
groups          per grouping factor: name, levels, rows_min, rows_mean, rows_max
fixed_effects   per coefficient: term, estimate, std_error, df, statistic, p_value, lower, upper
other_effects   per other part of a generalised model ("zi", "dispersion", "thresholds") the same
parameters      per parameter of its family without a formula: name, estimate, std_error
df_method, level  how p-values were found; coverage of lower and upper
variance_components  per variance or covariance: group, term1, term2, vcov (variance or
                covariance), sdcor (standard deviation or correlation); "Residual" last
icc             per grouping factor and "total": group, variance, icc
sigma, theta    residual standard deviation; relative covariance parameters, lme4's order, null
                where they are not all in the data
criteria        objective (-2 log-likelihood or REML criterion), loglik, aic, bic, parameters
certificate     converged, proved, gradient, decrement, singular (directions of zero variance, in
                words), infinite (coefficients without a finite estimate), identified (whether
                every variance is in the data), evaluations, gradients, iterations, optimizer,
                message, advice
in_the_data     where single variances are not in the data, combinations that are: what, value, sd
dropped_columns per aliased column: name, reason
notes           anything else to know, in words
"""

from __future__ import annotations

import io
import json
import math
from html import escape
from typing import Any


def render(fit: Any, form: str, *, ddf: str | None = None, level: float = 0.95) -> str:
    """A fit in one of `FORMATS`, ending with a newline.

    Parameters
    ----------
    form : str
        "text", "json", "html" or "csv".
    ddf : str, optional
        Degrees of freedom of the fixed effects, as in `test`.
    level : float
        Coverage of the intervals.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> render(fit, "csv").splitlines()[0]
    'effect,group,term,estimate,std_error,statistic,df,p_value,lower,upper'
    """
    return FORMATS[form](fit, {"ddf": ddf, "level": level})


def record(fit: Any, **options: Any) -> dict[str, Any]:
    """The JSON object of a fit; see the module's text for its keys.

    Parameters
    ----------
    **options
        Of `summary`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> record(fit)["rows"]
    {'given': 180, 'used': 180, 'missing': {}}
    """
    import mixedeffects

    facts = fit.summary(**options).facts
    certificate = facts.certificate
    return {
        "formula": facts.formula,
        "method": "REML" if facts.reml else "ML",
        "version": mixedeffects.__version__,
        "family": facts.family,
        "approximation": facts.approximation,
        "rows": {
            "given": facts.missing.n_rows,
            "used": facts.missing.n_used,
            "missing": {name: n for name, n in facts.missing.by_column.items() if n},
        },
        "groups": [
            {
                "name": g.name,
                "levels": g.n_levels,
                "rows_min": g.smallest,
                "rows_mean": g.mean,
                "rows_max": g.largest,
            }
            for g in facts.groups
        ],
        "fixed_effects": _rows(facts.coefficients.columns),
        "other_effects": {name: _rows(part.columns) for name, part in facts.parts.items()},
        "parameters": [
            {"name": name, "estimate": _plain(estimate), "std_error": _plain(error)}
            for name, estimate, error in facts.parameters
        ],
        "df_method": facts.df_method,
        "level": facts.level,
        "variance_components": _rows(facts.varcorr.table().columns),
        "icc": _rows(facts.icc.columns),
        "sigma": _plain(fit.sigma if facts.varcorr.sigma is None else facts.varcorr.sigma),
        # of a model that is not identified theta is one of many
        "theta": [_plain(v) for v in fit.theta.tolist()] if certificate.identified else None,
        "criteria": {
            "objective": _plain(facts.objective),
            "loglik": _plain(facts.loglik),
            "aic": _plain(facts.aic),
            "bic": _plain(facts.bic),
            "parameters": facts.n_parameters,
        },
        "certificate": {
            "converged": bool(certificate.converged),
            "proved": bool(certificate.proved),
            "gradient": _plain(certificate.gradient),
            "decrement": _plain(certificate.decrement),
            "singular": list(facts.singular),
            "infinite": list(certificate.infinite),
            "identified": certificate.identified,
            "limits": list(certificate.limits),
            "evaluations": certificate.evaluations,
            "gradients": certificate.gradients,
            "iterations": certificate.iterations,
            "optimizer": certificate.optimizer,
            "message": certificate.message,
            "advice": list(certificate.advice),
        },
        "in_the_data": [
            {"what": c.words, "value": _plain(c.value), "sd": _plain(c.sd)}
            for c in facts.varcorr.known
        ],
        "dropped_columns": [{"name": a.name, "reason": a.reason} for a in facts.aliased],
        "notes": [*facts.notes, *filter(None, [facts.accuracy])],
    }


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    names = list(columns)
    return [
        dict(zip(names, map(_plain, row), strict=True))
        for row in zip(*columns.values(), strict=True)
    ]


def _text(fit: Any, options: dict[str, Any]) -> str:
    return f"{fit.summary(**options)}\n"


def _json(fit: Any, options: dict[str, Any]) -> str:
    return _dumped(record(fit, **options))


def _csv(fit: Any, options: dict[str, Any]) -> str:
    from mixedeffects.inference import tidy

    return csv_of(tidy(fit, **options).columns)


def _html(fit: Any, options: dict[str, Any]) -> str:
    return page(fit.formula, fit.summary(**options)._repr_html_())


def csv_of(columns: Any) -> str:
    """Columns by name as CSV."""
    from mixedeffects.app.tables import write_rows

    file = io.StringIO()
    write_rows(columns, file)
    return file.getvalue()


def render_table(shown: str, frame: Any, form: str) -> str:
    """A table of results as text, as JSON (a list of records), or as CSV.

    Parameters
    ----------
    shown : str
        How it prints.
    frame : data frame or dict of columns
        What it holds.
    form : str
        "text", "json" or "csv".
    """
    if form == "text":
        return f"{shown}\n"
    records = _records(frame)
    if form == "json":
        return _dumped(records)
    names = list(records[0]) if records else []
    return csv_of({name: [row[name] for row in records] for name in names})


def page(title: str, body: str) -> str:
    """A page of HTML around a fragment."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
body {{ font-family: system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }}
table {{ border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums }}
caption {{ text-align: left; font-weight: 600; padding-bottom: .3rem }}
th, td {{ padding: .2rem .7rem; border-bottom: 1px solid #ddd }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def render_diagnosis(found: Any, form: str) -> str:
    """A diagnosis as text, HTML or JSON.

    The JSON object has the keys formula, options, reason, changed and healthy of the
    recommendation; checks (check, value, verdict, words, about); trials, the columns of its table.
    """
    if form == "text":
        return str(found)
    if form == "html":
        return page(f"Diagnosis of {found.asked.formula}", found._repr_html_())
    keys = ("formula", "options", "reason", "changed", "healthy")
    return _dumped(
        {
            "asked": found.asked.formula,
            "certified": bool(found.asked.certificate.proved),
            **{key: getattr(found, key) for key in keys},
            "checks": _records(found.checks()),
            "trials": _records(found.tidy()),
            "notes": list(found.notes),
        }
    )


def render_exploration(found: Any, form: str) -> str:
    """An exploration as text, HTML or JSON.

    The JSON object has the keys shape, outcome, subject, time, treatment, formula, family; and
    lists of records columns, groups, relations, missing, confounded and suggestions.
    """
    if form == "text":
        return str(found)
    if form == "html":
        return page("Exploration of a table", found._repr_html_())
    keys = ("shape", "outcome", "subject", "time", "treatment", "formula", "family")
    tables = ("groups", "relations", "missing", "confounded", "suggestions")
    return _dumped(
        {
            **{key: getattr(found, key) for key in keys},
            "columns": _records(found.tidy()),
            **{name: _records(getattr(found, name)()) for name in tables},
        }
    )


def beside(table: Any, found: Any, written: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """The columns of a table, then a prediction, or those of a table of predictions.

    Parameters
    ----------
    table : data frame or dict of columns
        What was predicted from.
    found : (n,) array or data frame
        What `predict` returned.
    written : dict of list of str, optional
        The same cells as they stand in a file, where "007" is no number.
    """
    import narwhals as nw

    def columns(frame: Any) -> dict[str, Any]:
        if isinstance(frame, dict):
            return frame
        return nw.from_native(frame, eager_only=True).to_dict(as_series=False)

    new = {"prediction": found} if hasattr(found, "shape") and found.ndim == 1 else columns(found)
    own = columns(table)
    if written is not None:  # but for lines that a library reads otherwise
        own = {
            name: written[name] if len(written.get(name, ())) == len(values) else values
            for name, values in own.items()
        }
    return {**own, **new}


def _records(frame: Any) -> list[dict[str, Any]]:
    """Rows of a data frame of any library, or of a dict of columns."""
    if isinstance(frame, dict):
        return _rows(frame)
    import narwhals as nw

    return _rows(nw.from_native(frame, eager_only=True).to_dict(as_series=False))


def _dumped(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n"


FORMATS: dict[str, Any] = {"text": _text, "json": _json, "html": _html, "csv": _csv}
