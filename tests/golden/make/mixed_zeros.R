# Simulated responses with zeros, ones or a long tail, and their models by glmmTMB (Laplace, as ours),
# lme4 and glm, written to tests/golden/family/fits.json; densities by brms in the same file.
#
#   Rscript mixed_zeros.R OUTFILE
#
# Where a likelihood falls into parts with parameters of their own (is it zero? how much if not?), the
# parts are fitted apart: the log-normal by lme4 on the logarithm, whose likelihood is exact.

suppressPackageStartupMessages({
  library(glmmTMB); library(lme4); library(jsonlite); library(numDeriv)
})
outfile <- commandArgs(TRUE)[1]
set.seed(20240911)
groups <- 30; each <- 12; n <- groups * each
g <- rep(seq_len(groups), each = each)
x <- round(rnorm(n), 3)
z <- round(rnorm(n), 3)
u <- rnorm(groups)
d <- data.frame(x = x, z = z, g = factor(g))
digits <- function(y) signif(y, 10)

fits <- list()
# extras: coefficients of the other predictors, in our parametrisation, a vector each
keep <- function(id, family, formula, loglik, beta, se, sd, extras, y, zi = NULL,
                 dispersion = NULL, mean = NULL, by = NULL) {
  fits[[id]] <<- list(family = family, formula = formula, zi = zi, dispersion = dispersion,
    by = by, y = I(y), loglik = loglik, beta = I(as.numeric(beta)), se = I(as.numeric(se)),
    sd = I(as.numeric(sd)), extras = lapply(extras, function(v) I(as.numeric(v))),
    mean = if (is.null(mean)) NULL else I(as.numeric(mean)))
}

# The maximum by glmmTMB, with Newton steps from where its search ends, on its own gradient.
tight <- function(formula, family, zi = ~ 0, disp = ~ 1, data = d, start = NULL) {
  # so tight a search ends with "singular convergence"; the gradient is looked at below
  fit <- suppressWarnings(glmmTMB(formula, data, family = family, ziformula = zi,
    dispformula = disp, start = start,
    control = glmmTMBControl(optCtrl = list(iter.max = 5000, eval.max = 10000, rel.tol = 1e-14,
                                            x.tol = 1e-12))))
  obj <- fit$obj
  par <- fit$fit$par
  for (k in 1:5) {
    H <- jacobian(function(p) as.numeric(obj$gr(p)), par)
    par <- par - solve(H, as.numeric(obj$gr(par)))
  }
  value <- obj$fn(par)
  gradient <- max(abs(obj$gr(par)))
  stopifnot(value <= fit$fit$objective + 1e-8, gradient < 1e-5)
  obj$fn(par)
  list(par = split(unname(par), factor(names(par), unique(names(par)))), loglik = -value,
       se = sqrt(diag(solve((H + t(H)) / 2))), names = names(par), gradient = gradient, fit = fit,
       raw = par)
}
se_of <- function(f, what = "beta") f$se[f$names == what]
by_glmmTMB <- paste("glmmTMB", packageVersion("glmmTMB"))

# --- log-normal -----------------------------------------------------------------------------------
y <- digits(exp(0.4 + 0.5 * x + 0.6 * u[g] + 0.7 * rnorm(n)))
m <- lmer(log(y) ~ x + (1 | g), d, REML = FALSE,
          control = lmerControl(optimizer = "nloptwrap",
            optCtrl = list(xtol_abs = 1e-13, ftol_abs = 1e-13, maxeval = 10000)))
lme <- function(m) c(fixef(m), as.data.frame(VarCorr(m))$sdcor)
keep("lognormal", "lognormal", "y ~ x + (1 | g)", as.numeric(logLik(m)) - sum(log(y)), fixef(m),
     sqrt(diag(as.matrix(vcov(m)))), attr(VarCorr(m)$g, "stddev"), list(dispersion = log(sigma(m))),
     y, mean = exp(fitted(m) + sigma(m)^2 / 2), by = paste("lme4", packageVersion("lme4")))
zeros <- rbinom(n, 1, plogis(-0.8 + 0.5 * z))
y0 <- ifelse(zeros == 1, 0, y)
some <- y0 > 0
positive <- transform(d[some, ], v = y0[some])
m <- lmer(log(v) ~ x + (1 | g), positive, REML = FALSE,
          control = lmerControl(optimizer = "nloptwrap",
            optCtrl = list(xtol_abs = 1e-13, ftol_abs = 1e-13, maxeval = 10000)))
zero_part <- function(is, formula = is ~ z)
  glm(formula, family = binomial, data = transform(d, is = is), control = list(epsilon = 1e-14))
p <- zero_part(as.numeric(!some))
median <- exp(predict(m, newdata = d))
keep("hurdle_lognormal", "hurdle_lognormal", "y ~ x + (1 | g)",
     as.numeric(logLik(m)) - sum(log(positive$v)) + as.numeric(logLik(p)), fixef(m),
     sqrt(diag(as.matrix(vcov(m)))), attr(VarCorr(m)$g, "stddev"),
     list(dispersion = log(sigma(m)), zi = coef(p)), y0, zi = "~ z",
     mean = (1 - fitted(p)) * median * exp(sigma(m)^2 / 2),
     by = paste("lme4", packageVersion("lme4"), "and glm"))

# --- gamma with zeros -----------------------------------------------------------------------------
y <- digits(rgamma(n, 2, 2 / exp(0.3 + 0.5 * x + 0.5 * u[g])))
y0 <- ifelse(zeros == 1, 0, y)
d$y <- y0
f <- tight(y ~ x + (1 | g), ziGamma("log"), zi = ~ z)
# its dispersion coefficient: log of the shape
keep("hurdle_gamma", "hurdle_gamma", "y ~ x + (1 | g)", f$loglik, f$par$beta, se_of(f),
     exp(f$par$theta), list(dispersion = -f$par$betad, zi = f$par$betazi), y0, zi = "~ z",
     mean = predict(f$fit, type = "response"), by = by_glmmTMB)
f <- tight(y ~ x + (1 | g), ziGamma("log"), zi = ~ z + (1 | g), disp = ~ x)
keep("hurdle_gamma_both", "hurdle_gamma", "y ~ x + (1 | g)", f$loglik, f$par$beta, se_of(f),
     exp(c(f$par$theta, f$par$thetazi)), list(dispersion = -f$par$betad, zi = f$par$betazi), y0,
     zi = "~ z + (1 | g)", dispersion = "~ x", by = by_glmmTMB)

# --- shares ---------------------------------------------------------------------------------------
mu <- plogis(0.2 + 0.6 * x + 0.6 * u[g])
y <- digits(rbeta(n, mu * 6, (1 - mu) * 6))
y0 <- ifelse(zeros == 1, 0, y)
d$y <- y0
f <- tight(y ~ x + (1 | g), beta_family(), zi = ~ z)
keep("zero_inflated_beta", "zero_inflated_beta", "y ~ x + (1 | g)", f$loglik, f$par$beta, se_of(f),
     exp(f$par$theta), list(dispersion = f$par$betad, zi = f$par$betazi), y0, zi = "~ z",
     mean = predict(f$fit, type = "response"), by = by_glmmTMB)
full <- rbinom(n, 1, 0.15)
y1 <- ifelse(full == 1, 1, y)
y01 <- ifelse(zeros == 1, 0, y1)
share <- function(is, of) { p <- mean(is[of]); c(qlogis(p), sum(dbinom(is[of], 1, p, log = TRUE))) }
inner <- d[full == 0, ]; inner$y <- y[full == 0]
f <- tight(y ~ x + (1 | g), beta_family(), data = inner)
ones <- share(full, rep(TRUE, n))
keep("one_inflated_beta", "one_inflated_beta", "y ~ x + (1 | g)", f$loglik + ones[2], f$par$beta,
     se_of(f), exp(f$par$theta), list(dispersion = f$par$betad, ones = ones[1]), y1,
     by = paste(by_glmmTMB, "within, and the share of ones"))
inner <- d[full == 0 & zeros == 0, ]; inner$y <- y[full == 0 & zeros == 0]
f <- tight(y ~ x + (1 | g), beta_family(), data = inner)
ones <- share(full, zeros == 0)
p <- zero_part(zeros)
keep("zero_one_inflated_beta", "zero_one_inflated_beta", "y ~ x + (1 | g)",
     f$loglik + ones[2] + as.numeric(logLik(p)), f$par$beta, se_of(f), exp(f$par$theta),
     list(dispersion = f$par$betad, ones = ones[1], zi = coef(p)), y01, zi = "~ z",
     by = paste(by_glmmTMB, "within, glm of the zeros and the share of ones"))

eta <- 0.2 + 0.8 * x + 0.7 * u[g]
v <- runif(n)
y <- digits(rbeta(n, plogis(eta) * 5, (1 - plogis(eta)) * 5))
y <- ifelse(v < plogis(-1.4 - eta), 0, ifelse(v > plogis(1.5 - eta), 1, y))
d$y <- y
f <- tight(y ~ x + (1 | g), ordbeta(), start = list(psi = c(-1, 1)))
psi <- f$par[[grep("psi|thetaf", names(f$par))]]
at <- predict(f$fit, type = "link")
one <- plogis(at - psi[2])  # psi has the two cutpoints
keep("ordered_beta", "ordered_beta", "y ~ x + (1 | g)", f$loglik, f$par$beta, se_of(f),
     exp(f$par$theta), list(dispersion = f$par$betad, cut = psi[1], gap = log(diff(psi))), y,
     mean = one + (plogis(at - psi[1]) - one) * plogis(at), by = by_glmmTMB)

# --- Tweedie --------------------------------------------------------------------------------------
mu <- exp(0.3 + 0.5 * x + 0.6 * u[g])
power <- 1.4; phi <- 1.6
N <- rpois(n, mu^(2 - power) / (phi * (2 - power)))
y <- digits(ifelse(N == 0, 0, rgamma(n, pmax(N, 1) * (2 - power) / (power - 1),
                                     scale = phi * (power - 1) * mu^(power - 1))))
d$y <- y
f <- tight(y ~ x + (1 | g), tweedie())
psi <- f$par[[grep("psi|thetaf", names(f$par))]]
keep("tweedie", "tweedie", "y ~ x + (1 | g)", f$loglik, f$par$beta, se_of(f), exp(f$par$theta),
     list(dispersion = f$par$betad, power = psi), y, mean = predict(f$fit, type = "response"),
     by = by_glmmTMB)
f <- tight(y ~ x + (1 | g), tweedie(), disp = ~ z)
psi <- f$par[[grep("psi|thetaf", names(f$par))]]
keep("tweedie_dispersion", "tweedie", "y ~ x + (1 | g)", f$loglik, f$par$beta, se_of(f),
     exp(f$par$theta), list(dispersion = f$par$betad, power = psi), y, dispersion = "~ z",
     by = by_glmmTMB)
y0 <- ifelse(zeros == 1, 0, y)
d$y <- y0
f <- tight(y ~ x + (1 | g), tweedie(), zi = ~ z)
psi <- f$par[[grep("psi|thetaf", names(f$par))]]
keep("zero_inflated_tweedie", "tweedie", "y ~ x + (1 | g)", f$loglik, f$par$beta, se_of(f),
     exp(f$par$theta), list(dispersion = f$par$betad, power = psi, zi = f$par$betazi), y0,
     zi = "~ z", by = by_glmmTMB)

# --- Conway–Maxwell–Poisson -----------------------------------------------------------------------
# binomial counts of many trials vary less than Poisson counts
y <- rbinom(n, 12, plogis(-1 + 0.4 * x + 0.4 * u[g]))
d$y <- y
f <- tight(y ~ x + (1 | g), compois())
keep("compois", "compois", "y ~ x + (1 | g)", f$loglik, f$par$beta, se_of(f), exp(f$par$theta),
     list(dispersion = f$par$betad), y, mean = predict(f$fit, type = "response"), by = by_glmmTMB)
f <- tight(y ~ x + (1 | g), compois(), disp = ~ z)
keep("compois_dispersion", "compois", "y ~ x + (1 | g)", f$loglik, f$par$beta, se_of(f),
     exp(f$par$theta), list(dispersion = f$par$betad), y, dispersion = "~ z", by = by_glmmTMB)
y0 <- ifelse(zeros == 1, 0, y)
d$y <- y0
f <- tight(y ~ x + (1 | g), compois(), zi = ~ z)
keep("zero_inflated_compois", "zero_inflated_compois", "y ~ x + (1 | g)", f$loglik, f$par$beta,
     se_of(f), exp(f$par$theta), list(dispersion = f$par$betad, zi = f$par$betazi), y0, zi = "~ z",
     by = by_glmmTMB)
some <- d[y0 > 0, ]
f <- tight(y ~ x + (1 | g), truncated_compois(), data = some)
p <- zero_part(as.numeric(y0 == 0))
keep("hurdle_compois", "hurdle_compois", "y ~ x + (1 | g)", f$loglik + as.numeric(logLik(p)),
     f$par$beta, se_of(f), exp(f$par$theta), list(dispersion = f$par$betad, zi = coef(p)), y0,
     zi = "~ z", by = paste(by_glmmTMB, "of what is not zero, and glm of the zeros"))

# --- densities by brms ----------------------------------------------------------------------------
at <- c(0, 0.02, 0.4, 0.97, 3.5)
share_at <- c(0, 0.02, 0.4, 0.97)
densities <- list(
  list(family = "lognormal", y = at[-1], predictors = list(0.4, log(0.8)),
       log_density = dlnorm(at[-1], 0.4, 0.8, log = TRUE)),
  list(family = "hurdle_lognormal", y = at, predictors = list(0.4, log(0.8), qlogis(0.3)),
       log_density = brms::dhurdle_lognormal(at, 0.4, 0.8, 0.3, log = TRUE)),
  list(family = "hurdle_gamma", y = at, predictors = list(log(1.7), -log(2.5), qlogis(0.3)),
       log_density = brms::dhurdle_gamma(at, shape = 2.5, scale = 1.7 / 2.5, hu = 0.3, log = TRUE)),
  list(family = "zero_inflated_beta", y = share_at,
       predictors = list(qlogis(0.35), log(4), qlogis(0.3)),
       log_density = brms::dzero_inflated_beta(share_at, shape1 = 0.35 * 4, shape2 = 0.65 * 4,
                                               zi = 0.3, log = TRUE)))

write_json(list(versions = list(R = R.version.string, glmmTMB = as.character(packageVersion("glmmTMB")),
                                lme4 = as.character(packageVersion("lme4")),
                                brms = as.character(packageVersion("brms"))),
                data = list(x = x, z = z, g = g), fits = fits, densities = densities),
           outfile, digits = NA, auto_unbox = TRUE, null = "null")
