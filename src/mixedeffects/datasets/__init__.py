"""Teaching data sets: five simulated ones whose truth is known, and three real ones.

>>> from mixedeffects import datasets
>>> datasets.list()[:3]
('flipped_classrooms', 'teaching_methods', 'call_centres')
>>> datasets.sleepstudy(flavour="pandas").shape
(180, 3)
"""

from mixedeffects.datasets.call_centres import call_centres
from mixedeffects.datasets.catalogue import Entry, describe, load, names, truth
from mixedeffects.datasets.cbpp import cbpp
from mixedeffects.datasets.flipped_classrooms import flipped_classrooms
from mixedeffects.datasets.hospital_stays import hospital_stays
from mixedeffects.datasets.owls import owls
from mixedeffects.datasets.pain_trial import pain_trial
from mixedeffects.datasets.record import Parameter, Truth
from mixedeffects.datasets.sleepstudy import sleepstudy
from mixedeffects.datasets.teaching_methods import teaching_methods

list = names


def __getattr__(name):
    from difflib import get_close_matches

    near = get_close_matches(name, names(), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise AttributeError(f"no data set {name!r}; there are: {', '.join(names())}{hint}")


__all__ = [
    "Entry",
    "Parameter",
    "Truth",
    "call_centres",
    "cbpp",
    "describe",
    "flipped_classrooms",
    "hospital_stays",
    "list",
    "load",
    "names",
    "owls",
    "pain_trial",
    "sleepstudy",
    "teaching_methods",
    "truth",
]
