"""Whether the estimates are the optimum, what a singular fit means, what was dropped."""

from __future__ import annotations

import math

from mixedeffects.display.numbers import significant
from mixedeffects.display.words.phrases import listed, plural
from mixedeffects.inference.interpretation.effects import unquoted


def convergence_sentences(facts):
    """The certificate in words. Returns list of str."""
    s, certificate = facts.summary, facts.summary.certificate
    out = _found(certificate)
    if s.accuracy:
        out.append(s.accuracy)
    if s.singular:
        out += _singular(facts)
    unbounded = [name for name in certificate.infinite if not name.startswith("df:")]
    if unbounded:
        why = " (separation)" if certificate.separation else ""
        out.append(
            f"The coefficients {listed(map(unquoted, unbounded))} have no finite estimates{why}, "
            "and no standard errors or Wald tests. The other numbers are those of the limit, and "
            "likelihood-ratio tests hold: the likelihood has a supremum."
            if certificate.recession is not None
            else f"The estimates of {listed(map(unquoted, unbounded))} are infinite{why}; the "
            "numbers are where the optimiser stopped."
        )
    out += [f"Column {unquoted(a.name)} was dropped: {a.reason}." for a in s.aliased]
    return out


def _found(certificate):
    """How the search ended, and whether at a proved optimum."""
    steps = plural(certificate.evaluations, "evaluation")
    if certificate.limit:
        return [
            f"The search ({certificate.optimizer}, {steps}) found that {certificate.message}.",
            f"What to do: {'; '.join(certificate.advice)}.",
        ]
    if not certificate.converged:
        out = [
            "The estimates are not certified to be an optimum and should not be reported as they "
            f"are: the optimiser ({certificate.optimizer}) stopped after {steps} "
            f"({certificate.message.rstrip('.')})."
        ]
        if certificate.advice:
            out.append(f"To try: {'; '.join(certificate.advice)}.")
        return out
    if certificate.short:
        left = certificate.remaining
        fall = f"about {significant(left, 2)}" if math.isfinite(left) else "an unknown amount"
        return [
            f"A rule of the user ended the search ({certificate.rule}) after {steps} "
            f"({certificate.optimizer}), short of a certified optimum: the objective can still "
            f"fall by {fall}. The numbers are those of where it ended."
        ]
    if certificate.flat:
        return [
            f"The likelihood is at its maximum after {steps} ({certificate.optimizer}), but not at "
            "a single point: the model has variances that these data cannot tell. What is said "
            "here is the same for all of them."
        ]
    size = f"{certificate.gradient:.0e}" if certificate.gradient else "0"
    text = (
        f"The optimum is certified: after {steps} ({certificate.optimizer}) the largest "
        f"component of the gradient is {size}"
    )
    if certificate.is_singular:
        text += ", and letting a zero variance grow would make the fit worse"
    return [f"{text}."]


def _singular(facts):
    """Which variances are zero, and what follows."""
    s = facts.summary
    columns = {name for _, names, _ in facts.random for name in names}
    alone = all(words.rsplit(": ", 1)[1] in columns for words in s.singular)
    out = [
        f"The fit is singular: {'; '.join(map(unquoted, s.alike))}.",
        f"The data show no more variation {'there' if alone else 'in other directions'} than "
        "chance alone would; that is an estimate, not a proof that levels are alike.",
    ]
    if alone:
        terms = "these terms" if len(s.singular) > 1 else "this term"
        out.append(f"The fixed effects can be used; a model without {terms} would fit as well.")
    else:
        out.append(
            "The fixed effects can be used; a simpler term, without the correlation or without "
            "the smallest slope, is worth comparing: fit.diagnose() does."
        )
    return out
