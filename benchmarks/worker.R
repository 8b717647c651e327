# A process of lme4 or glmmTMB: Rscript worker.R PROGRAM FORMULA REML FAMILY TABLE, with PROGRAM one of
# lme4, glmmTMB, lme4-errors, glmmTMB-errors; speaks the protocol of worker.py.

status_mb <- function(field) {
  lines <- tryCatch(readLines("/proc/self/status"), error = function(e) character())
  line <- grep(paste0("^", field), lines, value = TRUE)
  if (length(line)) as.numeric(gsub("[^0-9]", "", line)) / 1024 else NaN
}
reset_peak <- function() {
  try(suppressWarnings(cat("5", file = "/proc/self/clear_refs")), silent = TRUE)
}
number <- function(x) ifelse(is.finite(x), sprintf("%.9g", x), "NaN")
now <- function() as.numeric(Sys.time())

arguments <- commandArgs(trailingOnly = TRUE)
program <- sub("-errors$", "", arguments[1])
errors <- grepl("-errors$", arguments[1])
formula <- as.formula(arguments[2])
reml <- as.logical(arguments[3])
family <- arguments[4]

# glmer's standard errors come with the derivatives it checks convergence by
fit_model <- if (program == "glmmTMB") {
  function(frame) glmmTMB(formula, frame, family = family, se = errors)
} else if (family == "gaussian") {
  function(frame) lmer(formula, frame, REML = reml)
} else {
  function(frame) glmer(formula, frame, family = family,
                        control = glmerControl(calc.derivs = errors))
}

start <- now()
suppressWarnings(suppressPackageStartupMessages(library(program, character.only = TRUE)))
import_seconds <- now() - start

frame <- if (requireNamespace("data.table", quietly = TRUE)) {
  as.data.frame(data.table::fread(arguments[5]))
} else {
  read.csv(arguments[5])
}
frame <- frame[all.vars(formula)]
cat(sprintf(
  '{"version": "%s", "import_seconds": %s, "resident_mb": %s, "column_mb": %s}\n',
  packageVersion(program), number(import_seconds), number(status_mb("VmRSS")),
  number(as.numeric(object.size(frame)) / 2^20)
))
flush(stdout())

commands <- file("stdin", "r")
while (length(line <- readLines(commands, 1))) {
  words <- strsplit(line, " ")[[1]]
  count <- as.integer(words[2])
  limit <- as.numeric(words[3])
  invisible(gc())
  before <- status_mb("VmRSS")
  reset_peak()
  seconds <- numeric()
  began <- now()
  while (!length(seconds) || (length(seconds) < count && now() - began < limit)) {
    start <- now()
    fit <- suppressWarnings(suppressMessages(fit_model(frame)))
    seconds <- c(seconds, now() - start)
  }
  peak <- status_mb("VmHWM")
  cat(sprintf(
    '{"seconds": [%s], "loglik": %s, "peak_mb": %s, "above_mb": %s}\n',
    paste(number(seconds), collapse = ", "), sprintf("%.12g", as.numeric(logLik(fit))),
    number(peak), number(peak - before)
  ))
  flush(stdout())
}
