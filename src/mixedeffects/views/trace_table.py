"""What the optimiser passed on its way, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mixedeffects.errors import NotAvailableError
from mixedeffects.inference.table import Table
from mixedeffects.inference.trace_parameters import coordinates_of

if TYPE_CHECKING:
    from mixedeffects.inference.protocol import Fit

# what a row has besides the parameters
OWN = ("iteration", "evaluations", "objective", "gap", "gradient", "seconds")


def trace(fit: Fit):
    """Every iteration that the optimiser accepted: objective, gradient, all parameters.

    Parameters
    ----------
    fit : LMM or GLMM
        The fitted model; of the method, the model itself.

    Returns
    -------
    Table
        iteration (0 is the start), evaluations (of the objective, so far), objective (-2
        log-likelihood or REML criterion), gap (objective minus the last one), gradient (largest
        modulus in the engine's coordinates; nan where the optimiser did not compute it), seconds;
        then the fixed effects, standard deviations and correlations, named as in `tidy`. With
        several grouping factors the latter have their group's name after a bar:
        ``sd__(Intercept)|Subject``. A fixed effect with the name of another column is called
        ``"fixed: name"``.

    Raises
    ------
    NotAvailableError
        The fit has no path: it was loaded from a file of an earlier version, or is one of many
        refits.

    Notes
    -----
    Iterations that found nothing lower, as derivative-free optimisers have them, are not
    listed. A search that was taken up again from another point (a variance put at exactly zero,
    a saddle left) is counted on; of searches from several starts the one that won is shown. Of a
    very long path (more than four million numbers) every other iteration is left out.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> fit.trace()[["iteration", "objective", "sd__Days"]].round(3)
       iteration  objective  sd__Days
    0          0   1743.674     5.749
    1          1   1743.628     5.924
    2          2   1743.628     5.922
    """
    path = fit.certificate.path
    if not path:
        raise NotAvailableError(
            "the optimiser's path was not kept with this fit: it is a refit, or was saved by an "
            "earlier version\nfit the model anew"
        )
    last = path[-1].objective
    columns = {name: np.array([getattr(s, name) for s in path]) for name in OWN if name != "gap"}
    columns["gap"] = columns["objective"] - last
    columns = {name: columns[name] for name in OWN}
    user = coordinates_of(fit)
    rows = [user.fixef(step) for step in path]
    fixed = {
        f"fixed: {name}" if name in OWN else name: np.array([row[name] for row in rows])
        for name in rows[0]
    }
    return Table(columns | fixed | user.components(path))
