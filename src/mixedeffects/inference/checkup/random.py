"""Checks of the random effects: dimensions, variances, correlations, levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.inference.checkup.fixed import column_sizes
from mixedeffects.inference.checkup.record import FINE, LOOK, PROBLEM, Check, listed
from mixedeffects.inference.random_pca import contributions, random_components
from mixedeffects.inference.row_sums import summed
from mixedeffects.inference.singular import singular_sentences
from mixedeffects.inference.varcorr import varcorr

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# contribution to the response, in residual standard deviations, that is next to nothing
NEAR_ZERO = 0.01
# correlation that is one for all that the data can say
NEAR_ONE = 0.999
# standard deviations between zero and the mean of a predictor, from which on lines through it are
# extended beyond the data
FAR = 3.0
# share of the variance that is said to be none
NO_SHARE = 5e-5
# levels below which a variance between them is hardly known
FEW_LEVELS = 5


def singular(fit: Fit):
    """Directions of zero variance."""
    words = singular_sentences(fit)
    if not words:
        return Check("singular", 0.0, FINE, "no combination of random effects has zero variance")
    proof = (
        "That is the maximum, and a legal answer, but the model has more random effects than "
        "these data support"
        if fit.certificate.at_maximum
        else "The optimiser stopped there"
    )
    said = f"{'; '.join(words)}. {proof}"
    return Check("singular", float(len(fit.certificate.singular)), PROBLEM, said)


def dimensions(fit: Fit):
    """Per grouping factor, how many dimensions of its random effects the data support."""
    out = []
    for c in random_components(fit):
        if c.sd.size == 1 or np.isnan(c.sd).any():
            continue
        shares = ", ".join(_percent(share) for share in c.share)
        verdict = FINE if c.supported == c.sd.size else LOOK
        words = f"{c.supported} of {c.sd.size} dimensions supported; " + (
            f"principal components have {shares} of the variance"
            if c.sd.any()
            else "no variance in any direction"
        )
        out.append(Check(f"dimensions of {c.group}", float(c.supported), verdict, words))
    return out


def _percent(share):
    """A share in per cent with three digits, one that is next to nothing as 0%."""
    return f"{100 * share:.3g}%" if share > NO_SHARE else "0%"


def near_zero(fit: Fit):
    """Random effects that add next to nothing to the response.

    Returns
    -------
    list of (label, size)
        ``("g: x", 0.003)``: size in residual standard deviations.
    """
    out = []
    blocks = zip(fit.parameters.groups, fit.all_blocks, contributions(fit), strict=True)
    for group, block, sizes in blocks:
        for name, size in zip(block.names, sizes, strict=True):
            if size < NEAR_ZERO:
                out.append((f"{group}: {name}", float(size)))
    return out


def variances(fit: Fit):
    """Variances next to nothing."""
    sizes = np.concatenate(contributions(fit))
    if np.isnan(sizes).all():
        return Check("variances", float("nan"), FINE, "no variance is in the data by itself")
    smallest = float(np.nanmin(sizes))
    found = near_zero(fit)
    unit = fit.kind.unit
    if not found:
        return Check("variances", smallest, FINE, f"the smallest effect is {smallest:.2g} {unit}")
    largest = max(size for _, size in found)
    amount = f"next to nothing to the response (at most {largest:.1g} {unit})"
    words = (
        f"{listed([name for name, _ in found])} add{'s' * (len(found) == 1)} "
        f"{amount if largest > 0 else 'nothing to the response'}"
    )
    return Check("variances", smallest, LOOK, words)


def correlations(fit: Fit):
    """Correlations of random effects at the boundary."""
    largest, names = 0.0, []
    for term in varcorr(fit).terms:
        if not term.correlated or len(term.names) < 2:
            continue
        corr = np.nan_to_num(term.corr)
        for i in range(len(term.names)):
            for j in range(i):
                size = float(corr[i, j])
                largest = max(largest, abs(size))
                if abs(size) > NEAR_ONE:
                    names.append(f"{term.label}: {term.names[j]}, {term.names[i]} ({size:+.3f})")
    if not names:
        words = "no correlation of random effects is at ±1"
        if largest:
            words += f"; the largest is {largest:.2f}"
        return Check("correlations", largest, FINE, words)
    if fit.certificate.is_singular or singular_sentences(fit):
        return Check("correlations", largest, LOOK, f"at the boundary: {'; '.join(names)}")
    words = f"next to ±1, though not at the boundary: {'; '.join(names)}"
    far = [s.name for s in column_sizes(fit) if s.distance > FAR and s.name in _slopes(fit)]
    if far:
        words += (
            f". Where lines of different slopes are extended to a zero of {listed(far)} far from "
            f"the data, intercepts and slopes go together: center({far[0]}) shows the correlation "
            "at the mean"
        )
    return Check("correlations", largest, LOOK, words)


def _slopes(fit: Fit):
    """Columns that have random slopes."""
    return {name for block in fit.design.blocks for name in block.names}


def levels(fit: Fit):
    """Grouping factors with few levels."""
    factors = {block.factor.name: block.factor for block in fit.all_blocks}
    few = [f for f in factors.values() if f.n_levels < FEW_LEVELS]
    fewest = min(f.n_levels for f in factors.values())
    if not few:
        return Check("levels", float(fewest), FINE, f"every grouping factor has {fewest:,} or more")
    shown = ", ".join(f"{f.name} has {f.n_levels}" for f in few)
    words = (
        f"{shown}: a variance between so few levels is hardly known; a fixed effect for each "
        "level is the alternative"
    )
    return Check("levels", float(fewest), LOOK, words)


def rows(fit: Fit):
    """Rows against random effects."""
    n, q = fit.design.n, sum(block.factor.n_levels * block.k for block in fit.all_blocks)
    if q < n:
        return Check("rows", n / q, FINE, f"{n:,} rows for {q:,} random effects")
    if q == n and known_noise(fit):
        words = (
            f"{q:,} random effects for {n:,} rows: what varies beyond the {fit.family.name} "
            "family's own noise, which is known, is told apart from it"
        )
        return Check("rows", n / q, FINE, words)
    words = (
        f"{q:,} random effects for {n:,} rows: what varies between levels and what is noise can "
        "hardly be told apart"
    )
    return Check("rows", n / q, LOOK, words)


def known_noise(fit: Fit):
    """Whether a row varies about its mean by an amount that follows from the mean.

    As counts of a Poisson distribution and successes of several trials do: an effect for each row
    is then what they vary more. Single trials show no such thing, and a free dispersion is the
    same as an effect for each row.
    """
    family = fit.family
    if not family.discrete or family.ordinal:
        return False
    if any(name in family.extras for name in ("dispersion", "df")):
        return False
    if not family.has_size:
        return True
    size = fit.design.size
    return size is not None and summed(fit, "most trials", lambda: float(np.max(size))) > 1.0
