# Covariance structures that are no part of the package: compound symmetry with one standard
# deviation, and independent effects with one standard deviation.
# Usage (in this folder): Rscript structures.R > ../covariance/structures.json
suppressMessages({library(nlme); library(glmmTMB); library(jsonlite)})
tight <- lmeControl(tolerance = 1e-12, msTol = 1e-14, opt = "optim", maxIter = 500,
                    msMaxIter = 2000, niterEM = 50)
linear <- function(class, method) {
  fit <- lme(score ~ Machine, data = Machines, method = method, control = tight,
             random = list(Worker = class(~ 0 + Machine)))
  G <- as.matrix(getVarCov(fit))
  list(method = method, loglik = as.numeric(logLik(fit)), beta = unname(fixef(fit)),
       sigma = fit$sigma, sd = sqrt(G[1, 1]), correlation = cov2cor(G)[2, 1])
}
epil <- MASS::epil
epil$V <- factor(epil$V4)
generalised <- function(random, map) {
  fit <- glmmTMB(as.formula(paste("y ~ lbase + trt + V4 +", random)), data = epil,
                 family = poisson, map = list(theta = factor(map)))
  G <- VarCorr(fit)$cond$subject
  list(loglik = as.numeric(logLik(fit)), beta = unname(fixef(fit)$cond),
       sd = unname(attr(G, "stddev")[1]), correlation = unname(attr(G, "correlation")[2, 1]))
}
cat(toJSON(list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                  nlme = as.character(packageVersion("nlme")),
                  glmmTMB = as.character(packageVersion("glmmTMB"))),
  lmm = list(cs = list(linear(pdCompSymm, "REML"), linear(pdCompSymm, "ML")),
             homdiag = list(linear(pdIdent, "REML"), linear(pdIdent, "ML"))),
  glmm = list(cs = generalised("cs(0 + V | subject)", c(1, 1, 2)),
              homdiag = generalised("diag(0 + V | subject)", c(1, 1)))),
  digits = I(12), auto_unbox = TRUE))
