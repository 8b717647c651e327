# Predictions, their standard errors and residuals of generalised mixed models in R.
#   Rscript tests/golden/make/glmm_predict.R   (from the repository root)
# writes tests/golden/predict/glmm.json. Rows are those of the data, complete and in order.
suppressMessages({library(lme4); library(glmmTMB); library(ordinal); library(jsonlite)})
tight <- glmmTMBControl(optCtrl = list(iter.max = 5000, eval.max = 10000, rel.tol = 1e-14))
out <- list()
some <- function(n) unique(round(seq(1, n, length.out = 40)))

predictions <- function(fit, zi = FALSE) {
  rows <- some(nobs(fit))
  one <- function(type, re) {
    p <- predict(fit, type = type, re.form = re, se.fit = TRUE)
    list(fit = as.numeric(p$fit)[rows], se = as.numeric(p$se.fit)[rows])
  }
  types <- c("link", "response", if (zi) c("conditional", "zprob", "zlink"))
  found <- list(rows = rows - 1, conditional = sapply(types, one, re = NULL, simplify = FALSE))
  found$population <- sapply(types, one, re = NA, simplify = FALSE)
  found
}
residuals_of <- function(fit, kinds) sapply(kinds, function(k)
  as.numeric(residuals(fit, type = k))[some(nobs(fit))], simplify = FALSE)

add <- function(id, fit, ..., zi = FALSE, kinds = c("response", "pearson"), extra = list()) {
  out[[id]] <<- c(predictions(fit, zi), list(residuals = residuals_of(fit, kinds)), extra, list(...))
}

data(cbpp); data(grouseticks)
cbpp_tmb <- glmmTMB(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial,
                    control = tight)
cbpp_lme4 <- glmer(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial,
                   control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
new <- data.frame(period = factor(1:4, levels = 1:4), herd = c("1", "2", "new", "newer"))
p_new <- predict(cbpp_tmb, newdata = new, type = "link", se.fit = TRUE, allow.new.levels = TRUE)
add("cbpp", cbpp_tmb,
    extra = list(lme4_residuals = residuals_of(cbpp_lme4,
                   c("response", "pearson", "deviance", "working")),
                 lme4_response = as.numeric(predict(cbpp_lme4, type = "response"))[some(56)],
                 lme4_population = as.numeric(predict(cbpp_lme4, type = "response",
                                                      re.form = NA))[some(56)],
                 new = list(period = as.character(new$period), herd = new$herd,
                            fit = as.numeric(p_new$fit))))

ticks <- transform(grouseticks, TICKS = as.numeric(TICKS))
ticks_tmb <- glmmTMB(TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION), ticks,
                     poisson, control = tight)
add("ticks", ticks_tmb)

epil <- MASS::epil
epil$Visit <- (epil$period - 2.5) / 5
epil$Base <- log(epil$base / 4)
epil_nb <- glmmTMB(y ~ Base * trt + Visit + (Visit | subject), epil, nbinom2, control = tight)
add("epil_nbinom2", epil_nb, theta = sigma(epil_nb))
epil_pois <- glmmTMB(y ~ Base * trt + Visit + (1 | subject), epil, poisson, control = tight)
over <- performance::check_overdispersion(epil_pois)
add("epil_poisson", epil_pois, overdispersion = list(
  chisq = over$chisq_statistic, ratio = over$dispersion_ratio, df = over$residual_df, p = over$p_value))
epil_lme4 <- glmer(y ~ Base * trt + Visit + (1 | subject), epil, poisson,
                   control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
out$epil_poisson$lme4_residuals <- residuals_of(epil_lme4,
  c("response", "pearson", "deviance", "working"))

salamanders <- read.csv("tests/golden/glmm/salamanders.csv.gz")
zip <- glmmTMB(count ~ spp + mined + (1 | site), salamanders, poisson, ziformula = ~ spp + mined,
               control = tight)
zip_random <- glmmTMB(count ~ spp + mined + (1 | site), salamanders, poisson,
                      ziformula = ~ mined + (1 | site), control = tight)
add("zip", zip, zi = TRUE, kinds = "response")
add("zip_random_zi", zip_random, zi = TRUE, kinds = "response")
hurdle <- glmmTMB(count ~ spp + mined + (1 | site), salamanders, truncated_poisson,
                  ziformula = ~ spp + mined, control = tight)
add("hurdle", hurdle, zi = TRUE, kinds = "response")

gamma_lme4 <- glmer(Reaction ~ Days + (1 | Subject), sleepstudy, Gamma("log"))
gamma_tmb <- glmmTMB(Reaction ~ Days + (1 | Subject), sleepstudy, Gamma("log"), control = tight)
add("gamma", gamma_tmb, kinds = "response")
# residuals as glm has them at given means
mu <- fitted(gamma_tmb); dev <- Gamma()$dev.resids(sleepstudy$Reaction, mu, rep(1, length(mu)))
out$gamma$glm_deviance <- as.numeric(sign(sleepstudy$Reaction - mu) * sqrt(dev))[some(180)]
out$gamma$glm_pearson <- as.numeric((sleepstudy$Reaction - mu) / mu)[some(180)]

wine_fit <- clmm(rating ~ temp + contact + (1 | judge), data = wine,
                 control = clmm.control(gradTol = 1e-8))
b <- ranef(wine_fit)$judge[as.character(wine$judge), 1]
eta <- as.numeric(model.matrix(~ temp + contact, wine)[, -1] %*% wine_fit$beta)
table_of <- function(eta) {
  cum <- plogis(outer(-eta, wine_fit$Theta[1, ], "+"))
  cbind(cum, 1) - cbind(0, cum)
}
out$wine <- list(conditional = table_of(eta + b), population = table_of(eta))

versions <- sapply(c("lme4", "glmmTMB", "ordinal", "performance"),
                   function(p) as.character(packageVersion(p)))
write_json(list(programs = c(R = as.character(getRversion()), versions), models = out),
           "tests/golden/predict/glmm.json", digits = 10, auto_unbox = TRUE)
