# Models on which anova.R and emmeans.R compare: data (CSV files written by export_rdatasets.py,
# and three data frames of lmerTest, kept beside
# the results; of carrots every third row), rows kept, factors, formula.
suppressMessages({library(lmerTest); library(jsonlite)})
Sys.setlocale("LC_COLLATE", "C")

frame_of <- function(name, folder) {
  parts <- strsplit(name, "/")[[1]]
  path <- if (parts[1] == "lmerTest") file.path("..", "emmeans", paste0(parts[2], ".csv"))
          else file.path(folder, paste0(parts[1], "__", parts[2], ".csv"))
  d <- read.csv(path, check.names = FALSE, stringsAsFactors = FALSE)
  names(d) <- gsub(".", "_", names(d), fixed = TRUE)
  d[names(d) != "rownames"]
}

model <- function(data, formula, factors, ordered = character(), keep = "TRUE", reml = TRUE,
                  weights = NULL, kr = TRUE, calls = list()) {
  list(data = data, formula = formula, factors = factors, ordered = ordered, keep = keep,
       reml = reml, weights = weights, kr = kr, calls = calls)
}
means <- function(specs, ..., by = NULL, at = NULL, weights = "equal", type = "link",
                  contrasts = list()) {
  list(kind = "means", specs = specs, by = by, at = at, weights = weights, type = type,
       contrasts = contrasts)
}
slopes <- function(var, specs = NULL, by = NULL, at = NULL, contrasts = list()) {
  list(kind = "slopes", var = var, specs = specs, by = by, at = at, weights = "equal",
       type = "link", contrasts = contrasts)
}
co <- function(method, adjust) list(method = method, adjust = adjust)
pairs_ <- co("pairwise", "tukey")

MODELS <- list(
  cake = model("lme4/cake", "angle ~ recipe * temperature + (1 | recipe:replicate)",
    c("recipe", "replicate"), "temperature", calls = list(
      means("recipe", contrasts = list(pairs_, co("treatment", "mvt"), co("effects", "fdr"))),
      means("temperature", contrasts = list(co("polynomial", "none"), co("consecutive", "mvt"),
                                            co("pairwise", "holm"))),
      means("temperature", by = "recipe", contrasts = list(pairs_)))),
  cake_unbalanced = model("lme4/cake",
    "angle ~ recipe * temperature + (1 | recipe:replicate)", c("recipe", "replicate", "temperature"),
    keep = "seq_len(nrow(d)) %% 7 != 3 & !(d$recipe == 'A' & d$replicate %in% 1:5)", calls = list(
      means("recipe", contrasts = list(pairs_)),
      means("recipe", weights = "proportional"), means("recipe", weights = "cells"),
      means("recipe", by = "temperature", contrasts = list(co("pairwise", "sidak"))))),
  cake_sum = model("lme4/cake",
    "angle ~ C(recipe, contr.sum) * C(temperature, contr.helmert) + (1 | recipe:replicate)",
    c("recipe", "replicate", "temperature"),
    keep = "seq_len(nrow(d)) %% 7 != 3 & !(d$recipe == 'A' & d$replicate %in% 1:5)", calls = list(
      means("recipe", contrasts = list(pairs_)))),
  cake_empty = model("lme4/cake", "angle ~ recipe * temperature + (1 | recipe:replicate)",
    c("recipe", "replicate", "temperature"),
    keep = paste("!(d$recipe == 'A' & d$temperature == 175) &",
                 "!(d$recipe == 'B' & d$temperature == 225) & seq_len(nrow(d)) > 7"),
    calls = list(means(c("recipe", "temperature")), means("recipe"),
                 means("recipe", by = "temperature", contrasts = list(co("pairwise", "none"))))),
  cake_ml = model("lme4/cake", "angle ~ recipe + poly(temp, 2) + (1 | recipe:replicate)",
    c("recipe", "replicate"), reml = FALSE, kr = FALSE, calls = list(
      means("recipe", contrasts = list(pairs_)),
      means("temp", at = list(temp = c(175, 200, 225)), contrasts = list(co("pairwise", "bonferroni"))),
      slopes("temp", "temp", at = list(temp = c(175, 200, 225))))),
  cake_no_intercept = model("lme4/cake", "angle ~ 0 + recipe + temp + (1 | recipe:replicate)",
    c("recipe", "replicate"), calls = list(means("recipe", contrasts = list(pairs_)))),
  machines = model("nlme/Machines", "score ~ Machine + (1 | Worker) + (1 | Worker:Machine)",
    c("Worker", "Machine"), keep = "!(seq_len(nrow(d)) %in% c(2, 3, 6, 9, 10, 25, 44))",
    calls = list(means("Machine", contrasts = list(pairs_, co("treatment", "mvt"),
                                                   co("pairwise", "bonferroni"))))),
  oats = model("nlme/Oats", "yield ~ Variety * factor(nitro) + (1 | Block / Variety)",
    c("Block", "Variety"), keep = "!(seq_len(nrow(d)) %in% c(1, 5, 17, 33, 34, 50, 71))",
    calls = list(means("Variety", contrasts = list(pairs_)),
      means("nitro", contrasts = list(co("polynomial", "none"), co("consecutive", "sidak"))),
      means(c("Variety", "nitro")))),
  oats_line = model("nlme/Oats", "log(yield) ~ Variety + nitro + (1 | Block / Variety)",
    c("Block", "Variety"), calls = list(
      means("Variety", type = "response", contrasts = list(pairs_)),
      means("Variety", at = list(nitro = c(0, 0.6)), by = "nitro", type = "response"),
      slopes("nitro", "Variety"))),
  orthodont_ages = model("nlme/Orthodont", "distance ~ Sex * factor(age) + (age | Subject)",
    c("Subject", "Sex")),
  orthodont = model("nlme/Orthodont", "distance ~ age * Sex + (1 | Subject)",
    c("Subject", "Sex"), keep = "seq_len(nrow(d)) %% 9 != 4", calls = list(
      means("Sex", contrasts = list(pairs_)),
      means("Sex", by = "age", at = list(age = c(8, 14)), contrasts = list(pairs_)),
      slopes("age", "Sex", contrasts = list(pairs_)))),
  sleep_days = model("lme4/sleepstudy", "Reaction ~ factor(Days) + (1 | Subject)", "Subject",
    keep = "seq_len(nrow(d)) %% 11 != 5", calls = list(
      means("Days", contrasts = list(co("treatment", "mvt"), co("pairwise", "tukey"),
                                     co("pairwise", "mvt"))))),
  sleep_curve = model("lme4/sleepstudy", "Reaction ~ poly(Days, 2) + (Days | Subject)", "Subject",
    calls = list(means("Days", at = list(Days = c(0, 3, 9)), contrasts = list(co("pairwise", "none"))),
                 means(character()), slopes("Days", "Days", at = list(Days = c(0, 5, 9))))),
  chicks = model("datasets/ChickWeight", "weight ~ Diet * Time + (Time | Chick)",
    c("Diet", "Chick"), calls = list(
      means("Diet", contrasts = list(pairs_)), slopes("Time", "Diet", contrasts = list(pairs_)))),
  chicks_log = model("datasets/ChickWeight", "log(weight) ~ Diet * sqrt(Time) + (1 | Chick)",
    c("Diet", "Chick"), calls = list(
      means("Diet", type = "response", contrasts = list(pairs_, co("treatment", "sidak"))),
      slopes("Time", "Diet"))),
  verbal = model("lme4/VerbAgg",
    "y ~ btype * mode + Gender + Anger + situ + (1 | id) + (1 | item)",
    c("Gender", "item", "resp", "id", "btype", "situ", "mode"), keep = "seq_len(nrow(d)) %% 11 == 0",
    calls = list(means("btype", by = "mode", contrasts = list(pairs_)), means("Gender"),
                 means("situ", weights = "proportional"), slopes("Anger"))),
  alfalfa = model("nlme/Alfalfa", "Yield ~ Date * Variety + (1 | Block / Variety)",
    c("Date", "Variety", "Block"), keep = "!is.na(d$Date) & seq_len(nrow(d)) %% 13 != 2",
    calls = list(means("Date", contrasts = list(pairs_)), means("Variety", by = "Date"))),
  rats = model("nlme/BodyWeight", "weight ~ Time * Diet + (Time | Rat)", c("Diet", "Rat"),
    calls = list(means("Diet", contrasts = list(pairs_)),
                 slopes("Time", "Diet", contrasts = list(pairs_, co("treatment", "mvt"))))),
  mass_oats = model("MASS/oats", "Y ~ N * V + (1 | B / V)", c("N", "V", "B"), calls = list(
    means("N", contrasts = list(co("polynomial", "none"))), means("V", contrasts = list(pairs_)))),
  npk = model("MASS/npk", "yield ~ N * P * K + (1 | block)", c("block", "N", "P", "K"), calls = list(
    means("N", contrasts = list(pairs_)), means(c("N", "P"), contrasts = list(pairs_)))),
  npk_numbers = model("MASS/npk", "yield ~ N * P + K + (1 | block)", "block",
    keep = "seq_len(nrow(d)) %% 5 != 1", calls = list(
    means("N", contrasts = list(pairs_)), means(c("N", "P")))),
  ergo = model("nlme/ergoStool", "effort ~ Type + (1 | Subject)", c("Type", "Subject"),
    keep = "seq_len(nrow(d)) %% 8 != 1", calls = list(
      means("Type", contrasts = list(pairs_, co("effects", "none"), co("pairwise", "hochberg"))))),
  exam = model("mlmRev/Exam", "normexam ~ standLRT * schgend + sex + (standLRT | school)",
    c("school", "schgend", "sex"), keep = "seq_len(nrow(d)) %% 5 == 0", calls = list(
      means("schgend", contrasts = list(pairs_)), means("schgend", weights = "cells"),
      means("sex", weights = "outer"), slopes("standLRT", "schgend", contrasts = list(pairs_)))),
  pigs = model("geepack/dietox", "Weight ~ Time * Cu + Evit + I(Time^2) + (Time | Pig)",
    c("Pig", "Evit", "Cu"), keep = "seq_len(nrow(d)) %% 2 == 0", calls = list(
      means("Cu", contrasts = list(pairs_)),
      slopes("Time", "Cu", at = list(Time = 4), contrasts = list(pairs_)))),
  dogs = model("nlme/Pixel", "pixel ~ ns(day, df = 3) + (day | Dog) + (1 | Dog:Side)",
    c("Dog", "Side"), calls = list(means("day", at = list(day = c(1, 5, 10))))),
  arabidopsis = model("lme4/Arabidopsis",
    "log1p(total_fruits) ~ nutrient * amd + status + rack + (1 | popu) + (1 | gen)",
    c("popu", "gen", "nutrient", "amd", "status", "rack"), calls = list(
      means(c("nutrient", "amd"), contrasts = list(pairs_)), means("status", contrasts = list(pairs_)),
      means("amd", by = "nutrient", type = "response"))),
  weighted = model("lme4/sleepstudy", "Reaction ~ Days * half + (1 | Subject)", c("Subject", "half"),
    weights = "w", kr = FALSE, calls = list(
      means("half", contrasts = list(pairs_)), slopes("Days", "half", contrasts = list(pairs_)))),
  ham = model("lmerTest/ham",
    "Informed_liking ~ Product * Information * Gender + Age + (1 | Consumer) + (1 | Product:Consumer)",
    c("Consumer", "Product", "Information", "Gender"), keep = "seq_len(nrow(d)) %% 17 != 6",
    calls = list(means("Product", contrasts = list(pairs_)),
                 means("Information", by = "Product", contrasts = list(pairs_)))),
  tvbo = model("lmerTest/TVbo",
    "Sharpnessofmovement ~ TVset * Picture + (1 | Assessor) + (1 | Assessor:TVset)",
    c("Assessor", "TVset", "Picture"), keep = "seq_len(nrow(d)) %% 6 != 2", calls = list(
      means("TVset", contrasts = list(pairs_)), means("Picture", contrasts = list(pairs_)))),
  carrots = model("lmerTest/carrots",
    "Preference ~ sens1 + sens2 * Homesize + Product + (1 + sens2 | Consumer)",
    c("Consumer", "Homesize", "Product"), kr = FALSE,
    calls = list(slopes("sens2", "Homesize"), means("Homesize")))
)

text_of <- function(x) if (is.numeric(x)) ifelse(is.na(x), NA, sprintf("%.15g", x)) else as.character(x)

prepared <- function(spec, folder) {
  d <- frame_of(spec$data, folder)
  d$row_ <- seq_len(nrow(d))
  if (spec$data == "lme4/VerbAgg") d$y <- match(d$resp, c("no", "perhaps", "yes"))
  if (identical(spec$weights, "w")) {
    d$w <- 1 + d$row_ %% 3
    d$half <- ifelse(d$row_ %% 4 < 2, "one", "two")
  }
  d <- d[eval(parse(text = spec$keep)), ]
  levels_ <- list()
  for (f in c(spec$factors, spec$ordered)) {
    values <- sort(unique(d[[f]]))
    d[[f]] <- factor(text_of(d[[f]]), levels = text_of(values), ordered = f %in% spec$ordered)
    levels_[[f]] <- levels(d[[f]])
  }
  list(d = d, levels = levels_)
}

# emmeans takes the second name in C(x, contr.sum) for a variable: set the contrasts of d instead
coded <- function(formula) {
  pattern <- "C\\((\\w+), (contr\\.\\w+)\\)"
  for (found in regmatches(formula, gregexpr(pattern, formula))[[1]]) {
    name <- sub(pattern, "\\1", found)
    contrasts(d[[name]]) <<- match.fun(sub(pattern, "\\2", found))(nlevels(d[[name]]))
    formula <- sub(found, name, formula, fixed = TRUE)
  }
  formula
}

# a fit that other optimisers cannot improve, and whose theta has converged
fitted_model <- function(spec) {
  library(splines)
  f <- as.formula(coded(spec$formula))
  tight <- list(
    lmerControl("bobyqa", optCtrl = list(rhobeg = 0.02, rhoend = 1e-9, maxfun = 1e5),
                calc.derivs = FALSE),
    lmerControl("nloptwrap", optCtrl = list(algorithm = "NLOPT_LN_BOBYQA", xtol_abs = 1e-11,
                xtol_rel = 1e-13, ftol_abs = 1e-13, ftol_rel = 1e-15, maxeval = 1e5),
                calc.derivs = FALSE))
  w <- if (is.null(spec$weights)) NULL else as.name(spec$weights)
  fit <- suppressWarnings(eval(bquote(
    lmer(.(f), data = d, REML = .(spec$reml), weights = .(w), control = .(tight[[1]])))))
  for (round in 1:2) for (control in tight) {
    again <- suppressWarnings(eval(bquote(
      lmer(.(f), data = d, REML = .(spec$reml), weights = .(w), control = .(control),
           start = .(getME(fit, "theta"))))))
    crit <- function(m) if (spec$reml) lme4::REMLcrit(m) else -2 * as.numeric(logLik(m))
    if (crit(again) <= crit(fit)) fit <- again
  }
  fit
}

versions <- function(packages) {
  found <- lapply(packages, function(p) as.character(packageVersion(p)))
  c(list(R = R.version.string), setNames(found, packages))
}
