"""The parameters of a profile: their names, and which of them a user asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixedeffects.errors import OptionError
from mixedeffects.estimation.profile import Constraint, constraints
from mixedeffects.formula import close_match
from mixedeffects.inference.component_names import component_name

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

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
        Grouping factor, "Residual" for sigma; None for coefficients.
    term : str
        As in `tidy`: ``"sd__Days"``, ``"cor__(Intercept).Days"``, ``"sd__Observation"`` or the
        coefficient.
    constraint : Constraint
        What holds it at a value.
    """

    name: str
    kind: str
    group: str | None
    term: str
    constraint: Constraint


def random_terms(fit: Fit):
    """Per random-effects term, also of the other predictors: (block, group's label, term)."""
    out = []
    main = len(fit.design.blocks)
    for i, block in enumerate(fit.all_blocks):
        group = block.factor.name if i < main else f"zi: {block.factor.name}"
        out += [(i, group, term) for term in block.terms]
    return out


def all_parameters(fit: Fit):
    """Every parameter of a fit: theta's order (sd, then its correlations), sigma, coefficients.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> [p.name for p in all_parameters(fit)][:3]
    ['sd_(Intercept)|Subject', 'cor_Days.(Intercept)|Subject', 'sd_Days|Subject']
    """
    terms = random_terms(fit)
    coefficients = [list(fit.design.x_names)]
    for predictor, values in fit.extras.items():
        columns = fit.extra_names(predictor, values.size)
        coefficients.append([f"{predictor}: {column}" for column in columns])
    out = []
    for constraint in constraints(fit):
        kind, owner, columns = constraint.kind, constraint.owner, constraint.columns
        if kind == "sigma":
            out.append(ProfileParameter("sigma", kind, "Residual", component_name(), constraint))
        elif kind == "coefficient":
            name = coefficients[owner][columns[0]]
            kind = "extra" if owner else "fixed"
            out.append(ProfileParameter(name, kind, None, name, constraint))
        else:
            block, group, term = terms[owner]
            names = [fit.all_blocks[block].names[term.columns[j]] for j in columns]
            label = f"{kind}_{'.'.join(reversed(names))}|{group}"
            both = component_name(*names)
            out.append(ProfileParameter(label, kind, group, both, constraint))
    return tuple(out)


def chosen(fit: Fit, everything, parameters):
    """Positions of the parameters that a user asks for; see `profile`."""
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


def _unknown(fit: Fit, names, name):
    for column in fit.design.aliased:
        if column.name == name:
            return f"{name!r} was left out of the model ({column.reason}): it has no profile"
    near = close_match(name, names) if isinstance(name, str) else None
    meant = f"; did you mean {near!r}?" if near else ""
    return (
        f"parameters= has no parameter {name!r}{meant}\n"
        f"parameters: {', '.join(names)}; or 'random', 'fixed' for all of a kind"
    )
