# One golden generalised model by one program. Every function gives a list with
#   loglik, beta/se, extras (name -> values and se, in our parametrisation), blocks (SDs and
#   correlations per random-effects term), raw (what the program itself calls its parameters),
#   gradient (largest |derivative| of -loglik at the end), npar, nobs, aic.

`%||%` <- function(a, b) if (is.null(a)) b else a

with_messages <- function(expr) {
  said <- character()
  value <- withCallingHandlers(
    expr,
    warning = function(w) {said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning")},
    message = function(w) {said <<- c(said, conditionMessage(w)); invokeRestart("muffleMessage")})
  list(value = value, said = unique(trimws(said)))
}

# Our formula in R's words: successes and failures, exposure as an offset.
r_formula <- function(spec) {
  f <- as.formula(spec$formula)
  left <- f[[2]]
  if (is.call(left) && identical(left[[1]], as.name("/")))
    f[[2]] <- call("cbind", left[[2]], call("-", left[[3]], left[[2]]))
  if (!is.null(spec$exposure))
    f <- update(f, as.formula(paste(". ~ . + offset(log(", spec$exposure, "))")))
  environment(f) <- globalenv()
  f
}

r_family <- function(spec) switch(spec$family,
  binomial = binomial(spec$link %||% "logit"), poisson = poisson(spec$link %||% "log"),
  gaussian = gaussian(spec$link %||% "identity"), gamma = Gamma(spec$link %||% "inverse"),
  nbinom2 = nbinom2(spec$link %||% "log"), nbinom1 = nbinom1(spec$link %||% "log"),
  hurdle_poisson = , truncated_poisson = truncated_poisson(),
  hurdle_nbinom1 = , truncated_nbinom1 = truncated_nbinom1(),
  hurdle_nbinom2 = , truncated_nbinom2 = truncated_nbinom2(),
  betabinomial = betabinomial(spec$link %||% "logit"), beta = beta_family(spec$link %||% "logit"),
  t = t_family(spec$link %||% "identity"))

# Where the mean is the natural parameter, expected and observed information are one.
canonical <- function(spec) spec$family == "binomial" && (spec$link %||% "logit") == "logit" ||
  spec$family == "poisson" && (spec$link %||% "log") == "log"

values <- function(names, values, se) list(names = I(as.character(names)),
  values = I(as.numeric(values)), se = if (is.null(se)) NULL else I(as.numeric(se)))

block <- function(group, names, covariance, part = "conditional") {
  sd <- sqrt(diag(covariance))
  corr <- cov2cor(covariance)
  list(part = part, group = group, names = I(names), sd = I(as.numeric(sd)),
       corr = I(corr[lower.tri(corr)]))
}

# Newton steps from a good point, by the exact gradient where there is one.
newton <- function(fn, gr, par, hessian, free = rep(TRUE, length(par)), steps = 4) {
  value <- fn(par)
  for (k in seq_len(steps)) {
    g <- gr(par)[free]; H <- hessian(par)[free, free, drop = FALSE]
    step <- tryCatch(solve(H, g), error = function(e) NULL)
    if (is.null(step) || any(!is.finite(step))) break
    trial <- par; trial[free] <- par[free] - step
    new <- fn(trial)
    if (!is.finite(new) || new > value + 1e-9) break
    par <- trial; value <- new
    if (max(abs(g)) < 1e-8) break
  }
  fn(par)
  par
}

# --- glmmTMB ------------------------------------------------------------------------------------
# log phi and log sigma as we have them: glmmTMB 1.1.5 has log sigma^2 (gaussian) and log shape.
dispersion_factor <- function(family) switch(family, gaussian = 0.5, gamma = -1, 1)

by_glmmTMB <- function(spec, d) {
  call <- list(formula = r_formula(spec), data = d, family = r_family(spec),
    ziformula = as.formula(spec$zi %||% "~ 0"), dispformula = as.formula(spec$dispersion %||% "~ 1"),
    control = glmmTMBControl(optCtrl = list(iter.max = 5000, eval.max = 10000, rel.tol = 1e-14,
                                            x.tol = 1e-12)))
  if (!is.null(spec$weights)) call$weights <- as.name(spec$weights)
  if (spec$family == "t") call$start <- list(psi = log(4))   # not the normal ridge
  run <- with_messages(do.call(glmmTMB, call))
  fit <- run$value; obj <- fit$obj
  hessian <- function(par) {H <- numDeriv::jacobian(obj$gr, par, method.args = list(r = 4))
                            (H + t(H)) / 2}
  if (length(fit$fit$par) > 30 || nobs(fit) > 50000) hessian <- function(par) optimHess(par, obj$fn, obj$gr)
  par <- newton(obj$fn, obj$gr, fit$fit$par, hessian)
  H <- hessian(par); at <- names(fit$fit$par)
  V <- tryCatch(solve(H), error = function(e) matrix(NA, length(par), length(par)))
  value <- obj$fn(par); gradient <- max(abs(obj$gr(par)))
  obj$fn(par)                                       # so that last.par is at the optimum
  report <- obj$report(obj$env$last.par)
  se <- suppressWarnings(sqrt(diag(V)))
  # sdreport's standard errors, as summary() gives them, at glmmTMB's own stopping point
  own_se <- sqrt(diag(fit$sdr$cov.fixed))[at == "beta"]
  design <- getME(fit, "X")
  blocks <- list()
  for (part in c("cond", "zi")) {
    cnms <- fit$modelInfo$reTrms[[part]]$cnms
    sds <- if (part == "cond") report$sd else report$sdzi
    corrs <- if (part == "cond") report$corr else report$corrzi
    for (k in seq_along(cnms)) {
      n <- length(sds[[k]])
      R <- if (length(corrs[[k]]) == n^2) corrs[[k]] else diag(n)     # `||` is diag()
      S <- R * outer(sds[[k]], sds[[k]])
      blocks[[length(blocks) + 1]] <- block(names(cnms)[k], cnms[[k]], as.matrix(S),
                                            if (part == "cond") "conditional" else "zi")
    }
  }
  extras <- list()
  if (any(at == "betad") && !spec$family %in% c("binomial", "poisson", "hurdle_poisson", "truncated_poisson")) {
    k <- dispersion_factor(spec$family)
    extras$dispersion <- values(names(fixef(fit)$disp) %||% "(Intercept)", k * par[at == "betad"],
                                abs(k) * se[at == "betad"])
  }
  if (any(at == "betazi")) extras$zi <- values(names(fixef(fit)$zi), par[at == "betazi"], se[at == "betazi"])
  if (spec$family == "t") {
    extras$df <- values("(Intercept)", par[at == "psi"], se[at == "psi"])
  }
  list(loglik = -value, gradient = gradient, beta = values(names(fixef(fit)$cond), par[at == "beta"], se[at == "beta"]),
       se_sdreport = I(as.numeric(own_se)), extras = extras, blocks = blocks,
       raw = list(names = I(at), values = I(as.numeric(par))), loglik_default = as.numeric(-fit$fit$objective),
       npar = length(par), nobs = nobs(fit), aic = 2 * value + 2 * length(par), said = I(run$said))
}

# --- lme4 ---------------------------------------------------------------------------------------
saturated <- function(response, weights, family) {
  if (family == "poisson") return(sum(weights * dpois(response, response, log = TRUE)))
  if (is.matrix(response)) {
    k <- response[, 1]; n <- rowSums(response)
  } else if (is.factor(response)) {
    k <- as.integer(response) - 1; n <- 1
  } else {
    n <- weights; k <- response * n
  }
  sum(dbinom(round(k), n, k / n, log = TRUE))
}

by_lme4 <- function(spec, d, start = NULL) {
  tight <- glmerControl(tolPwrss = 1e-12, calc.derivs = FALSE, nAGQ0initStep = TRUE)
  call <- list(formula = r_formula(spec), data = d, family = r_family(spec), control = tight)
  if (!is.null(spec$weights)) call$weights <- as.name(spec$weights)
  run <- with_messages(do.call(glFormula, call))
  gl <- run$value
  theta_only <- do.call(mkGlmerDevfun, c(gl, list(control = tight)))
  bounds <- gl$reTrms$lower
  nloptwrap_tight <- list(algorithm = "NLOPT_LN_BOBYQA", xtol_abs = 1e-11, xtol_rel = 1e-11,
    ftol_abs = 1e-11, ftol_rel = 0, maxeval = if (spec$numeric) 20000 else 600)
  bobyqa_tight <- list(rhobeg = 2e-3, rhoend = 1e-9, maxfun = 20000)
  quietly <- function(f) {force(f); function(p) tryCatch(f(p + 0), error = function(e) 1e10)}
  search <- function(f, par, lower, all = TRUE) {
    f <- quietly(f)                         # PIRLS may fail far from the optimum
    best <- list(par = par, value = f(par))
    tries <- list(list("nloptwrap", nloptwrap_tight), list("bobyqa", bobyqa_tight),
                  list("nloptwrap", nloptwrap_tight))
    for (t in if (all) tries else tries[1]) {
      res <- with_messages(tryCatch(lme4:::optwrap(t[[1]], f, best$par, lower = lower,
        control = t[[2]], calc.derivs = FALSE), error = function(e) NULL))$value
      if (is.null(res)) next
      v <- f(res$par)
      if (v < best$value) best <- list(par = as.numeric(res$par), value = v)
    }
    best
  }
  p <- ncol(gl$X); nt <- length(bounds)
  # Beyond this size lme4 only evaluates its objective at glmmTMB's optimum.
  big <- nrow(gl$fr) > 50000 && !is.null(start)
  first <- if (big) list(par = start[seq_len(nt)]) else
    search(theta_only, gl$reTrms$theta + 0, bounds)  # a copy: lme4 changes its own in place
  theta_only(first$par)
  if (spec$nagq == 0) {
    rho <- environment(theta_only)
    par <- c(first$par, rho$pp$beta(1)); value <- first$value; V <- NULL; gradient <- NULL
  } else {
    beta0 <- environment(theta_only)$pp$beta(1)
    devfun <- updateGlmerDevfun(theta_only, gl$reTrms, nAGQ = as.integer(spec$nagq))
    lower <- c(bounds, rep(-Inf, p))
    best <- list(value = Inf)
    if (big) best <- list(par = start, value = devfun(start))
    for (par in list(start, c(first$par, beta0))) {
      if (is.null(par) || (!spec$numeric && is.finite(best$value))) next
      found <- search(devfun, par, lower, all = spec$numeric)
      if (found$value < best$value) best <- found
    }
    snapped <- best$par                     # an exact zero, where zero is at least as good
    for (k in which(lower[seq_along(best$par)] == 0 & abs(best$par) < 1e-3)) {
      trial <- snapped; trial[k] <- 0
      if (devfun(trial) <= best$value + 1e-9) snapped <- trial
    }
    par <- snapped
    free <- !(lower == 0 & par == 0)
    V <- NULL; gradient <- NULL
    if (spec$numeric) {
      inner <- function(q) {full <- par; full[free] <- q; devfun(full)}
      G <- function(q) numDeriv::grad(inner, q)
      Hf <- function(q) numDeriv::hessian(inner, q)
      q <- newton(inner, G, par[free], Hf, steps = 2)
      par[free] <- q
      H <- Hf(q)
      gradient <- max(abs(G(q))) / 2
      V <- matrix(NA, length(par), length(par))
      V[free, free] <- tryCatch(solve(H / 2), error = function(e) NA)
    }
    value <- devfun(par)
  }
  beta <- par[nt + seq_len(p)]
  se <- if (is.null(V)) NULL else suppressWarnings(sqrt(diag(V)))[nt + seq_len(p)]
  loglik <- -value / 2
  w <- model.weights(gl$fr) %||% rep(1, nrow(gl$fr))
  if (spec$nagq > 1) loglik <- loglik + saturated(model.response(gl$fr), w, spec$family)
  blocks <- list(); at <- 0
  for (k in seq_along(gl$reTrms$cnms)) {
    names <- gl$reTrms$cnms[[k]]; n <- length(names)
    L <- matrix(0, n, n); L[lower.tri(L, diag = TRUE)] <- par[at + seq_len(n * (n + 1) / 2)]
    at <- at + n * (n + 1) / 2
    blocks[[k]] <- block(names(gl$reTrms$cnms)[k], names, L %*% t(L))
  }
  list(loglik = loglik, gradient = gradient, beta = values(colnames(gl$X), beta, se), extras = NULL,
       blocks = blocks, raw = list(names = I(c(rep("theta", nt), rep("beta", p))), values = I(par),
       deviance = value), npar = length(par), nobs = nrow(gl$fr), aic = -2 * loglik + 2 * length(par),
       said = I(run$said))
}

# The start for lme4 that glmmTMB's optimum gives.
lme4_start <- function(result) {
  theta <- unlist(lapply(result$blocks, function(b) {
    n <- length(b$sd); R <- diag(n); R[lower.tri(R)] <- b$corr; R <- R + t(R) - diag(n)
    L <- tryCatch(t(chol(R * outer(b$sd, b$sd))), error = function(e) diag(b$sd, n))
    L[lower.tri(L, diag = TRUE)]}))
  c(theta, result$beta$values)
}

# --- ordinal::clmm ------------------------------------------------------------------------------
# clmm of ordinal 2022.11-16 takes cloglog for loglog and the reverse (clm and polr do not); TMB,
# with P(Y <= k) = 1 - exp(-exp(threshold - eta)) for cloglog, and brute force show it.
by_clmm <- function(spec, d) {
  link <- switch(spec$link %||% "logit", cloglog = "loglog", loglog = "cloglog", spec$link %||% "logit")
  run <- with_messages(clmm(r_formula(spec), data = d, link = link, nAGQ = spec$nagq,
    Hess = TRUE, control = clmm.control(gradTol = 1e-7, maxIter = 500, maxLineIter = 500,
                                        innerCtrl = "noWarn")))
  fit <- run$value
  se <- sqrt(diag(vcov(fit)))
  K <- length(fit$alpha); p <- length(fit$beta)
  vc <- VarCorr(fit)
  blocks <- lapply(seq_along(vc), function(k) {S <- vc[[k]]
    block(names(vc)[k], rownames(S) %||% colnames(S) %||% "(Intercept)",
          matrix(as.numeric(S), nrow(S)))})
  npar <- length(fit$coefficients); if (npar < K + p + length(blocks)) npar <- attr(logLik(fit), "df")
  list(loglik = as.numeric(logLik(fit)), gradient = max(abs(fit$gradient)),
       beta = values(names(fit$beta), fit$beta, se[K + seq_len(p)]),
       extras = list(thresholds = values(names(fit$alpha), fit$alpha, se[seq_len(K)])),
       blocks = blocks, raw = list(names = I(names(fit$coefficients)), values = I(as.numeric(fit$coefficients))),
       npar = attr(logLik(fit), "df"), nobs = nobs(fit), aic = AIC(fit), said = I(run$said))
}

# --- TMB, by glmm.cpp ---------------------------------------------------------------------------
tmb_codes <- list(inverse_gaussian = 0, t = 1, gamma = 2, ordinal = 3)

by_TMB <- function(spec, d) {
  f <- r_formula(spec)
  ordinal <- spec$family == "ordinal"
  y <- d[[all.vars(f[[2]])]]; if (ordinal) y <- as.integer(y) - 1
  d[[all.vars(f[[2]])]] <- as.numeric(y)
  lf <- with_messages(lFormula(f, d, control = lmerControl(check.nobs.vs.nRE = "ignore",
                                                             check.nobs.vs.nlev = "ignore")))$value
  X <- lf$X; if (ordinal) X <- X[, colnames(X) != "(Intercept)", drop = FALSE]
  Lt <- as(lf$reTrms$Lambdat, "TsparseMatrix")
  link <- match(spec$link %||% switch(spec$family, ordinal = "logit", t = "identity"),
                c("log", "logit", "identity", "probit", "cloglog", "loglog"))
  link <- c(0, 0, 1, 1, 2, 3)[link]
  # The entries of Lambdat in the order of Lind (column-major).
  Lt <- as(lf$reTrms$Lambdat, "CsparseMatrix"); columns <- rep(seq_len(ncol(Lt)), diff(Lt@p)) - 1
  data <- list(y = as.numeric(y), weights = if (is.null(spec$weights)) rep(1, nrow(X)) else d[[spec$weights]],
    offset = rep(0, nrow(X)), X = unname(X), Z = as(t(lf$reTrms$Zt), "TsparseMatrix"),
    lambda_row = as.integer(columns), lambda_column = as.integer(Lt@i),
    lambda_at = as.integer(lf$reTrms$Lind - 1), family = tmb_codes[[spec$family]], link = link)
  # TMB wants a dgTMatrix
  data$Z <- as(as(data$Z, "generalMatrix"), "TsparseMatrix")
  q <- nrow(lf$reTrms$Zt); theta0 <- 0.3 * lf$reTrms$theta
  target <- as.numeric(y)
  if (ordinal) {
    share <- cumsum(table(y)) / length(y); cut <- share[-length(share)]
    parameters <- list(beta = rep(0, ncol(X)), thresholds = as.numeric(qlogis(cut)) * if (link == 0) 1 else 0.6,
                       dispersion = numeric(0), log_df = numeric(0))
  } else {
    ols <- lm.fit(X, if (link == 0) log(target) else target)
    s <- sd(ols$residuals)
    if (link == 1) theta0 <- theta0 * s * 3
    parameters <- list(beta = unname(ols$coefficients), thresholds = numeric(0), dispersion = log(if (spec$family == "t") s
      else if (spec$family == "inverse_gaussian") s^2 / mean(target) else s^2),
      log_df = if (spec$family == "t") log(5) else numeric(0))
  }
  parameters <- c(parameters, list(theta = theta0, u = rep(0, q)))
  parameters <- parameters[c("beta", "theta", "dispersion", "log_df", "thresholds", "u")]
  obj <- MakeADFun(data, parameters, random = "u", DLL = "glmm", silent = TRUE,
                   inner.control = list(tol = 1e-12, tol10 = 0))
  opt <- nlminb(obj$par, obj$fn, obj$gr, control = list(iter.max = 3000, eval.max = 5000, rel.tol = 1e-13))
  hessian <- function(par) {H <- numDeriv::jacobian(obj$gr, par); (H + t(H)) / 2}
  par <- newton(obj$fn, obj$gr, opt$par, hessian)
  V <- solve(hessian(par)); se <- sqrt(diag(V)); value <- obj$fn(par); gradient <- max(abs(obj$gr(par)))
  at <- names(obj$par); theta <- par[at == "theta"]
  blocks <- list(); k0 <- 0
  for (k in seq_along(lf$reTrms$cnms)) {
    names <- lf$reTrms$cnms[[k]]; n <- length(names)
    L <- matrix(0, n, n); L[lower.tri(L, diag = TRUE)] <- theta[k0 + seq_len(n * (n + 1) / 2)]
    k0 <- k0 + n * (n + 1) / 2
    blocks[[k]] <- block(names(lf$reTrms$cnms)[k], names, L %*% t(L))
  }
  extras <- list()
  if (ordinal) extras$thresholds <- values(paste(head(levels(d$category), -1)), par[at == "thresholds"], se[at == "thresholds"])
  else extras$dispersion <- values("(Intercept)", par[at == "dispersion"], se[at == "dispersion"])
  if (spec$family == "t") extras$df <- values("(Intercept)", par[at == "log_df"], se[at == "log_df"])
  list(loglik = -value, gradient = gradient, beta = values(colnames(X), par[at == "beta"], se[at == "beta"]),
       extras = extras, blocks = blocks, raw = list(names = I(at), values = I(as.numeric(par))),
       npar = length(par), nobs = nrow(X), aic = 2 * value + 2 * length(par), said = I(character()))
}
