# Read what export_golden_frames.py wrote, and fit it by lme4 to tight tolerances.

suppressPackageStartupMessages({library(lme4); library(jsonlite)})

tight <- lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE, check.conv.singular = "ignore",
  optCtrl = list(algorithm = "NLOPT_LN_BOBYQA", xtol_abs = 1e-12, xtol_rel = 1e-12,
                 ftol_abs = 1e-11, ftol_rel = 0, maxeval = 1e5))

read_models <- function(folder) fromJSON(file.path(folder, "models.json"), simplifyVector = FALSE)

read_golden <- function(folder, id, spec) {
  d <- read.csv(file.path(folder, paste0(id, ".csv")), check.names = FALSE,
                stringsAsFactors = FALSE)
  for (f in names(spec$factors))
    d[[f]] <- factor(as.character(d[[f]]), levels = unlist(spec$factors[[f]]$levels),
                     ordered = spec$factors[[f]]$ordered)
  d
}

# The fit starts at the best theta known; `d` is looked up where this is called, so that the
# call can be updated.
fit_golden <- function(spec, d, envir) {
  theta <- as.numeric(unlist(spec$theta))
  theta[abs(theta) < 1e-3] <- 0.1          # away from the boundary
  call <- bquote(lmer(.(as.formula(spec$formula)), data = d, REML = .(spec$reml), control = tight,
                      start = .(theta)))
  if (!is.null(spec$weights)) call$weights <- as.name(spec$weights)
  eval(call, envir)
}

versions <- function(...) c(list(R = as.character(getRversion())),
  sapply(c(...), function(p) as.character(packageVersion(p)), simplify = FALSE))

write_golden <- function(out, file) {
  text <- toJSON(out, auto_unbox = TRUE, digits = 14, null = "null", na = "null")
  writeLines(gsub("(\"[A-Za-z0-9_]+\":\\{\"formula\":)", "\n\\1", text), file)
}
