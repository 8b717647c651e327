"""What a table looks like before any model, as text, HTML and frames."""

from __future__ import annotations

from html import escape
from textwrap import fill

from mixedeffects.design import to_frame
from mixedeffects.display.exchange import Tabular
from mixedeffects.display.exploration_words import Code, column_rows, sections, title
from mixedeffects.display.layout import html_table, page_width, text_table
from mixedeffects.display.results import Printing

WIDEST, WHY = 100, 24  # of lines of words; the least room for a reason
WHOLE = 10**6  # a page that no table is too wide for
COLUMNS_HEADER = ["column", "role", "kind", "values", "missing", "why"]


class ExplorationDisplay(Tabular):
    """Facts of a table; prints them with the models they suggest.

    Parameters
    ----------
    facts : ExplorationFacts
        What is shown, unrounded.

    Attributes
    ----------
    facts : ExplorationFacts
        The same, unrounded.
    outcome, subject, time, treatment : str or None
        Columns with these roles; of a wide table, after reshaping.
    candidates : dict of str to tuple
        Roles of which two columns are about as likely, each with both.
    formula : str or None
        The first suggestion.
    family : str or None
        Its family; "gaussian" is for `lmm`.
    shape : str
        "long", "wide" or "flat".
    """

    def __init__(self, facts):
        self.facts = facts

    @property
    def _modelled(self):
        return self.facts.long or self.facts

    outcome = property(lambda self: self._modelled.roles.outcome)
    subject = property(lambda self: self._modelled.roles.subject)
    time = property(lambda self: self._modelled.roles.time)
    treatment = property(lambda self: self._modelled.roles.treatment)
    shape = property(lambda self: self.facts.shape.kind)

    @property
    def candidates(self):
        """Roles of which two columns are about as likely, each with both, the first guess first."""
        roles = self._modelled.roles
        return {role: (getattr(roles, role), other) for role, other in roles.rivals.items()}

    @property
    def formula(self):
        found = self._modelled.suggestions
        return found[0].formula if found else None

    @property
    def family(self):
        found = self._modelled.suggestions
        return found[0].family if found else None

    def tidy(self):
        """One row per column: role, kind, level, numbers of values and gaps, reason."""
        f = self.facts
        rows = [(p, f.roles.by_column[p.name]) for p in f.columns]
        return self._frame(
            {
                "column": [p.name for p, _ in rows],
                "role": [r.role for _, r in rows],
                "kind": [p.kind for p, _ in rows],
                "level": [r.level for _, r in rows],
                "distinct": [p.n_distinct for p, _ in rows],
                "missing": [p.n_missing for p, _ in rows],
                "given": [r.given for _, r in rows],
                "reason": [r.reason for _, r in rows],
            }
        )

    def groups(self):
        """One row per grouping column: levels, rows per level, levels with one row."""
        g = self._modelled.groups
        names = ("name", "n_levels", "rows_min", "rows_mean", "rows_max", "singletons")
        columns = {n: [getattr(one, n) for one in g] for n in names}
        return self._frame({"group": columns.pop("name"), **columns})

    def relations(self):
        """One row per pair of grouping columns: nested, crossed, the same."""
        pairs = self._modelled.pairs
        names = ("first", "second", "kind", "n_first", "n_second", "n_pairs", "share")
        return self._frame({n: [getattr(p, n) for p in pairs] for n in names})

    def missing(self):
        """One row per column that has gaps."""
        gaps = self._modelled.gaps
        return self._frame(
            {
                "column": [*gaps.columns],
                "missing": [*gaps.columns.values()],
                "share": [k / gaps.n_rows for k in gaps.columns.values()],
            }
        )

    def waves(self):
        """One row per wave: subjects observed, without a row, without a value."""
        table = self._waves()
        if table is None:
            names = ("wave", "observed", "no_row", "no_value", "share_missing")
            return self._frame({name: [] for name in names})
        return self._frame(table.columns)

    def patterns(self):
        """One row per pattern of observed (x) and missing (-) waves, the most frequent first."""
        panel = self._modelled.gaps.panel
        if panel is None:
            return self._frame({n: [] for n in ("pattern", "kind", "observed", "subjects")})
        from mixedeffects.exploration.missingness import pattern_table

        return self._frame(pattern_table(panel, most=10_000).columns)

    def confounded(self):
        """One row per pair of columns that cannot be told apart."""
        c = self._modelled.confounded
        names = ("column", "kind", "by", "levels")
        return self._frame({n: [getattr(one, n) for one in c] for n in names})

    def suggestions(self):
        """One row per model to start from: formula, family, call, reason."""
        s = self._modelled.suggestions
        names = ("formula", "family", "call", "why")
        return self._frame({n: [getattr(one, n) for one in s] for n in names})

    def _waves(self):
        from mixedeffects.exploration.missingness import wave_table

        panel = self._modelled.gaps.panel
        return None if panel is None else wave_table(panel)

    def _frame(self, columns):
        return Printing(to_frame)(columns, self.facts.flavour)

    def __str__(self):
        lines = [title(self.facts), ""]
        lines += ["Columns", *_columns_text(self.facts)]
        for heading, body in sections(self.facts, self._waves()):
            lines += ["", heading]
            for line in body:
                if isinstance(line, tuple):
                    lines += text_table(*line, left=1, indent="  ")
                else:
                    lines.append(_wrapped(line))
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self):
        f = self.facts
        parts = [
            '<div class="mixedeffects-exploration">',
            f"<p><strong>{escape(title(f))}</strong></p>",
            html_table("Columns", COLUMNS_HEADER, column_rows(f), left=len(COLUMNS_HEADER)),
        ]
        for heading, body in sections(f, self._waves()):
            parts += [f"<p><strong>{escape(heading)}</strong></p>", _html_body(body)]
        return "\n".join([*parts, "</div>"])


def _wrapped(line):
    if isinstance(line, Code):
        return "    " + line
    return fill(line, min(WIDEST, page_width()), initial_indent="  ", subsequent_indent="    ",
                break_long_words=False, break_on_hyphens=False)  # fmt: skip


def _html_body(body):
    """Sentences as items of a list, each with the code above it; tables where they stand."""
    out, items = [], []

    def close():
        if items:
            out.append("<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>")
            items.clear()

    code = ""
    for line in body:
        if isinstance(line, tuple):
            close()
            out.append(html_table("", *line, left=1))
        elif isinstance(line, Code):
            if code:
                items.append(code)
            code = f"<code>{escape(line)}</code>"
        else:
            items.append(f"{code}<br>{escape(line)}" if code else escape(line))
            code = ""
    if code:
        items.append(code)
    close()
    return "\n".join(out)


def _columns_text(f):
    rows = column_rows(f)
    shown = rows if len(rows) <= 40 else rows[:30]
    header, cells = COLUMNS_HEADER[:5], [r[:5] for r in shown]
    lines = text_table([*header], cells, left=3, width=WHOLE)
    width = max(map(len, lines)) + 2
    out = [f"  {lines[0].ljust(width)}{COLUMNS_HEADER[5]}"]
    room = max(WHY, min(WIDEST, page_width()) - width - 2)
    for line, row in zip(lines[1:], shown, strict=True):
        why = fill(row[5], room, break_long_words=False).split("\n")
        out.append(f"  {line.ljust(width)}{why[0]}")
        out += [" " * (width + 2) + more for more in why[1:]]
    if len(shown) < len(rows):
        out.append(f"  … and {len(rows) - len(shown)} more columns: .tidy() has all")
    return out
