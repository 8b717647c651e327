# The generalised models that glmm.R fits. One call per model:
#   m(id, data, formula, family, source =, ...) with our own spelling of the formula (`y / n` for
#   successes out of n; I() and functions as in R) and of the families. Further arguments:
#   link, nagq (0, 1 or more points), weights, exposure (columns), zi, dispersion (formulas),
#   codes = c(new = factor column) (integer codes 1, 2, ...), derive = c(new column = expression,
#   valid in R and in Python, of columns and row_number), factors = columns made categorical, rows = an expression that keeps rows, by = programs tried,
#   numeric = FALSE for no numerical second derivatives of lme4's objective (slow models).
# Column names with a dot are renamed with an underscore on both sides before fitting.

models <- list()
m <- function(id, data, formula, family, link = NULL, nagq = 1, weights = NULL, exposure = NULL,
              zi = NULL, dispersion = NULL, codes = NULL, derive = NULL, factors = NULL, rows = NULL,
              source = NULL, by = NULL, numeric = TRUE) {
  stopifnot(!id %in% names(models))
  if (is.null(by)) {
    simple <- family %in% c("binomial", "poisson") && is.null(zi)
    by <- if (nagq != 1) "lme4" else if (family == "ordinal") "clmm" else
      if (simple) c("lme4", "glmmTMB") else "glmmTMB"
  }
  models[[id]] <<- list(id = id, data = data, formula = formula, family = family, link = link,
    nagq = nagq, weights = weights, exposure = exposure, zi = zi, dispersion = dispersion,
    codes = codes, derive = derive, factors = factors, rows = rows, source = source, by = by, numeric = numeric)
}

# Factors of data sets that no installed R package holds under that name.
declared_factors <- list(
  "betareg/GasolineYield" = list(batch = as.character(1:10)),
  "golden/owls" = list(Nest = NULL, FoodTreatment = c("Deprived", "Satiated"),
                       SexParent = c("Female", "Male")),
  "golden/salamanders" = list(site = NULL, mined = c("yes", "no"),
                              spp = c("GP", "PR", "DM", "EC-A", "EC-L", "DES-L", "DF")),
  "golden/toenail" = list(patientID = NULL, outcome = c("none_or_mild", "moderate_or_severe"),
                          treatment = c("itraconazole", "terbinafine")),
  "golden/culcita" = list(block = as.character(1:10),
                          ttt = c("none", "crabs", "shrimp", "both")),
  "golden/gopher" = list(Site = NULL),
  "golden/hessianfly" = list(block = NULL, gen = NULL)
)

# --- binomial: cbpp (lme4) --------------------------------------------------------------------
vignette <- "Bates et al. (2015) and ?cbpp in lme4"
cbpp <- "incidence / size ~ period + (1 | herd)"
m("cbpp", "lme4/cbpp", cbpp, "binomial", source = vignette)
m("cbpp_nagq0", "lme4/cbpp", cbpp, "binomial", nagq = 0)
m("grouseticks_nagq0", "lme4/grouseticks",
  "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)", "poisson", nagq = 0)
m("contraception_nagq0", "mlmRev/Contraception",
  "use ~ age + I(age^2) + urban + livch + (urban | district)", "binomial", nagq = 0)
m("cbpp_agq9", "lme4/cbpp", cbpp, "binomial", nagq = 9, source = "?glmer in lme4")
m("cbpp_agq25", "lme4/cbpp", cbpp, "binomial", nagq = 25)
m("cbpp_probit", "lme4/cbpp", cbpp, "binomial", link = "probit")
m("cbpp_cloglog", "lme4/cbpp", cbpp, "binomial", link = "cloglog")
# (its tails are heavy: 25 points are right to 1e-4 only)
m("cbpp_cauchit_agq100", "lme4/cbpp", cbpp, "binomial", link = "cauchit", nagq = 100)
m("cbpp_probit_agq25", "lme4/cbpp", cbpp, "binomial", link = "probit", nagq = 25)
m("cbpp_cloglog_agq25", "lme4/cbpp", cbpp, "binomial", link = "cloglog", nagq = 25)
m("cbpp_row_effect", "lme4/cbpp", "incidence / size ~ period + (1 | herd) + (1 | obs)", "binomial",
  derive = c(obs = "row_number"), source = "?cbpp in lme4")
m("cbpp_row_effect_alone", "lme4/cbpp", "incidence / size ~ period + (1 | herd:period)", "binomial")
m("cbpp_proportion_weights", "lme4/cbpp", "I(incidence / size) ~ period + (1 | herd)", "binomial",
  weights = "size", source = "?glmer in lme4")
m("cbpp_no_intercept", "lme4/cbpp", "incidence / size ~ 0 + period + (1 | herd)", "binomial")
m("cbpp_slopes", "lme4/cbpp", "incidence / size ~ p + (p | herd)", "binomial",
  codes = c(visit = "period"), derive = c(p = "visit - 2.5"))
m("cbpp_betabinomial", "lme4/cbpp", cbpp, "betabinomial")

# --- binomial: VerbAgg (De Boeck & Wilson 2004) -------------------------------------------------
m("verbagg", "lme4/VerbAgg", "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)", "binomial",
  source = "De Boeck & Wilson (2004); ?VerbAgg in lme4")
m("verbagg_items", "lme4/VerbAgg", "r2 ~ btype + situ + (1 | id) + (1 | item)", "binomial")
m("verbagg_interactions", "lme4/VerbAgg",
  "r2 ~ (Anger + Gender + btype + situ)^2 + (1 | id) + (1 | item)", "binomial",
  source = "?VerbAgg in lme4", numeric = FALSE)
m("verbagg_slopes", "lme4/VerbAgg", "r2 ~ btype + mode + (1 + situ | id) + (1 | item)", "binomial",
  numeric = FALSE)
m("verbagg_crossed_slopes", "lme4/VerbAgg",
  "r2 ~ a + btype + situ + (1 + situ | id) + (1 + a | item)", "binomial",
  derive = c(a = "(Anger - 20) / 5"))
m("verbagg_uncorrelated", "lme4/VerbAgg", "r2 ~ a + btype + situ + (1 | id) + (1 + a || item)", "binomial",
  numeric = FALSE, derive = c(a = "(Anger - 20) / 5"))
m("verbagg_rasch", "lme4/VerbAgg", "r2 ~ 0 + item + (1 | id)", "binomial", numeric = FALSE,
  source = "Rasch model; De Boeck et al. (2011)")
m("verbagg_agq21", "lme4/VerbAgg", "r2 ~ Anger + Gender + btype + situ + (1 | id)", "binomial", nagq = 21)
m("verbagg_probit", "lme4/VerbAgg", "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
  "binomial", link = "probit", by = "glmmTMB")

# --- binomial: Contraception, Guatemala, Hsb82 (mlmRev) -----------------------------------------
use <- "use ~ age + I(age^2) + urban + livch + "
m("contraception", "mlmRev/Contraception", paste0(use, "(1 | district)"), "binomial",
  source = "mlmRev's vignette; Bates's book draft, chapter 6")
m("contraception_slopes", "mlmRev/Contraception", paste0(use, "(urban | district)"), "binomial",
  source = "mlmRev's vignette")
m("contraception_cells", "mlmRev/Contraception", paste0(use, "(1 | urban:district)"), "binomial",
  source = "MixedModels.jl's documentation")
m("contraception_children", "mlmRev/Contraception",
  "use ~ age * ch + I(age^2) + urban + (1 | urban:district)", "binomial",
  codes = c(children = "livch"), derive = c(ch = "1 * (children > 1)"), source = "Bates's book draft, chapter 6")
m("contraception_both", "mlmRev/Contraception",
  paste0(use, "(1 | district) + (1 | urban:district)"), "binomial")
m("contraception_agq9", "mlmRev/Contraception", paste0(use, "(1 | district)"), "binomial", nagq = 9)
m("contraception_agq25", "mlmRev/Contraception", paste0(use, "(1 | district)"), "binomial", nagq = 25)
m("immunisation", "mlmRev/guImmun", paste("immun ~ kid2p + mom25p + ord + ethn + momEd + husEd +",
  "momWork + rural + pcInd81 + (1 | mom) + (1 | comm)"), "binomial", numeric = FALSE,
  source = "Rodriguez & Goldman (2001); ?guImmun in mlmRev")
m("prenatal", "mlmRev/guPrenat", paste("prenat ~ childAge + motherAge + indig + momEd + husEd +",
  "husEmpl + toilet + TV + pcInd81 + ssDist + (1 | mom) + (1 | cluster)"), "binomial",
  numeric = FALSE, source = "Rodriguez & Goldman (1995); ?guPrenat in mlmRev")
m("hsb_high", "mlmRev/Hsb82", "high ~ meanses + sector * cses + (cses | school)", "binomial",
  derive = c(high = "1 * (mAch > 15)"))

# --- binomial: longitudinal ---------------------------------------------------------------------
m("toenail", "golden/toenail", "outcome ~ treatment * time + (1 | patientID)", "binomial",
  source = "Lesaffre & Spiessens (2001); De Backer et al. (1998)")
m("toenail_agq20", "golden/toenail", "outcome ~ treatment * time + (1 | patientID)", "binomial",
  nagq = 20, source = "Lesaffre & Spiessens (2001)")
m("toenail_agq50", "golden/toenail", "outcome ~ treatment * time + (1 | patientID)", "binomial",
  nagq = 50, source = "Lesaffre & Spiessens (2001)")
m("bacteria", "MASS/bacteria", "y ~ trt + I(week > 2) + (1 | ID)", "binomial",
  source = "Venables & Ripley (2002), chapter 10")
m("bacteria_agq15", "MASS/bacteria", "y ~ trt + I(week > 2) + (1 | ID)", "binomial", nagq = 15)
m("bacteria_probit", "MASS/bacteria", "y ~ trt + I(week > 2) + (1 | ID)", "binomial", link = "probit")
m("bacteria_cloglog_agq25", "MASS/bacteria", "y ~ trt + I(week > 2) + (1 | ID)", "binomial",
  link = "cloglog", nagq = 25)
m("ohio", "geepack/ohio", "resp ~ age * smoke + (1 | id)", "binomial",
  source = "Zeger, Liang & Albert (1988)")
m("ohio_agq25", "geepack/ohio", "resp ~ age * smoke + (1 | id)", "binomial", nagq = 25,
  source = "Zeger, Liang & Albert (1988)")
m("respiratory", "geepack/respiratory",
  "outcome ~ treat + sex + age + baseline + (1 | center:id)", "binomial",
  source = "Koch et al. (1989)")
m("culcita", "golden/culcita", "predation ~ ttt + (1 | block)", "binomial",
  source = "Bolker et al. (2013), worked examples; McKeon et al. (2012)")
m("culcita_agq20", "golden/culcita", "predation ~ ttt + (1 | block)", "binomial", nagq = 20,
  source = "Bolker et al. (2013), worked examples")
m("hessianfly", "golden/hessianfly", "y / n ~ gen + (1 | block)", "binomial",
  source = "Gotway & Stroup (1997)")
m("hessianfly_betabinomial", "golden/hessianfly", "y / n ~ gen + (1 | block)", "betabinomial")
m("insteval_good", "lme4/InstEval", "good ~ service + (1 | s) + (1 | d)", "binomial",
  derive = c(good = "1 * (y >= 4)"), numeric = FALSE)
m("insteval_good_departments", "lme4/InstEval",
  "good ~ service + (1 | s) + (1 | d) + (1 | dept:service)", "binomial",
  derive = c(good = "1 * (y >= 4)"), numeric = FALSE)

# --- counts -------------------------------------------------------------------------------------
ticks <- "TICKS ~ YEAR + cHEIGHT + "
m("grouseticks", "lme4/grouseticks", paste0(ticks, "(1 | BROOD) + (1 | INDEX) + (1 | LOCATION)"),
  "poisson", source = "Elston et al. (2001); ?grouseticks in lme4")
m("grouseticks_nested", "lme4/grouseticks", paste0(ticks, "(1 | LOCATION / BROOD)"), "poisson")
m("grouseticks_nbinom2", "lme4/grouseticks", paste0(ticks, "(1 | BROOD) + (1 | LOCATION)"), "nbinom2")
m("epil", "MASS/epil", "y ~ lbase * trt + lage + V4 + (1 | subject)", "poisson",
  source = "Venables & Ripley (2002), chapter 10; Thall & Vail (1990)")
m("epil_agq25", "MASS/epil", "y ~ lbase * trt + lage + V4 + (1 | subject)", "poisson", nagq = 25)
booth <- c(Base = "log(base / 4)", Age = "log(age)", Visit = "(2 * period - 5) / 10")
m("epil_slopes", "MASS/epil", "y ~ Base * trt + Age + Visit + (Visit | subject)", "poisson",
  derive = booth, source = "Breslow & Clayton (1993), model IV")
m("epil_nbinom2", "MASS/epil", "y ~ Base * trt + Age + Visit + (Visit | subject)", "nbinom2",
  derive = booth, source = "Booth et al. (2003); ?epil2 in glmmTMB")
m("epil_nbinom1", "MASS/epil", "y ~ Base * trt + Age + Visit + (1 | subject)", "nbinom1", derive = booth)
m("epil_frequency_weights", "MASS/epil", "y ~ lbase * trt + (1 | subject)", "poisson",
  derive = c(w = "1 + (period == 2) + 2 * (period == 4)"), weights = "w")
m("epil_sqrt_link", "MASS/epil", "y ~ lbase * trt + (1 | subject)", "poisson", link = "sqrt",
  by = c("lme4", "glmmTMB"))
m("gopher", "golden/gopher", "shells ~ prev + factor_year + (1 | Site)", "poisson",
  derive = c(factor_year = "year"), factors = "factor_year", exposure = "Area",
  source = "Bolker et al. (2013), worked examples; Ozgul et al. (2009)")
m("mmmec", "mlmRev/Mmmec", "deaths ~ uvb + (1 | region)", "poisson", exposure = "expected",
  source = "Langford, Bentham & McDonald (1998); ?Mmmec in mlmRev")
m("mmmec_nested", "mlmRev/Mmmec", "deaths ~ uvb + (1 | nation) + (1 | region)", "poisson",
  exposure = "expected", source = "Langford, Bentham & McDonald (1998)")
m("mmmec_slopes", "mlmRev/Mmmec", "deaths ~ uvb + offset(log(expected)) + (uvb | nation) + (1 | region)",
  "poisson")
banta <- "total_fruits ~ nutrient * amd + rack + status + "
m("arabidopsis", "lme4/Arabidopsis", paste0(banta, "(1 | popu) + (1 | gen) + (1 | row)"), "poisson",
  derive = c(row = "row_number"), factors = c("nutrient", "rack"), numeric = FALSE,
  source = "Banta, Stevens & Pigliucci (2010); Bolker et al. (2009)")
m("arabidopsis_slopes", "lme4/Arabidopsis",
  paste0(banta, "(nutrient | popu) + (amd | gen)"), "poisson",
  factors = c("nutrient", "rack"), numeric = FALSE)
m("arabidopsis_nbinom2", "lme4/Arabidopsis", paste0(banta, "(1 | popu) + (1 | gen)"), "nbinom2",
  factors = c("nutrient", "rack"), source = "Banta, Stevens & Pigliucci (2010)")

# --- counts with many zeros (glmmTMB) -----------------------------------------------------------
brooks <- "Brooks et al. (2017)"
salamanders <- function(id, formula, family, ...)
  m(paste0("salamanders_", id), "golden/salamanders", formula, family, ..., source = brooks)
salamanders("poisson", "count ~ spp * mined + (1 | site)", "poisson")
salamanders("nbinom1", "count ~ spp + mined + (1 | site)", "nbinom1")
salamanders("nbinom2", "count ~ spp * mined + (1 | site)", "nbinom2")
salamanders("nbinom2_dispersion", "count ~ spp + mined + (1 | site)", "nbinom2", dispersion = "~ DOY")
salamanders("nbinom1_dispersion", "count ~ spp + mined + (1 | site)", "nbinom1", dispersion = "~ mined")
salamanders("zip", "count ~ spp + mined + (1 | site)", "poisson", zi = "~ spp + mined")
salamanders("zip_constant", "count ~ spp * mined + (1 | site)", "poisson", zi = "~ 1")
salamanders("zinb2", "count ~ spp + mined + (1 | site)", "nbinom2", zi = "~ spp + mined")
salamanders("zinb2_mined", "count ~ spp + mined + (1 | site)", "nbinom2", zi = "~ mined")
salamanders("zinb1", "count ~ spp + mined + (1 | site)", "nbinom1", zi = "~ mined")
salamanders("zip_random_zi", "count ~ spp + mined + (1 | site)", "poisson", zi = "~ mined + (1 | site)")
salamanders("hurdle_poisson", "count ~ spp + mined + (1 | site)", "hurdle_poisson", zi = "~ spp + mined")
salamanders("hurdle_nbinom2", "count ~ spp + mined + (1 | site)", "hurdle_nbinom2", zi = "~ spp + mined")
salamanders("hurdle_nbinom1", "count ~ mined + (1 | site)", "hurdle_nbinom1", zi = "~ mined")
salamanders("hurdle_random_zi", "count ~ mined + (1 | site)", "hurdle_poisson", zi = "~ mined + (1 | site)")
salamanders("truncated_poisson", "count ~ mined + DOY + (1 | site)", "truncated_poisson", rows = "count > 0")
salamanders("truncated_nbinom2", "count ~ mined + DOY + (1 | site)", "truncated_nbinom2", rows = "count > 0")
owls <- function(id, family, ..., formula = NULL)
  m(paste0("owls_", id), "golden/owls", if (is.null(formula))
    "SiblingNegotiation ~ (FoodTreatment + arrival) * SexParent + (1 | Nest)" else formula,
    family, exposure = "BroodSize", derive = c(arrival = "ArrivalTime - 25"), ...,
    source = "Roulin & Bersier (2007); Zuur et al. (2009); Bolker et al. (2013)")
owls("poisson", "poisson")
owls("zip", "poisson", zi = "~ 1")
owls("zinb1", "nbinom1", zi = "~ 1")
owls("zinb2", "nbinom2", zi = "~ 1")
owls("zinb1_zi", "nbinom1", zi = "~ FoodTreatment")
owls("nbinom2_slopes", "nbinom2", formula =
     "SiblingNegotiation ~ (FoodTreatment + arrival) * SexParent + (FoodTreatment | Nest)")
owls("nbinom2_dispersion", "nbinom2", dispersion = "~ FoodTreatment * SexParent")
owls("zinb2_dispersion", "nbinom2", zi = "~ arrival", dispersion = "~ FoodTreatment")
owls("hurdle_poisson", "hurdle_poisson", zi = "~ FoodTreatment")
owls("hurdle_nbinom1", "hurdle_nbinom1", zi = "~ FoodTreatment + SexParent")
owls("hurdle_nbinom2", "hurdle_nbinom2", zi = "~ arrival + (1 | Nest)", dispersion = "~ FoodTreatment")

# --- continuous ---------------------------------------------------------------------------------
m("sleep_gaussian", "lme4/sleepstudy", "Reaction ~ Days + (Days | Subject)", "gaussian")
m("sleep_gaussian_log", "lme4/sleepstudy", "Reaction ~ Days + (1 | Subject)", "gaussian", link = "log")
m("sleep_gaussian_log_slopes", "lme4/sleepstudy", "Reaction ~ Days + (Days | Subject)", "gaussian",
  link = "log")
m("sleep_gaussian_dispersion", "lme4/sleepstudy", "Reaction ~ Days + (Days | Subject)", "gaussian",
  dispersion = "~ Days")
m("sleep_gamma", "lme4/sleepstudy", "Reaction ~ Days + (1 | Subject)", "gamma", link = "log")
m("sleep_gamma_slopes", "lme4/sleepstudy", "Reaction ~ Days + (Days | Subject)", "gamma", link = "log")
m("sleep_gamma_inverse", "lme4/sleepstudy", "R ~ Days + (1 | Subject)", "gamma", link = "inverse",
  derive = c(R = "Reaction / 100"))
m("sleep_gamma_dispersion", "lme4/sleepstudy", "Reaction ~ Days + (1 | Subject)", "gamma", link = "log",
  dispersion = "~ Days")
m("sleep_inverse_gaussian", "lme4/sleepstudy", "Reaction ~ Days + (1 | Subject)", "inverse_gaussian",
  link = "log", by = "TMB")
m("sleep_inverse_gaussian_slopes", "lme4/sleepstudy", "Reaction ~ Days + (Days | Subject)",
  "inverse_gaussian", link = "log", by = "TMB")
m("sleep_t", "lme4/sleepstudy", "Reaction ~ Days + (1 | Subject)", "t", by = c("glmmTMB", "TMB"))
m("sleep_t_slopes", "lme4/sleepstudy", "Reaction ~ Days + (Days | Subject)", "t",
  by = c("glmmTMB", "TMB"))
m("gamma_weights", "lme4/sleepstudy", "Reaction ~ Days + (1 | Subject)", "gamma", link = "log",
  derive = c(w = "1 + (Days >= 5)"), weights = "w", by = "TMB")
m("gasoline_beta", "betareg/GasolineYield", "yield ~ t + (1 | batch)", "beta",
  derive = c(t = "(temp - 330) / 100"), source = "Ferrari & Cribari-Neto (2004), data of Prater")
m("gasoline_beta_dispersion", "betareg/GasolineYield", "yield ~ t + (1 | batch)", "beta",
  derive = c(t = "(temp - 330) / 100"), dispersion = "~ t")
m("gasoline_beta_probit", "betareg/GasolineYield", "yield ~ t + (1 | batch)", "beta", link = "probit",
  derive = c(t = "(temp - 330) / 100"))

# --- ordinal ------------------------------------------------------------------------------------
wine <- "rating ~ temp + contact + (1 | judge)"
m("wine", "ordinal/wine", wine, "ordinal", by = c("clmm", "TMB"),
  source = "Christensen's vignettes; Randall (1989)")
m("wine_probit", "ordinal/wine", wine, "ordinal", link = "probit", by = c("clmm", "TMB"),
  source = "Christensen's vignette clmm2")
m("wine_cloglog", "ordinal/wine", wine, "ordinal", link = "cloglog", by = c("clmm", "TMB"))
m("wine_loglog", "ordinal/wine", wine, "ordinal", link = "loglog", by = c("clmm", "TMB"))
m("wine_agq10", "ordinal/wine", wine, "ordinal", nagq = 10, by = "clmm",
  source = "Christensen's vignette clmm2")
m("wine_bottles", "ordinal/wine", "rating ~ temp + contact + (1 | judge) + (1 | bottle)", "ordinal",
  by = c("clmm", "TMB"))
m("wine_slopes", "ordinal/wine", "rating ~ temp + contact + (1 + temp | judge)", "ordinal",
  by = c("clmm", "TMB"))
m("soup", "ordinal/soup", "SURENESS ~ PROD + DAY + (1 | RESP)", "ordinal", by = c("clmm", "TMB"),
  source = "Christensen, Cleaver & Brockhoff (2011)")
m("soup_nested", "ordinal/soup", "SURENESS ~ PROD + (1 | RESP / PROD)", "ordinal", link = "probit",
  by = c("clmm", "TMB"), source = "Christensen, Cleaver & Brockhoff (2011)")
m("soup_slopes", "ordinal/soup", "SURENESS ~ PROD + (PROD | RESP)", "ordinal", by = c("clmm", "TMB"))
m("soup_crossed", "ordinal/soup", "SURENESS ~ PROD * SOUPTYPE + (1 | RESP) + (1 | PRODID)", "ordinal",
  by = c("clmm", "TMB"))
