"""Why variances are not in the data: the usual reasons, looked for in the design."""

from __future__ import annotations

import numpy as np


def reasons_of(found):
    """Why variances are not in the data, where it is one of the usual reasons.

    Returns
    -------
    list of str
        Sentences without a full stop.
    """
    blocks, out = found.fit.all_blocks, []
    if not found.residual_known:
        single = [b.factor.name for b in blocks if b.factor.n_levels == found.fit.design.n]
        out += [f"every level of {name} is one row" for name in single]
    for flat in found.flat:
        moved = [f for f, change in enumerate(flat.blocks) if change.any()]
        if len(moved) == 1 and not flat.residual:
            out += _of_one_factor(found, moved[0])
        for i, f in enumerate(moved):
            for g in moved[:i]:
                if same_groups(blocks[f].factor.codes, blocks[g].factor.codes):
                    names = blocks[g].factor.name, blocks[f].factor.name
                    out.append(f"{names[0]} and {names[1]} group the rows alike")
    return list(dict.fromkeys(out))


def _of_one_factor(found, f):
    block = found.fit.all_blocks[f]
    name, codes = block.factor.name, block.factor.codes
    if not found.fit.kind.residual and block.factor.n_levels == codes.size:
        return [f"every level of {name} is a single answer, which shows only its mean"]
    if block.Z is None:
        return [f"the fixed effects have a value for every level of {name}"]
    own = [e for e in found.entries if e.block == f and not e.known]
    doubted = [e.a for e in own if e.is_variance]
    if not doubted:
        apart = [e for e in own if never_together(block.Z[:, [e.a, e.b]], codes)]
        pairs = [f"{e.first} and {e.second}" for e in apart]
        return [f"no level of {name} has both {', nor both '.join(pairs)}"] if pairs else []
    constant = [
        block.names[c] for c in doubted
        if block.names[c] != "(Intercept)" and constant_within(block.Z[:, c], codes)
    ]  # fmt: skip
    if constant:
        return [f"{', '.join(constant)} {'is' if len(constant) == 1 else 'are'} constant "
                f"within every level of {name}"]  # fmt: skip
    return []


def never_together(pair, codes):
    """Whether no level has rows with either of two columns.

    Takes pair (n, 2) array; codes (n,) int array.
    """
    seen = np.zeros((int(codes.max()) + 1, 2), dtype=bool)
    np.logical_or.at(seen, codes, pair != 0)
    return not seen.all(axis=1).any()


def same_groups(a, b):
    """Whether two codings group the rows alike.

    Examples
    --------
    >>> import numpy as np
    >>> same_groups(np.array([0, 0, 1]), np.array([5, 5, 2]))
    True
    """
    pairs = np.unique(np.stack([a, b]), axis=1).shape[1]
    return pairs == np.unique(a).size == np.unique(b).size


def constant_within(values, codes):
    """Whether values do not vary within levels."""
    first = np.zeros(int(codes.max()) + 1)
    first[codes] = values
    return bool((first[codes] == values).all())
