# Joint tests some of whose components have two denominator degrees of freedom or fewer (lmerTest).
# Usage (in this folder): Rscript few_groups.R > ../df/few_groups.json
suppressMessages({library(lmerTest); library(jsonlite)})
set.seed(5)
out <- list()
for (groups in c(3, 4, 5)) {
  d <- data.frame(g = rep(seq_len(groups), each = 6), x = round(rnorm(6 * groups), 3))
  d$a <- rep(c(1, -1, 0.5, 2, -0.3)[seq_len(groups)], each = 6)
  d$y <- round(0.5 * d$a + 0.4 * d$x + 2 * rnorm(groups)[d$g] + rnorm(nrow(d)), 3)
  fit <- lmer(y ~ a + x + (1 | g), d,
              control = lmerControl(optCtrl = list(ftol_abs = 1e-12, xtol_abs = 1e-10)))
  one <- contestMD(fit, rbind(c(0, 1, 0), c(0, 0, 1)))
  own <- sapply(2:3, function(i) contest1D(fit, replace(numeric(3), i, 1))$df)
  out[[length(out) + 1]] <- list(data = as.list(d), df = own, F = one[["F value"]],
    num_df = one$NumDF, den_df = one$DenDF, p = one[["Pr(>F)"]])
}
cat(toJSON(list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                  lme4 = as.character(packageVersion("lme4")),
                  lmerTest = as.character(packageVersion("lmerTest"))),
  models = out), digits = I(12), auto_unbox = TRUE))
