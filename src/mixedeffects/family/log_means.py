"""Chain rule of log densities that are a function of log mu plus one of log(1 - mu)."""

from __future__ import annotations


def by_log_means(order, means, parts):
    """Derivatives by eta and the dispersion predictor f.

    Returns dict of tuple to (n,) array.

    Parameters
    ----------
    means : pair of list of (n,) array
        Value and derivatives by eta of x, which is log mu, then log(1 - mu).
    parts : pair of (list, list)
        For each of them a function W(x, f) of the log density: its derivatives by x (W, W_x,
        W_xx, W_xxx as far as `order` goes), then those of W_f by x (W_f, W_xf, W_xxf; used for
        order 3).
    """
    out: dict = {}

    def add(key, term):
        out[key] = out[key] + term if key in out else term

    for m, (w, wf) in zip(means, parts, strict=True):
        add((), w[0])
        if order >= 1:
            add((0,), w[1] * m[1])
        if order >= 2:
            square = m[1] * m[1]
            add((0, 0), w[2] * square + w[1] * m[2])
        if order >= 3:
            add((0, 0, 0), w[3] * (square * m[1]) + 3.0 * w[2] * m[1] * m[2] + w[1] * m[3])
            add((1,), wf[0])
            add((0, 1), wf[1] * m[1])
            add((0, 0, 1), wf[2] * square + wf[1] * m[2])
    return out
