"""How well the variance parameters are known: observed information of theta and sigma.

With phi = log sigma^2 and all other letters as in `mixedeffects.estimation.objective`, the
objective before sigma is profiled out is

    d(theta, phi) = log|V| (+ log|X'V^-1X|) + nu (phi + log 2 pi) + r^2(theta) exp(-phi),

whose second derivatives at the optimum are d_phi,phi = nu, d_theta,phi = q with
q_k = h'(dG/dtheta_k) h / s^2, and d_theta,theta = H + q q'/nu, H the Hessian of the profiled
objective. The covariance of the estimates is twice the inverse of that matrix.
"""

from __future__ import annotations

import numpy as np

from mixedeffects.estimation.identification import known_directions

# steps of the differences, in standard errors of theta; truncation is of their square
STEP = 3e-3
# with more columns than this in the remainder an evaluation is costly, and one side must do;
# the error of a step is then of its first power
WIDE, SMALL_STEP = 300, 3e-4
# eigenvalues of the scaled Hessian below this are directions the data say nothing about
FLAT = 1e-8


def variance_information(evaluation, flat=()):
    """Covariance of the estimates of theta~ and log sigma^2 by the observed information.

    The Hessian is exact for small models; for others it is found from central differences of
    the analytic gradient.

    Parameters
    ----------
    flat : tuple of FlatDirection
        Directions that the data say nothing about, which are left out.

    Returns
    -------
    covariance : (K + 1, K + 1) array
        Of theta~ and, last, log sigma^2. Zero in directions in which theta~ is on the boundary
        of its space or the objective is flat.
    determined : bool
        False when some other direction had to be left out.

    References
    ----------
    Kuznetsova, Brockhoff & Christensen (2017), section 2, doi:10.18637/jss.v082.i13.

    Examples
    --------
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (1 | Subject)", me.datasets.sleepstudy())
    >>> covariance, determined = variance_information(fit.evaluation)
    >>> covariance.diagonal().round(4), determined  # relative sd, log variance
    (array([0.0534, 0.0124]), True)
    """
    objective, theta = evaluation.objective, evaluation.theta
    dG = objective.parameters.dG(theta, evaluation.lambdas)
    moments = [h.T @ h / evaluation.s2 for h in evaluation.factorisation.scores()]
    q = np.concatenate([np.einsum("lab,ab->l", G, hh) for G, hh in zip(dG, moments, strict=True)])
    H = profiled_hessian(evaluation)
    if flat:
        Q = known_directions(objective.parameters, theta, evaluation.lambdas, evaluation.s2, flat)
        inverse, determined = positive_inverse(Q.T @ H @ Q)
        inverse = Q @ inverse @ Q.T
    else:
        inverse, determined = positive_inverse(H)
    nu, K = objective.nu, theta.size
    covariance = np.empty((K + 1, K + 1))
    covariance[:K, :K] = 2.0 * inverse
    covariance[:K, K] = covariance[K, :K] = -2.0 * (inverse @ q) / nu
    covariance[K, K] = 2.0 / nu + 2.0 * float(q @ inverse @ q) / nu**2
    return covariance, determined


def profiled_hessian(evaluation):
    """(K, K) second derivatives of the profiled objective by theta~.

    With A the average of observed and expected information that `curvature` holds, E the
    expected one and f'Pf its quadratic forms, the observed one is A + f'Pf / s^2 - E.
    """
    objective = evaluation.objective
    dG = objective.parameters.dG(evaluation.theta, evaluation.lambdas)
    factorisation = evaluation.factorisation
    expected = factorisation.expected(dG, objective.reml)
    if expected is None:
        return differences(evaluation)
    return evaluation.curvature + factorisation.quadratics(dG) / evaluation.s2 - expected


def differences(evaluation):
    """The same matrix by differences of the gradient: central, or one-sided where costly."""
    from mixedeffects.engine import threads_for

    objective, theta = evaluation.objective, evaluation.theta
    columns = objective.stats.layout.m
    step = STEP if columns <= WIDE else SMALL_STEP
    size = max(1.0, np.abs(theta).max(initial=0.0))
    curvature = np.abs(np.diagonal(evaluation.curvature))
    steps = np.minimum(step / np.sqrt(np.maximum(curvature, 1e-300)), step * size)
    H = np.empty((theta.size, theta.size))
    with threads_for(columns):
        for k, step in enumerate(steps):
            ahead, behind = theta.copy(), theta.copy()
            ahead[k] += step
            if columns > WIDE:
                start = evaluation.gradient
            else:
                behind[k] -= step
                start = objective.evaluate(behind).gradient
            H[k] = (objective.evaluate(ahead).gradient - start) / (ahead[k] - behind[k])
    return 0.5 * (H + H.T)


def positive_inverse(H):
    """Inverse of a symmetric matrix on the space of its positive eigenvalues.

    Returns
    -------
    inverse : (K, K) array
    complete : bool
        Whether all eigenvalues, of the matrix scaled to unit diagonal, were positive.

    Examples
    --------
    >>> import numpy as np
    >>> positive_inverse(np.diag([4.0, 0.0]))
    (array([[0.25, 0.  ],
           [0.  , 0.  ]]), False)
    """
    if H.shape[0] == 0:
        return H, True
    diagonal = np.diagonal(H)
    scale = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(H / np.outer(scale, scale))
    kept = values > FLAT * max(1.0, values[-1])
    half = vectors[:, kept] / np.sqrt(values[kept]) / scale[:, None]
    return half @ half.T, bool(kept.all())
