# Means and ratios of models whose response is the logarithm of something more than a column.
# Usage (in this folder): Rscript emmeans_shifted.R > ../emmeans/shifted.json
suppressMessages({library(lmerTest); library(emmeans); library(jsonlite)})
d <- sleepstudy
d$f <- factor(ifelse(d$Days < 3, "A", ifelse(d$Days < 6, "B", "C")))
out <- list()
for (text in c("log(Reaction + 1)", "log(Reaction - 100)", "log10(Reaction)", "log2(Reaction + 3)",
               "log(0.5 + Reaction)", "log(Reaction)")) {
  fit <- lmer(as.formula(paste(text, "~ f + (1 | Subject)")), d)
  means <- emmeans(fit, "f", type = "response", lmer.df = "satterthwaite")
  ratios <- as.data.frame(summary(pairs(means), infer = TRUE))
  out[[text]] <- list(mean = as.data.frame(means)$response, ratio = ratios$ratio,
                      se = ratios$SE, lower = ratios$lower.CL, upper = ratios$upper.CL)
}
cat(toJSON(list(version = as.character(packageVersion("emmeans")), models = out), digits = I(12),
           auto_unbox = TRUE))
