# R's side of inference.py: Rscript inference.R TASK TABLE REPEATS, prints the seconds of each turn.

arguments <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages({library(lme4)})
frame <- read.csv(arguments[2])
repeats <- as.integer(arguments[3])
if ("Subject" %in% names(frame)) frame$Subject <- factor(frame$Subject)

tasks <- list(
  bootstrap = function() {
    fit <- lmer(Reaction ~ Days + (Days | Subject), frame)
    function() bootMer(fit, function(m) c(fixef(m), getME(m, "theta"), sigma(m)), nsim = 1000)
  },
  profile = function() {
    fit <- lmer(Reaction ~ Days + (Days | Subject), frame)
    function() confint(profile(fit))
  },
  kenward_roger = function() {
    suppressPackageStartupMessages(library(pbkrtest))
    fit <- lmer(y ~ t * arm + (1 + t | subject), frame)
    function() {
      V <- vcovAdj(fit)
      sapply(1:4, function(i) Lb_ddf(diag(4)[i, ], vcov(fit), V))
    }
  },
  satterthwaite = function() {
    suppressPackageStartupMessages(library(lmerTest))
    function() coef(summary(lmerTest::lmer(Reaction ~ Days + (Days | Subject), frame)))
  }
)
run <- tasks[[arguments[1]]]()
for (turn in seq_len(repeats)) {
  start <- as.numeric(Sys.time())
  invisible(suppressMessages(suppressWarnings(run())))
  cat(as.numeric(Sys.time()) - start, "\n")
}
