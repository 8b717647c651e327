# Models whose second response has finite estimates that the first one's has not, by glmmTMB:
# ../glmm/refit_from_limit.json
#   Rscript tests/golden/make/refit_from_limit.R   (in the project's folder)
suppressMessages({ library(glmmTMB); library(jsonlite) })
set.seed(3)
g <- rep(1:12, each = 10)
x <- round(rnorm(120), 3)
eta <- 1 + 0.3 * x + rnorm(12, 0, 0.4)[g]
mu <- exp(eta)
arm <- rep(0:1, 60)
data <- data.frame(
  g = paste0("g", g), x = x, arm = arm,
  # counts less dispersed than Poisson's, and more
  even = round(mu), wide = rnbinom(120, mu = mu, size = 1.5),
  # zeros as few as Poisson counts have, and more
  full = round(0.7 * mu) - (round(0.7 * mu) == 1) * (x < -0.9),
  zeros = rpois(120, mu) * rbinom(120, 1, 0.7),
  # successes in one arm only, and in both
  told = arm * rbinom(120, 1, 0.8), mixed = rbinom(120, 1, plogis(eta - 1.5 + 0.5 * arm)),
  # of ten trials, less dispersed than binomial ones, and more
  same = round(10 * plogis(eta - 1)),
  apart = rbinom(120, 10, rbeta(120, 2 * plogis(eta - 1), 2 - 2 * plogis(eta - 1))))
fits <- list(
  nbinom2 = glmmTMB(wide ~ x + (1 | g), data, family = nbinom2),
  zero_inflated_poisson = glmmTMB(zeros ~ x + (1 | g), data, family = poisson, ziformula = ~1),
  binomial = glmmTMB(mixed ~ arm + (1 | g), data, family = binomial),
  betabinomial = glmmTMB(cbind(apart, 10 - apart) ~ x + (1 | g), data, family = betabinomial))
out <- list(
  versions = list(R = R.version.string, glmmTMB = as.character(packageVersion("glmmTMB"))),
  data = as.list(data),
  fits = lapply(fits, function(m) list(loglik = as.numeric(logLik(m)),
    fixef = as.numeric(fixef(m)$cond))))
write(toJSON(out, digits = 12, auto_unbox = TRUE), "tests/golden/glmm/refit_from_limit.json")
