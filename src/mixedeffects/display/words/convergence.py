"""Whether the estimates are the optimum, what a singular fit means, what was dropped."""

from __future__ import annotations

from mixedeffects.display.words.phrases import listed, plural, upper_first


def convergence_sentences(facts):
    """The certificate in words.

    Parameters
    ----------
    facts : InterpretationFacts

    Returns
    -------
    list of str
    """
    s, certificate = facts.summary, facts.summary.certificate
    steps = plural(certificate.evaluations, "evaluation")
    out = []
    if certificate.converged:
        text = (
            f"The optimum is certified: after {steps} ({certificate.optimizer}) the largest "
            f"component of the gradient is {certificate.gradient:.0e}"
        )
        if certificate.is_singular:
            text += ", and letting a zero variance grow would make the fit worse"
        out.append(f"{text}.")
    else:
        out.append(
            "The estimates are not certified to be an optimum and should not be reported as they "
            f"are: the optimiser ({certificate.optimizer}) stopped after {steps} "
            f"({certificate.message.rstrip('.')})."
        )
        if certificate.advice:
            out.append(f"To try: {'; '.join(certificate.advice)}.")
    for words in s.singular:
        group, what = words.rsplit(": ", 1)
        one = not any(sign in what for sign in (" + ", " - "))
        name = f"variance of {what}" if one else f"variance of the combination {what}"
        out.append(
            f"The fit is singular: the estimated {name} between levels of {group} is zero. The "
            "data show no more variation there than chance alone would; that is an estimate, not "
            "a proof that levels are alike. The fixed effects can be used; "
            + (
                "a model without this term would fit as well."
                if one
                else "a simpler term, without the correlation or without the smallest slope, "
                "would fit nearly as well."
            )
        )
    if certificate.infinite:
        out.append(
            f"The estimates of {listed(certificate.infinite)} are infinite (separation); the "
            "numbers are where the optimiser stopped."
        )
    out += [f"Column {a.name} was dropped: {a.reason}." for a in s.aliased]
    out += [upper_first(n if n.endswith(".") else f"{n}.") for n in s.notes]
    return out
