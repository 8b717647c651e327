# Models whose covariance parameters are not all in the data, in the formulas that are identified.
# Usage (in this folder): Rscript identification.R > ../identification/identified.json
suppressPackageStartupMessages({library(lmerTest); library(jsonlite)})
data(Orthodont, BodyWeight, Machines, package = "nlme")
plain <- function(d) { d <- as.data.frame(d); for (n in names(d)) if (is.ordered(d[[n]])) d[[n]] <- factor(d[[n]], ordered = FALSE); d }
facts <- function(fit, cells) {
  v <- as.data.frame(VarCorr(fit)); s <- coef(summary(fit))
  list(loglik = as.numeric(logLik(fit)), singular = isSingular(fit),
       sd = setNames(as.list(v$sdcor[is.na(v$var2)]), cells), sigma = sigma(fit),
       estimate = unname(s[, "Estimate"]), std_error = unname(s[, "Std. Error"]), df = unname(s[, "df"]),
       n_parameters = attr(logLik(fit), "df"))
}
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 1e5),
                       check.nobs.vs.nRE = "ignore")
O <- plain(Orthodont); B <- plain(BodyWeight); M <- plain(Machines)
out <- list(version = paste("R", getRversion(), "lme4", packageVersion("lme4"), "lmerTest", packageVersion("lmerTest")))
out$orthodont <- facts(lmer(distance ~ age * Sex + (0 + dummy(Sex, "Male") | Subject) +
  (0 + dummy(Sex, "Female") | Subject), O, control = control), c("Male", "Female", "Residual"))
out$bodyweight <- facts(lmer(weight ~ Time * Diet + (0 + dummy(Diet, "1") | Rat) + (0 + dummy(Diet, "2") | Rat) +
  (0 + dummy(Diet, "3") | Rat), B, control = control), c("1", "2", "3", "Residual"))
fit <- lmer(score ~ Machine + (0 + Machine | Worker), M, control = control)
out$machines <- facts(fit, c("A", "B", "C", "Residual"))
cat(toJSON(out, auto_unbox = TRUE, digits = 10, pretty = TRUE))
