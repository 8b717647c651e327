"""The parameters of a profile: their names, and which of them a user asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.formula import close_match
from mixedeffects.inference.component_names import component_name

# kinds that describe what is random
RANDOM = ("sd", "cor", "sigma")


@dataclass(frozen=True, slots=True)
class ProfileParameter:
    """A parameter on its natural scale.

    Attributes
    ----------
    name : str
        ``"sd_Days|Subject"``, ``"cor_Days.(Intercept)|Subject"``, ``"sigma"`` or the name of a
        fixed effect: lme4's names with ``signames = FALSE``.
    kind : {"sd", "cor", "sigma", "fixed", "extra"}
        "extra": a coefficient of another predictor of a generalised model, or a threshold.
    group : str or None
        Grouping factor, "Residual" for sigma; None for fixed effects.
    term : str
        As in `tidy`: ``"sd__Days"``, ``"cor__(Intercept).Days"``, ``"sd__Observation"`` or the
        fixed effect.
    place : tuple of int
        (term, row, column) among the random-effects terms, or the fixed effect's position; for
        generalised models (group of coefficients, position).
    """

    name: str
    kind: str
    group: str | None
    term: str
    place: tuple[int, ...]


def all_parameters(fit):
    """Every parameter of a fit: theta's order (sd, then correlations below it), sigma, beta.

    Parameters
    ----------
    fit : FitRecord

    Returns
    -------
    tuple of ProfileParameter

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> [p.name for p in all_parameters(fit)][:3]
    ['sd_(Intercept)|Subject', 'cor_Days.(Intercept)|Subject', 'sd_Days|Subject']
    """
    out, at = [], 0
    for block in fit.design.blocks:
        group = block.factor.name
        for term in block.terms:
            names = [block.names[c] for c in term.columns]
            for j, name in enumerate(names):
                label = f"sd_{name}|{group}"
                out.append(ProfileParameter(label, "sd", group, component_name(name), (at, j, j)))
                if term.covariance != "us":
                    continue
                for i in range(j + 1, len(names)):
                    label = f"cor_{names[i]}.{name}|{group}"
                    both = component_name(name, names[i])
                    out.append(ProfileParameter(label, "cor", group, both, (at, i, j)))
            at += 1
    out.append(ProfileParameter("sigma", "sigma", "Residual", component_name(), ()))
    for i, name in enumerate(fit.design.x_names):
        out.append(ProfileParameter(name, "fixed", None, name, (i,)))
    return tuple(out)


def chosen(fit, everything, parameters):
    """Positions of the parameters a user asks for.

    Parameters
    ----------
    fit : FitRecord
    everything : tuple of ProfileParameter
    parameters : None, str or sequence of str
        Names, or terms as tables show them (of every group that has such a term); "random" for
        all of variance, "fixed" for all fixed effects; None for all.

    Raises
    ------
    OptionError
        For a name that is not a parameter, with the closest that is.
    """
    if parameters is None:
        return list(range(len(everything)))
    if not isinstance(parameters, str | list | tuple):
        raise OptionError(f"parameters={parameters!r} must be a name or a list of names")
    wanted = [parameters] if isinstance(parameters, str) else list(parameters)
    if not wanted:
        raise OptionError("parameters= is empty; leave it out to profile all of them")
    names = [p.name for p in everything]
    found = []
    for name in wanted:
        if name == "fixed":
            found += [i for i, p in enumerate(everything) if p.kind == "fixed"]
        elif name == "random":
            found += [i for i, p in enumerate(everything) if p.kind in RANDOM]
        elif name in names:
            found.append(names.index(name))
        elif any(p.term == name for p in everything):
            found += [i for i, p in enumerate(everything) if p.term == name]
        else:
            raise OptionError(_unknown(fit, names, name))
    if not found:
        raise OptionError(f"parameters={parameters!r}: the model has no fixed effects")
    return list(dict.fromkeys(found))


def _unknown(fit, names, name):
    for column in fit.design.aliased:
        if column.name == name:
            return f"{name!r} was left out of the model ({column.reason}): it has no profile"
    near = close_match(name, names) if isinstance(name, str) else None
    meant = f"; did you mean {near!r}?" if near else ""
    return (
        f"parameters= has no parameter {name!r}{meant}\n"
        f"parameters: {', '.join(names)}; or 'random', 'fixed' for all of a kind"
    )


def natural_values(fit, factors, directions, sigma, beta):
    """All parameters' values, in the order of `all_parameters`.

    Parameters
    ----------
    fit : FitRecord
    factors : sequence of (k, k) arrays
        Per term, any L with Cov(b) = L L'.
    directions : sequence of (k, k) arrays
        L again, with the limit of its direction in place of a row that vanishes.
    sigma : float
    beta : (p,) array

    Returns
    -------
    (K,) array
        A correlation with a standard deviation of zero that has no direction is nan.
    """
    out, at = [], 0
    for block in fit.design.blocks:
        for term in block.terms:
            L, U = factors[at], directions[at]
            at += 1
            sd = np.sqrt((L * L).sum(axis=1)).tolist()
            k = len(sd)
            if term.covariance != "us" or k == 1:
                out += sd
                continue
            length = np.sqrt((U * U).sum(axis=1))
            with np.errstate(invalid="ignore", divide="ignore"):
                corr = np.clip(U @ U.T / np.outer(length, length), -1.0, 1.0).tolist()
            for j in range(k):
                out.append(sd[j])
                out += [corr[i][j] for i in range(j + 1, k)]
    return np.array([*out, sigma, *beta])
