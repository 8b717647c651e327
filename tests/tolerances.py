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

# --- comparison, R2, ICC, errors of variances (tests/inference) --------------------------------

# Log-likelihoods and criteria of two optimisers at the same optimum.
CRITERION_ABS = 1e-5
# Differences of two of them.
CHISQ_ABS = 5e-5
# Tail probabilities of statistics that far apart, down to 1e-60.
P_RTOL = 1e-4
# Ratios of variances follow the optimum, which two optimisers find to about 1e-6.
SHARE_ABS = 1e-5
# Standard errors of variance parameters: glmmTMB differentiates its Hessian automatically at its
# own optimum, which is good to about 1e-5 in theta; near the boundary a little less.
VARIANCE_ERROR_RTOL = 1e-3
# The same covariance by dense linear algebra.
PREDICTION_ERROR_RTOL = 1e-8

# --- profile likelihood (tests/inference/test_profile.py) ---------------------------------------

# zeta at lme4's points: its inner optimiser stops within 1e-3 in zeta, and ours is interpolated.
PROFILE_ZETA = 3e-3
# lme4's limits are read off a spline through its points: relative, and in widths of the interval
# for limits near zero.
PROFILE_LIMIT_RTOL = 5e-3
PROFILE_LIMIT_IN_WIDTH = 1e-3
# Rise of the criterion at a limit, against a dense simplex search.
PROFILE_RISE = 2e-4

# --- ANOVA and marginal means (tests/inference/test_anova.py, test_emmeans.py) -------------------

# F of lmerTest and its denominator df (a numeric derivative), at its own optimum.
ANOVA_F_RTOL = 1e-5
ANOVA_DF_RTOL = 1e-3
# Logarithms of p-values move with df.
LOG_P_RTOL = 1e-3
# Means, slopes and contrasts of emmeans, relative and in standard errors; emtrends' difference
# quotient has an error of its own on curves.
MEANS_RTOL = 1e-5
MEANS_IN_SE = 1e-4
SLOPE_RTOL = 1e-4
MEANS_DF_RTOL = 1e-3
# Adjusted p-values: Tukey's by quadrature here and in R.
TUKEY_P = 1e-5
# Multivariate t by sampling on both sides, R's at df rounded to whole numbers.
MVT_P = 4e-3
# Confidence limits, in standard errors.
LIMIT_IN_SE = 1e-3
MVT_LIMIT_IN_SE = 1e-2

# --- cluster-robust covariances (tests/inference/test_sandwich.py) ------------------------------

# Both programs at their own optimum: theta differs by about 1e-5, which moves standard errors
# and degrees of freedom by less than these.
ROBUST_SE_RTOL = 2e-6
ROBUST_DF_RTOL = 1e-5
# The same theta, by full matrices: rounding, and a basis that drops directions of length 1e-6.
DENSE_RTOL = 1e-7

# --- tidy tables (tests/inference/test_broom.py, tests/model/test_ecosystem.py) -----------------

# lme4 and we stop at theta that differ in the sixth digit; leverages lie between 0 and 1, Cook's
# distances and coefficients of levels are smooth functions of theta.
LEVERAGE_ATOL = 2e-4
COOKS_RTOL = 5e-3
# Henderson's equations inverted as one dense matrix: rounding, relative.
HENDERSON_RTOL = 1e-6
# marginaleffects takes derivatives of exact arithmetic (JAX), or differences of step one of linear
# functions divided by 1e-4: the rounding of a prediction, times 1e4.
MARGINALEFFECTS_RTOL = 1e-7

# --- deletion diagnostics (tests/inference/test_influence.py) ------------------------------------

# lme4 and we refit without the unit and stop within about 1e-6 of theta; the measures are
# quadratic in small differences of estimates.
DELETED_IN_SE = 2e-5
DELETED_RTOL = 1e-5
DELETED_MEASURE_RTOL = 1e-4
HAT_ABS = 2e-6
# lme4::influence refits by its default optimiser, which stops at about 1e-3 in theta.
LME4_DEFAULT_RTOL = 2e-2

# --- refits and bootstrap (tests/estimation/test_refits.py, tests/inference/test_bootstrap.py) ----

# Two optimisers that stop at a Newton decrement of 1e-10, at optima whose curvature is of order
# 10 or more: about 1e-5 in theta where it is flat, far less elsewhere.
REFIT_ATOL = 1e-5
# Largest of some dozens of standard normal deviates of a Monte-Carlo mean with a fixed seed, and
# the least of some dozens of p-values: false alarms once in thousands of seeds.
MONTE_CARLO_Z = 4.5
MONTE_CARLO_P = 1e-4

# --- repeated-measures ANOVA (tests/model/test_rm_anova.py) --------------------------------------

# The same sums of squares: rounding, and p-values of large F.
RM_ANOVA_RTOL = 1e-7
# car and stats::mauchly.test have the number of responses where Anderson's second-order term has
# the number of contrasts, one less: a small part of a p-value.
MAUCHLY_P_RTOL = 2e-2

# --- golden generalised mixed models (tests/model/test_golden_glmm.py) ---------------------------

# Exact derivatives on both sides: optima agree to 1e-7 in log-likelihood; the inner optimiser of
# clmm leaves 4e-6, and lme4 on 70,000 rows, without derivatives, 2e-4 below.
GLMM_LOGLIK_SHORTFALL = 1e-5
GLMM_LOGLIK_EXCESS = 1e-5
# Estimates in units of their standard errors; standard errors relative (second derivatives by
# Richardson's extrapolation there; the least smooth is glmmTMB's toenail model).
GLMM_ESTIMATE_IN_SE = 2e-4
GLMM_SE_RTOL = 1e-4
# Standard deviations of random effects, relative, and near zero absolute; correlations.
GLMM_SD_RTOL = 3e-4
GLMM_SD_ATOL = 1e-5
GLMM_CORRELATION_ATOL = 3e-4
# Laplace's approximation by difference quotients; the integral on a grid to 1e-12, so that
# what is left is the error of 25 points.
GLMM_LAPLACE_ATOL = 3e-7
GLMM_QUADRATURE_ATOL = 1e-6
# lme4's 25 points have an error of their own, with the expected curvature for other links.
GLMM_QUADRATURE_OF_REFERENCE = 1e-5
# A log-likelihood of equal rows worked on once against the sum over all rows: rounding of sums of
# up to 1e5 terms, and of log binomial coefficients of up to 1e4 trials that cancel.
LIKELIHOOD_OF_MERGED_ROWS = 1e-11

# One step of linear algebra on well-conditioned matrices: a few hundred roundings.
EXACT_ALGEBRA = {"rtol": 1e-9, "atol": 1e-9}

# --- families (tests/family) ---------------------------------------------------------------------

# Log densities of R's own functions, written with 15 digits, at parameters written with 15 digits.
DENSITY_RTOL = 1e-9
# glmmTMB and ordinal fit by numerical search, but density and parameters come from the same fit.
FITTED_DENSITY_RTOL = 1e-7
# Closed forms and Taylor arithmetic are two ways to the same number in double precision.
SAME_FORMULA_RTOL = 1e-11

# --- generalised models: objective and derivatives (tests/estimation/laplace) --------------------

# Laplace's value against a mode and curvature by differences of the density: theirs is the error.
GLMM_OBJECTIVE_ATOL = 2e-4
# Exact derivatives against differences of fourth order.
GLMM_GRADIENT_RTOL = 1e-6
GLMM_HESSIAN_RTOL = 1e-5
# 41 nodes against adaptive integration: what the polynomial rule leaves of an integrand that is
# not one (Student's t, the mixture of zeros).
GLMM_INTEGRAL_RTOL = 1e-7

# --- tables of generalised models (tests/inference/test_glmm_*.py) -------------------------------

# glmmTMB's optimum and its second derivatives by differences, as car and broom.mixed use them.
GLMM_WALD_RTOL = 1e-3
# Standard errors of standard deviations and correlations, through a numeric Jacobian.
GLMM_SD_ERROR_RTOL = 2e-3
# Shares of the variance at glmmTMB's optimum; the fits without predictors of two models are
# nearly singular, where its optimiser stops early.
GLMM_SHARE_RTOL = 1e-3
# Integrals over random effects against half a million simulated ones.
GLMM_SIMULATED_SHARE_ATOL = 4e-3
# A fit that was read back is evaluated at its own optimum again.
RELOADED_ATOL = 1e-8
# Two factorisations lead Newton's method to modes that differ in the last digits it is asked for.
GLMM_MODE_ATOL = 1e-7

# --- profiles and resampling of generalised models (tests/inference) -----------------------------

# Limits by root finders that stop at 1e-3 or so of the likelihood, and by lme4's splines; in
# standard errors of the parameter.
PROFILE_GLMM_IN_SE = 1e-2
# A refit of the bootstrap ends with one step that is not looked at again; against a full fit, in
# standard errors.
REFIT_IN_SE = 1e-2

# --- predictions of generalised models (tests/inference/test_predict_glmm.py) ---------------------

# glmmTMB stops within about 1e-5 standard errors of its optimum; its standard errors come from
# differences of its gradient.
GLMM_PREDICTION_RTOL = 2e-4
GLMM_PREDICTION_ATOL = 2e-5
GLMM_PREDICTION_ERROR_RTOL = 2e-3
# Probability at a quantile of a new observation: what the trapezoidal rule of
# predictive.mixture_points leaves at its step.
PREDICTIVE_PROBABILITY = 2e-6

# --- means and comparisons of generalised models (tests/inference/test_emmeans_glmm.py) ----------

# glmer, glmmTMB and clmm stop at gradients that move means by 1e-4 of a standard error; the
# second derivatives of glmer are finite differences.
GLMM_MEANS = 4e-4
# glmer's inner iterations stop at some 1e-5 of its deviance, glmmTMB's optimiser earlier.
GLMM_CRITERION_ABS = 5e-4
# Deltas of marginaleffects by finite differences.
MARGINAL_SE_RTOL = 1e-4
# Residuals follow the means; lme4 stops at about 1e-4 in its linear predictor.
GLMM_RESIDUAL_RTOL = 2e-3

# --- EM, the optimiser's path, stopping rules (tests/estimation) ----------------------------------

# One iteration against dense conditional moments: the same arithmetic in another order.
EM_STEP_RTOL = 1e-8
# Both optimisers stop where the Newton decrement is below 1e-10 (1e-7 for large models).
EM_OPTIMUM = 1e-6
# Every iteration lowers the objective in exact arithmetic; relative to its size this is rounding.
EM_MONOTONE = 2e-12

# --- charts of effects (tests/plot) -------------------------------------------------------------

# The same arithmetic in another order, or another routine of the fit for the same number.
CHART_RTOL = 1e-7
# Newton's last step in a level's own estimate is below 1e-6; convergence is quadratic.
OWN_ESTIMATE_ATOL = 1e-8

# --- charts that check a fit (tests/plot) ---------------------------------------------------------

# Leverages by the blocked factorisation against the inverse of a dense V of order 180.
STANDARDISED_RTOL = 1e-8

# --- the convergence doctor (tests/model/test_doctor*.py, tests/inference/test_random_pca.py) ---

# lme4's optimiser (bobyqa to 1e-9 in theta) leaves 1e-5 in the smallest components.
RANDOM_PCA_ABS = 2e-4
# The same decomposition in other units, where the fits themselves agree to their certificates.
RANDOM_PCA_RTOL = 1e-4
# Two certified optima of one model, and a refit of a formula's text: Newton decrements of 1e-10,
# of 1e-5 where a derivative-free optimiser stopped.
DOCTOR_LOGLIK_ABS = 1e-4
# A rise of the log-likelihood as one Newton step from nearby predicts it, shown to one digit.
PREDICTED_RISE_RTOL = 0.35
# R2 of a column on the others by least squares, where VIF is at most 1e3.
VIF_RTOL = 1e-6

# --- tables before a model and their charts (tests/exploration, tests/plot) -----------------------

# Seconds for 695,205 rows, of the clock or of the processor, whichever is less, so that neither
# load nor threads count: three times the 2 s that are promised; it takes about a tenth of these.
EXPLORE_SECONDS = 6.0
# The same for the PNG of a chart of 695,205 rows; it takes between a fifth and a half of 2 s.
RAW_CHART_SECONDS = 6.0
# Sums of 695,205 numbers in another order.
RAW_SUM_RTOL = 1e-9

# --- every chart against an independent computation (tests/plot) ----------------------------------

# Limits of 2,000 simulations against those of 4,000 by hand: a 2.5% limit of an order statistic
# with a standard deviation of 0.1 is known to 0.006, and the largest of 240 misses by 4 of these.
SIMULATED_LIMIT_ABS = 0.035
# A sum of trapezoids over the points of a curve that lie inside of the interval, up to a whole
# step of 1% short at either end.
PROFILE_SHADED_ABS = 0.03
# A level's measure of influence from a fit of the other rows: both optima to a Newton decrement of
# 1e-10, and the measure is the square of a small difference.
REFITTED_RTOL = 1e-4
# Seconds for a chart of 700,000 rows and its PNG, the lesser of clock and processor: three times
# the 2 s that are promised, for machines slower than those on which all take 0.1 to 1.8 s.
LARGE_CHART_SECONDS = 6.0
# Marks of a layer, rows of a table of a chart, however many rows there are: 60 by 40 cells twice.
MOST_DRAWN = 4800

# --- limits of likelihoods (tests/model/test_limits.py) -------------------------------------------

# A family on its way to its limit stops where a further step promises less than 1e-9 of the
# objective; a random effect's standard deviation of 0.03 instead of zero costs 1e-5.
LIMIT_LOGLIK_ABS = 1e-4
# Sums of a few logarithms.
EXACT_SUM = 1e-9
# Profile limits against a bounded search in a search: the outer one to 1e-6, the inner to 1e-8 of
# the objective at its flat minimum.
PROFILE_OF_OUTLIER_RTOL = 2e-5
# Terms of the size of y log y cancel: 1e8 log 1e8, in a log-likelihood of 63.
OUTLIER_LOGLIK_RTOL = 1e-6
# The same sum at modes that differ by rounding: 1e-14 of an outlying count.
ROUNDING_OF_OUTLIER = 1e-14

# --- means of 0 and 1 to the last digit (tests/inference/test_extreme_means.py) -------------------

# Tail probabilities of two libraries, and their square roots.
TAIL_RTOL = 1e-7
# p-values of a fixed draw against its distribution below which the draws are of another one.
UNLIKELY = 1e-3
# Limits with a parameter of 1e-17 instead of none.
LIMIT_CDF_RTOL = 1e-8
# Normal quantiles for Poisson ones: skewness of 3e-9, and 8 digits of a count between neighbours.
HUGE_COUNT_RTOL = 1e-8
# Slopes by central differences of 1e-4.
ORDINAL_LIMIT_RTOL = 1e-4
