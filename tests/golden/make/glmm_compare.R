# anova() of nested generalised mixed models of lme4 and glmmTMB, and the models without each random
# term (down to glm() without any), written to tests/golden/compare/glmm.json.
#
#   Rscript glmm_compare.R OUTFILE
#
# A series lists nested models, smaller first; `ours` is a formula on the Python side where it
# differs. `without` lists the models that lack one random term.

suppressPackageStartupMessages({ library(lme4); library(glmmTMB); library(jsonlite) })
outfile <- commandArgs(TRUE)[1]

SERIES <- list()
model <- function(formula, family, ours = formula, link = NULL, zi = NULL, program = "glmer",
                  nagq = 1)
  list(formula = formula, ours = ours, family = family, link = link, zi = zi, program = program,
       nagq = nagq)
s <- function(id, data, ..., derive = NULL, without = list())
  SERIES[[id]] <<- list(data = data, derive = derive, models = list(...), without = without)

herd <- function(x, ...) model(paste("cbind(incidence, size - incidence) ~", x), "binomial",
                               ours = paste("incidence / size ~", x), ...)
s("cbpp", "lme4/cbpp", herd("1 + (1 | herd)"), herd("period + (1 | herd)"),
  herd("period + (1 | herd) + (1 | obs)"), derive = c(obs = "row_number"),
  without = list(herd("period + (1 | obs)"), herd("period + (1 | herd)")))
s("cbpp_one_term", "lme4/cbpp", herd("period + (1 | herd)"), without = list(herd("period", program = "glm")))
s("cbpp_agq", "lme4/cbpp", herd("1 + (1 | herd)", nagq = 9), herd("period + (1 | herd)", nagq = 9))
s("cbpp_betabinomial", "lme4/cbpp", herd("period + (1 | herd)", program = "glmmTMB"),
  within(herd("period + (1 | herd)", program = "glmmTMB"), family <- "betabinomial"))
s("contraception", "mlmRev/Contraception",
  model("use ~ age + urban + (1 | district)", "binomial"),
  model("use ~ age + urban + livch + (1 | district)", "binomial"),
  model("use ~ age + urban + livch + (urban | district)", "binomial"),
  without = list(model("use ~ age + urban + livch + (1 | district)", "binomial")))
s("ticks", "lme4/grouseticks",
  model("TICKS ~ YEAR + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)", "poisson"),
  model("TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)", "poisson"),
  without = list(model("TICKS ~ YEAR + cHEIGHT + (1 | INDEX) + (1 | LOCATION)", "poisson"),
                 model("TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | LOCATION)", "poisson"),
                 model("TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX)", "poisson")))
tmb <- function(f, family, ...) model(f, family, program = "glmmTMB", ...)
s("salamanders", "golden/salamanders", tmb("count ~ mined + (1 | site)", "poisson"),
  tmb("count ~ mined + (1 | site)", "nbinom2"), tmb("count ~ spp + mined + (1 | site)", "nbinom2"),
  tmb("count ~ spp * mined + (1 | site)", "nbinom2"),
  without = list(tmb("count ~ spp * mined", "nbinom2")))
s("salamanders_zi", "golden/salamanders", tmb("count ~ mined + (1 | site)", "poisson"),
  tmb("count ~ mined + (1 | site)", "poisson", zi = "~ 1"),
  tmb("count ~ mined + (1 | site)", "poisson", zi = "~ mined"),
  without = list(tmb("count ~ mined", "poisson", zi = "~ mined")))
s("owls", "golden/owls",
  tmb("SiblingNegotiation ~ FoodTreatment + offset(log(BroodSize)) + (1 | Nest)", "nbinom1"),
  tmb("SiblingNegotiation ~ FoodTreatment * SexParent + offset(log(BroodSize)) + (1 | Nest)", "nbinom1"),
  without = list(tmb("SiblingNegotiation ~ FoodTreatment * SexParent + offset(log(BroodSize))", "nbinom1")))
s("sleep_gaussian", "lme4/sleepstudy", tmb("Reaction ~ Days + (1 | Subject)", "gaussian"),
  tmb("Reaction ~ Days + (Days | Subject)", "gaussian"),
  without = list(tmb("Reaction ~ Days + (1 | Subject)", "gaussian")))
s("sleep_gamma", "lme4/sleepstudy", tmb("Reaction ~ 1 + (1 | Subject)", "gamma", link = "log"),
  tmb("Reaction ~ Days + (1 | Subject)", "gamma", link = "log"),
  without = list(tmb("Reaction ~ Days", "gamma", link = "log")))

frame_of <- function(name) {
  part <- strsplit(name, "/")[[1]]
  package <- if (part[1] == "golden") "glmmTMB" else part[1]
  item <- c(owls = "Owls", salamanders = "Salamanders")[part[2]]
  item <- if (is.na(item)) part[2] else item
  e <- new.env(); data(list = item, package = package, envir = e)
  d <- as.data.frame(e[[item]])
  names(d) <- gsub(".", "_", names(d), fixed = TRUE)
  d
}
family_of <- function(spec) switch(spec$family, binomial = binomial(), poisson = poisson(),
  nbinom1 = nbinom1(), nbinom2 = nbinom2(), gamma = Gamma(spec$link), gaussian = gaussian(),
  betabinomial = betabinomial())
tight <- glmerControl("bobyqa", tolPwrss = 1e-11, optCtrl = list(rhobeg = 0.01, rhoend = 1e-9, maxfun = 1e5))
fitted_model <- function(spec, d) {
  f <- as.formula(spec$formula)
  if (spec$program == "glm") return(eval(bquote(glm(.(f), data = d, family = family_of(spec)))))
  if (spec$program == "glmer") return(suppressWarnings(eval(bquote(
    glmer(.(f), data = d, family = family_of(spec), nAGQ = spec$nagq, control = tight)))))
  z <- as.formula(if (is.null(spec$zi)) "~ 0" else spec$zi)
  suppressWarnings(eval(bquote(
    glmmTMB(.(f), data = d, family = family_of(spec), ziformula = .(z)))))
}
criteria <- function(fit)
  list(loglik = as.numeric(logLik(fit)), npar = attr(logLik(fit), "df"), aic = AIC(fit), bic = BIC(fit))

out <- list()
for (id in names(SERIES)) {
  one <- SERIES[[id]]
  d <- frame_of(one$data)
  row_number <- seq_len(nrow(d))
  for (new in names(one$derive)) d[[new]] <- eval(parse(text = one$derive[[new]]), d)
  fits <- lapply(one$models, fitted_model, d)
  record <- list(data = one$data, derive = as.list(one$derive),
    models = Map(function(spec, fit) c(spec[c("ours", "family", "link", "zi", "nagq")], criteria(fit)),
                 one$models, fits),
    without = lapply(one$without, function(spec)
      c(list(ours = spec$ours), criteria(fitted_model(spec, d)))))
  if (length(fits) > 1) {
    a <- do.call(anova, unname(fits))
    record$anova <- list(chisq = a$Chisq, df = a[[grep("^(Chi )?Df$", names(a), value = TRUE)[length(grep("^(Chi )?Df$", names(a)))]]],
                         p = a[["Pr(>Chisq)"]])
  }
  out[[id]] <- record
  message(id)
}
versions <- list(R = as.character(getRversion()))
for (p in c("lme4", "glmmTMB")) versions[[p]] <- as.character(packageVersion(p))
write(toJSON(list(versions = versions, series = out), digits = I(12), auto_unbox = TRUE,
             null = "null", na = "null"), outfile)
