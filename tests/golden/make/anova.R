# ANOVA tables of lmerTest: types 1, 2, 3, Satterthwaite and Kenward-Roger.
# Usage (in this folder): Rscript anova.R CSV_FOLDER > ../anova/anova.json
source("means_models.R")
folder <- commandArgs(TRUE)[1]
out <- list()
for (id in names(MODELS)) {
  spec <- MODELS[[id]]
  p <- prepared(spec, folder); d <- p$d
  fit <- fitted_model(spec)
  tables <- list()
  for (ddf in c("Satterthwaite", if (spec$kr) "Kenward-Roger")) for (type in 1:3) {
    a <- suppressMessages(anova(fit, type = type, ddf = ddf))
    # with several numerator df, Satterthwaite's denominator depends on the basis of the hypothesis:
    # lmerTest's own hypotheses once more, in an orthonormal basis
    orthonormal <- if (ddf == "Satterthwaite") sapply(attr(a, "hypotheses"), function(L) {
      L <- as.matrix(L); L <- t(qr.Q(qr(t(L)))[, seq_len(qr(L)$rank), drop = FALSE])
      contest(fit, L, ddf = ddf)$DenDF
    })
    tables[[length(tables) + 1]] <- list(ddf = tolower(ddf), type = type, term = rownames(a),
      num_df = a$NumDF, den_df = a$DenDF,
      den_df_orthonormal = unname(orthonormal), statistic = a[["F value"]], p_value = a[["Pr(>F)"]],
      sum_sq = a[["Sum Sq"]])
  }
  out[[id]] <- c(spec[c("data", "formula", "reml", "weights")],
    list(rows = d$row_, levels = p$levels, ordered = as.list(spec$ordered),
         singular = isSingular(fit), tables = tables))
  message(id, " ", isSingular(fit))
}
# linear hypotheses, as texts in our names of the coefficients and as lmerTest takes them
contests <- list(
  list(model = "machines", texts = c("Machine[B] = Machine[C]", "2*Machine[B] - Machine[C] = 3"),
       L = rbind(c(0, 1, -1), c(0, 2, -1)), rhs = c(0, 3)),
  list(model = "orthodont", texts = c("age = 0.7", "age + age:Sex[Male]/2 = (Sex[Male] + 1) / 4"),
       L = rbind(c(0, 1, 0, 0), c(0, 1, -0.25, 0.5)), rhs = c(0.7, 0.25)),
  list(model = "sleep_curve", texts = c("poly(Days, 2)[1] = 10 * poly(Days, 2)[2]",
                                        "(Intercept) - 300 = 0"),
       L = rbind(c(0, 1, -10), c(1, 0, 0)), rhs = c(0, 300)))
for (i in seq_along(contests)) {
  now <- contests[[i]]
  spec <- MODELS[[now$model]]; p <- prepared(spec, folder); d <- p$d; fit <- fitted_model(spec)
  now$results <- lapply(c("Satterthwaite", "Kenward-Roger"), function(ddf) {
    rows <- do.call(rbind, lapply(seq_along(now$rhs), function(j)
      contest1D(fit, now$L[j, ], rhs = now$rhs[j], ddf = ddf)))
    joint <- contest(fit, now$L, rhs = now$rhs, ddf = ddf)
    list(ddf = tolower(ddf), estimate = rows$Estimate, std_error = rows[["Std. Error"]],
         df = rows$df, p_value = rows[["Pr(>|t|)"]], statistic = joint[["F value"]],
         num_df = joint$NumDF, den_df = joint$DenDF)
  })
  contests[[i]] <- now[c("model", "texts", "rhs", "results")]
}
cat(toJSON(list(versions = versions(c("lme4", "lmerTest", "pbkrtest")), models = out,
                contests = contests),
           digits = I(12), auto_unbox = TRUE, null = "null", na = "null"))
