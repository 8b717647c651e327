# What residuals say of golden linear mixed models, by lme4: standardised conditional residuals
# (residual over sigma sqrt(1 - hatvalues)), and likelihood-ratio tests of squares.
# Usage, from the repository root, after export_golden_frames.py wrote FOLDER:
#   Rscript tests/golden/make/assumptions.R FOLDER tests/golden/assumptions/assumptions.json
source("tests/golden/make/golden_frames.R")
args <- commandArgs(TRUE)
models <- read_models(args[1])
moments <- function(z) {
  z <- z - mean(z); m2 <- mean(z^2)
  c(skewness = mean(z^3) / m2^1.5, kurtosis = mean(z^4) / m2^2 - 3)
}
out <- lapply(names(models), function(id) {
  spec <- models[[id]]
  d <- read_golden(args[1], id, spec)
  fit <- fit_golden(spec, d, environment())
  h <- hatvalues(fit)
  z <- residuals(fit, "pearson", scaled = TRUE) / sqrt(1 - h)
  shape <- moments(z[1 - h > 0.05])
  fixed <- terms(lme4::nobars(as.formula(spec$formula)), data = d)
  bare <- Filter(is.name, as.list(attr(fixed, "variables"))[-(1:2)])
  squares <- setNames(list(), character())
  ml <- update(fit, REML = FALSE)
  for (x in vapply(bare, as.character, "")) {
    values <- d[[x]]
    if (!is.numeric(values) || length(unique(values)) < 3) next
    s <- (values - mean(values, na.rm = TRUE)) / sd(values, na.rm = TRUE)
    d$square_of_it <- s^2
    X <- model.matrix(fit)
    q <- d$square_of_it[as.integer(rownames(model.frame(fit)))]
    if (sum(lm.fit(X, q)$residuals^2) < 1e-8 * sum((q - mean(q))^2)) next
    larger <- update(ml, . ~ . + square_of_it, start = getME(ml, "theta"))
    squares[[x]] <- as.numeric(2 * (logLik(larger) - logLik(ml)))
  }
  list(formula = spec$formula, skewness = shape[["skewness"]], kurtosis = shape[["kurtosis"]],
       independent = sum((1 - h)[1 - h > 0.05]), squares = squares)
})
names(out) <- names(models)
write_golden(list(versions = versions("lme4"), models = out), args[2])
