# Parametric bootstrap distributions by lme4::bootMer, summarised.
# Run from the repository's root: Rscript tests/golden/make/bootstrap.R
suppressMessages({library(lme4); library(jsonlite)})

parameters <- function(fit) {
  vc <- as.data.frame(VarCorr(fit), order = "lower.tri")
  c(fixef(fit), vc$sdcor)
}

summarise <- function(formula, data, nsim, seed) {
  fit <- lmer(formula, data)
  set.seed(seed)
  b <- suppressMessages(suppressWarnings(bootMer(fit, parameters, nsim = nsim)))
  t <- b$t[stats::complete.cases(b$t), ]
  list(
    formula = deparse1(formula), nsim = nrow(t), estimate = unname(b$t0),
    sd = unname(apply(t, 2, sd)),
    lower = unname(apply(t, 2, quantile, 0.025)),
    median = unname(apply(t, 2, quantile, 0.5)),
    upper = unname(apply(t, 2, quantile, 0.975)),
    singular = mean(apply(t, 1, function(x) any(abs(x) < 1e-6)))
  )
}

out <- list(
  versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4"))),
  # the order of lme4's rows: standard deviations by column, each followed by its correlations
  sleepstudy = summarise(Reaction ~ Days + (Days | Subject), sleepstudy, 2000, 1),
  pastes = summarise(strength ~ 1 + (1 | batch / cask), Pastes, 2000, 2)
)
write(toJSON(out, digits = 10, auto_unbox = TRUE, pretty = TRUE), "tests/golden/inference/bootstrap.json")
