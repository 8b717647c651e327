"""One model fitted to many responses, as text and as frames in the user's flavour."""

from __future__ import annotations

from mixedeffects.display.layout import html_table, text_table
from mixedeffects.display.numbers import significant

# responses that are printed, half of them the last; columns of text
SHOWN, WIDTH = 10, 80


class ManyResponses:
    """Fits of one model to many responses of the same rows; prints as a table, one line each.

    Parameters
    ----------
    facts : ResponseFits
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.

    Attributes
    ----------
    facts : ResponseFits
        The numbers as arrays.
    names : tuple
        Of the responses: names of columns, or 0, 1, ….
    terms : tuple of str
        Names of the P parameters: coefficients, then standard deviations and correlations.
    estimates : (R, P) array
        One row per response; nan where its fit failed.
    std_error : (R, p) array
        Of the coefficients of the main formula; of a generalised model at known variances.
    theta : (R, n_theta) array
        Covariance parameters, lme4's order.
    sigma : (R,) array or None
        Residual standard deviations; None for a generalised model.
    loglik : (R,) array
        Log-likelihoods; restricted ones where the model was fitted by REML.
    status : (R,) array of str
        "converged"; "singular": converged, with a variance of zero; "separated": some coefficients
        have no finite estimate; "failed".

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> many = fit.refit(fit.simulate(100, rng=1))
    >>> many.estimates.shape, many.terms
    ((100, 4), ('(Intercept)', 'Days', 'sd__(Intercept)', 'sd__Observation'))
    >>> many.tidy().shape, many.glance().shape
    ((400, 7), (100, 6))
    >>> bool(abs(many.fit(3).sigma - many.sigma[3]) < 1e-5)
    True
    """

    def __init__(self, facts, to_frame):
        self.facts, self._to_frame = facts, to_frame

    names = property(lambda self: self.facts.names)
    terms = property(lambda self: self.facts.terms)
    estimates = property(lambda self: self.facts.estimates)
    std_error = property(lambda self: self.facts.std_error)
    theta = property(lambda self: self.facts.theta)
    sigma = property(lambda self: self.facts.sigma)
    loglik = property(lambda self: self.facts.loglik)
    status = property(lambda self: self.facts.status)

    def __len__(self):
        return self.facts.n

    def tidy(self):
        """One row per response and parameter: response, effect, group, term, estimate, std_error.

        The last column, statistic, is the estimate in standard errors. Standard deviations and
        correlations have neither: ``fit(response).confint()`` has their intervals.
        """
        return self._to_frame(self.facts.tidy().columns)

    def glance(self):
        """One row per response: response, status, sigma, loglik, aic, bic.

        A generalised model has no sigma.
        """
        return self._to_frame(self.facts.glance().columns)

    def fit(self, response):
        """The whole fit of one response.

        Parameters
        ----------
        response : str or int
            Its name, as in `names`.

        Returns
        -------
        LMM or GLMM
        """
        return self.facts.refit(self.facts.place(response))

    def __str__(self):
        title, (header, rows), notes = _parts(self.facts)
        return "\n".join([title, *text_table(header, rows, left=1), *notes])

    __repr__ = __str__

    def _repr_html_(self):
        title, (header, rows), notes = _parts(self.facts)
        return html_table(title, header, rows, left=1) + "".join(f"<p>{n}</p>" for n in notes)


def _parts(facts):
    """Title, table and notes."""
    status = facts.status.tolist()
    words = ("converged", "singular", "separated", "failed")
    counted = ", ".join(f"{status.count(w):,} {w}" for w in words if w in status)
    title = f"{facts.n:,} responses, {facts.words}: {counted}"
    shown = list(range(facts.n))
    if facts.n > SHOWN:
        shown = [*shown[: SHOWN // 2], None, *shown[-SHOWN // 2 :]]
    columns = [["response", *("…" if i is None else str(facts.names[i]) for i in shown)]]
    last = [["loglik", *(_cell(facts.loglik, i, 5) for i in shown)]]
    if facts.sigma is not None:
        last.insert(0, ["sigma", *(_cell(facts.sigma, i, 4) for i in shown)])
    last.append(["status", *("…" if i is None else status[i] for i in shown)])
    left_out = 0
    for j in range(facts.n_main):
        column = [facts.terms[j], *(_cell(facts.estimates[:, j], i, 4) for i in shown)]
        if sum(map(_width, [*columns, column, *last])) > WIDTH:
            left_out = facts.n_main - j
            break
        columns.append(column)
    header, *rows = zip(*columns, *last, strict=True)
    notes = ["Estimates with standard errors: .tidy(); one line per response: .glance()"]
    if left_out:
        notes.insert(0, f"{left_out} more coefficients are in .tidy()")
    return title, (list(header), [list(row) for row in rows]), notes


def _cell(values, i, digits):
    if i is None:
        return "…"
    value = values[i]
    return significant(value, digits) if value == value else "–"


def _width(column):
    return max(map(len, column)) + 2
