# Model matrices of R (model.matrix) and random-effects terms of lme4 (lFormula) on a small
# made table.  Run from the repository root: Rscript tests/golden/make/design.R
suppressMessages({library(lme4); library(splines); library(jsonlite)})
set.seed(20240501)
n <- 30
d <- data.frame(
  f = sample(c("a", "b", "c"), n, TRUE), g = sample(c("p", "q"), n, TRUE),
  h = sample(c("h1", "h2", "h3", "h4"), n, TRUE),
  x = round(rnorm(n), 3), z = round(rnorm(n, 5, 2), 3), w = round(runif(n, 0.5, 3), 3),
  flag = sample(c(TRUE, FALSE), n, TRUE),
  o = sample(c("low", "mid", "high", "top"), n, TRUE),
  id = rep(c(31, 7, 120, 4, 55, 9), each = 5), stringsAsFactors = FALSE)
d$y <- round(3 + d$x + rnorm(n), 3)
out <- "tests/golden/design"
write_json(list(R = R.version.string, columns = d), file.path(out, "table.json"), digits = NA)
d$f <- factor(d$f); d$g <- factor(d$g); d$h <- factor(d$h)
d$o <- factor(d$o, levels = c("low", "mid", "high", "top"), ordered = TRUE)

fixed <- c(
  "x", "x + z", "0 + x", "f", "0 + f", "f - 1", "f + g", "0 + f + g", "0 + x + f", "f * g",
  "f:g", "0 + f:g", "x:f", "0 + x:f", "x * f", "x + x:f", "f + x:f", "f:x + g", "0 + g:x + f",
  "f + f:g", "0 + g + f:g", "f / g", "g / f", "(f + g) / h", "f %in% g", "(f + g + h)^2",
  "f * g * x", "f * g - f", "f * g - g:f", "(f + g)^2 - g", "f:g + g:h", "f:g:x", "x + f:g:x",
  "f:g + f:h + x", "flag", "x * flag", "0 + flag", "flag:f", "o", "o * x", "0 + o", "o:g",
  "I(x^2)", "I(x > 0)", "I(z / w) + x", "log(z + 5)", "sqrt(w) + exp(x)", "log(w, 2)",
  "scale(x)", "scale(x, scale = FALSE)", "scale(x, center = FALSE)", "scale(z) * f",
  "poly(x, 2)", "poly(x, 3) * f", "poly(z, 2, raw = TRUE)", "poly(x, 1)", "f:poly(x, 2)",
  "bs(x, df = 5)", "bs(z, df = 4, degree = 2)", "bs(x, knots = c(-0.5, 0.5))", "bs(x)",
  "bs(z, df = 6, intercept = TRUE)", "ns(x, df = 3)", "ns(z, df = 4)", "ns(x)",
  "ns(z, knots = c(4, 6))", "ns(x, df = 4, intercept = TRUE)",
  "C(f, contr.sum)", "C(f, contr.helmert) * x", "C(h, contr.poly)", "C(h, contr.SAS)",
  "C(f, contr.treatment(3, base = 2))", "C(f, contr.sum) * C(g, contr.sum)",
  "C(f, contr.sum):x", "factor(id)", "factor(id) + x", "x + offset(z)", "pmin(x, z)", "h * x + g",
  "z + f + x:z + f:z", "g:f + f", "x:z + z:f:g", "h:f + f:g:x",
  "C(f, contr.poly)", "C(factor(id), contr.poly)", "C(factor(id), contr.helmert)")

mm <- lapply(fixed, function(text) {
  X <- model.matrix(as.formula(paste("y ~", text)), d)
  list(formula = text, names = colnames(X), columns = unname(lapply(seq_len(ncol(X)),
       function(j) signif(unname(X[, j]), 13))))
})
# integers and short decimals keep the file small
write_json(list(R = R.version.string, cases = mm), file.path(out, "fixed.json"),
           digits = 13, auto_unbox = TRUE)

newx <- data.frame(x = c(-3, -0.2, 0, 1.5, 4), z = c(0, 3, 5, 8, 14))
rebuilt <- lapply(c("scale(x)", "poly(x, 3)", "bs(x, df = 5)", "ns(x, df = 3)", "ns(z, df = 4)",
                    "bs(z, df = 4, degree = 2)"), function(text) {
  tt <- delete.response(terms(model.frame(as.formula(paste("y ~", text)), d)))
  X <- suppressWarnings(model.matrix(tt, model.frame(tt, newx)))
  list(formula = text, columns = unname(lapply(seq_len(ncol(X)), function(j) unname(X[, j]))))
})
write_json(list(R = R.version.string, new = newx, cases = rebuilt), file.path(out, "rebuild.json"),
           digits = 13, auto_unbox = TRUE)

random <- c(
  "(1 | f)", "(x | f)", "(0 + x | f)", "(-1 + x | f)", "(1 | f/g)", "(1 | f:g)", "(1 | g/f/flag2)",
  "(f | id)", "(0 + f | id)", "(f + x | id)", "(x | f) + (1 | id)", "(1 | f) + (0 + x | f)",
  "(x:f | id)", "(1 | g) + (1 | h) + (x | f)", "(poly(x, 2) | g)", "(1 | h) + (x | g) + (z | h)",
  "(I(x^2) + flag | g)", "(x * g | f)", "((1 | f) + (x | g))", "(1 | g:f) + (1 | g)")
d$flag2 <- factor(ifelse(d$flag, "T", "F"))
d$id <- factor(d$id)
ctl <- lmerControl(check.nobs.vs.nRE = "ignore", check.nobs.vs.nlev = "ignore",
                   check.nobs.vs.rankZ = "ignore")
zz <- lapply(random, function(text) {
  re <- lFormula(as.formula(paste("y ~ z +", text)), d, control = ctl)$reTrms
  assign <- attr(re$flist, "assign")
  list(formula = text, terms = lapply(seq_along(re$Ztlist), function(i) {
    Zt <- as.matrix(re$Ztlist[[i]])
    list(group = names(re$cnms)[i], names = I(re$cnms[[i]]),
         levels = levels(re$flist[[assign[i]]]),
         # per row: its level, and its values in that level's rows of Zt
         codes = as.integer(re$flist[[assign[i]]]) - 1L,
         Zt_sum = I(signif(rowSums(Zt), 13)), Zt_square = I(signif(rowSums(Zt^2), 13)),
         Zt_weighted = I(signif(as.vector(Zt %*% seq_len(n)), 13)))
  }))
})
write_json(list(R = R.version.string, lme4 = as.character(packageVersion("lme4")), cases = zz),
           file.path(out, "random.json"), digits = 13, auto_unbox = TRUE)
