# What R shows of generalised mixed models: Wald tests of terms (car), tidy tables (broom.mixed),
# standard errors of standard deviations and correlations (glmmTMB, delta method), shares of the
# variance (performance), written to tests/golden/glmm_tables/tables.json.
#
#   python -m tests.golden.make.export_glmm_frames DIR <ids below>
#   Rscript tests/golden/make/glmm_tables.R DIR tests/golden/glmm_tables/tables.json
#
# ids: cbpp cbpp_probit cbpp_cloglog bacteria contraception contraception_slopes
#      contraception_children epil epil_slopes epil_nbinom1 epil_nbinom2 grouseticks grouseticks_nbinom2
#      salamanders_nbinom2 salamanders_zinb2 salamanders_nbinom2_dispersion salamanders_zip_random_zi
#      owls_zip owls_nbinom2_slopes sleep_gamma_slopes gasoline_beta
#
# Every model is fitted by glmmTMB. Type III needs sum-to-zero contrasts, so that is another fit of
# the same model. performance 0.10 (insight 0.19) has exp(intercept) as the mean of counts, without
# the half variance of Nakagawa, Johnson & Schielzeth (2017, eq. 2.9 and table 1): for counts
# `variances` is what their formulas give, from a fit without predictors, by this script.

suppressPackageStartupMessages({library(lme4); library(glmmTMB); library(car); library(broom.mixed)
                                library(performance); library(jsonlite); library(Matrix)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "golden_frames.R"))
source(file.path(here, "glmm_fit.R"))
args <- commandArgs(TRUE)
specs <- read_models(args[1])

fit_one <- function(spec, formula = r_formula(spec), contrasts = NULL) {
  old <- options(contrasts = if (is.null(contrasts)) c("contr.treatment", "contr.poly") else contrasts)
  on.exit(options(old))
  call <- list(formula = formula, data = d, family = r_family(spec),
    ziformula = as.formula(spec$zi %||% "~ 0"), dispformula = as.formula(spec$dispersion %||% "~ 1"),
    control = glmmTMBControl(optCtrl = list(iter.max = 5000, eval.max = 10000, rel.tol = 1e-14,
                                            x.tol = 1e-12)))
  do.call(glmmTMB, call)
}

columns <- function(x) lapply(as.data.frame(lapply(as.data.frame(x), function(v)
  if (is.factor(v)) as.character(v) else v), optional = TRUE), I)

tests <- function(fit, type, component = "cond") {
  a <- tryCatch(Anova(fit, type = type, component = component), error = function(e) NULL)
  if (is.null(a)) return(NULL)
  list(term = I(rownames(a)), chisq = I(a[[1]]), df = I(a[["Df"]]), p = I(a[[ncol(a)]]))
}

# Standard deviations and correlations of all terms, with errors by a numeric Jacobian.
components <- function(fit) {
  obj <- fit$obj; par <- obj$env$last.par.best; fixed <- -obj$env$random
  values <- function(q) {
    p <- par; p[fixed] <- q; r <- obj$report(p)
    unlist(Map(function(s, C) c(s, C[upper.tri(C)]), c(r$sd, r$sdzi), c(r$corr, r$corrzi)))
  }
  q <- if (length(fixed)) par[fixed] else par
  J <- numDeriv::jacobian(values, q)
  H <- numDeriv::jacobian(obj$gr, q); V <- solve((H + t(H)) / 2)
  list(value = I(unname(values(q))), std_error = I(sqrt(diag(J %*% V %*% t(J)))))
}

numbers <- function(x) I(as.numeric(unlist(x)))

shares <- function(fit) {
  r <- suppressMessages(r2_nakagawa(fit)); i <- suppressMessages(icc(fit))
  list(r2_marginal = r$R2_marginal[[1]], r2_conditional = r$R2_conditional[[1]],
       icc = i$ICC_adjusted[[1]], icc_unadjusted = i$ICC_unadjusted[[1]])
}

# Table 1 of Nakagawa, Johnson & Schielzeth (2017), log link: mean from the fit without predictors.
variances <- function(fit, spec) {
  random <- paste0("(", sapply(findbars(r_formula(spec)), deparse1), ")", collapse = " + ")
  left <- paste(deparse1(r_formula(spec)[[2]]), "~ 1 +", random)
  if (!is.null(spec$exposure)) left <- paste0(left, " + offset(log(", spec$exposure, "))")
  null <- fit_one(spec, as.formula(left))
  mean_variance <- function(f) {
    vc <- VarCorr(f)$cond
    sum(mapply(function(S, bar) {
      Z <- model.matrix(as.formula(paste("~", deparse1(bar[[2]]))), d)
      mean(rowSums((Z %*% S) * Z))}, vc, findbars(formula(f))))
  }
  between0 <- mean_variance(null)
  lambda <- exp(fixef(null)$cond[[1]] + between0 / 2)
  s <- sigma(fit)
  ratio <- switch(spec$family, poisson = 1 / lambda, nbinom1 = (1 + s) / lambda,
                  nbinom2 = 1 / lambda + 1 / s, gamma = s^2)
  X <- model.matrix(fit)
  list(lambda = lambda, fixed = var(as.vector(X %*% fixef(fit)$cond)), random = mean_variance(fit),
       delta = ratio, lognormal = log1p(ratio), trigamma = trigamma(1 / ratio))
}

out <- list()
for (id in names(specs)) {
  spec <- specs[[id]]
  d <- read_golden(args[1], id, spec)
  fit <- fit_one(spec)
  sums <- fit_one(spec, contrasts = c("contr.sum", "contr.poly"))
  record <- list(
    formula = spec$formula,
    type2 = tests(fit, 2), type3 = tests(sums, 3),
    fixed = columns(tidy(fit, effects = "fixed", conf.int = TRUE)),
    ran_pars = columns(tidy(fit, effects = "ran_pars")),
    glance = columns(glance(fit)), components = components(fit), sigma = sigma(fit))
  if (!is.null(spec$zi)) {
    record$zi_type2 <- tests(fit, 2, "zi"); record$zi_type3 <- tests(sums, 3, "zi")
  }
  if (!is.null(spec$dispersion)) record$dispersion_type2 <- tests(fit, 2, "disp")
  if (spec$family == "binomial") record$shares <- shares(fit)
  if (spec$family %in% c("poisson", "nbinom1", "nbinom2", "gamma") && is.null(spec$zi) &&
      is.null(spec$dispersion) && id != "grouseticks") record$variances <- variances(fit, spec)
  out[[id]] <- record
  cat(id, "\n")
}
write_golden(list(program = versions("glmmTMB", "lme4", "car", "broom.mixed", "performance", "insight"),
                  script = "tests/golden/make/glmm_tables.R", models = out), args[2])
