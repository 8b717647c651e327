# Marginal means, slopes and contrasts of R's emmeans, with all three df methods.
# Usage (in this folder): Rscript emmeans.R CSV_FOLDER > ../emmeans/emmeans.json
source("means_models.R")
suppressMessages(library(emmeans))
emm_options(lmerTest.limit = 1e6, pbkrtest.limit = 1e6, msg.interaction = FALSE, opt.digits = FALSE)
METHODS <- c(pairwise = "pairwise", treatment = "trt.vs.ctrl", consecutive = "consec",
             polynomial = "poly", effects = "eff")
folder <- commandArgs(TRUE)[1]

columns <- function(s) {
  s <- as.data.frame(s)
  lapply(s, function(x) if (is.factor(x)) as.character(x) else x)
}
out <- list()
for (id in names(MODELS)) {
  spec <- MODELS[[id]]
  p <- prepared(spec, folder); d <- p$d
  fit <- fitted_model(spec)
  calls <- list()
  for (call in spec$calls) {
    found <- list()
    for (ddf in c("satterthwaite", if (spec$kr) "kenward-roger", "asymptotic")) {
      specs <- if (length(call$specs)) call$specs else ~1
      args <- list(fit, specs, by = call$by, lmer.df = ddf, data = d)
      if (!is.null(call$at)) args$at <- call$at
      if (call$kind == "means") {
        args$weights <- call$weights
        e <- suppressMessages(do.call(emmeans, args))
      } else {
        args$var <- call$var
        # the default step leaves an error of 1e-3 times the curvature
        args$delta.var <- 1e-6 * diff(range(d[[call$var]]))
        e <- suppressMessages(do.call(emtrends, args))
      }
      now <- list(ddf = ddf, rows = columns(summary(e, infer = c(TRUE, TRUE), type = call$type)))
      now$contrasts <- lapply(call$contrasts, function(cn) {
        set.seed(1)
        ct <- contrast(e, METHODS[[cn$method]], by = call$by)
        list(method = cn$method, adjust = cn$adjust, rows = columns(suppressMessages(
          summary(ct, infer = c(TRUE, TRUE), adjust = cn$adjust, type = call$type))))
      })
      found[[length(found) + 1]] <- now
    }
    call$results <- found
    call$contrasts <- NULL
    calls[[length(calls) + 1]] <- call
  }
  out[[id]] <- c(spec[c("data", "formula", "reml", "weights")],
    list(rows = d$row_, levels = p$levels, ordered = as.list(spec$ordered),
         singular = isSingular(fit), calls = calls))
  message(id)
}
cat(toJSON(list(versions = versions(c("lme4", "lmerTest", "pbkrtest", "emmeans", "mvtnorm")),
                models = out), digits = I(12), auto_unbox = TRUE, null = "null", na = "null"))
