# Marginal models of visits by nlme::gls: correlations within subjects, with a variance for each
# visit where the structure has one.
# Usage (in this folder): Rscript visits_gls.R > ../covariance/visits_gls.json
suppressMessages({library(nlme); library(jsonlite)})
tight <- glsControl(tolerance = 1e-12, msTol = 1e-14, maxIter = 500, msMaxIter = 5000,
                    opt = "optim")
orthodont <- as.data.frame(Orthodont)
orthodont$Sex <- factor(as.character(orthodont$Sex))
orthodont$Subject <- as.character(orthodont$Subject)
orthodont$visit <- as.integer(factor(orthodont$age))
orthodont$subject <- orthodont$Subject
chick <- subset(as.data.frame(ChickWeight), Time <= 10)
chick$Diet <- factor(as.character(chick$Diet))
chick$visit <- as.integer(factor(chick$Time))
chick$subject <- as.character(chick$Chick)
chick$y <- log(chick$weight)
oxboys <- as.data.frame(Oxboys)
oxboys <- subset(oxboys, as.integer(as.character(Occasion)) <= 5)
oxboys$visit <- as.integer(as.character(oxboys$Occasion))
oxboys$subject <- as.character(oxboys$Subject)
# rows left out, so that subjects have different visits
thin <- function(d) { d <- d[order(d$subject, d$visit), ]; d[-seq(3, nrow(d), by = 7), ] }
models <- list(
  orthodont = list(formula = distance ~ age * Sex, data = orthodont),
  orthodont_thin = list(formula = distance ~ age * Sex, data = thin(orthodont)),
  chick = list(formula = y ~ Diet * Time, data = chick),
  oxboys_thin = list(formula = height ~ age, data = thin(oxboys)))
structures <- list(
  us = list(corSymm(form = ~ visit | subject), TRUE),
  diag = list(NULL, TRUE),
  cs = list(corCompSymm(form = ~ visit | subject), FALSE),
  csh = list(corCompSymm(form = ~ visit | subject), TRUE),
  ar1 = list(corAR1(form = ~ visit | subject), FALSE),
  ar1h = list(corAR1(form = ~ visit | subject), TRUE))
one <- function(m, name, method) {
  s <- structures[[name]]
  fit <- tryCatch(suppressWarnings(gls(m$formula, data = m$data, method = method, correlation = s[[1]],
    weights = if (s[[2]]) varIdent(form = ~ 1 | visit), control = tight)), error = function(e) NULL)
  if (is.null(fit)) return(NULL)
  list(structure = name, reml = method == "REML", loglik = as.numeric(logLik(fit)),
       beta = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))))
}
out <- lapply(names(models), function(n) list(
  model = n, fits = Filter(Negate(is.null), unlist(lapply(names(structures), function(s)
    lapply(c("REML", "ML"), function(r) one(models[[n]], s, r))), recursive = FALSE))))
cat(toJSON(list(versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                                nlme = as.character(packageVersion("nlme"))),
                models = out), digits = I(12), auto_unbox = TRUE))
