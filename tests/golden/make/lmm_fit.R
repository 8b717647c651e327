# Fit one model by lme4 with several optimisers and describe the best fit.

tight <- list(
  bobyqa = list("bobyqa", list(rhobeg = 0.2, rhoend = 1e-8, maxfun = 1e5)),
  nloptwrap = list("nloptwrap", list(algorithm = "NLOPT_LN_BOBYQA", xtol_abs = 1e-10,
                                     xtol_rel = 1e-12, ftol_abs = 1e-12, maxeval = 1e5)),
  Nelder_Mead = list("Nelder_Mead", list(FtolAbs = 1e-12, FtolRel = 1e-15, XtolRel = 1e-10,
                                         maxfun = 1e5)))

with_messages <- function(expr) {
  said <- character()
  value <- withCallingHandlers(
    expr,
    warning = function(w) {said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning")},
    message = function(w) {said <<- c(said, conditionMessage(w)); invokeRestart("muffleMessage")})
  list(value = value, said = unique(trimws(said)))
}

prepare <- function(spec, d) {
  for (f in spec$factors) if (!is.factor(d[[f]])) d[[f]] <- factor(d[[f]])
  for (new in names(spec$codes)) d[[new]] <- as.integer(d[[spec$codes[[new]]]])
  d
}

# The smallest objective found, started from lme4's default, then polished from the best.
squeeze <- function(devfun, lower, start, default, slow) {
  best <- list(par = default, fval = devfun(default), by = "default")
  try_from <- function(par, which) {
    run <- tight[[which]]
    res <- with_messages(tryCatch({
      lme4:::optwrap(run[[1]], devfun, par, lower = lower, control = run[[2]],
                     calc.derivs = FALSE)}, error = function(e) NULL))$value
    if (is.null(res)) return(invisible())
    val <- devfun(res$par)
    if (val < best$fval - 1e-12) best <<- list(par = as.numeric(res$par), fval = val, by = which)
  }
  if (!slow) for (which in names(tight)) try_from(start, which)
  for (which in if (slow) "nloptwrap" else names(tight)) try_from(best$par, which)
  snapped <- best$par                       # an exact zero, where zero is at least as good
  for (k in which(lower == 0 & best$par < 1e-3)) {
    trial <- snapped; trial[k] <- 0
    if (devfun(trial) <= best$fval + 1e-9) {snapped <- trial; best$par <- trial
      best$fval <- devfun(trial)}
  }
  best
}

fit_record <- function(spec, frame) {
  d <- prepare(spec, frame)
  f <- as.formula(spec$formula)
  call <- list(formula = f, data = d, REML = spec$reml)
  if (!is.null(spec$weights)) call$weights <- as.name(spec$weights)
  default <- with_messages(do.call(lmer, call))
  lf <- with_messages(do.call(lFormula, c(call, list(control = lmerControl()))))$value
  devfun <- do.call(mkLmerDevfun, lf)
  lower <- lf$reTrms$lower
  start <- as.numeric(lower == 0)          # a copy: lme4 changes its own theta in place
  at_start <- devfun(start)
  best <- squeeze(devfun, lower, start, getME(default$value, "theta"), spec$slow)
  hess <- if (spec$slow || length(start) > 12) NULL else
    with_messages(tryCatch(lme4:::deriv12(devfun, best$par, best$fval, lower = lower)$Hessian,
                           error = function(e) NULL))$value
  devfun(best$par)
  fit <- mkMerMod(environment(devfun),
                  list(par = best$par, fval = best$fval, conv = 0, feval = 0, message = ""),
                  lf$reTrms, fr = lf$fr)
  describe(spec, fit, default, best, start, at_start, hess)
}

describe <- function(spec, fit, default, best, start, at_start, hess) {
  objective <- if (spec$reml) REMLcrit(fit) else -2 * as.numeric(logLik(fit))
  stopifnot(abs(objective - best$fval) < 1e-6 * (1 + abs(objective)))
  p <- length(fixef(fit)); V <- as.matrix(vcov(fit))
  dropped <- attr(getME(fit, "X"), "col.dropped")
  vc <- as.data.frame(VarCorr(fit), order = "lower.tri")
  eig <- if (is.null(hess) || any(!is.finite(hess))) NULL else range(eigen(hess, symmetric = TRUE, only.values = TRUE)$values)
  big <- nobs(fit) > 15000
  re <- if (big) ranef(fit, condVar = FALSE) else ranef(fit, condVar = TRUE)
  re <- as.data.frame(re)
  keep <- ave(seq_len(nrow(re)), re$grpvar, re$term, FUN = seq_along) <= 4
  re <- re[keep, ]
  list(
    id = spec$id, data = spec$data, formula = spec$formula, reml = spec$reml,
    weights = spec$weights, factors = I(as.character(spec$factors)), codes = as.list(spec$codes),
    loglik = as.numeric(logLik(fit)), objective = objective,
    theta = I(as.numeric(getME(fit, "theta"))), theta_names = I(names(getME(fit, "theta"))),
    start = I(as.numeric(start)), objective_at_start = at_start, optimizer = best$by,
    singular = isSingular(fit, tol = 1e-4),
    curvature = if (is.null(eig)) NULL else I(signif(eig, 6)),
    lme4_default = list(optimizer = default$value@optinfo$optimizer,
                        loglik = as.numeric(logLik(default$value)), said = I(default$said)),
    fixef_names = I(names(fixef(fit))), fixef = I(unname(fixef(fit))),
    dropped = I(as.character(names(dropped))), se = I(unname(sqrt(diag(V)))),
    vcov = if (p <= 5) I(signif(V[lower.tri(V, diag = TRUE)], 12)) else NULL,
    sigma = sigma(fit), aic = AIC(fit), bic = BIC(fit), nobs = nobs(fit),
    df = attr(logLik(fit), "df"), ngrps = as.list(ngrps(fit)),
    varcorr = list(group = I(vc$grp), first = I(vc$var1), second = I(vc$var2),
                   sd_or_corr = I(signif(vc$sdcor, 12))),
    ranef = list(group = I(as.character(re$grpvar)), term = I(as.character(re$term)),
                 level = I(as.character(re$grp)), value = I(signif(re$condval, 11)),
                 sd = if (big) NULL else I(signif(re$condsd, 11))),
    fitted = I(signif(unname(head(fitted(fit), 4)), 12)))
}
