# Profile likelihood by lme4, written to tests/golden/profile/profile.json.
#
#   python -m tests.golden.make.export_golden_frames CSVDIR $(grep -oE '^  "[a-z0-9_]+"' profile.R |
#                                                              tr -d ' "')
#   Rscript profile.R CSVDIR OUTFILE
#
# Each model is fitted from the best theta known with a tight optimiser. Kept are lme4's limits at
# 95% and 99%, some points (value, zeta, conditional values of the other parameters) of its profile,
# and what it said: lme4 interpolates between points by splines, and sometimes its optimiser stops
# short, so that the points are the sharper reference.

ids <- c(
  "dyestuff",
  "dyestuff2_zero",
  "pastes_nested_code",
  "pastes_sample_only_ml",
  "penicillin",
  "cake_temp_ml",
  "sleepstudy",
  "sleepstudy_ml",
  "sleepstudy_zerocorr",
  "sleepstudy_offset",
  "sleepstudy_quadratic",
  "cbpp_weights",
  "machines_interaction",
  "machines_factor_slopes",
  "oats_nested",
  "orthodont",
  "orthodont_zerocorr",
  "orthodont_weights",
  "pixel",
  "rail",
  "ergostool",
  "oxboys",
  "earthquake",
  "gasoline_covariates_ml",
  "igf",
  "muscle",
  "nitrendipene",
  "oxide",
  "wheat",
  "early",
  "exam_slopes",
  "bdf",
  "npk_aliased",
  "loblolly",
  "orange",
  "barley_three_terms",
  "barley_year_slopes",
  "mass_oats_split_plot",
  "grunfeld_zero_year")

here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "golden_frames.R"))
args <- commandArgs(TRUE)
specs <- read_models(args[1])
if (length(args) > 2) ids <- args[-(1:2)]

with_messages <- function(expr) {
  said <- character()
  keep <- function(c) said <<- c(said, trimws(conditionMessage(c)))
  value <- withCallingHandlers(
    tryCatch(expr, error = function(e) {keep(e); NULL}),
    warning = function(w) {keep(w); invokeRestart("muffleWarning")},
    message = function(m) {keep(m); invokeRestart("muffleMessage")})
  list(value = value, said = unique(said))
}

describe_profile <- function(id) {
  spec <- specs[[id]]
  d <- read_golden(args[1], id, spec)
  env <- environment()
  fit <- fit_golden(spec, d, env)
  ml <- if (isREML(fit)) refitML(fit) else fit
  got <- with_messages({setTimeLimit(elapsed = 400, transient = TRUE); profile(fit, signames = FALSE)})
  setTimeLimit()
  out <- list(formula = spec$formula, reml = spec$reml, deviance = -2 * as.numeric(logLik(ml)),
              said = I(got$said))
  if (is.null(got$value)) return(out)
  pr <- got$value
  limits <- lapply(c(0.95, 0.99), function(level) {
    ci <- with_messages(confint(pr, level = level))
    out$said <<- I(unique(c(out$said, ci$said)))
    ci$value
  })
  names <- unique(as.character(pr$.par))
  frame <- as.data.frame(pr)
  points <- lapply(names, function(n) {
    p <- frame[frame$.par == n, ]
    p <- p[is.finite(p$.zeta), ]
    p <- p[unique(round(seq(1, nrow(p), length.out = min(nrow(p), 7)))), ]
    list(zeta = I(signif(p$.zeta, 10)), value = I(signif(p[[n]], 12)),
         others = lapply(setNames(nm = setdiff(names, n)), function(o) I(signif(p[[o]], 7))))
  })
  c(out, list(parameters = I(names),
    limits95 = lapply(names, function(n) I(unname(limits[[1]][n, ]))),
    limits99 = lapply(names, function(n) I(unname(limits[[2]][n, ]))), points = points))
}

results <- list()
for (id in ids) {
  took <- system.time(r <- tryCatch(describe_profile(id), error = function(e) {
    cat(id, conditionMessage(e), "\n"); NULL}))
  if (!is.null(r)) results[[id]] <- r
  cat(id, round(took[["user.self"]], 1), "s", length(r$parameters), "parameters;",
      paste(unique(r$said), collapse = " | "), "\n")
  write_golden(list(versions = versions("lme4", "nloptr"), models = results), args[2])
}
