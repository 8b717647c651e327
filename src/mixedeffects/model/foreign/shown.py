"""Which names of a fit completion lists: those that users ask for, not what they are made of."""

from __future__ import annotations

# what every record of a fit has, and users ask for
OF_RECORDS = (
    "again", "beta", "certificate", "converged", "design", "family", "formula", "objective",
    "reml", "request", "sigma", "theta", "without_rows",
)  # fmt: skip
OF_GENERALISED = ("dispersion", "extras", "nagq", "parameter_names", "vcov_parameters")
OF_LINEAR = ("objective_at",)


def public_names(model):
    """Names for completion, in alphabetical order.

    Parameters
    ----------
    model : type
        `LMM` or `GLMM`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> names = public_names(me.LMM)
    >>> "fixef" in names, "cache" in names
    (True, False)
    """
    of_classes = [
        name
        for cls in model.__mro__
        if cls.__module__.startswith("mixedeffects.model.")
        for name in vars(cls)
        if not name.startswith("_")
    ]
    of_kind = OF_GENERALISED if hasattr(model, "check_dispersion") else OF_LINEAR
    return sorted({*of_classes, *OF_RECORDS, *of_kind})
