# Supremum, finite coefficients and one-sided profile limits of separated generalised mixed models.
#
# The supremum is the maximum of the likelihood of the rows that are not at their limits. A profile
# limit is where 2 (supremum - log-likelihood with the coefficient held by an offset) is the 95%
# quantile of chi-squared with one degree of freedom, found by uniroot. Run:
#     Rscript tests/golden/make/separated.R > tests/golden/separated/separated.json
suppressMessages({library(glmmTMB); library(jsonlite)})

threshold <- qchisq(0.95, 1)
control <- glmmTMBControl(optCtrl = list(iter.max = 2000, eval.max = 2000, rel.tol = 1e-14))
fit <- function(formula, data, ...) {
  suppressWarnings(suppressMessages(glmmTMB(formula, data, control = control, ...)))
}
# not logLik(), which is NA where nlminb, asked for its last digits, reports false convergence
value <- function(m) -m$fit$objective
ll <- function(...) value(fit(...))
limit <- function(supremum, held, range) {
  uniroot(function(w) 2 * (supremum - held(w)) - threshold, range, tol = 1e-9)$root
}
coefs <- function(m) {
  s <- summary(m)$coefficients$cond
  list(names = rownames(s), estimate = unname(s[, 1]), se = unname(s[, 2]))
}

set.seed(20241)
n <- 240
base <- data.frame(
  g = rep(seq_len(30), each = 8), x = round(rnorm(n), 3),
  arm = rep(c("a", "b", "c", "d"), length.out = n)
)
effect <- rnorm(30, 0, 0.8)[base$g]
out <- list()

# one cell of zeros ---------------------------------------------------------------------------
d <- base
d$y <- rbinom(n, 1, plogis(-0.3 + 0.7 * d$x + effect))
d$y[d$arm == "c"] <- 0
d$ib <- 1 * (d$arm == "b"); d$ic <- 1 * (d$arm == "c"); d$id <- 1 * (d$arm == "d")
sub <- d[d$arm != "c", ]
m <- fit(y ~ x + ib + id + (1 | g), sub, family = binomial)
supremum <- value(m)
null <- ll(y ~ x + (1 | g), d, family = binomial)
upper <- limit(supremum, function(w) {
  d$o <- w * d$ic
  ll(y ~ x + ib + id + offset(o) + (1 | g), d, family = binomial)
}, c(-8, 0))
of_x <- sapply(list(c(-1, coefs(m)$estimate[2]), c(coefs(m)$estimate[2], 3)), function(range) {
  limit(supremum, function(w) {
    sub$o <- w * sub$x
    ll(y ~ ib + id + offset(o) + (1 | g), sub, family = binomial)
  }, range)
})
out$one_cell <- list(
  data = d[c("y", "x", "g", "arm")], loglik = supremum, null_loglik = null, coefs = coefs(m),
  sd = sqrt(VarCorr(m)$cond$g[1]), upper_of_c = upper, limits_of_x = of_x
)

# two cells of zeros --------------------------------------------------------------------------
d2 <- d
d2$y[d2$arm == "d"] <- 0
sub <- d2[d2$arm %in% c("a", "b"), ]
m <- fit(y ~ x + ib + (1 | g), sub, family = binomial)
supremum <- value(m)
# while one of them is held the other stays at infinity: its rows count for nothing
upper_c <- limit(supremum, function(w) {
  rest <- d2[d2$arm != "d", ]; rest$o <- w * rest$ic
  ll(y ~ x + ib + offset(o) + (1 | g), rest, family = binomial)
}, c(-8, 0))
upper_d <- limit(supremum, function(w) {
  rest <- d2[d2$arm != "c", ]; rest$o <- w * rest$id
  ll(y ~ x + ib + offset(o) + (1 | g), rest, family = binomial)
}, c(-8, 0))
out$two_cells <- list(
  data = d2[c("y", "x", "g", "arm")], loglik = supremum, coefs = coefs(m), upper_of_c = upper_c,
  upper_of_d = upper_d
)

# a dose that tells zeros from ones, but for one value: intercept and slope go to infinity ------
q <- base
q$dose <- rep(c(0, 1, 2), length.out = n)
q$y <- ifelse(q$dose == 0, 0, ifelse(q$dose == 2, 1, rbinom(n, 1, plogis(0.2 + effect))))
mid <- q[q$dose == 1, ]
m <- fit(y ~ 1 + (1 | g), mid, family = binomial)
supremum <- value(m)
lower <- limit(supremum, function(w) {
  q$o <- w * (q$dose - 1)
  ll(y ~ 1 + offset(o) + (1 | g), q, family = binomial)
}, c(0.5, 12))
upper <- limit(supremum, function(w) {  # of the intercept, the value at dose 0
  q$o <- w + 0 * q$dose
  ll(y ~ 0 + dose + offset(o) + (1 | g), q, family = binomial)
}, c(-12, 0.5))
out$dose <- list(
  data = q[c("y", "dose", "g")], loglik = supremum, at_one = coefs(m), lower_of_dose = lower,
  upper_of_intercept = upper
)

# counts that are all zero in a cell ------------------------------------------------------------
p <- base
p$y <- rpois(n, exp(0.4 + 0.4 * p$x + 0.6 * effect))
more <- rnbinom(n, mu = exp(0.6 + 0.4 * p$x + 0.6 * effect), size = 1.5)
p$ib <- 1 * (p$arm == "b"); p$ic <- 1 * (p$arm == "c"); p$id <- 1 * (p$arm == "d")
for (family in c("poisson", "nbinom2")) {
  if (family == "nbinom2") p$y <- more
  p$y[p$arm == "b"] <- 0
  sub <- p[p$arm != "b", ]
  m <- fit(y ~ x + ic + id + (1 | g), sub, family = family)
  supremum <- value(m)
  upper <- limit(supremum, function(w) {
    p$o <- w * p$ib
    ll(y ~ x + ic + id + offset(o) + (1 | g), p, family = family)
  }, c(-8, 0))
  out[[family]] <- list(
    data = p[c("y", "x", "g", "arm")], loglik = supremum, coefs = coefs(m), upper_of_b = upper
  )
}

# extra zeros: none of a cell's counts is zero ----------------------------------------------------
z <- base
z$mu <- exp(1.8 + 0.3 * effect)
z$y <- ifelse(runif(n) < 0.35, 0, rpois(n, z$mu))
z$y[z$arm == "a"] <- pmax(rpois(n, z$mu), 1)[z$arm == "a"]
# hurdle: the probability of a zero is a model of its own, with a cell without any
z$zero <- 1 * (z$y == 0)
z$arm <- factor(z$arm, levels = c("d", "a", "b", "c"))
z$ia <- 1 * (z$arm == "a"); z$ib <- 1 * (z$arm == "b"); z$ic <- 1 * (z$arm == "c")
count <- fit(y ~ 1 + (1 | g), z[z$y > 0, ], family = truncated_poisson)
rest <- z[z$arm != "a", ]
zeros <- glm(zero ~ ib + ic, binomial, rest)
supremum <- value(count) + as.numeric(logLik(zeros))
upper <- limit(supremum, function(w) {
  z$o <- w * z$ia
  value(count) + as.numeric(logLik(glm(zero ~ ib + ic + offset(o), binomial, z, start = coef(zeros), epsilon = 1e-12)))
}, c(-6, 0))
out$hurdle <- list(
  data = transform(z[c("y", "g", "arm")], arm = as.character(arm)), loglik = supremum,
  upper_of_a = upper
)

out$made_with <- list(R = R.version.string, glmmTMB = as.character(packageVersion("glmmTMB")))
cat(toJSON(out, digits = 12, dataframe = "columns", auto_unbox = TRUE))
