"""The options of `lmm` and `glmm` are listed once; what names them agrees with the list."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import fields

import pytest

import mixedeffects as me
from mixedeffects.fitting import OPTIONS, Request
from mixedeffects.fitting.option_list import known_by_name

# of `glmm`; without a family `explain` plans a linear model, and a `Request` is of one
OF_GENERALISED = "family"


def options_of(function):
    return {o.name: o.default for o in OPTIONS if function.__name__ in o.functions}


@pytest.mark.parametrize("function", [me.lmm, me.glmm])
def test_signatures_have_the_options_of_the_list_with_their_defaults(function):
    parameters = list(inspect.signature(function).parameters.values())[2:]
    assert {p.name: p.default for p in parameters} == options_of(function)
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters)


@pytest.mark.parametrize("function", [me.lmm, me.glmm])
def test_docstrings_describe_the_options_of_the_list_and_no_others(function):
    section = inspect.getdoc(function).split("Returns\n-------")[0]
    described = re.findall(r"^(\w+) : ", section, re.MULTILINE)
    assert described == list(inspect.signature(function).parameters)
    assert set(described) == {"formula", "data", *options_of(function)}


def test_explain_has_defaults_of_the_list():
    parameters = dict(inspect.signature(me.explain).parameters)
    del parameters["formula"], parameters["data"], parameters[OF_GENERALISED]
    known = {o.name: o.default for o in OPTIONS}
    assert {name: p.default for name, p in parameters.items()}.items() <= known.items()


def test_a_request_has_the_defaults_of_the_list():
    known = {o.name: o.default for o in OPTIONS}
    found = {f.name: f.default for f in fields(Request) if f.name != OF_GENERALISED}
    assert found.items() <= known.items()


def test_a_file_keeps_what_is_text_or_numbers_and_gives_it_back():
    asked = Request(
        reml=False, family=me.family.family_of("poisson", "sqrt"), nagq=3, engine="dense",
        optimizer="Powell", start=[1.0], max_iterations=7, converged=print,
    )  # fmt: skip
    kept = json.loads(json.dumps(asked.to_dict()))
    assert set(kept) == {o.name for o in OPTIONS if o.saved} | {OF_GENERALISED}
    assert Request.from_dict(kept) == asked.kept()


def test_a_family_is_known_if_its_names_make_it_again():
    class Poisson(me.family.Poisson):
        """Of the same name, but another."""

    assert known_by_name(me.family.Poisson())
    assert not known_by_name(Poisson())
