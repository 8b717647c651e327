"""Sentences on rows that are not there, answers called like their column, and least squares."""

from __future__ import annotations

import mixedeffects as me


def said(fit):
    return " ".join(str(fit.interpret()).split())


def test_reference_levels_that_no_row_has_together_are_named(rdata):
    data = rdata("MASS", "bacteria")
    assert not ((data["trt"] == "drug") & (data["hilo"] == "hi")).any()
    fit = me.glmm("y ~ trt + hilo + week + (1 | ID)", data, family="binomial")
    assert "No row has trt drug and hilo hi together" in said(fit)
    assert "No row has trt drug and hilo hi together" in said(fit.without_rows())
    # of placebo there are rows with both
    there = me.glmm(
        "y ~ C(trt, Treatment('placebo')) + hilo + week + (1 | ID)", data, family="binomial"
    )
    assert "No row has" not in said(there)


def test_full_designs_have_rows_at_all_reference_levels(rdata):
    fit = me.lmm("yield ~ Variety + factor(nitro) + (1 | Block)", rdata("nlme", "Oats"))
    assert "No row has" not in said(fit)


def test_an_answer_called_like_its_column_is_told_apart(rdata):
    data = rdata("MASS", "bacteria")
    words = said(me.glmm("y ~ week + (1 | ID)", data, family="binomial"))
    assert "the odds of the answer 'y' in y" in words and "y being y" not in words
    other = said(me.glmm("infected ~ week + (1 | ID)", data.rename(columns={"y": "infected"}),
                         family="binomial"))  # fmt: skip
    assert "the odds of infected being y" in other


def test_least_squares_is_too_cautious_without_a_cause_that_may_be_wrong(rdata):
    words = said(me.lmm("score ~ Machine + (1 | Worker)", rdata("nlme", "Machines")))
    assert "would have been too cautious" in words and "comparisons within levels" not in words
