"""`Exploration.plot`: the charts of a table, with the columns that were found."""

from __future__ import annotations

from mixedeffects.errors import DataError
from mixedeffects.plot.raw_correlation import correlation
from mixedeffects.plot.raw_groups import groups
from mixedeffects.plot.raw_histogram import histogram
from mixedeffects.plot.raw_missing import missing
from mixedeffects.plot.raw_spaghetti import spaghetti


class TablePlots:
    """Charts of one table.

    Parameters
    ----------
    data : table
        In long format.
    facts : ExplorationFacts
        What is shown, unrounded.

    Examples
    --------
    >>> import mixedeffects as me
    >>> me.explore(me.datasets.pain_trial()).plot
    charts of the table: .missing(), .outcome(), .groups(), .correlation(), .spaghetti()
    """

    def __init__(self, data, facts):
        self._data, self._facts = data, facts

    def _role(self, role, option=None):
        name = getattr(self._facts.roles, role)
        if name is None:
            raise DataError(f"no {role} was found in the table; name it: me.explore(…, {role}=…)")
        return name

    def missing(self):
        """Missing waves of each subject: `mixedeffects.plot.missing`."""
        return missing(self._data, self._role("subject"), self._role("time"), self._role("outcome"))

    def outcome(self, *, bins=None):
        """Histogram of the outcome by treatment: `mixedeffects.plot.histogram`."""
        by = self._facts.roles.treatment
        return histogram(self._data, self._role("outcome"), by=by, bins=bins)

    def groups(self, group=None, *, kind="auto"):
        """Outcome by group, coloured by treatment: `mixedeffects.plot.groups`.

        Parameters
        ----------
        group : str, optional
            The grouping with the fewest levels, from five on, by default.
        kind : str
            Which chart.
        """
        roles = self._facts.roles
        if group is None:
            if not roles.groups:
                raise DataError(
                    "no grouping column was found in the table; name it: me.explore(…, subject=…)"
                )
            many = [g.name for g in self._facts.groups if g.n_levels >= 5] or roles.groups
            group = many[-1]
        return groups(self._data, self._role("outcome"), group, colour=roles.treatment, kind=kind)

    def correlation(self, *, method="pearson"):
        """Correlations of all columns of numbers: `mixedeffects.plot.correlation`."""
        return correlation(self._data, method=method)

    def spaghetti(self):
        """Trajectories of the subjects, coloured by treatment: `mixedeffects.plot.spaghetti`."""
        return spaghetti(
            self._data, self._role("time"), self._role("outcome"), self._role("subject"),
            colour=self._facts.roles.treatment,
        )  # fmt: skip

    def __repr__(self):
        names = [n for n in vars(type(self)) if not n.startswith("_")]
        return "charts of the table: " + ", ".join(f".{n}()" for n in names)
