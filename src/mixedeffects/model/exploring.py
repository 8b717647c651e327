"""`explore` and `reshape_long`: a table before any model."""

from __future__ import annotations

import warnings

from mixedeffects import display
from mixedeffects.design import open_table
from mixedeffects.errors import DataWarning
from mixedeffects.exploration import explore_facts, plan_reshaping, reshape, with_index
from mixedeffects.model.foreign import refusing


class Exploration(display.ExplorationDisplay):
    """Facts of a table, with charts of it; see `explore`."""

    def __init__(self, facts, data):
        super().__init__(facts)
        self._data = data

    @property
    def plot(self):
        """Charts of the table, one method each; see `TablePlots`."""
        from mixedeffects.plot.table_plots import TablePlots

        return TablePlots(self.long(), self.facts.long or self.facts)

    def long(self):
        """The table with a row per measurement: as it is, or a wide one reshaped."""
        if self.facts.plan is None:
            return self._data
        with warnings.catch_warnings():  # a made id is among the roles that are shown
            warnings.simplefilter("ignore", DataWarning)
            return reshape(open_table(self._data), self.facts.plan)


@refusing
def explore(data, *, outcome=None, subject=None, time=None, treatment=None):
    """Look at a table: what its columns are for, how its rows are grouped, what is missing.

    Every role is a guess with its reason; name a column to override one. Numbers that the table
    holds as text are taken for numbers, and the line that converts them is printed.

    Parameters
    ----------
    data : table
        pandas, polars, pyarrow, dict of columns, or anything narwhals reads. Never changed.
    outcome, time, treatment : str, optional
        Columns with these roles. Of a wide table, `outcome` may be the name of a variable that
        has several columns.
    subject : str or list of str, optional
        Grouping columns.

    Returns
    -------
    Exploration
        Prints as text, shows as HTML. ``.formula`` and ``.family`` are the first model to start
        from; ``.candidates`` has the two columns that are about as likely the outcome, where the
        guess is unsure; ``.tidy()``, ``.groups()``, ``.relations()``, ``.missing()``, ``.waves()``,
        ``.patterns()``, ``.confounded()`` and ``.suggestions()`` are frames; ``.plot`` has charts.

    Raises
    ------
    DataError
        A table without rows or columns, or no column of that name.
    OptionError
        One column for two roles.
    ColumnTypeError
        Not a table.

    Examples
    --------
    >>> import mixedeffects as me
    >>> found = me.explore(me.datasets.pain_trial())
    >>> found.subject, found.time, found.treatment, found.outcome
    ('patient', 'time', 'treatment', 'pain_score')
    >>> found.formula
    'pain_score ~ treatment + time + (1 | patient)'
    """
    facts = explore_facts(data, outcome=outcome, subject=subject, time=time, treatment=treatment)
    return Exploration(facts, data)


@refusing
def reshape_long(
    data, columns=None, *, id=None, time="time", value=None, sep=None, drop_missing=False
):
    """A row per measurement from a table with a column per measurement.

    Parameters
    ----------
    data : table
        As for `explore`. A pandas index that has names counts as columns.
    columns : optional
        Which columns are one variable. By default those whose names differ by a number or a word
        for an occasion only: pain_0, pain_3; Wave1, Wave2; x.1, x.2; mood_pre, mood_post. Or a
        list of columns of one variable; a list of variables (``["pain", "mood"]``); a dict of
        variables to columns and times (``{"pain": {"pain_0": 0, "pain_1": 1}}``) or to columns;
        a regular expression with ``(?P<time>…)`` and perhaps ``(?P<variable>…)``.
    id : str or list of str, optional
        Columns that tell the rows of `data` apart; found where there are any. Where there are
        none a column ``row`` is made, with a warning that says so.
    time : str
        Name of the new column of times: numbers where all are, else text.
    value : str, optional
        Name of the values, when there is one variable; by default its own.
    sep : str, optional
        What stands between variable and time in column names; by default ``_ . -``, a space, or
        nothing.
    drop_missing : bool
        Leave out rows in which every variable is missing, instead of keeping them as missing.

    Returns
    -------
    table of the same library
        Columns of `id`, all other columns, `time`, and one column per variable; rows of a row of
        `data` together, in order of time.

    Raises
    ------
    DataError
        No such columns, none that look like several times, overlapping variables, a result column
        that is already there, an `id` that does not tell rows apart.
    ColumnTypeError
        Columns of one variable that hold different kinds of values.

    Examples
    --------
    >>> import mixedeffects as me
    >>> wide = {"patient": ["a", "b"], "pain_0": [5.0, 7.0], "pain_3": [4.0, None]}
    >>> long = me.reshape_long(wide)
    >>> {name: list(values) for name, values in long.items()}["time"]
    [np.int64(0), np.int64(3), np.int64(0), np.int64(3)]
    """
    table = open_table(with_index(data))
    plan = plan_reshaping(table, columns, id=id, time=time, value=value, sep=sep)
    return reshape(table, plan, drop_missing)
