# Tests of curves that differ between the levels of a factor, by lmerTest and car: ../anova/curves.json
#   Rscript tests/golden/make/anova_curves.R   (in the project's folder)
suppressMessages({ library(lme4); library(lmerTest); library(splines); library(car); library(jsonlite) })
set.seed(12)
n <- 132
data <- data.frame(g = paste0("g", rep(1:11, each = 12)), a = sample(c("p", "q", "r"), n, TRUE, c(5, 3, 2)),
  x = round(runif(n, 0, 4), 2))
data$y <- round(sin(data$x) + (data$a == "q") * data$x / 3 + rnorm(11)[rep(1:11, each = 12)] + rnorm(n), 3)
models <- list(
  ns = y ~ ns(x, 3) * a + (1 | g), poly = y ~ poly(x, 2) * a + (1 | g),
  bs = y ~ bs(x, df = 4) * a + (1 | g))
one <- function(f) {
  m <- eval(bquote(lmerTest::lmer(.(f), data)))
  s <- eval(bquote(lme4::lmer(.(f), data, contrasts = list(a = "contr.sum"))))
  a <- anova(m, type = 3)
  k <- Anova(s, type = 3, test.statistic = "F")[-1, ]
  list(loglik = as.numeric(logLik(m)), num_df = a$NumDF, den_df = a$DenDF, statistic = a$`F value`,
    kr_df = k$Df.res, kr_statistic = k$F)
}
out <- list(
  versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4")),
    lmerTest = as.character(packageVersion("lmerTest")), car = as.character(packageVersion("car"))),
  data = as.list(data), models = lapply(models, one))
write(toJSON(out, digits = 12, auto_unbox = TRUE), "tests/golden/anova/curves.json")
