# Marginal means, slopes and contrasts of generalised mixed models by R's emmeans, of fits by lme4,
# glmmTMB and ordinal, written to tests/golden/emmeans/glmm.json.
#
#   Rscript glmm_means.R OUTFILE
#
# `ours` is the formula on the Python side where it differs. Column names with a dot get an
# underscore. glmmTMB's tests are made normal (df = Inf). `bias` lists standard deviations for
# emmeans' bias adjustment ("total": of all random intercepts of the fit).

suppressPackageStartupMessages({
  library(lme4); library(glmmTMB); library(ordinal); library(emmeans); library(jsonlite)
})
invisible(Sys.setlocale("LC_COLLATE", "C"))
emm_options(msg.interaction = FALSE, msg.nesting = FALSE, opt.digits = FALSE)
outfile <- commandArgs(TRUE)[1]
METHODS <- c(pairwise = "pairwise", treatment = "trt.vs.ctrl", consecutive = "consec",
             polynomial = "poly", effects = "eff")

MODELS <- list()
m <- function(id, data, formula, family, ..., ours = formula, link = NULL, zi = NULL,
              program = "glmmTMB", derive = NULL) {
  MODELS[[id]] <<- list(data = data, formula = formula, ours = ours, family = family, link = link,
                        zi = zi, program = program, derive = derive, calls = list(...))
}
co <- function(method, adjust = "none") list(method = method, adjust = adjust)
pairs_ <- co("pairwise", "tukey")
means <- function(specs, contrasts = list(), by = NULL, at = NULL, weights = "equal",
                  scale = "link", average = "link", bias = NULL, component = NULL, mode = NULL)
  list(kind = "means", specs = specs, by = by, at = at, weights = weights, scale = scale,
       average = average, bias = bias, component = component, mode = mode, contrasts = contrasts)
slopes <- function(var, specs = NULL, contrasts = list(), by = NULL, at = NULL, average = "link")
  list(kind = "slopes", var = var, specs = specs, by = by, at = at, weights = "equal",
       scale = "link", average = average, contrasts = contrasts)

herd <- "cbind(incidence, size - incidence) ~ period + (1 | herd)"
herd_ours <- "incidence / size ~ period + (1 | herd)"
herd_calls <- list(
  means("period", list(pairs_, co("treatment", "mvt"), co("polynomial"), co("effects", "fdr"))),
  means("period", list(pairs_, co("consecutive", "holm")), scale = "response"),
  means("period", list(pairs_), average = "response"),
  means("period", scale = "response", bias = "total"),
  means(character(), average = "response"))
cbpp <- function(id, ..., formula = herd, ours = herd_ours)
  do.call(m, c(list(id, "lme4/cbpp", formula, "binomial", ours = ours, ...), herd_calls))
cbpp("cbpp_glmer", program = "glmer")
cbpp("cbpp")
cbpp("cbpp_probit", link = "probit")
cbpp("cbpp_cloglog", link = "cloglog")
cbpp("cbpp_rows", formula = paste(herd, "+ (1 | obs)"), ours = paste(herd_ours, "+ (1 | obs)"),
     derive = c(obs = "row_number"))

m("contraception", "mlmRev/Contraception",
  "use ~ age * urban + I(age^2) + urban * livch + (1 | district)", "binomial",
  means("urban", list(pairs_), scale = "response"),
  means("livch", list(co("treatment", "mvt")), by = "urban", scale = "response"),
  means("urban", list(pairs_), weights = "proportional"),
  means("urban", weights = "cells", scale = "response"),
  means("age", at = list(age = c(-5, 0, 10)), scale = "response"),
  slopes("age", "urban", list(pairs_)), slopes("age", "urban", list(pairs_), average = "response"),
  slopes("age", "age", at = list(age = c(-5, 0, 10))))
m("contraception_glmer", "mlmRev/Contraception",
  "use ~ age + I(age^2) + urban + livch + (1 | district)", "binomial", program = "glmer",
  means("livch", list(pairs_, co("pairwise", "bonferroni")), scale = "response"),
  means("urban", list(pairs_), average = "response"), slopes("age", "urban"))
m("verbagg", "lme4/VerbAgg",
  "r2 ~ (btype + situ + Gender)^2 + Anger + (1 | id) + (1 | item)", "binomial",
  means("btype", list(pairs_), by = "situ", scale = "response"),
  means("btype", list(co("pairwise", "sidak")), weights = "proportional"),
  means(c("situ", "Gender"), list(pairs_), average = "response"),
  means("Gender", scale = "response", bias = "total"), slopes("Anger"))
m("grouseticks", "lme4/grouseticks", "TICKS ~ YEAR * cHEIGHT + (1 | BROOD) + (1 | LOCATION)",
  "nbinom2",
  means("YEAR", list(pairs_), scale = "response"),
  means("YEAR", list(pairs_), by = "cHEIGHT", at = list(cHEIGHT = c(-50, 50)), scale = "response"),
  means("YEAR", list(pairs_), average = "response"),
  means("YEAR", scale = "response", bias = "total"),
  slopes("cHEIGHT", "YEAR", list(pairs_)), slopes("cHEIGHT", "YEAR", average = "response"))
m("grouseticks_glmer", "lme4/grouseticks",
  "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)", "poisson",
  program = "glmer",
  means("YEAR", list(pairs_, co("treatment", "mvt")), scale = "response"),
  means("YEAR", scale = "response", bias = "total"), slopes("cHEIGHT"))
owls <- "SiblingNegotiation ~ FoodTreatment * SexParent + offset(log(BroodSize)) + (1 | Nest)"
m("owls_zi", "golden/owls", owls, "nbinom1", zi = "~ FoodTreatment",
  means("FoodTreatment", list(pairs_), by = "SexParent", scale = "response"),
  means("SexParent", list(pairs_), weights = "proportional", scale = "response"),
  means("FoodTreatment", at = list(BroodSize = c(1, 4)), by = "BroodSize", scale = "response"),
  means("FoodTreatment", list(pairs_), component = "zi", scale = "response"),
  means("FoodTreatment", list(pairs_), component = "zi"),
  means(c("FoodTreatment", "SexParent"), component = "response"))
m("owls", "golden/owls", owls, "nbinom2",
  means("FoodTreatment", list(pairs_), scale = "response"),
  means(c("SexParent", "FoodTreatment"), list(pairs_), average = "response"))
m("salamanders", "golden/salamanders", "count ~ spp * mined + (1 | site)", "nbinom2",
  means("spp", list(pairs_, co("effects", "fdr")), by = "mined", scale = "response"),
  means("mined", list(pairs_), scale = "response"),
  means("mined", list(pairs_), average = "response"))
m("salamanders_zi", "golden/salamanders", "count ~ spp + mined + (1 | site)", "poisson",
  zi = "~ spp + mined",
  means("mined", list(pairs_), scale = "response"),
  means("spp", list(co("treatment", "mvt"))),
  means("mined", list(pairs_), component = "zi", scale = "response"),
  means(c("spp", "mined"), component = "response"))
m("mmmec", "mlmRev/Mmmec", "deaths ~ uvb + offset(log(expected)) + (1 | nation) + (1 | region)",
  "poisson",
  means("uvb", list(pairs_), at = list(uvb = c(-5, 0, 5)), scale = "response"),
  slopes("uvb", "uvb"))
m("epil", "MASS/epil", "y ~ trt * V4 + (1 | subject)", "nbinom1",
  means("trt", list(pairs_), by = "V4", scale = "response"), slopes("V4", "trt", list(pairs_)))
m("epil_sqrt", "MASS/epil", "y ~ trt + V4 + (1 | subject)", "poisson", link = "sqrt",
  means("trt", list(pairs_), scale = "response"),
  means("trt", list(pairs_), average = "response"),
  means("trt", scale = "response", bias = "total"))
m("arabidopsis", "lme4/Arabidopsis",
  "total_fruits ~ nutrient * amd + rack + status + (1 | popu) + (1 | gen)", "nbinom2",
  means("amd", list(pairs_), by = "nutrient", scale = "response"),
  means("status", list(pairs_), weights = "proportional", scale = "response"))
m("sleep_gamma", "lme4/sleepstudy", "Reaction ~ factor(Days) + (1 | Subject)", "gamma",
  link = "log", means("Days", list(co("consecutive", "mvt"), co("polynomial")), scale = "response"),
  means("Days", list(co("treatment", "sidak")), average = "response"))
m("wine", "ordinal/wine", "rating ~ temp * contact + (1 | judge)", "ordinal", program = "clmm",
  means("temp", list(pairs_), by = "contact"), means(c("temp", "contact"), list(pairs_)),
  means("contact", list(pairs_), weights = "proportional"),
  means("temp", mode = "prob"), means(c("temp", "contact"), mode = "prob"))
m("wine_probit", "ordinal/wine", "rating ~ temp + contact + (1 | judge)", "ordinal",
  link = "probit", program = "clmm",
  means("temp", list(pairs_)), means("temp", mode = "prob"))
m("soup", "ordinal/soup", "SURENESS ~ PROD + SOUPTYPE + (1 | RESP)", "ordinal", program = "clmm",
  means("PROD", list(pairs_)), means("SOUPTYPE", list(pairs_, co("effects"))),
  means("SOUPTYPE", mode = "prob"))

frame_of <- function(name) {
  part <- strsplit(name, "/")[[1]]
  package <- c(golden = "glmmTMB", part[1])[if (part[1] == "golden") "golden" else 2]
  item <- c(owls = "Owls", salamanders = "Salamanders")[part[2]]
  item <- if (is.na(item)) part[2] else item
  e <- new.env(); data(list = item, package = package, envir = e)
  d <- as.data.frame(e[[item]])
  names(d) <- gsub(".", "_", names(d), fixed = TRUE)
  d
}
family_of <- function(spec) {
  link <- spec$link
  switch(spec$family,
    binomial = binomial(if (is.null(link)) "logit" else link),
    poisson = poisson(if (is.null(link)) "log" else link),
    nbinom1 = nbinom1(), nbinom2 = nbinom2(), gamma = Gamma(link))
}
tight <- glmerControl("bobyqa", tolPwrss = 1e-11, optCtrl = list(rhobeg = 0.01, rhoend = 1e-9, maxfun = 1e5))
fitted_model <- function(spec, d) {
  f <- as.formula(spec$formula)
  fit <- switch(spec$program,
    glmer = eval(bquote(glmer(.(f), data = d, family = family_of(spec), control = tight))),
    glmmTMB = {
      z <- as.formula(if (is.null(spec$zi)) "~ 0" else spec$zi)
      fit <- eval(bquote(glmmTMB(.(f), data = d, family = family_of(spec), ziformula = .(z))))
      # again from the optimum, which leaves a smaller gradient
      start <- split(unname(fit$fit$par), factor(names(fit$fit$par), unique(names(fit$fit$par))))
      start <- start[names(start) %in% c("beta", "betazi", "betad", "theta")]
      eval(bquote(glmmTMB(.(f), data = d, family = family_of(spec), ziformula = .(z),
        start = .(start), control = glmmTMBControl(
          optCtrl = list(rel.tol = 1e-15, x.tol = 1e-12, iter.max = 1000, eval.max = 2000)))))
    },
    clmm = eval(bquote(clmm(.(f), data = d, link = .(if (is.null(spec$link)) "logit" else spec$link),
      control = clmm.control(gradTol = 1e-6)))))
  fit
}
total_sd <- function(fit) {
  v <- VarCorr(fit)
  if (inherits(fit, "glmmTMB")) v <- v$cond
  sqrt(sum(sapply(v, function(x) x[1, 1])))
}
columns <- function(s) {
  s <- as.data.frame(s)
  lapply(s, function(x) if (is.factor(x)) as.character(x) else x)
}

out <- list()
for (id in names(MODELS)) {
  spec <- MODELS[[id]]
  d <- frame_of(spec$data)
  row_number <- seq_len(nrow(d))
  for (new in names(spec$derive)) d[[new]] <- eval(parse(text = spec$derive[[new]]), d)
  if (!is.null(d$obs)) d$obs <- factor(d$obs)
  fit <- suppressWarnings(fitted_model(spec, d))
  calls <- list()
  for (call in spec$calls) {
    specs <- if (length(call$specs)) call$specs else ~1
    if (identical(call$component, "response")) {
      # no averages: the mean of every combination, with its standard error by the delta method
      grid <- expand.grid(lapply(d[call$specs], levels), KEEP.OUT.ATTRS = FALSE)
      if (!is.null(d$BroodSize)) grid$BroodSize <- mean(d$BroodSize)
      grid$Nest <- grid$site <- NA
      p <- predict(fit, grid, type = "response", re.form = NA, se.fit = TRUE)
      call$rows <- columns(cbind(grid[call$specs], emmean = p$fit, SE = p$se.fit))
      calls[[length(calls) + 1]] <- call
      next
    }
    args <- list(fit, specs, by = call$by, data = d, df = Inf)
    if (!is.null(call$at)) args$at <- call$at
    if (!is.null(call$component)) args$component <- call$component
    if (!is.null(call$mode)) {
      args$mode <- call$mode
      if (call$mode == "prob") args[[2]] <- c(call$specs, all.vars(formula(fit))[1])
    }
    if (call$kind == "means") {
      args$weights <- call$weights
      if (call$average == "response") args$regrid <- "response"
      e <- suppressMessages(do.call(emmeans, args))
    } else {
      args$var <- call$var
      if (call$average == "response") args$regrid <- "response"
      args$delta.var <- (if (call$average == "link") 1e-6 else 1e-4) * diff(range(d[[call$var]]))
      e <- suppressMessages(do.call(emtrends, args))
    }
    if (!is.null(call$bias)) {
      call$sigma <- total_sd(fit)
      s <- summary(e, infer = TRUE, type = "response", bias.adjust = TRUE, sigma = call$sigma)
    } else s <- summary(e, infer = c(TRUE, TRUE), type = call$scale)
    call$rows <- columns(s)
    call$contrasts <- lapply(call$contrasts, function(cn) {
      set.seed(1)
      ct <- contrast(e, METHODS[[cn$method]], by = call$by)
      list(method = cn$method, adjust = cn$adjust, rows = columns(suppressMessages(
        summary(ct, infer = c(TRUE, TRUE), adjust = cn$adjust, type = call$scale))))
    })
    calls[[length(calls) + 1]] <- call
  }
  out[[id]] <- list(data = spec$data, formula = spec$ours, family = spec$family, link = spec$link,
    zi = spec$zi, program = spec$program, derive = as.list(spec$derive),
    loglik = as.numeric(logLik(fit)), calls = calls)
  message(id)
}
versions <- list(R = as.character(getRversion()))
for (p in c("lme4", "glmmTMB", "ordinal", "emmeans", "mvtnorm"))
  versions[[p]] <- as.character(packageVersion(p))
write(toJSON(list(versions = versions, models = out), digits = I(12), auto_unbox = TRUE,
             null = "null", na = "null"), outfile)
