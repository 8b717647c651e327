"""What a certificate says, in one or two short sentences."""

from __future__ import annotations

from mixedeffects.inference.singular import singular_sentences


def verdict_words(fit):
    """Whether the optimum is proved, and which variances are zero.

    Returns tuple of str.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> verdict_words(fit)[0].split(",")[0]
    'Converged: certified optimum (newton'
    """
    c = fit.certificate
    how = f"{c.optimizer}, {c.evaluations} evaluations"
    if c.short:
        words = [f"Ended by your own rule ({c.rule}), short of a certified optimum ({how})"]
    elif c.converged and c.flat:
        words = [
            f"At its maximum, but not at a single point: variances are not in the data ({how})"
        ]
    elif c.converged:
        words = [f"Converged: certified optimum ({how}, gradient {c.gradient:.0e})"]
    else:
        words = [f"NOT CONVERGED ({how}): {c.message}"]
        words += [f"to try: {'; '.join(c.advice)}"] if c.advice else []
    singular = singular_sentences(fit)
    if singular:
        words.append(f"Singular fit: {'; '.join(singular)}")
    if c.infinite:
        why = " (separation)" if c.separation else ""
        words.append(f"Infinite estimates{why}: {', '.join(c.infinite)}")
    return tuple(words)
