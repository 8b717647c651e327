"""Names a formula may call.  What they compute lives in `design`; nothing else can be called."""

from __future__ import annotations

#: Function name → what it does.  The only functions a formula can name.
FUNCTIONS: dict[str, str] = {
    "I": "arithmetic as written: I(x^2), I(a / b), I(x > 3)",
    "log": "natural logarithm; log(x, base) for another base",
    "log2": "logarithm to base 2",
    "log10": "logarithm to base 10",
    "log1p": "log(1 + x)",
    "exp": "exponential",
    "expm1": "exp(x) - 1",
    "sqrt": "square root",
    "abs": "absolute value",
    "sin": "sine, x in radians",
    "cos": "cosine, x in radians",
    "tan": "tangent, x in radians",
    "floor": "largest integer not above x",
    "ceil": "smallest integer not below x",
    "ceiling": "the same as ceil",
    "round": "nearest integer, or round(x, digits)",
    "pmin": "smallest of its arguments, row by row",
    "pmax": "largest of its arguments, row by row",
    "ifelse": "ifelse(condition, a, b), row by row",
    "center": "x minus its mean",
    "scale": "x minus its mean, divided by its standard deviation (center=, scale=)",
    "standardize": "the same as scale",
    "poly": "orthogonal polynomials: poly(x, degree); raw=True for powers",
    "bs": "B-spline basis: bs(x, df=, knots=, degree=3, intercept=False)",
    "ns": "natural cubic spline basis: ns(x, df=, knots=, intercept=False)",
    "factor": "treat a column as categories",
    "as.factor": "the same as factor",
    "C": "categories with a chosen coding: C(f, Sum), C(f, Treatment('b')), C(f, contr.helmert)",
    "offset": "added to the linear predictor with coefficient 1",
    "cbind": "cbind(successes, failures), a binomial response",
    "c": "a list of numbers, for instance knots=c(1, 2)",
}

#: Covariance structures that the bars mean: ``(1 + x | g)`` and ``(1 + x || g)``.
CORRELATED, UNCORRELATED = "us", "diag"

#: Names that `name(1 + x | g)` can have; `mixedeffects.covariance.register` adds to them.
COVARIANCES = [CORRELATED, UNCORRELATED]

#: What other programs call structures → our names. A plain ``cs`` is glmmTMB's ``csh``.
STRUCTURES_ELSEWHERE: dict[str, str] = {
    "un": "us", "unstr": "us", "unstructured": "us", "pdSymm": "us", "corSymm": "us",
    "pdDiag": "diag", "indep": "diag", "vc": "diag", "homcs": "cs", "hetcs": "csh",
    "corCompSymm": "cs", "pdCompSymm": "cs", "exchangeable": "cs", "hetar1": "ar1h",
    "arh1": "ar1h", "corAR1": "ar1", "AR1": "ar1", "homtoep": "toep", "hettoep": "toeph",
}  # fmt: skip

#: Spelling of a coding → its name.
CONTRASTS: dict[str, str] = {
    "Treatment": "treatment",
    "contr.treatment": "treatment",
    "Sum": "sum",
    "contr.sum": "sum",
    "Helmert": "helmert",
    "contr.helmert": "helmert",
    "Poly": "poly",
    "contr.poly": "poly",
    "SAS": "sas",
    "contr.SAS": "sas",
}

#: Functions of a grouping factor, ``(1 | factor(g))``.
FACTOR_FUNCTIONS = frozenset(("factor", "as.factor", "C"))
