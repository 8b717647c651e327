# Marginal means of an unbalanced table with an empty cell, by every way of weighting (emmeans).
# Usage (in this folder): Rscript unbalanced_means.R > ../emmeans/unbalanced.json
suppressMessages({library(lme4); library(emmeans); library(jsonlite)})
emm_options(msg.interaction = FALSE, opt.digits = FALSE)
d <- lme4::Arabidopsis
d$row_ <- seq_len(nrow(d)) - 1
d$y <- log(d$total.fruits + 1)
d$some <- as.integer(d$total.fruits > 0)
d$petri <- as.numeric(d$status == "Petri.Plate")
all_cells <- d
d <- droplevels(subset(d, !(reg == "NL" & status == "Transplant")))
WEIGHTS <- c("equal", "proportional", "outer", "cells", "flat")
CALLS <- list(list(specs = "amd"), list(specs = "reg"), list(specs = "status"),
              list(specs = "amd", by = "reg"), list(specs = c("amd", "status")), list(specs = "1"))
# of some levels only, and of numbers that have two values, which count as levels
SOME <- list(list(specs = "amd", at = list(reg = c("NL", "SW"))),
             list(specs = "amd", at = list(reg = c("SW", "SP"), petri = 1)),
             list(specs = "reg", at = list(amd = "unclipped", reg = c("SW", "NL"))))
NUMBERS <- list(list(specs = "amd"), list(specs = "reg"), list(specs = "petri"), list(specs = "1"))

means <- function(fit, type, calls = CALLS) {
  out <- list()
  for (call in calls) for (w in WEIGHTS) {
    specs <- if (identical(call$specs, "1")) ~1 else call$specs
    args <- list(fit, specs, by = call$by, weights = w, lmer.df = "asymptotic")
    if (!is.null(call$at)) args$at <- call$at
    e <- do.call(emmeans, args)
    s <- as.data.frame(summary(e, type = type))
    value <- intersect(c("emmean", "prob", "response"), names(s))
    labels <- lapply(s[setdiff(c(call$specs, call$by), "1")], as.character)
    out[[length(out) + 1]] <- list(specs = call$specs, by = call$by, at = call$at, weights = w,
      type = type, labels = labels, mean = s[[value]], std_error = s$SE)
  }
  out
}
counts <- as.data.frame(table(d[c("reg", "amd", "status")]))
linear <- lmer(y ~ reg * amd + status + (1 | gen), d,
               control = lmerControl(optCtrl = list(ftol_abs = 1e-12, xtol_abs = 1e-10)))
crossed <- lmer(y ~ reg * status + amd + (1 | gen), all_cells,
                control = lmerControl(optCtrl = list(ftol_abs = 1e-12, xtol_abs = 1e-10)))
numbers <- lmer(y ~ amd * petri + reg * petri + (1 | gen), all_cells,
                control = lmerControl(optCtrl = list(ftol_abs = 1e-12, xtol_abs = 1e-10)))
binary <- glmer(some ~ reg + amd + status + (1 | gen), d, binomial,
                control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
cat(toJSON(list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                  lme4 = as.character(packageVersion("lme4")),
                  emmeans = as.character(packageVersion("emmeans"))),
  rows = d$row_, empty = sum(counts$Freq == 0), counts = counts$Freq,
  linear = means(linear, "link"), crossed = means(crossed, "link"),
  numbers = means(numbers, "link", c(NUMBERS, SOME)), binary = means(binary, "link"),
  binary_response = means(binary, "response")),
  digits = I(12), auto_unbox = TRUE, null = "null", na = "null"))
