# Marginal means of an unbalanced table with an empty cell, by every way of weighting (emmeans).
# Usage (in this folder): Rscript unbalanced_means.R > ../emmeans/unbalanced.json
suppressMessages({library(lme4); library(emmeans); library(jsonlite)})
emm_options(msg.interaction = FALSE, opt.digits = FALSE)
d <- lme4::Arabidopsis
d$row_ <- seq_len(nrow(d)) - 1
d$y <- log(d$total.fruits + 1)
d$some <- as.integer(d$total.fruits > 0)
all_cells <- d
d <- droplevels(subset(d, !(reg == "NL" & status == "Transplant")))
WEIGHTS <- c("equal", "proportional", "outer", "cells", "flat")
CALLS <- list(list(specs = "amd"), list(specs = "reg"), list(specs = "status"),
              list(specs = "amd", by = "reg"), list(specs = c("amd", "status")), list(specs = "1"))

means <- function(fit, type) {
  out <- list()
  for (call in CALLS) for (w in WEIGHTS) {
    specs <- if (identical(call$specs, "1")) ~1 else call$specs
    e <- emmeans(fit, specs, by = call$by, weights = w, lmer.df = "asymptotic")
    s <- as.data.frame(summary(e, type = type))
    value <- intersect(c("emmean", "prob", "response"), names(s))
    labels <- lapply(s[setdiff(c(call$specs, call$by), "1")], as.character)
    out[[length(out) + 1]] <- list(specs = call$specs, by = call$by, weights = w,
      type = type, labels = labels, mean = s[[value]], std_error = s$SE)
  }
  out
}
counts <- as.data.frame(table(d[c("reg", "amd", "status")]))
linear <- lmer(y ~ reg * amd + status + (1 | gen), d,
               control = lmerControl(optCtrl = list(ftol_abs = 1e-12, xtol_abs = 1e-10)))
crossed <- lmer(y ~ reg * status + amd + (1 | gen), all_cells,
                control = lmerControl(optCtrl = list(ftol_abs = 1e-12, xtol_abs = 1e-10)))
binary <- glmer(some ~ reg + amd + status + (1 | gen), d, binomial,
                control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
cat(toJSON(list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                  lme4 = as.character(packageVersion("lme4")),
                  emmeans = as.character(packageVersion("emmeans"))),
  rows = d$row_, empty = sum(counts$Freq == 0), counts = counts$Freq,
  linear = means(linear, "link"), crossed = means(crossed, "link"), binary = means(binary, "link"),
  binary_response = means(binary, "response")),
  digits = I(12), auto_unbox = TRUE, null = "null", na = "null"))
