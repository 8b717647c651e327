# tidy, glance and augment of broom.mixed, for names, layout and values.
#
#   python -m tests.golden.make.export_golden_frames DIR <ids below>
#   Rscript tests/golden/make/broom.R DIR tests/golden/broom/broom.json
#
# ids: sleepstudy sleepstudy_zerocorr sleepstudy_offset penicillin machines_nested_ml
#      pixel_nested_slopes_ml
#      orthodont_weights phenobarb_missing npk_aliased
# Standard errors of ran_pars are not those of lme4, which has none. At most the first `few` rows
# of long tables are kept.

suppressPackageStartupMessages({library(broom.mixed); library(dplyr)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "golden_frames.R"))
args <- commandArgs(TRUE)
specs <- read_models(args[1])
few <- 40
cut <- function(d) { d <- as.data.frame(lapply(head(as.data.frame(d), few), function(x)
  if (is.factor(x)) as.character(x) else x), optional = TRUE); lapply(d, I) }
models <- list()
for (id in names(specs)) {
  spec <- specs[[id]]
  d <- read_golden(args[1], id, spec)
  d <- d[complete.cases(d[all.vars(as.formula(spec$formula))]), ]
  fit <- fit_golden(spec, d, environment())
  a <- as.data.frame(augment(fit))
  models[[id]] <- list(
    formula = spec$formula,
    fixed = cut(tidy(fit, effects = "fixed")),
    sdcor = cut(tidy(fit, effects = "ran_pars")),
    vcov = cut(tidy(fit, effects = "ran_pars", scales = "vcov")),
    ran_vals = cut(tidy(fit, effects = "ran_vals", conf.int = TRUE)),
    ran_coefs = cut(tidy(fit, effects = "ran_coefs")),
    glance = cut(glance(fit)),
    augment = cut(a[intersect(c(".fitted", ".resid", ".fixed", ".hat", ".cooksd"), names(a))]))
  cat(id, "\n")
}
write_golden(list(program = versions("broom.mixed", "lme4"),
                  script = "tests/golden/make/broom.R", models = models), args[2])
