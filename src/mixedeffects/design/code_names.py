"""Which numbers only tell things apart: codes of categories, by their names and their values."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


#: Words in the names of columns whose numbers are names: ``method``, ``treatment_id``, ``site``.
CODES = words(
    """
    method group grp arm treatment treat trt tx condition cond type kind category cat site center
    centre clinic hospital region state county district country province code race ethnicity
    religion marital occupation sector industry department dept ward block batch lot variety
    cultivar genotype strain species breed diet drug intervention program programme policy brand
    store shop facility location operator machine rater judge style colour color gender sex mode
    recipe zip postcode team cohort school teacher family household plot farm herd litter item
    """
)
#: Words of ids: as many as there are.
IDS = words(
    """
    id ids subject subj patient participant pid sid uid respondent person student pupil employee
    customer rowid
    """
)
#: Words of amounts, which a name can have beside those above: ``group_size``, ``drug_dose``.
AMOUNTS = words(
    """
    age dose dosage size count counts number num no nr n score rating rank level levels grade time
    times day days week weeks month months year years hour hours minute minutes second seconds wave
    visit period session order stage severity weight height length width depth distance income
    price cost rate ratio share percent pct mean avg sum total amount duration temperature temp
    frequency freq per prop proportion log sq squared dist intensity strength quantity
    """
)
#: Different values of a code, at most, unless it is an id.
MOST_CODES = 12
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# with a point or a comma
_NUMBER = re.compile(r"\s*[-+]?(?!0\d)(\d+[.,]?\d*|[.,]\d+)([eE][-+]?\d+)?\s*")
_DATE = re.compile(
    r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))"
    r"([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?\s*"
)
#: Levels of text looked at one by one, and levels from which whole numbers are taken for amounts.
LOOKED_AT, MANY = 200, 6
#: Levels that are no numbers, at most, among numbers, and how many numbers there are for each.
MOST_STRAYS, FEWEST = 2, 5


@lru_cache(maxsize=4096)
def named_as(name: str) -> str:
    """What a name says of a column of whole numbers: "code", "id" or nothing.

    Examples
    --------
    >>> named_as("treatment_id"), named_as("method"), named_as("group_size"), named_as("Days")
    ('id', 'code', '', '')
    """
    parts = [part.lower() for part in _WORDS.findall(str(name))]
    parts += [part[:-1] for part in parts if part.endswith("s")]
    if any(part in AMOUNTS for part in parts):
        return ""
    if any(part in IDS for part in parts):
        return "id"
    return "code" if any(part in CODES for part in parts) else ""


def is_code(name: str, values: np.ndarray) -> bool:
    """Whether numbers are named like codes, and look like them.

    Parameters
    ----------
    values : (n,) array
        Finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> method = np.array([1, 2, 3, 2, 1])
    >>> is_code("method", method), is_code("week", method), is_code("method", method / 2)
    (True, False, False)
    """
    said = named_as(name)
    if not said or values.size < 3 or values.dtype.kind == "b":
        return False
    low, high = float(values.min()), float(values.max())
    few = high - low < MOST_CODES and low in (0.0, 1.0)
    if not few and said == "code":
        return False
    if values.dtype.kind == "f" and not bool((np.floor(values) == values).all()):
        return False
    distinct = np.unique(values).size
    if said == "id":
        return distinct >= 3
    return distinct >= 3 and distinct >= high - low - 1.0  # one or two of them may be absent


def text_numbers(name: str, labels: list[str]) -> bool:
    """Whether the levels of a column of text are amounts, as a file read as text has them.

    Whole numbers of few values, ids and what begins with 0 are names of categories. One or two
    levels that are no numbers, such as a mark for missing values, make no column of amounts one
    of categories.

    Examples
    --------
    >>> text_numbers("dose", ["0.5", "1.5", "2"]), text_numbers("zone", ["1", "2", "3"])
    (True, False)
    >>> text_numbers("pain", [".", *(f"{v / 10}" for v in range(20))])
    True
    """
    if len(labels) < 3 or named_as(name):
        return False
    ends = _ends(labels)
    strays = no_numbers(labels)
    numbers = [text for text in ends if text not in strays]
    if len(strays) > MOST_STRAYS or len(numbers) < FEWEST * len(strays):
        return False
    whole = all("," not in text and float(text).is_integer() for text in numbers)
    if strays or any("," in text for text in numbers):
        return len(labels) - len(strays) > (MOST_CODES if whole else MANY)
    parts = {part.lower() for part in _WORDS.findall(str(name))}
    calendar = bool(parts & {"year", "years", "month", "week", "quarter", "day"})
    return len(labels) > (MOST_CODES if calendar else MANY) or not whole


def no_numbers(labels: list[str]) -> list[str]:
    """Of the levels looked at those that are no numbers.

    Examples
    --------
    >>> no_numbers(["1.5", "2,5", "n/a"])
    ['n/a']
    """
    return [text for text in _ends(labels) if not _NUMBER.fullmatch(text)]


def numbers_but_for(labels: list[str]) -> str:
    """What keeps a column of text from being one of numbers, as the end of a message.

    Empty where the column is simply one of words.

    Examples
    --------
    >>> numbers_but_for(["1.5", "2", "n/a", "7"])
    "\\nall but 'n/a' are numbers: mark it as missing and convert the rest to numbers"
    >>> numbers_but_for(["yes", "no"])
    ''
    """
    strays = [text for text in labels if not _NUMBER.fullmatch(text)]
    numbers = len(labels) - len(strays)
    if not numbers or len(strays) > numbers:
        return ""
    if not strays:
        if any("," in text for text in labels):
            return "\nthe numbers are text, with commas: replace the commas and convert them"
        return "\nthe numbers are text: convert them to numbers"
    shown = ", ".join(repr(text) for text in strays[:3]) + (", …" if len(strays) > 3 else "")
    what = "it" if len(strays) == 1 else "them"
    return f"\nall but {shown} are numbers: mark {what} as missing and convert the rest to numbers"


def _ends(labels: list[str]) -> list[str]:
    """The first and the last levels: where marks for missing values are sorted."""
    if len(labels) <= 2 * LOOKED_AT:
        return labels
    return [*labels[:LOOKED_AT], *labels[-LOOKED_AT:]]


def text_dates(labels: list[str]) -> bool:
    """Whether the levels of a column of text are dates.

    Examples
    --------
    >>> text_dates(["2024-01-31", "2024-02-28", "2024-03-31"]), text_dates(["a", "b", "c"])
    (True, False)
    """
    return len(labels) >= 3 and all(_DATE.fullmatch(text) for text in _ends(labels))


def number_note(name: str, shown: str, values: np.ndarray) -> str:
    """What to say of a column of numbers that enters as an amount; empty where all is well."""
    if not is_code(name, values):
        return ""
    kind = "numbers things" if named_as(name) == "id" else "is named like a code"
    few = np.unique(values)
    return (
        f"'{shown}' {kind} and enters as an amount, one slope along its {few.size:,} numbers; "
        f"write factor({shown}) for categories"
    )


def text_note(name: str, shown: str, labels: list[str]) -> str:
    """What to say of a column of text that becomes categories; empty where all is well."""
    if text_dates(labels):
        return (
            f"'{shown}' holds dates as text, and each of its {len(labels):,} dates is a category "
            "of its own; convert it to a number, such as days since the first"
        )
    if text_numbers(name, labels):
        strays = no_numbers(labels)
        if strays:
            shown_strays = " and ".join(repr(text) for text in strays)
            return (
                f"'{shown}' holds numbers as text, because of {shown_strays}, and each of its "
                f"{len(labels):,} levels is a category of its own; mark {shown_strays} as missing "
                "and convert the rest to numbers"
            )
        return (
            f"'{shown}' holds numbers as text, and each of its {len(labels):,} numbers is a "
            f"category of its own; convert it to numbers, or write factor({shown}) to keep them"
        )
    return ""


def two_values_note(shown: str, y: np.ndarray) -> str:
    """What to say of a response of two values in a model of means; empty for others."""
    if y.size < 8 or len(set(y[:8].tolist())) > 2:  # nearly every response ends here
        return ""
    low, high = float(y.min()), float(y.max())
    if low == high or not bool(((y == low) | (y == high)).all()):
        return ""
    return (
        f"the response '{shown}' has two values only, {low:g} and {high:g}: fitted values can lie "
        'beyond them; glmm(…, family="binomial") fits the probability'
    )
