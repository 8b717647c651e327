# Spline bases whose boundary lies inside of the data, on the table of design.R.
# Run from the repository root: Rscript tests/golden/make/spline_boundary.R
suppressMessages({library(splines); library(jsonlite)})
d <- as.data.frame(fromJSON("tests/golden/design/table.json")$columns)
newx <- data.frame(x = c(-3, -0.9, -0.2, 0, 0.7, 1.5, 4), z = c(0, 3, 3.6, 5, 6.4, 8, 14))
texts <- c(
  "bs(x, df = 5, Boundary.knots = c(-0.8, 0.6))", "bs(z, df = 6, Boundary.knots = c(3.5, 7))",
  "bs(z, df = 5, degree = 2, Boundary.knots = c(3.5, 6.5))",
  "bs(z, df = 6, intercept = TRUE, Boundary.knots = c(4, 12))",
  "bs(x, knots = c(-0.2, 0.3), Boundary.knots = c(-0.8, 0.6))",
  "ns(x, df = 4, Boundary.knots = c(-0.8, 0.6))", "ns(z, df = 3, Boundary.knots = c(3.5, 7))",
  "ns(z, df = 4, intercept = TRUE, Boundary.knots = c(4, 12))",
  "ns(z, df = 4, Boundary.knots = c(-5, 20))", "bs(z, df = 5, Boundary.knots = c(-5, 20))")
columns <- function(X) unname(lapply(seq_len(ncol(X)), function(j) signif(unname(X[, j]), 13)))
cases <- lapply(texts, function(text) suppressWarnings({
  frame <- model.frame(as.formula(paste("~", text)), d)
  list(formula = text, columns = columns(model.matrix(terms(frame), frame)),
       rebuilt = columns(model.matrix(terms(frame), model.frame(terms(frame), newx))))
}))
write_json(list(R = R.version.string, new = newx, cases = cases),
           "tests/golden/design/boundary.json", digits = 13, auto_unbox = TRUE)
