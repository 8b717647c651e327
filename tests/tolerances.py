"""Every tolerance the tests use, each with its reason."""

# --- kinds that many tests share ------------------------------------------------------------------

# KIND_2E5 is 2e-5: the kind says why two numbers may differ, the digits by how much. Take the
# smallest with which a test passes on any machine; a tolerance with a reason of its own has a
# name of its own.

# One formula, evaluated in two ways in double precision: of sixteen digits those are lost that
# the condition of the matrix, the length of the sum and differences of large numbers take.
ROUNDING_E300 = 1e-300
ROUNDING_E17 = 1e-17
ROUNDING_E15 = 1e-15
ROUNDING_E14 = 1e-14
ROUNDING_16E15 = 1.6e-14
ROUNDING_E13 = 1e-13
ROUNDING_E12 = 1e-12
ROUNDING_2E12 = 2e-12
ROUNDING_E11 = 1e-11
ROUNDING_E10 = 1e-10
ROUNDING_E9 = 1e-9
ROUNDING_E8 = 1e-8
ROUNDING_E7 = 1e-7
ROUNDING_E6 = 1e-6
ROUNDING_2E6 = 2e-6
ROUNDING_E5 = 1e-5

# Two fits of one model (in other units, another order, by another engine or optimiser), or a
# formula that holds at an optimum: each search stops at a Newton decrement of 1e-10, which leaves
# so much of the objective (the square of a distance) and of an estimate (the distance, times how
# flat it is).
OPTIMUM_E8 = 1e-8
OPTIMUM_E7 = 1e-7
OPTIMUM_E6 = 1e-6
OPTIMUM_E5 = 1e-5
OPTIMUM_E4 = 1e-4
OPTIMUM_3E4 = 3e-4
OPTIMUM_E3 = 1e-3
OPTIMUM_2E3 = 2e-3
OPTIMUM_2E2 = 0.02
OPTIMUM_5E2 = 0.05

# A number of another program: at the optimum where that one stopped, with the digits it writes
# and the difference quotients it takes.
PROGRAM_E6 = 1e-6
PROGRAM_E5 = 1e-5
PROGRAM_E4 = 1e-4
PROGRAM_2E4 = 2e-4
PROGRAM_E3 = 1e-3
PROGRAM_2E3 = 2e-3
PROGRAM_E2 = 0.01
PROGRAM_5E2 = 0.05

# A number that was printed or published: half a unit of its last digit, or one where it was cut.
PRINTED_E5 = 1e-5
PRINTED_E4 = 1e-4
PRINTED_E3 = 1e-3
PRINTED_5E3 = 5e-3
PRINTED_6E3 = 6e-3
PRINTED_E2 = 0.01
PRINTED_2E2 = 0.02
PRINTED_5E2 = 0.05
PRINTED_5E1 = 0.5

# A difference quotient, a quadrature, a series cut short, a curve between its points: what the
# step, the number of points or the order leaves out, beside which rounding is nothing.
TRUNCATION_E8 = 1e-8
TRUNCATION_E7 = 1e-7
TRUNCATION_E6 = 1e-6
TRUNCATION_E5 = 1e-5
TRUNCATION_E4 = 1e-4
TRUNCATION_2E4 = 2e-4
TRUNCATION_E3 = 1e-3
TRUNCATION_2E3 = 2e-3
TRUNCATION_E2 = 0.01
TRUNCATION_2E2 = 0.02
TRUNCATION_5E2 = 0.05

# The number is itself defined as an approximation to the one that it is held to (one step for a
# refit, an average for a Hessian, effective degrees of freedom): how good it claims to be.
APPROXIMATION_E3 = 1e-3
APPROXIMATION_E2 = 0.01
APPROXIMATION_2E2 = 0.02
APPROXIMATION_5E2 = 0.05
APPROXIMATION_E1 = 0.1
APPROXIMATION_2E1 = 0.2
APPROXIMATION_80E1 = 8

# An estimate from random numbers with a fixed seed: some three to five of its standard errors at
# the size of the sample, so that another seed would pass as well.
SAMPLED_E3 = 1e-3
SAMPLED_5E3 = 5e-3
SAMPLED_E2 = 0.01
SAMPLED_2E2 = 0.02
SAMPLED_3E2 = 0.03
SAMPLED_5E2 = 0.05
SAMPLED_E1 = 0.1
SAMPLED_12E2 = 0.12
SAMPLED_15E2 = 0.15
SAMPLED_2E1 = 0.2
SAMPLED_25E2 = 0.25
SAMPLED_3E1 = 0.3
SAMPLED_35E2 = 0.35
SAMPLED_4E1 = 0.4
SAMPLED_6E1 = 0.6
SAMPLED_11E1 = 1.1
SAMPLED_13E1 = 1.3
SAMPLED_20E1 = 2

# The same where the standard error is computed on the spot: so many of them.
STANDARD_ERRORS_3 = 3
STANDARD_ERRORS_3_5 = 3.5
STANDARD_ERRORS_4 = 4
STANDARD_ERRORS_5 = 5
STANDARD_ERRORS_6 = 6

# --- end of the shared kinds ----------------------------------------------------------------------

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
# Means, slopes and contrasts of emmeans, relative and in standard errors.
MEANS_RTOL = 1e-5
MEANS_IN_SE = 1e-4
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
# Standard deviations and correlations of some thousands of draws: 4.5 errors of 1 / sqrt(4,000).
SIMULATED_SHARE = 0.08
# A residual of weight a million beside random effects of one.
NEXT_TO_NONE = 0.02
# Bound of the error that a reduced model may make in an objective, and as much again for the
# polynomial of its determinants.
SHARED_OBJECTIVE = 2e-5
# A step of a parameter of order one, and what central differences with it are off by, of first and
# second derivatives of polynomials through objectives of some thousands.
OBJECTIVE_STEP = 1e-4
OBJECTIVE_SLOPE = 1e-3
OBJECTIVE_BEND = 1e-2
OBJECTIVE_SLOPE_RTOL = 1e-4
# A step, and what central differences with it of functions of order one are off by.
POLYNOMIAL_STEP = 1e-5
POLYNOMIAL_SLOPE = 1e-8
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

# A Tweedie total of about 1e9 amounts is normal but for a skewness of 1e-4.
TWEEDIE_NORMAL = 2e-4
# Families with zeros or ones of their own, at the maximum that glmmTMB reaches by Newton steps on
# its own gradient (down to 1e-5).
MIXED_LOGLIK_RTOL = 1e-9
MIXED_ESTIMATES = 1e-5
# A share of simulated rows, with 20,000 of them, is within 5 standard errors of the true one.
MIXED_SIMULATED = 0.02


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

# --- means and comparisons of generalised models (tests/means/test_emmeans_glmm.py) -------------

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

# --- charts of effects (tests/plot) ------------------------------------------------------------

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

#: Distance between two bases of one space, found by a Gram matrix and by a dense SVD.
SAME_SPACE = 1e-5

#: Two formulas of one model, or two optimisers at its optimum: log-likelihoods.
LOGLIK_SAME = 1e-6
#: Standard deviations against lme4's, whose optimiser stops at theta within 1e-5 or so.
SD_RELATIVE = 5e-4
#: Standard errors and degrees of freedom against lmerTest's, at lme4's theta.
SE_RELATIVE = 2e-4
DF_RELATIVE = 2e-3
#: Tables of two formulas of one model, each at its own certified optimum.
SAME_LIKELIHOOD_NUMBERS = 2e-4
# --- large tables sorted with a period (tests/crossprod/test_reference.py) ------------------------

# The share of a residue among 16,384 rows drawn one from each stretch, over sqrt(period): five
# standard deviations of a binomial share, 1 / 128 each.
SHARE_OF_RESIDUES = 0.04
# Sums of some 1e5 squares in another order, and a criterion of 1e6: 1e-12 of it, ten times.
LARGE_OBJECTIVE_ABS = 1e-5
# Generalised least squares at the same theta, in the smallest of the standard errors.
LARGE_BETA_IN_SE = 1e-5
# Laplace's approximation at the same parameters, in another order of summation.
LAPLACE_LARGE_RTOL = 1e-9
# Columns of which the sixth digit is new: a criterion of 6e5, and fitted values of size one.
NEARLY_DEPENDENT_ABS = 1e-3
# F from sums of squares, and least squares, of 200,000 numbers.
ANOVA_SUMS_RTOL = 1e-8

# --- sums over the rows (tests/inference/test_row_sums.py) --------------------------------------

# Sums of 1,800 products in another order and other coordinates, of columns of size one.
ROW_SUM_RTOL = 1e-9
# Rows of a model matrix of 60,000 that a question to a fit may look at: those of grids and cells.
ROWS_TOUCHED = 200

# --- what a chart leaves out (tests/plot) ---------------------------------------------------------

# The least share of one of two or three kinds among those shown at random, where a half or a third
# is expected: 60 of a half miss it by four standard deviations.
SHARE_OF_A_THIRD = 0.25
# --- hypotheses about cells (tests/inference/test_anova.py) ---------------------------------------

# The same estimable functions by pseudo-inverses of indicator columns, at the same estimates.
CELL_HYPOTHESES_RTOL = 1e-6
# Test statistics of one model fitted in two codings of its columns: two certified optima.
REFIT_TEST_RTOL = 1e-5

# --- rows that cannot be estimated (tests/inference/test_not_estimable.py) ------------------------

# Predictions of one model in two sets of columns that span the same space: two certified optima.
PREDICTION_REFIT_RTOL = 1e-4

# --- comparisons of models that make no chain (tests/inference/test_compare_lattice.py) -----------

# Statistics of refits to the same simulated responses, rows in another order: two optima each.
BOOTSTRAP_GAIN_ABS = 2e-4
# --- tests that see a kind of fault (tests/display/test_printed_tables.py and others) -----------

# A forward difference over a relative variance of 0.0009 for a derivative at zero: half of that
# times the second derivative.
SLOPE_BY_DIFFERENCE_RTOL = 0.1
# A fit without one cluster, started from all, against one started anew: two optima at Newton
# decrements of 1e-10 or, of the bootstrap's last step, less than 1e-4 of a standard error of 0.1.
JACKKNIFE_ATOL = 1e-4
# Shares of the variance by another order of the same sums.
SHARE_RTOL = 1e-9
# Their errors: second derivatives by central differences of step 1e-3, at an optimum to within a
# Newton decrement of 1e-10.
SHARE_ERROR_RTOL = 1e-3
# The spread of noise from 900 rows, of which two thirds are looked at: 1 / sqrt(2 x 600), thrice.
BAND_OF_NOISE_RTOL = 0.09
# --- separation (tests/inference/test_separated.py) -----------------------------------------------

# Suprema: ours leaves exp(-20) or less of a row; glmmTMB's optimum is good to 1e-8.
SEPARATED_LOGLIK_ABS = 1e-5
# Limits by uniroot on glmmTMB fits, whose log-likelihoods are good to 1e-8 and slopes are about 1.
SEPARATED_LIMIT_ABS = 2e-5
# The same of singular fits, where glmmTMB's log standard deviation goes to minus infinity.
SINGULAR_LIMIT_ABS = 5e-5
# Standard errors of TMB by its own automatic derivatives; estimates in units of them.
SEPARATED_SE_RTOL = 1e-4
SEPARATED_ESTIMATE_SE = 1e-4
# The rise of -2 log-likelihood at a limit searched to 1e-6 of its root.
SEPARATED_RISE_ABS = 5e-5
# A share of 60 simulated tables against its expectation given the fit, random effects ignored.
SEPARATED_SHARE_SE = 4.0

# --- Laplace against quadrature (tests/inference/test_approximation.py) ---------------------------

# What is said of the optimum by quadrature: two numbers of points agree to 1% of an SD there.
QUADRATURE_SAID_RTOL = 0.02
# The fit with the points that are advised, against a grid of 20,001 points.
QUADRATURE_SUFFICES_RTOL = 0.02
# Its log-likelihood, of some hundred levels; and of 1,850, half of whose posteriors are as wide as
# the prior on one side and a tenth of that on the other: 4e-5 each.
QUADRATURE_SUFFICES_LOGLIK = 0.05
QUADRATURE_MANY_LOGLIK = 0.1
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
# --- what residuals say against a model (tests/assumptions/test_assumptions.py) -----------------

# Third and fourth moments of standardised residuals against lme4's: its theta is known to about
# 1e-5 where the likelihood is flat, and a fourth moment of 13 has as many times the change.
RESIDUAL_MOMENT_ABS = 1e-3
# Residuals' degrees of freedom: the trace of a hat matrix at the same theta.
RESIDUAL_DF_ABS = 0.05
# A score statistic of a square and lme4's likelihood-ratio one, where the latter is at most 4: they
# agree to first order, and the score's variances are those of REML.
SCORE_AND_RATIO_ABS = 0.25
SMALL_RATIO = 4.0
# A derivative of the objective by central differences of 1e-4 in units of the predictor.
ROW_SLOPE_STEP = 1e-4
ROW_SLOPE_RTOL = 1e-4
# Leverages of a generalised model against dense linear algebra: to first order the errors of
# coefficients count once, and their overlap with the modes is left out.
GLMM_HAT_TRACE_RTOL = 0.05
# Share of true models that any check of assumptions may accuse: 5% is promised, about 0.2% seen.
FALSE_ALARMS = 0.05

# --- the edge of what means can be (tests/model/test_doctor_structure.py) -------------------------

# How near to the edge a search ends that the edge stops: closer than any data asks for.
AT_THE_EDGE = 1e-4
# A condition number written with two digits: half a unit of the second.
CONDITION_AS_WRITTEN_RTOL = 0.05
# --- shown numbers, a median, columns of a chart -----------------------------------------------

# Half a unit of the last decimal, and what rounding leaves of a number just between two.
HALF_A_UNIT = 0.5005
# The standard error of a median in those of a mean, for a normal distribution (1.2533), rounded up.
MEDIAN_IN_MEANS = 1.3
# Individuals lie within this of the middle of their group's column, whose width is one.
HALF_A_COLUMN = 0.32
# --- formulas (tests/formula) ---------------------------------------------------------------------

# Seconds of the processor for the longest formula; it takes a tenth of these.
PARSE_SECONDS = 3.0

# --- means of 0 and 1 to the last digit (tests/means/test_extreme_means.py) -------------------

# Tail probabilities of two libraries, and their square roots.
TAIL_RTOL = 1e-7
# p-values of a fixed draw against its distribution below which the draws are of another one.
UNLIKELY = 1e-3
# Limits with a parameter of 1e-17 instead of none.
LIMIT_CDF_RTOL = 1e-8
# Normal quantiles for Poisson ones: skewness of 3e-9, and 8 digits of a count between neighbours;
# Edgeworth's expansion to skewness of counts of 1e9, and what the incomplete beta function has.
HUGE_COUNT_RTOL = 1e-8
# Slopes by central differences of 1e-4.
ORDINAL_LIMIT_RTOL = 1e-4

# --- modes of random effects that are followed along a curve --------------------------------------
# Error, in prior standard deviations, of a guess over steps of 0.04 in every parameter.
GUESSED_MODES = 5e-3
# What half a step leaves of an error of third order, 1/8, with what fourth order adds.
HALF_A_STEP_CUBED = 0.2
# tails() of a few numbers against the same among many: a few units in the last place
OTHER_LOGARITHM = {"rtol": 1e-15, "atol": 0.0}

# --- dispersion and zeros of counts against glmmTMB's means -------------------------------------
# Share of R's own draws that are as extreme as counts that are named: the check itself allows one
# in two thousand, and R's draws, which are not fitted again, are a little narrower or wider.
SELDOM = 0.02
# Excess of zeros from which the check has to name it: its own threshold is an excess of a fifth.
MANY_ZEROS = 1.2

# a fit without some rows against a refit: the refit stops where its decrement is below 1e-10 or so,
# which leaves about this many standard errors (four times what interpolation leaves)
DELETED = 2e-6
# the same of a generalised model: its search stops at a decrement of 1e-8
DELETED_GENERALISED = 1e-4

# --- simulations that are drawn again whenever they are read ------------------------------------
# Most standard errors by which the largest of 11,000 simulated covariances is from its own: 4.5 of
# normal ones, and those of products have a little more than normal tails.
STANDARD_ERRORS_OF_MANY = 6.0
# Kolmogorov and Smirnov's distance of two samples of 400 that one pair in a thousand exceeds.
TWO_SAMPLES_OF_400 = 0.138
# The same sums in another order, of numbers of which some cancel.
SUMMATION_ORDER = {"rtol": 1e-8, "atol": 1e-8}
# p-values of one true model's tests, at a seed
TRUE_MODEL_P = 0.01
# Bytes that the simulations of 60,000 rows, 121 MB, may take while they are read.
DRAWN_BYTES = 40e6

# --- checks of a model (tests/assumptions/test_levels.py, tests/remedies/test_missing_terms.py) ---

# Share of true models that one check may accuse; its own level is one in a thousand.
ACCUSED = 0.05

# --- covariances of visits (tests/fitting/test_structures.py, test_visits.py) -------------------

# Standard deviations and correlations of two or three thousand simulated subjects against those
# they were drawn with: three standard errors of visits that some of them miss.
RECOVERED = {"sd": 0.06, "neighbours": 0.04, "correlation": 0.1}
# Standard errors of standard deviations against those of complete visits without predictors.
ERROR_OF_SD = 0.35
# SAS stops a little before its optimum of us and csh.
SAS_STANDARD_ERROR = 2e-4
SAS_DF = 1e-3
# Half a unit of the last digit that a publication prints: of four digits, and of whole numbers;
# 1.68055, which can be rounded either way, is among them.
PRINTED_FOUR_DIGITS = 6e-5
PRINTED_WHOLE = 0.5
# Slopes of the objective of visits by differences, whose rounding does not shrink with the slope.
SLOPE_OF_VISITS = 1e-5
# Standard deviation and correlations of ten thousand normalised residuals.
WHITE_SD = 0.01
WHITE_CORRELATION = 0.05

# --- refits from a limit (tests/estimation/laplace/test_refits_from_the_limit.py) -----------------

# A bootstrap's refits leave a step of a hundredth of a standard error without looking again; what
# it gains is second order: 5e-5 of a log-likelihood.
REFIT_LOGLIK_RTOL = 1e-6
# and coefficients, of which glmmTMB's own search leaves 1e-5
FROM_LIMIT_RTOL = 1e-2

# --- tests of curves (tests/inference/test_anova_curves.py) ---------------------------------------

# lmer's search leaves 1e-5 of theta; lmerTest differentiates numerically.
CURVES_F_RTOL = 2e-4
CURVES_DF_RTOL = 2e-3
