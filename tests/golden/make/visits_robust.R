# Robust covariances of marginal models by clubSandwich, for fits of nlme::gls.
# Usage (in this folder): Rscript visits_robust.R > ../covariance/visits_robust.json
suppressMessages({library(nlme); library(clubSandwich); library(jsonlite)})
tight <- glsControl(tolerance = 1e-12, msTol = 1e-14, maxIter = 500, msMaxIter = 5000, opt = "optim")
d <- as.data.frame(Orthodont)
d$Sex <- factor(as.character(d$Sex))
d$subject <- as.character(d$Subject)
d$visit <- as.integer(factor(d$age))
d <- d[order(d$subject, d$visit), ]
d <- d[-seq(3, nrow(d), by = 7), ]
one <- function(correlation, type) {
  fit <- gls(distance ~ age * Sex, data = d, correlation = correlation, control = tight)
  t <- coef_test(fit, vcov = type, cluster = d$subject, test = "Satterthwaite")
  list(se = unname(t$SE), df = unname(t$df_Satt))
}
cat(toJSON(list(versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                                nlme = as.character(packageVersion("nlme")),
                                clubSandwich = as.character(packageVersion("clubSandwich"))),
  cs = list(CR0 = one(corCompSymm(form = ~ visit | subject), "CR0"),
            CR2 = one(corCompSymm(form = ~ visit | subject), "CR2")),
  ar1 = list(CR0 = one(corAR1(form = ~ visit | subject), "CR0"),
             CR2 = one(corAR1(form = ~ visit | subject), "CR2"))), digits = I(12), auto_unbox = TRUE))
