# What tests/remedies/test_words_of_checks.py quotes of lme4, R 4.2 with lme4 1.1-31:
# AIC (REML) without and with slopes of a shifted year by country, and the standard error of the year.
# Rscript words_checks.R gapminder.csv
# prints 1072.885 and 0.001936438
library(lme4)
d <- read.csv(commandArgs(trailingOnly = TRUE)[1])
without <- lmer(log(gdpPercap) ~ I(year - 1952) * continent + (1 | country), d)
with <- lmer(log(gdpPercap) ~ I(year - 1952) * continent + (1 + I(year - 1952) | country), d)
cat(packageVersion("lme4") |> as.character(), AIC(without) - AIC(with), sqrt(vcov(with)[2, 2]), "\n")
