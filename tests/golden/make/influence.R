# Leave-one-out refits by lme4, with the deletion measures computed from them.
#
#   python -m tests.golden.make.export_golden_frames DIR dyestuff dyestuff2_zero sleepstudy \
#          pastes_nested_code penicillin orthodont_weights cbpp_weights machines_interaction \
#          machines_worker grouseticks_nested_ml oats_factorial_ml
#   Rscript tests/golden/make/influence.R DIR tests/golden/influence/lme4.json
#
# What lme4::influence does (update() on the other rows), with tight tolerances; for two models
# its own Cook's distances are kept as well. Measures as defined by HLMdiag (Loy & Hofmann 2014):
# with b, V the estimates and covariance from all rows and b_i, V_i those without unit i,
#   Cook (b - b_i)'V^-1(b - b_i) / p, MDFFITS with V_i, COVRATIO det V_i / det V,
#   COVTRACE |tr(V^-1 V_i) - p|.

here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "golden_frames.R"))
args <- commandArgs(TRUE)
specs <- read_models(args[1])
studies <- list(
  c("dyestuff", "Batch"), c("dyestuff", "rows"), c("dyestuff2_zero", "Batch"),
  c("sleepstudy", "Subject"), c("pastes_nested_code", "batch"),
  c("pastes_nested_code", "cask:batch"), c("penicillin", "plate"), c("penicillin", "sample"),
  c("orthodont_weights", "Subject"), c("cbpp_weights", "herd"),
  c("machines_interaction", "Worker"), c("machines_interaction", "rows"),
  c("machines_worker", "rows"), c("grouseticks_nested_ml", "LOCATION"),
  c("oats_factorial_ml", "Block"))
components <- function(fit) {
  v <- as.data.frame(VarCorr(fit)); v$vcov[is.na(v$var2)]
}
models <- list()
for (study in studies) {
  id <- study[1]; by <- study[2]; spec <- specs[[id]]
  d <- read_golden(args[1], id, spec)
  full <- d
  fit <- fit_golden(spec, full, list2env(list(d = full), parent = globalenv()))
  key <- if (by == "rows") seq_len(nrow(d)) else
    apply(d[strsplit(by, ":")[[1]]], 1, paste, collapse = ":")
  b <- fixef(fit); V <- as.matrix(vcov(fit)); p <- length(b)
  rows <- list()
  for (u in unique(key)) {
    part <- d[key != u, ]
    # lme4's start would have to fit the new number of terms only: it is the same
    one <- suppressMessages(fit_golden(spec, part, list2env(list(d = part), parent = globalenv())))
    bi <- fixef(one); Vi <- as.matrix(vcov(one))
    delta <- b - bi
    rows[[length(rows) + 1]] <- list(unit = as.character(u), beta = I(unname(bi)),
      se = I(unname(sqrt(diag(Vi)))), sigma = sigma(one), variances = I(components(one)),
      cook = c(delta %*% solve(V, delta)) / p, mdffits = c(delta %*% solve(Vi, delta)) / p,
      covratio = det(Vi) / det(V), covtrace = abs(sum(diag(solve(V, Vi))) - p))
  }
  record <- list(formula = spec$formula, by = by, coefficients = I(names(b)), beta = I(unname(b)),
    hat = I(unname(hatvalues(fit))), variances = I(components(fit)),
    deleted = lapply(names(rows[[1]]), function(k) {
      v <- lapply(rows, `[[`, k); if (is.list(v[[1]]) || length(v[[1]]) > 1 || k %in%
        c("beta", "se", "variances")) do.call(rbind, lapply(v, unlist)) else unlist(v)}))
  names(record$deleted) <- names(rows[[1]])
  if (id %in% c("sleepstudy", "orthodont_weights") && by != "rows") {
    assign("d", full, envir = globalenv())
    inf <- lme4:::influence.merMod(fit, groups = by, data = full)
    cook <- cooks.distance(inf)
    # lme4 multiplies by (n - p) / n with n the number of units
    record$lme4 <- list(unit = I(as.character(inf[["deleted"]])), cook = I(unname(cook)),
                        dfbetas = unname(dfbetas(inf)))
  }
  models[[paste(id, gsub(":", "_", by), sep = "__")]] <- record
  cat(id, by, length(rows), "\n")
}
write_golden(list(program = versions("lme4"), script = "tests/golden/make/influence.R",
                  models = models), args[2])
