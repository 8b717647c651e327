# Degrees of freedom by lmerTest (Satterthwaite) and pbkrtest (Kenward-Roger) for the REML models of
# lmm_models.R, written to tests/golden/df/df.json.
#
#   Rscript df.R CSVDIR LMMDIR OUTFILE          (CSVDIR as for lmm.R, LMMDIR = tests/golden/lmm)
#
# Each model is refitted from the optimum that lmm.R found, with a tight optimiser; models of more
# than 1,500 rows are left out of pbkrtest's part, whose matrices are rows x rows.

suppressPackageStartupMessages({library(lmerTest); library(pbkrtest); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "lmm_models.R"))
source(file.path(here, "lmm_fit.R"))
args <- commandArgs(TRUE)
csvdir <- args[1]; lmmdir <- args[2]; outfile <- args[3]
source_lines <- readLines(file.path(here, "lmm.R"))
from <- grep("^read_frame <- ", source_lines); to <- grep("^frames <- list", source_lines) - 1
eval(parse(text = source_lines[from:to]))

known <- do.call(c, lapply(c("lme4", "nlme", "mlmRev", "other"), function(f)
  fromJSON(file.path(lmmdir, paste0(f, ".json")), simplifyVector = TRUE)$models))

describe_df <- function(spec) {
  found <- known[[spec$id]]
  d <- prepare(spec, read_frame(spec$data)$frame)
  call <- list(formula = as.formula(spec$formula), data = quote(d), REML = TRUE,
               start = unlist(found$theta),
               control = lmerControl(optimizer = "bobyqa", calc.derivs = FALSE,
                 check.conv.singular = "ignore",
                 optCtrl = list(rhobeg = 1e-3, rhoend = 1e-9, maxfun = 1e5)))
  if (!is.null(spec$weights)) call$weights <- as.name(spec$weights)
  m <- eval(as.call(c(quote(lmerTest::lmer), call)))
  stopifnot(as.numeric(logLik(m)) > found$loglik - 1e-5)
  p <- length(fixef(m)); L <- diag(p)
  some <- which(names(fixef(m)) != "(Intercept)")
  s <- coef(summary(m, ddf = "Satterthwaite"))
  out <- list(names = I(names(fixef(m))), estimate = I(unname(fixef(m))),
              satterthwaite = list(se = I(unname(s[, 2])), df = I(unname(s[, 3]))))
  joint <- length(some) > 1
  if (joint) {
    f <- contestMD(m, L[some, , drop = FALSE], ddf = "Satterthwaite")
    out$satterthwaite$F <- f[["F value"]]; out$satterthwaite$den_df <- f[["DenDF"]]
  }
  if (nobs(m) <= 1500 && p <= 25) {
    VA <- vcovAdj(m)
    df <- sapply(seq_len(p), function(i) Lb_ddf(L[i, ], vcov(m), VA))
    out$kr <- list(se = I(sqrt(diag(as.matrix(VA)))), df = I(df))
    if (joint) {
      k <- KRmodcomp(m, L[some, , drop = FALSE])$test
      out$kr$F <- k["Ftest", "stat"]; out$kr$den_df <- k["Ftest", "ddf"]
    }
  }
  out
}

results <- list()
for (spec in models) {
  if (!spec$reml || spec$slow || is.null(known[[spec$id]])) next
  if (known[[spec$id]]$nobs > 8000 || length(unlist(known[[spec$id]]$theta)) > 10) next
  r <- tryCatch(describe_df(spec), error = function(e) {cat(spec$id, conditionMessage(e), "\n"); NULL})
  if (!is.null(r)) {results[[spec$id]] <- r; cat(spec$id, "\n")}
}
out <- list(program = list(R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4")),
            lmerTest = as.character(packageVersion("lmerTest")),
            pbkrtest = as.character(packageVersion("pbkrtest"))),
            script = "tests/golden/make/df.R", models = results)
text <- toJSON(out, auto_unbox = TRUE, digits = 12, null = "null", na = "null")
writeLines(gsub("(\"[A-Za-z0-9_]+\":\\{\"names\":)", "\n\\1", text), outfile)
