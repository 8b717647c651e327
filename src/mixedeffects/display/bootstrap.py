"""A bootstrap as text and as frames in the user's flavour."""

from __future__ import annotations

from mixedeffects.display.layout import TitledTable
from mixedeffects.display.numbers import significant


class Bootstrap(TitledTable):
    """Replicates of a model's parameters; prints as a table of standard errors and bias.

    Parameters
    ----------
    facts : BootstrapFacts
        What is shown, unrounded.
    to_frame : callable
        From named columns to the user's kind of data frame.

    Attributes
    ----------
    facts : BootstrapFacts
        The numbers as arrays.
    replicates : (n, P) array
        In the order of `terms`; nan in the rows of failed refits.
    terms : tuple of str
    n, n_failed, n_singular, n_separated : int
    method : str

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> boot = fit.bootstrap(200, rng=1)
    >>> print(boot)  # doctest: +ELLIPSIS
    Parametric bootstrap, 200 replicates: 0 failed, ... with a zero variance
    term                   group    estimate  std_error ...
    (Intercept)                       251.41 ...
    >>> boot.confint()["term"].tolist()[:3]
    ['(Intercept)', 'Days', 'sd__(Intercept)']
    """

    _left = 2
    method = property(lambda self: self.facts.method)
    terms = property(lambda self: self.facts.terms)
    replicates = property(lambda self: self.facts.replicates)
    n = property(lambda self: self.facts.n)
    n_failed = property(lambda self: self.facts.n_failed)
    n_singular = property(lambda self: self.facts.n_singular)
    n_separated = property(lambda self: self.facts.n_separated)

    def confint(self, kind="percentile", *, level=0.95, parameters=None):
        """Confidence intervals: term, group, estimate, lower, upper.

        Parameters
        ----------
        kind : {"percentile", "basic", "bca", "normal", "studentized", "symmetric"}
            "studentized" divides each replicate by its own standard error: for fixed effects
            only. "symmetric" does so with the same distance on both sides, which keeps its
            coverage best with few clusters. "bca" needs refits
            without each cluster.
        level : float
            Confidence level of the intervals.
        parameters : {"fixed", "random"} or list of str, optional
            All by default; the fixed effects for "studentized" and "symmetric".
        """
        return self._to_frame(self.facts.confint(kind, level=level, parameters=parameters).columns)

    def tidy(self):
        """One row per parameter: effect, term, group, estimate, std_error, bias."""
        return self._to_frame(self.facts.table().columns)

    def _title(self):
        facts = self.facts
        name = facts.method[0].upper() + facts.method[1:]
        counts = f"{facts.n_failed:,} failed, {facts.n_singular:,} with a zero variance"
        if facts.n_separated:
            counts += f", {facts.n_separated:,} separated (infinite estimates)"
        return f"{name}, {facts.n:,} replicates: {counts}"

    def _rows(self):
        columns = self.facts.table().columns
        names = ("estimate", "std_error", "bias")
        rows = [
            [term, group or "", *(significant(v, d) if v == v else "–" for v, d in values)]
            for term, group, *values in zip(
                columns["term"],
                columns["group"],
                *(
                    [(v, d) for v in columns[name].tolist()]
                    for name, d in zip(names, (5, 4, 2), strict=True)
                ),
                strict=True,
            )
        ]
        return ["term", "group", *names], rows
