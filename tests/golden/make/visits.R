# Random effects of visits whose covariances are restricted: compound symmetry, Toeplitz and
# first-order autoregression, with one standard deviation for all visits or one for each.
# Of glmmTMB's structures cs and toep have one each, ar1 has one for all; map makes them one.
# Usage (in this folder): Rscript visits.R > ../covariance/visits.json
suppressMessages({library(glmmTMB); library(jsonlite)})
tight <- glmmTMBControl(optCtrl = list(iter.max = 5000, eval.max = 5000, rel.tol = 1e-14),
                        optimizer = nlminb)
cake <- lme4::cake
cake$visit <- factor(cake$temp)
orthodont <- as.data.frame(nlme::Orthodont)
orthodont$Sex <- factor(as.character(orthodont$Sex))  # levels in the order of their names
epil <- MASS::epil
epil$period <- factor(epil$period)
models <- list(
  cake = list(data = cake, fixed = "angle ~ recipe * temp", effects = "0 + visit | replicate",
              k = 6, family = gaussian),
  orthodont = list(data = orthodont, fixed = "distance ~ age * Sex",
                   effects = "0 + factor(age) | Subject", k = 4, family = gaussian),
  epil = list(data = epil, fixed = "y ~ lbase + trt + V4", effects = "0 + period | subject",
              k = 4, family = poisson))
one <- function(m, name, REML) {
  k <- m$k
  as <- c(cs = "cs", csh = "cs", ar1 = "ar1", toep = "toep", toeph = "toep")[[name]]
  n_cor <- if (as == "toep") k - 1 else 1
  map <- if (name %in% c("cs", "toep")) list(theta = factor(c(rep(1, k), 1 + seq_len(n_cor))))
  f <- as.formula(paste0(m$fixed, " + ", as, "(", m$effects, ")"))
  fit <- suppressWarnings(glmmTMB(f, data = m$data, family = m$family, REML = REML,
                                  map = map, control = tight))
  if (!fit$sdr$pdHess || !is.finite(logLik(fit))) return(NULL)
  G <- VarCorr(fit)$cond[[1]]
  list(structure = name, reml = REML, loglik = as.numeric(logLik(fit)),
       beta = unname(fixef(fit)$cond), se = tryCatch(unname(sqrt(diag(vcov(fit)$cond))), error = function(e) NULL),
       sigma = sigma(fit), sd = unname(attr(G, "stddev"))[seq_len(k)],
       correlation = unname(attr(G, "correlation")[seq_len(k), 1]))
}
out <- lapply(names(models), function(n) {
  names <- if (n == "orthodont") c("csh", "ar1") else c("cs", "csh", "ar1", "toep", "toeph")
  list(model = n, fits = unlist(lapply(names, function(s) {
    reml <- if (n == "epil") FALSE else c(TRUE, FALSE)
    # glmmTMB fails on some of them
    Filter(Negate(is.null), lapply(reml, function(r) {
      tryCatch(one(models[[n]], s, r), error = function(e) NULL)
    }))
  }), recursive = FALSE))
})
cat(toJSON(list(versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                                glmmTMB = as.character(packageVersion("glmmTMB"))),
                models = out), digits = I(12), auto_unbox = TRUE, na = "null"))
