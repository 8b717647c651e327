# Prediction errors of random effects of generalised models: glmmTMB's condVar, which is
# TMB's sdreport and knows that coefficients and variances are estimated.
# Usage (in this folder): Rscript ranef.R > ../predict/ranef.json
suppressMessages({library(glmmTMB); library(jsonlite); library(lme4); library(MASS)})
epil$Visit <- (epil$period - 2.5) / 5
epil$Base <- log(epil$base / 4)
models <- list(
  cbpp = glmmTMB(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial),
  ticks = glmmTMB(TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION),
                  grouseticks, poisson),
  epil_poisson = glmmTMB(y ~ Base * trt + Visit + (1 | subject), epil, poisson))
out <- lapply(models, function(fit) {
  re <- as.data.frame(ranef(fit))
  list(group = as.character(re$grpvar), term = as.character(re$term),
       level = as.character(re$grp), estimate = re$condval, std_error = re$condsd)
})
cat(toJSON(list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                  glmmTMB = as.character(packageVersion("glmmTMB")),
                  TMB = as.character(packageVersion("TMB"))),
  models = out), digits = I(9), auto_unbox = TRUE))
