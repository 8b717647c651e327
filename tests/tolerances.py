"""Every tolerance the tests use, each with its reason."""

# --- golden linear mixed models (tests/test_golden_lmm.py) ------------------------------------

# At the same theta there is nothing to search for: only rounding and the reference's 15 digits
# differ. Relative to 1 + |objective|.
OBJECTIVE_AT_THETA_RTOL = 1e-6
# A fit may never be worse than the reference by more than this in log-likelihood; 1e-4 is far
# below anything a likelihood-ratio test could see.
LOGLIK_SHORTFALL = 1e-4
# A higher log-likelihood than the squeezed reference's, by more than this, means that it stopped
# short or that our likelihood is another one; every such model is listed with its reason.
LOGLIK_EXCESS = 1e-3
# Two optima whose objectives differ by this are as close as optimisers bring them; the distance
# in theta follows from the curvature.
OBJECTIVE_AT_OPTIMUM = 2e-7
# Fixed effects, in units of their standard errors.
FIXEF_IN_SE = 1e-3
# Standard errors, residual SD and variance components at a regular optimum, relative.
SE_RTOL = 1e-3
SIGMA_RTOL = 1e-4
VARCORR_RTOL = 2e-3
# Conditional modes and their SDs, in units of the random effect's SD; fitted values, of sigma.
RANEF_IN_SD = 2e-3
FITTED_IN_SIGMA = 2e-3
# At a boundary or on a flat ridge theta is not determined to many digits: everything that follows
# from it is compared this much more loosely.
SINGULAR_FACTOR = 20.0

# --- objective, gradient and optimum (tests/estimation, tests/model) ---------------------------

# The blocked objective and the dense oracle do the same arithmetic in another order.
OBJECTIVE_RTOL = 1e-9
# Central differences with step 1e-5 carry about 1e-9 of truncation and rounding each.
GRADIENT_RTOL = 1e-6
# BLUPs, coefficients and sigma against dense formulas, relative to the largest.
ESTIMATE_RTOL = 1e-7
# Two fits of the same model in other units or order: the optimiser stops within a Newton decrement
# of 1e-9, which moves the objective by less than this.
SAME_OPTIMUM = 1e-6

# --- degrees of freedom (tests/inference/test_df.py) -------------------------------------------

# lmerTest's Hessian and gradients are numerical; pbkrtest's formulas are exact and differ by the
# distance of two optima.
DF_SE_RTOL = 1e-5
DF_RTOL = 1e-4
F_RTOL = 1e-5
# Central differences of the gradient, step 3e-3 standard errors, near boundaries included.
HESSIAN_RTOL = 1e-5
