"""Advice in Python → the same at a shell.

Messages of the package are written for those who call it from Python. What the command line has,
too, is said in its own words: ``glmm(…, family="binomial")`` is ``--family binomial``. What it
does not have stays as it is.
"""

from __future__ import annotations

import re
import shlex

from mixedeffects.fitting import OPTIONS

# options of commands besides those of the model, as the functions call them
OTHERS = (
    "ddf",
    "level",
    "groups",
    "new_levels",
    "interval",
    "title",
    "charts",
    "outcome",
    "subject",
    "time",
    "treatment",
)
COMMANDS = {
    "fit.diagnose()": "mixedeffects diagnose", "diagnose()": "mixedeffects diagnose",
    "me.compare": "mixedeffects compare", "fit.anova()": "mixedeffects anova",
    "me.explain(formula, data)": "mixedeffects explain",
}  # fmt: skip
OFFERED = (*(option.name for option in OPTIONS if option.help), *OTHERS)
_VALUE = r"""(?P<value>"[^"]*"|'[^']*'|[\w.]+)"""
_OPTION = re.compile(rf"(?<![\w.(])(?P<name>{'|'.join(OFFERED)})={_VALUE}?(?![\w(])")
_MODEL = re.compile(
    r"""(?:me\.)?g?lmm\(\s*(?P<formula>"[^"]*"|'[^']*'|formula|…)(?:,\s*data)?(?P<more>[^()]*)\)"""
)
_WORD = re.compile(r"[\w.-]+")
_CALL = re.compile(r"[\w.]+\([^()]*\)")


def at_a_shell(text: str, data: str = "DATA") -> str:
    """A message with commands and their options in place of the Python that does the same.

    Parameters
    ----------
    text : str
        Words of an error, a warning or a result.
    data : str
        The table, as the command line named it.

    Examples
    --------
    >>> at_a_shell('glmm(…, family="binomial") fits the probability')
    '--family binomial fits the probability'
    >>> at_a_shell('me.lmm("y ~ x + (1 | g)", data, reml=False)', "a.csv")
    'mixedeffects fit a.csv "y ~ x + (1 | g)" --ml'
    >>> at_a_shell('use new_levels="population" to predict them')
    'use --new-levels population to predict them'
    >>> at_a_shell('fit.confint(method="profile", level=0.9) has others')
    'fit.confint(method="profile", level=0.9) has others'
    """
    text = _MODEL.sub(lambda found: _command(found, data), text)
    for ours, command in COMMANDS.items():
        text = re.sub(rf"(?<![\w.]){re.escape(ours)}(?!\w)", command, text)
    text = text.replace(" as missing and convert the rest to numbers", " as missing with --na")
    out, last = [], 0
    for call in _CALL.finditer(text):  # what is left of Python stays as it is
        out += [_OPTION.sub(_flag, text[last : call.start()]), call.group()]
        last = call.end()
    return "".join([*out, _OPTION.sub(_flag, text[last:])])


def in_words(written: str, form: str, data: str) -> str:
    """What a command writes; of a text with its advice for a shell."""
    return at_a_shell(written, data) if form == "text" else written


def _command(found: re.Match[str], data: str) -> str:
    given = list(_OPTION.finditer(found["more"]))
    if len(given) != found["more"].count("="):  # one that the command line does not have
        return found.group()
    flags = " ".join(_flag(option) for option in given)
    formula = found["formula"]
    if formula == "…":
        return flags or found.group()
    shown = "FORMULA" if formula == "formula" else formula
    if set(formula) & set("`$!\\"):  # which double quotes do not keep from a shell
        shown = shlex.quote(formula[1:-1])
    return " ".join(filter(None, ["mixedeffects fit", shlex.quote(data), shown, flags]))


def _flag(option: re.Match[str]) -> str:
    name, value = option["name"], option["value"]
    if name == "reml":
        return "--ml" if value == "False" else "leaving --ml out"
    flag = f"--{name.replace('_', '-')}"
    if value is None or value == "True":
        return flag
    plain = value.strip("\"'")
    return f"{flag} {plain if _WORD.fullmatch(plain) else value}"
