# Cluster-robust covariances CR0 and CR2 with Satterthwaite df and HTZ tests, by clubSandwich.
#
#   python -m tests.golden.make.export_golden_frames DIR <ids below>
#   Rscript tests/golden/make/sandwich.R DIR tests/golden/sandwich/clubsandwich.json
#
# ids: sleepstudy sleepstudy_offset machines_nested_ml machines_factor_slopes oats_nested orthodont
#      pixel mathachieve grouseticks_nested_ml phenobarb_missing chickweight exam_slopes
#      exam_rank_deficient_ml npk_aliased oxide_source_ml obrienkaiser_three_terms
#      egsingle_three_level orthodont_weights dyestuff
# lmer with prior weights is not supported by clubSandwich: that model is fitted by nlme::lme with
# the variance function 1 / weight.

suppressPackageStartupMessages({library(clubSandwich); library(nlme)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "golden_frames.R"))
args <- commandArgs(TRUE)
specs <- read_models(args[1])
models <- list()
for (id in names(specs)) {
  spec <- specs[[id]]
  d <- read_golden(args[1], id, spec)
  d <- d[complete.cases(d[all.vars(as.formula(spec$formula))]), ]
  if (is.null(spec$weights)) {
    fit <- fit_golden(spec, d, environment())
    beta <- fixef(fit)
  } else {
    d$one_by_weight <- 1 / d[[spec$weights]]
    f <- as.formula(spec$formula)
    bars <- findbars(f); stopifnot(length(bars) == 1)
    fit <- eval(bquote(lme(.(nobars(f)), data = d, method = .(if (spec$reml) "REML" else "ML"),
      random = .(as.formula(paste("~", deparse(bars[[1]])))),
      weights = varFixed(~ one_by_weight),
      control = lmeControl(tolerance = 1e-12, msTol = 1e-14, msMaxIter = 1000, opt = "optim",
                           reltol = 1e-14))))
    beta <- fixef(fit)
  }
  p <- length(beta)
  joint <- if (p == 1) 1L else head(setdiff(seq_len(p), 1L), 4)
  C <- diag(p)[joint, , drop = FALSE]
  record <- list(formula = spec$formula, coefficients = I(names(beta)), beta = I(unname(beta)),
                 joint = I(joint))
  for (type in c("CR0", "CR2")) {
    V <- vcovCR(fit, type = type)
    ct <- coef_test(fit, vcov = V, test = "Satterthwaite", p_values = TRUE)
    df <- if (is.null(ct$df)) ct$df_Satt else ct$df
    w <- Wald_test(fit, C, vcov = V, test = "HTZ")
    record[[type]] <- list(vcov = as.matrix(V)[lower.tri(V, diag = TRUE)], se = I(ct$SE),
      df = I(df), F = w$Fstat, num_df = w$df_num, den_df = w$df_denom, clusters =
      nlevels(droplevels(as.factor(attr(V, "cluster")))))
  }
  models[[id]] <- record
  cat(id, p, "\n")
}
write_golden(list(program = versions("clubSandwich", "lme4", "nlme"),
                  script = "tests/golden/make/sandwich.R", models = models), args[2])
