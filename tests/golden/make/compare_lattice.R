# Log-likelihoods of models that do not make a chain, and anova() of pairs of them, by lme4.
# Usage (in this folder): Rscript compare_lattice.R > ../compare/lattice.json
suppressMessages({library(lme4); library(jsonlite)})
d <- sleepstudy
d$z <- rep(c(0.3, -1.2, 0.7, 1.9, -0.4, -0.9, 1.1), length.out = nrow(d))
linear <- list(int = "1 + (1 | Subject)", z0 = "0 + z + (1 | Subject)", z = "z + (1 | Subject)",
               days = "Days + (1 | Subject)", both = "Days + z + (1 | Subject)",
               slopes = "Days + (Days | Subject)", all = "Days * z + (Days | Subject)")
fits <- lapply(linear, function(right) lmer(as.formula(paste("Reaction ~", right)), d, REML = FALSE,
  control = lmerControl("bobyqa", optCtrl = list(rhoend = 1e-10), calc.derivs = FALSE)))
cbpp$late <- as.numeric(cbpp$period %in% c("3", "4"))
cbpp$u <- rep(c(0.2, -0.8, 1.3), length.out = nrow(cbpp))
general <- list(int = "1 + (1 | herd)", u0 = "0 + u + (1 | herd)", late = "late + (1 | herd)",
                mixed = "late + u + (1 | herd)", period = "period + (1 | herd)")
counts <- lapply(general, function(right) glmer(as.formula(
  paste("cbind(incidence, size - incidence) ~", right)), cbpp, family = binomial,
  control = glmerControl("bobyqa", optCtrl = list(rhoend = 1e-9))))
told <- function(fits, pairs) lapply(pairs, function(p) {
  a <- anova(fits[[p[1]]], fits[[p[2]]])
  list(against = p[1], model = p[2], chisq = a$Chisq[2], df = a$Df[2], p = a[["Pr(>Chisq)"]][2])
})
result <- function(formulas, fits, pairs) list(
  formulas = formulas, loglik = lapply(fits, function(f) as.numeric(logLik(f))),
  pairs = told(fits, pairs))
cat(toJSON(list(version = as.character(packageVersion("lme4")),
  z = d$z, u = cbpp$u,
  linear = result(linear, fits, list(c("int", "z"), c("int", "days"), c("days", "both"),
    c("days", "slopes"), c("slopes", "all"))),
  general = result(general, counts, list(c("int", "late"), c("late", "mixed"), c("late", "period")))),
  digits = I(12), auto_unbox = TRUE))
