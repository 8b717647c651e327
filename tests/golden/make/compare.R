# Model comparison, tests of random terms, R2, ICC and standard errors of variance components, by
# lme4, lmerTest, performance and glmmTMB, written to tests/golden/compare/compare.json.
#
#   Rscript compare.R OUTFILE
#
# Data come from the R packages named; column names with a dot get an underscore, as on the
# Python side (tests/golden/lmm/frames.py). A series lists nested models, smaller first.

suppressPackageStartupMessages({
  library(lme4); library(lmerTest); library(performance); library(glmmTMB); library(jsonlite)
})
outfile <- commandArgs(TRUE)[1]

series <- list()
s <- function(id, data, ..., weights = NULL, factors = NULL, codes = NULL, tmb = TRUE) {
  series[[id]] <<- list(id = id, data = data, formulas = c(...), weights = weights,
                        factors = factors, codes = codes, tmb = tmb)
}
s("sleepstudy_slopes", "lme4/sleepstudy", "Reaction ~ Days + (1 | Subject)",
  "Reaction ~ Days + (Days || Subject)", "Reaction ~ Days + (Days | Subject)")
s("sleepstudy_fixed", "lme4/sleepstudy", "Reaction ~ 1 + (Days | Subject)",
  "Reaction ~ Days + (Days | Subject)", "Reaction ~ Days + I(Days^2) + (Days | Subject)")
s("sleepstudy_both", "lme4/sleepstudy", "Reaction ~ 1 + (1 | Subject)",
  "Reaction ~ Days + (Days | Subject)")
s("dyestuff", "lme4/Dyestuff", "Yield ~ 1 + (1 | Batch)")
s("dyestuff2_zero", "lme4/Dyestuff2", "Yield ~ 1 + (1 | Batch)", tmb = FALSE)
s("pastes", "lme4/Pastes", "strength ~ 1 + (1 | sample)", "strength ~ 1 + (1 | batch) + (1 | sample)")
s("penicillin", "lme4/Penicillin", "diameter ~ 1 + (1 | plate)",
  "diameter ~ 1 + (1 | plate) + (1 | sample)")
s("cake", "lme4/cake", "angle ~ recipe + temp + (1 | recipe:replicate)",
  "angle ~ recipe * temp + (1 | recipe:replicate)")
s("cbpp_weights", "lme4/cbpp", "I(incidence / size) ~ 1 + (1 | herd)",
  "I(incidence / size) ~ period + (1 | herd)", weights = "size", tmb = FALSE)
s("machines", "nlme/Machines", "score ~ Machine + (1 | Worker)",
  "score ~ Machine + (1 | Worker) + (1 | Worker:Machine)")
s("machines_slopes", "nlme/Machines", "score ~ Machine + (1 | Worker)",
  "score ~ Machine + (Machine | Worker)")
s("machines_cells", "nlme/Machines", "score ~ Machine + (0 + Machine | Worker)")
s("orthodont", "nlme/Orthodont", "distance ~ age + Sex + (age | Subject)",
  "distance ~ age * Sex + (age | Subject)")
s("oats", "nlme/Oats", "yield ~ nitro + (1 | Block)", "yield ~ nitro + (1 | Block/Variety)")
s("oxide", "nlme/Oxide", "Thickness ~ 1 + (1 | Lot)", "Thickness ~ 1 + (1 | Lot/Wafer)")
s("assay", "nlme/Assay", "logDens ~ sample + dilut + (1 | Block) + (1 | Block:sample)",
  "logDens ~ sample * dilut + (1 | Block) + (1 | Block:sample)", tmb = FALSE)
s("ratpup", "nlme/RatPupWeight", "weight ~ Treatment + sex + Lsize + (1 | Litter)",
  "weight ~ Treatment * sex + Lsize + (1 | Litter)")
s("hsb82", "mlmRev/Hsb82", "mAch ~ meanses + cses + (1 | school)",
  "mAch ~ meanses + cses + (cses | school)", tmb = FALSE)
s("exam", "mlmRev/Exam", "normexam ~ standLRT + (1 | school)",
  "normexam ~ standLRT + (standLRT | school)")
s("scotssec", "mlmRev/ScotsSec", "attain ~ verbal + sex + (1 | second)",
  "attain ~ verbal + sex + (1 | primary) + (1 | second)")
s("bdf", "mlmRev/bdf", "langPOST ~ IQ_ver_cen + (1 | schoolNR)",
  "langPOST ~ IQ_ver_cen + ses + (IQ_ver_cen | schoolNR)")
s("mass_oats", "MASS/oats", "Y ~ V + N + (1 | B)", "Y ~ V + N + (1 | B/V)",
  "Y ~ V * N + (1 | B/V)")
s("chickweight", "datasets/ChickWeight", "weight ~ Time + (Time | Chick)",
  "weight ~ Time * Diet + (Time | Chick)")
s("npk_aliased", "datasets/npk", "yield ~ N + P + K + (1 | block)",
  "yield ~ N * P * K + (1 | block)", factors = c("N", "P", "K"))

control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5),
                       check.conv.grad = "ignore", check.conv.hess = "ignore",
                       check.conv.singular = "ignore", calc.derivs = FALSE)

variance_errors <- function(formula, data, reml) {
  fit <- suppressWarnings(glmmTMB(formula, data = data, REML = reml))
  V <- vcov(fit, full = TRUE)
  sdr <- fit$sdr
  keep <- which(names(sdr$par.fixed) %in% c("theta", "betad"))
  C <- sdr$cov.fixed[keep, keep, drop = FALSE]
  blocks <- lapply(names(VarCorr(fit)$cond), function(g) {
    v <- VarCorr(fit)$cond[[g]]
    list(group = g, sd = as.numeric(attr(v, "stddev")),
         corr = as.numeric(attr(v, "correlation")[lower.tri(attr(v, "correlation"))]))
  })
  list(names = names(sdr$par.fixed)[keep], par = as.numeric(sdr$par.fixed[keep]),
       covariance = unname(C), loglik = as.numeric(logLik(fit)), sigma = sigma(fit),
       blocks = blocks)
}

out <- list()
for (spec in series) {
  part <- strsplit(spec$data, "/")[[1]]
  e <- new.env(); data(list = part[2], package = part[1], envir = e)
  d <- as.data.frame(e[[part[2]]])
  names(d) <- gsub(".", "_", names(d), fixed = TRUE)
  for (f in spec$factors) d[[f]] <- factor(d[[f]])
  w <- if (is.null(spec$weights)) NULL else d[[spec$weights]]
  fit <- function(f, reml) suppressMessages(suppressWarnings(
    do.call(lmerTest::lmer, list(as.formula(f), data = d, REML = reml, weights = w,
                                 control = control))))
  criteria <- function(m) list(loglik = as.numeric(logLik(m)), npar = attr(logLik(m), "df"),
                               aic = AIC(m), bic = BIC(m))
  reml <- lapply(spec$formulas, fit, TRUE)
  ml <- lapply(spec$formulas, fit, FALSE)
  record <- list(data = spec$data, formulas = as.list(spec$formulas), weights = spec$weights,
                 factors = as.list(spec$factors), codes = spec$codes,
                 reml = lapply(reml, criteria), ml = lapply(ml, criteria))
  table <- function(models, refit) {
    a <- suppressMessages(do.call(anova, c(unname(models), list(refit = refit))))
    list(chisq = a$Chisq, df = a$Df, p = a[["Pr(>Chisq)"]])
  }
  if (length(ml) > 1) {
    record$anova_ml <- table(ml, FALSE)
    record$anova_reml <- table(reml, FALSE)
  }
  last <- reml[[length(reml)]]
  r <- suppressWarnings(suppressMessages(lmerTest::ranova(last)))
  record$ranova <- list(term = rownames(r), npar = r$npar, loglik = r$logLik, lrt = r$LRT,
                        df = r$Df, p = r[["Pr(>Chisq)"]])
  nakagawa <- tryCatch(suppressWarnings(r2_nakagawa(last, tolerance = 0)), error = function(e) NULL)
  record$r2 <- if (is.null(nakagawa)) NULL else
    list(marginal = unname(nakagawa$R2_marginal), conditional = unname(nakagawa$R2_conditional))
  ic <- tryCatch(suppressWarnings(icc(last, tolerance = 0)), error = function(e) NULL)
  record$icc <- if (is.null(ic) || !is.list(ic)) NULL else
    list(adjusted = ic$ICC_adjusted, unadjusted = ic$ICC_unadjusted)
  group <- tryCatch(suppressWarnings(icc(last, by_group = TRUE, tolerance = 0)),
                    error = function(e) NULL)
  record$icc_by_group <- if (is.null(group)) NULL else
    list(group = as.character(group$Group), icc = group$ICC)
  v <- tryCatch(suppressWarnings(insight::get_variance(last, tolerance = 0)),
                error = function(e) NULL)
  record$variances <- if (is.null(v)) NULL else
    list(fixed = v$var.fixed, random = v$var.random, residual = v$var.residual)
  record$X_variance <- var(as.numeric(model.matrix(last) %*% fixef(last)))
  if (spec$tmb)
    record$variance_errors <- list(
      reml = variance_errors(as.formula(tail(spec$formulas, 1)), d, TRUE),
      ml = variance_errors(as.formula(tail(spec$formulas, 1)), d, FALSE))
  # predictions of the last REML model and their standard errors by the dense formulas are an
  # oracle on the Python side; here only the population's, from vcov
  X <- model.matrix(last)
  rows <- unique(pmin(nrow(X), c(1, 2, nrow(X) %/% 2, nrow(X))))
  record$population <- list(rows = rows - 1,
                            mean = as.numeric(X[rows, , drop = FALSE] %*% fixef(last)),
                            se = sqrt(diag(X[rows, , drop = FALSE] %*% as.matrix(vcov(last)) %*%
                                             t(X[rows, , drop = FALSE]))))
  out[[spec$id]] <- record
  cat(spec$id, "\n")
}
versions <- list(R = as.character(getRversion()))
for (p in c("lme4", "lmerTest", "performance", "insight", "glmmTMB", "nlme", "mlmRev", "MASS"))
  versions[[p]] <- as.character(packageVersion(p))
write(toJSON(list(versions = versions, series = out), auto_unbox = TRUE, digits = 12,
             null = "null", na = "null", pretty = FALSE), outfile)
