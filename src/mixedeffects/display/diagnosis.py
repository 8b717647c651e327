"""A diagnosis as text, HTML and frames in the user's flavour."""

from __future__ import annotations

from html import escape
from math import isfinite
from textwrap import wrap

import numpy as np

from mixedeffects.display import fit_call
from mixedeffects.display.exchange import Tabular
from mixedeffects.display.layout import html_table, page_width, text_table
from mixedeffects.display.numbers import p_value
from mixedeffects.inference.checkup import checkup_table

# characters of a line of words
WIDTH = 100
HEALTHY = "The optimum is sound, and no check of the model found anything to mend."
NO_PROBLEM = "The optimum is sound, and no check of the model found a problem; see what follows."
SOUND = "The optimum is sound; that does not judge the model, and what follows does."
CERTIFIED = "certified, no variance on the boundary"
NEXT_TO_NOTHING = f"{CERTIFIED}; but some random effects add next to nothing"
NOTHING_TRIED = "Nothing was tried; diagnose(remedies=True) tries the six remedies."
BY_OWN_RULE = "no problem found; your own rule ended the search, short of a certified optimum"


class Diagnosis(Tabular):
    """What may be wrong with a fit, what was tried, and what to use; prints what to do.

    Parameters
    ----------
    facts : DiagnosisFacts
        What is shown, unrounded.
    verdicts : sequence of str
        What came of each trial.
    to_frame : callable
        From named columns to the user's kind of data frame.

    Attributes
    ----------
    fit : LMM or GLMM
        The recommended fit; the asked one where nothing better was found.
    asked : LMM or GLMM
    formula : str
        Of the recommended fit, to paste.
    options : dict
        Arguments besides the formula that differ from the defaults.
    reason : str
    changed : bool
        Whether anything but the asked fit is recommended.
    healthy : bool
        Whether no check found a problem, and nothing else is recommended.
    recommendation : Recommendation
    trials : tuple of Trial
    notes : tuple of str
    """

    def __init__(self, facts, verdicts, to_frame):
        self._facts, self._verdicts, self._to_frame = facts, list(verdicts), to_frame

    recommendation = property(lambda self: self._facts.recommendation)
    fit = property(lambda self: self.recommendation.trial.fit)
    asked = property(lambda self: self._facts.asked)
    formula = property(lambda self: self.recommendation.trial.formula)
    options = property(lambda self: dict(self.recommendation.trial.options))
    reason = property(lambda self: self.recommendation.reason)
    changed = property(lambda self: self.recommendation.changed)
    trials = property(lambda self: self._facts.trials)
    notes = property(lambda self: self._facts.notes)
    healthy = property(
        lambda self: not self.changed and all(c.verdict != "problem" for c in self._facts.checks)
    )

    def checks(self):
        """One row per check: check, value, verdict (fine, look, problem), words."""
        return self._to_frame(checkup_table(self._facts.checks).columns)

    def tidy(self):
        """One row per try, the asked fit first; see `trial_columns`."""
        return self._to_frame(trial_columns(self._facts, self._verdicts))

    def __str__(self):
        return as_text(self._facts, self._verdicts)

    __repr__ = __str__

    def _repr_html_(self):
        return as_html(self._facts, self._verdicts)


def trial_columns(facts, verdicts):
    """Everything that was tried, unrounded.

    Returns
    -------
    dict
        remedy, what, formula, loglik, npar, aic, delta_aic (from the asked fit), p_value
        (likelihood-ratio test against it, variances on the boundary taken into account),
        certificate, gradient, seconds, verdict.
    """
    asked_aic = facts.recommendation.asked_aic
    names = (
        "remedy", "what", "formula", "loglik", "npar", "aic", "delta_aic", "p_value",
        "certificate", "gradient", "seconds", "verdict",
    )  # fmt: skip
    columns = {name: [] for name in names}
    for trial, words in zip(facts.trials, verdicts[: len(facts.trials)], strict=True):
        fit = trial.fit
        gradient = np.nan if fit is None else fit.certificate.gradient
        state = "" if fit is None else fit.certificate.state
        row = (
            trial.remedy, trial.what, call_words(trial) if fit is not None else "", trial.loglik,
            np.nan if trial.npar is None else float(trial.npar), trial.aic, trial.aic - asked_aic,
            trial.p_value, state, gradient, trial.seconds, words,
        )  # fmt: skip
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return columns


def call_words(trial):
    """The formula with the options it needs: ``"y ~ x + (1 | g), optimizer='L-BFGS-B'"``."""
    return trial.formula + fit_call.options_words(trial.options)


def trial_rows(facts, verdicts):
    """Header and rows of what was fitted, strings only."""
    header = [
        "", "remedy", "what", "verdict", "loglik", "npar", "AIC", "ΔAIC", "p", "|gradient|",
        "seconds",
    ]  # fmt: skip
    columns = trial_columns(facts, verdicts)
    rows, number = [], 0
    for i, trial in enumerate(facts.trials):
        if trial.fit is None:
            continue
        number += 1
        c = {name: column[i] for name, column in columns.items()}
        same = trial.remedy == "asked"
        rows.append([
            str(number), trial.remedy, trial.what, c["verdict"], f"{c['loglik']:.3f}",
            f"{c['npar']:.0f}",
            f"{c['aic']:.2f}" if isfinite(c["aic"]) else "",
            "" if same else signed(c["delta_aic"]), p_value(c["p_value"]),
            f"{c['gradient']:.0e}", f"{c['seconds']:.2f}" if isfinite(c["seconds"]) else "",
        ])  # fmt: skip
    return header, rows


def signed(change):
    """A difference of AIC.

    Examples
    --------
    >>> signed(-2.0), signed(-0.0004)
    ('-2.00', '0.00')
    """
    if not isfinite(change):
        return ""
    return "0.00" if abs(change) < 0.005 else f"{change:+.2f}"


def fitted(facts):
    """Whether anything was fitted besides the asked model."""
    return any(trial.fit is not None for trial in facts.trials[1:])


def formulas(facts):
    """The formulas of the numbered rows, each once."""
    out, shown, number = [], {}, 0
    for trial in facts.trials:
        if trial.fit is None:
            continue
        number += 1
        shown.setdefault(call_words(trial), []).append(str(number))
    for words, numbers in shown.items():
        out.append((", ".join(numbers), words))
    return out


def not_tried(facts):
    """Remedies without a fit, and why."""
    out = []
    for trial in facts.trials:
        if trial.fit is None:
            what = f" ({trial.what})" if trial.what else ""
            by_hand = f"; by hand: {call_words(trial)}" if trial.by_hand else ""
            out.append(f"{trial.remedy}{what}: {trial.words}{by_hand}")
    return out


def findings(facts, verdicts=("problem", "look"), about=("optimum", "assumptions")):
    """The checks that did not find all fine, problems first."""
    return [
        (check.verdict, check.name, check.words)
        for verdict in verdicts
        for check in facts.checks
        if check.verdict == verdict and check.about in about
    ]


def to_advise(facts):
    """Whether there is anything to do about the optimum; assumptions say what to do themselves."""
    return bool(facts.trials or findings(facts, ("problem",), ("optimum",)))


def call(facts):
    """The recommended call, to paste."""
    trial = facts.recommendation.trial
    return fit_call.call(trial.fit, trial.formula, trial.options)


def headline(facts):
    """Two lines, of the optimum and of the assumptions, and one that tells them apart.

    A sound optimum is that of a wrong model as well: one is not said for the other.
    """
    lines = [f"Optimum: {optimum_words(facts)}.", f"Assumptions: {assumption_words(facts)}."]
    if nothing_to_mend(facts):
        looked = counted(facts, "optimum") == (0, 0)
        return [HEALTHY if looked else NO_PROBLEM, *lines]
    sound = optimum_words(facts) == CERTIFIED and not facts.recommendation.changed
    return [lines[0], SOUND, lines[1]] if sound else lines


def nothing_to_mend(facts):
    """Whether both were looked at and nothing was found: the optimum proved, no assumption hurt."""
    return (
        optimum_words(facts) == CERTIFIED
        and not facts.recommendation.changed
        and not facts.unseen
        and any(check.about == "assumptions" for check in facts.checks)
        and counted(facts, "assumptions") == (0, 0)
    )


def counted(facts, about):
    """How many checks found a problem, and how many something to look at."""
    found = [check.verdict for check in facts.checks if check.about == about]
    return found.count("problem"), found.count("look")


def optimum_words(facts):
    """What is to be said of the estimates as an optimum."""
    problems, _ = counted(facts, "optimum")
    if problems:
        return f"{problems} problem{'s' * (problems != 1)} found in {facts.asked.formula}"
    if facts.asked.certificate.short:
        return BY_OWN_RULE
    small = any(c.name == "variances" and c.verdict != "fine" for c in facts.checks)
    return NEXT_TO_NOTHING if small else CERTIFIED


def assumption_words(facts):
    """What is to be said of the model as a model of these data."""
    made = [check.name for check in facts.checks if check.about == "assumptions"]
    if not made:
        return facts.unseen or (
            "not looked at, as there is nothing that these checks can see in such a model"
        )
    problems, looks = counted(facts, "assumptions")
    rest = f"; {facts.unseen}" if facts.unseen else ""
    if not problems and not looks:
        return f"nothing found against them ({', '.join(made)} looked at){rest}"
    look = f"{looks} thing{'s' * (looks != 1)} to look at" * bool(looks)
    if not problems:
        return f"nothing is plainly wrong, {look}{rest}"
    said = f"{problems} problem{'s' * (problems != 1)} found"
    return f"{said}{', ' * bool(looks)}{look}{rest}"


def advice(facts):
    """The recommendation as lines: the call, the reason."""
    recommendation = facts.recommendation
    if not recommendation.changed:
        return [recommendation.reason]
    c = facts.asked.certificate
    dropped = ["converged="] * (c.rule is not None)
    if c.ran_out and "max_iterations" not in recommendation.trial.options:
        dropped.append("max_iterations=")
    without = f", without {' and '.join(dropped)}" if dropped else ""
    others = f"other arguments as before{without}" if facts.trials else ""
    return [call(facts), *([f"({others})"] if others else []), recommendation.reason]


def filled(words, indent):
    """A sentence in lines."""
    width = min(WIDTH, page_width())
    return wrap(words, width, initial_indent=indent, subsequent_indent=indent + "  ",
                break_long_words=False, break_on_hyphens=False)  # fmt: skip


def as_text(facts, verdicts):
    """The diagnosis as plain text."""
    lines = headline(facts)
    for verdict, name, words in findings(facts):
        lines += filled(f"{verdict}: {name}: {words}.", "  ")
    if facts.trials:
        if fitted(facts):
            lines += ["", "What was tried"]
            lines += text_table(*trial_rows(facts, verdicts), left=4, indent="  ")
            lines += ["", "Formulas"]
            lines += [f"  {numbers}: {words}" for numbers, words in formulas(facts)]
        skipped = not_tried(facts)
        if skipped:
            lines += ["", "Not tried"]
            for words in skipped:
                lines += filled(words, "  ")
        for note in facts.notes:
            lines += filled(note, "")
    if to_advise(facts):
        lines += ["", "What to do"]
        for i, words in enumerate(advice(facts)):
            is_call = facts.recommendation.changed and i == 0
            lines += [f"  {words}"] if is_call else filled(words, "  ")
        if not facts.trials and not facts.notes:
            lines += filled(NOTHING_TRIED, "  ")
        if not facts.trials:
            for note in facts.notes:
                lines += filled(note, "  ")
    return "\n".join(lines)


def as_html(facts, verdicts):
    """The diagnosis as an HTML fragment without scripts or external resources."""
    head = f"<p><strong>{'<br>'.join(map(escape, headline(facts)))}</strong></p>"
    parts = ['<div class="mixedeffects-diagnosis">', head]
    found = findings(facts)
    if to_advise(facts):
        said = advice(facts)
        parts.append("<p><strong>What to do</strong><br>")
        if facts.recommendation.changed:
            parts.append(f"<code>{escape(said[0])}</code><br>")
            said = said[1:]
        parts.append("<br>".join(map(escape, said)) + "</p>")
    if found:
        rows = [[verdict, name, words] for verdict, name, words in found]
        parts.append(html_table("Checks", ["verdict", "check", "meaning"], rows, left=3))
    if facts.trials:
        if fitted(facts):
            header, rows = trial_rows(facts, verdicts)
            parts.append(html_table("What was tried", header, rows, left=4))
            shown = [f"{escape(n)}: <code>{escape(words)}</code>" for n, words in formulas(facts)]
            parts.append("<p>" + "<br>".join(shown) + "</p>")
        skipped = not_tried(facts)
        if skipped:
            items = "".join(f"<li>{escape(words)}</li>" for words in skipped)
            parts.append(f"<p>Not tried</p><ul>{items}</ul>")
        if facts.notes:
            parts.append("<p>" + "<br>".join(map(escape, facts.notes)) + "</p>")
    parts.append("</div>")
    return "\n".join(parts)
