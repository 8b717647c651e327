# Densities, links and parametrisations of the families, by R's own density functions, VGAM, statmod,
# glmmTMB, MASS and ordinal, written to tests/golden/family/families.json.
#
#   Rscript families.R OUTFILE
#
# Every fitted model is checked here against the density functions, so that the parameters written
# are what the program that fitted them means by its parameters.

suppressPackageStartupMessages({
  library(glmmTMB); library(ordinal); library(MASS); library(statmod); library(jsonlite)
})
outfile <- commandArgs(TRUE)[1]
set.seed(20240517)
n <- 60
x <- round(rnorm(n), 3)
z <- round(rnorm(n), 3)

fits <- list()
# predictors: what the Python side calls them, eta first; density: log density of each row
keep <- function(id, family, link, y, predictors, density, loglik = NULL, size = NULL,
                 weights = NULL, mean = NULL, variance = NULL) {
  if (!is.null(loglik)) stopifnot(abs(sum(density) - loglik) < 1e-6 * (1 + abs(loglik)))
  fits[[length(fits) + 1]] <<- list(
    id = id, family = family, link = link, y = as.numeric(y), size = size, weights = weights,
    predictors = lapply(predictors, function(p) rep_len(as.numeric(p), length(y))),
    log_density = as.numeric(density), mean = mean, variance = variance)
}

# --- models without random effects, fitted by glmmTMB: its dispersion, our density -------------
size <- rep(c(3, 7, 12, 1), length.out = n)
for (link in c("logit", "probit", "cloglog", "cauchit")) {
  y <- rbinom(n, size, plogis(0.3 + 0.5 * x))
  fit <- suppressWarnings(glm(cbind(y, size - y) ~ x, family = binomial(link)))
  mu <- fitted(fit)
  keep(paste0("glm_binomial_", link), "binomial", link, y, list(predict(fit)),
       dbinom(y, size, mu, log = TRUE), as.numeric(logLik(fit)), size = size, mean = mu)
}
y <- rbinom(n, 1, plogis(x))
fit <- glm(y ~ x, family = binomial)
keep("glm_bernoulli", "binomial", "logit", y, list(predict(fit)), dbinom(y, 1, fitted(fit), TRUE),
     as.numeric(logLik(fit)))

y <- rpois(n, exp(0.5 + 0.4 * x))
for (link in c("log", "sqrt")) {
  fit <- glm(y ~ x, family = poisson(link))
  keep(paste0("glm_poisson_", link), "poisson", link, y, list(predict(fit)),
       dpois(y, fitted(fit), TRUE), as.numeric(logLik(fit)), mean = fitted(fit),
       variance = fitted(fit))
}

y <- rnbinom(n, size = 1.5, mu = exp(1 + 0.5 * x))
fit <- glmmTMB(y ~ x, family = nbinom2)
mu <- fitted(fit); th <- sigma(fit)
keep("glmmTMB_nbinom2", "nbinom2", "log", y, list(log(mu), log(th)),
     dnbinom(y, size = th, mu = mu, log = TRUE), as.numeric(logLik(fit)), mean = mu,
     variance = mu + mu^2 / th)
fit <- glm.nb(y ~ x)
keep("MASS_glm.nb", "nbinom2", "log", y, list(predict(fit), log(fit$theta)),
     dnbinom(y, size = fit$theta, mu = fitted(fit), log = TRUE), as.numeric(logLik(fit)))
fit <- glmmTMB(y ~ x, family = nbinom2, dispformula = ~ z)
mu <- fitted(fit); th <- predict(fit, type = "disp")
keep("glmmTMB_nbinom2_dispformula", "nbinom2", "log", y, list(log(mu), log(th)),
     dnbinom(y, size = th, mu = mu, log = TRUE), as.numeric(logLik(fit)))
fit <- glmmTMB(y ~ x, family = nbinom1)
mu <- fitted(fit); phi <- sigma(fit)
keep("glmmTMB_nbinom1", "nbinom1", "log", y, list(log(mu), log(phi)),
     dnbinom(y, size = mu / phi, mu = mu, log = TRUE), as.numeric(logLik(fit)), mean = mu,
     variance = mu * (1 + phi))

# zero-inflated and hurdle
y0 <- y * rbinom(n, 1, 0.6)
zi_density <- function(y, p, d) log(ifelse(y == 0, p, 0) + (1 - p) * exp(d))
fit <- glmmTMB(y0 ~ x, ziformula = ~ z, family = poisson)
mu <- predict(fit, type = "conditional"); p <- predict(fit, type = "zprob")
keep("glmmTMB_zip", "zero_inflated_poisson", NULL, y0, list(log(mu), qlogis(p)),
     zi_density(y0, p, dpois(y0, mu, TRUE)), as.numeric(logLik(fit)), mean = fitted(fit))
fit <- glmmTMB(y0 ~ x, ziformula = ~ 1, family = nbinom2)
mu <- predict(fit, type = "conditional"); p <- predict(fit, type = "zprob"); th <- sigma(fit)
keep("glmmTMB_zinb2", "zero_inflated_nbinom2", NULL, y0, list(log(mu), log(th), qlogis(p)),
     zi_density(y0, p, dnbinom(y0, size = th, mu = mu, log = TRUE)), as.numeric(logLik(fit)))
hurdle_density <- function(y, p, d, d0)
  ifelse(y == 0, log(p), log1p(-p) + d - log1p(-exp(d0)))
fit <- glmmTMB(y0 ~ x, ziformula = ~ z, family = truncated_poisson)
mu <- predict(fit, type = "conditional"); p <- predict(fit, type = "zprob")
eta <- predict(fit, type = "link")
keep("glmmTMB_hurdle_poisson", "hurdle_poisson", NULL, y0, list(eta, qlogis(p)),
     hurdle_density(y0, p, dpois(y0, exp(eta), TRUE), dpois(0, exp(eta), TRUE)),
     as.numeric(logLik(fit)))
for (kind in c("nbinom1", "nbinom2")) {
  fit <- glmmTMB(y0 ~ x, ziformula = ~ 1, family = paste0("truncated_", kind))
  eta <- predict(fit, type = "link"); p <- predict(fit, type = "zprob"); s <- sigma(fit)
  sz <- if (kind == "nbinom2") rep(s, n) else exp(eta) / s
  keep(paste0("glmmTMB_hurdle_", kind), paste0("hurdle_", kind), NULL, y0,
       list(eta, log(s), qlogis(p)),
       hurdle_density(y0, p, dnbinom(y0, size = sz, mu = exp(eta), log = TRUE),
                      dnbinom(0, size = sz, mu = exp(eta), log = TRUE)), as.numeric(logLik(fit)))
}

# beta, betabinomial, gamma, gaussian, inverse Gaussian, t
y <- rbeta(n, plogis(0.4 * x) * 6, plogis(-0.4 * x) * 6)
fit <- glmmTMB(y ~ x, family = beta_family(), dispformula = ~ z)
mu <- fitted(fit); phi <- predict(fit, type = "disp")
keep("glmmTMB_beta", "beta", "logit", y, list(qlogis(mu), log(phi)),
     dbeta(y, mu * phi, (1 - mu) * phi, log = TRUE), as.numeric(logLik(fit)), mean = mu,
     variance = mu * (1 - mu) / (1 + phi))
y <- rbinom(n, size, rbeta(n, plogis(0.4 * x) * 3, plogis(-0.4 * x) * 3))
fit <- glmmTMB(cbind(y, size - y) ~ x, family = betabinomial)
mu <- fitted(fit); phi <- sigma(fit)
dbb <- function(y, n, a, b) lchoose(n, y) + lbeta(y + a, n - y + b) - lbeta(a, b)
stopifnot(max(abs(dbb(y, size, mu * phi, (1 - mu) * phi) -
                    VGAM::dbetabinom.ab(y, size, mu * phi, (1 - mu) * phi, log = TRUE))) < 1e-9)
keep("glmmTMB_betabinomial", "betabinomial", "logit", y, list(qlogis(mu), log(phi)),
     dbb(y, size, mu * phi, (1 - mu) * phi), as.numeric(logLik(fit)), size = size, mean = mu,
     variance = size * mu * (1 - mu) * (size + phi) / (1 + phi))
y <- rgamma(n, 2, 2 / exp(0.5 + 0.3 * x))
fit <- glmmTMB(y ~ x, family = Gamma("log"))
mu <- fitted(fit)
shape <- optimize(function(k) sum(dgamma(y, k, k / mu, log = TRUE)), c(0.1, 50), maximum = TRUE,
                  tol = 1e-10)$maximum
keep("glmmTMB_gamma", "gamma", "log", y, list(log(mu), -log(shape)),
     dgamma(y, shape, shape / mu, log = TRUE), as.numeric(logLik(fit)), mean = mu,
     variance = mu^2 / shape)
w <- rep(c(1, 2, 5), length.out = n)
fit <- glm(y ~ x, family = Gamma("inverse"), weights = w)
phi <- sum(w * (1 - y / fitted(fit))^2) / n
keep("gamma_weights", "gamma", "inverse", y, list(predict(fit), log(phi)),
     dgamma(y, w / phi, w / phi / fitted(fit), log = TRUE), weights = w)
y <- 1 + 0.5 * x + rnorm(n)
fit <- lm(y ~ x, weights = w)
s <- sqrt(sum(w * residuals(fit)^2) / n)
keep("lm_weights", "gaussian", "identity", y, list(fitted(fit), log(s)),
     dnorm(y, fitted(fit), s / sqrt(w), log = TRUE), as.numeric(logLik(fit)), weights = w)
y <- rinvgauss(n, exp(0.3 * x), dispersion = 0.4)
for (d in c(0.4, 3))
  keep(paste0("statmod_invgauss_", d), "inverse_gaussian", "log", y, list(0.3 * x, log(d)),
       dinvgauss(y, exp(0.3 * x), dispersion = d, log = TRUE), mean = exp(0.3 * x),
       variance = d * exp(0.3 * x)^3)
y <- rt(n, 3) * 2 + x
for (df in c(0.7, 4, 50))
  keep(paste0("t_", df), "t", "identity", y, list(x, log(2), log(df)),
       dt((y - x) / 2, df, log = TRUE) - log(2))

# ordered categories
wine <- ordinal::wine
for (link in c("logit", "probit", "cloglog", "loglog", "cauchit")) {
  fit <- clm(rating ~ temp + contact, data = wine, link = link)
  eta <- as.numeric(model.matrix(~ temp + contact, wine)[, -1] %*% fit$beta)
  th <- c(-Inf, fit$alpha, Inf)
  k <- as.integer(wine$rating)
  cap <- function(v) ifelse(is.infinite(v), sign(v) * 1e300, v)
  # clm puts 1e5 for an infinite threshold, which a Cauchy distribution is not beyond
  cauchit <- link == "cauchit"
  density <- if (cauchit) log(pcauchy(th[k + 1] - eta) - pcauchy(th[k] - eta)) else
    log(fitted(fit))
  keep(paste0("clm_", link), "ordinal", link, k - 1, list(eta, cap(th[k + 1]), cap(th[k])),
       density, if (!cauchit) as.numeric(logLik(fit)))
}

# --- far tails and large dispersion parameters --------------------------------------------------
tails <- list(
  log_ndtr = list(x = c(-40, -35, -30, -20, -5, 0, 5, 8), y = pnorm(c(-40, -35, -30, -20, -5, 0, 5, 8), log.p = TRUE)),
  log_expit = list(x = c(-700, -40, 0, 40, 700), y = plogis(c(-700, -40, 0, 40, 700), log.p = TRUE)),
  log_cauchy = list(x = c(-1e8, -40, 0, 40), y = pcauchy(c(-1e8, -40, 0, 40), log.p = TRUE)))
yy <- c(0, 1, 2, 5, 40); mm <- c(0.5, 1, 3, 5, 30)
keep("nbinom2_theta_1e8", "nbinom2", "log", yy, list(log(mm), log(1e8)), dnbinom(yy, size = 1e8, mu = mm, log = TRUE))
keep("nbinom2_theta_1e-4", "nbinom2", "log", yy, list(log(mm), log(1e-4)), dnbinom(yy, size = 1e-4, mu = mm, log = TRUE))

versions <- list(R = as.character(getRversion()))
for (p in c("glmmTMB", "ordinal", "MASS", "statmod", "VGAM"))
  versions[[p]] <- as.character(packageVersion(p))
write(toJSON(list(versions = versions, cases = fits, tails = tails), auto_unbox = TRUE,
             digits = I(15), null = "null", na = "null"), outfile)
