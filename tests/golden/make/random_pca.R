# lme4::rePCA, the principal components of the relative random effects, for several fits.
# Usage (in this folder): Rscript random_pca.R > ../random_pca/random_pca.json
suppressMessages({library(lme4); library(jsonlite)})
seven <- read.csv("../lmm/seven_slopes.csv")
singular <- read.csv("../lmm/seven_slopes_singular.csv")
slopes <- "x1 + x2 + x3 + x4 + x5 + x6"
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 5e5, rhoend = 1e-9),
                     check.conv.singular = "ignore", calc.derivs = FALSE)
models <- list(
  list(data = "sleepstudy", formula = "Reaction ~ Days + (Days | Subject)", d = sleepstudy),
  list(data = "sleepstudy", formula = "Reaction ~ Days + (Days || Subject)", d = sleepstudy),
  list(data = "seven_slopes",
       formula = paste("y ~", slopes, "+ (x1 + x2 + x3 | g)"), d = seven),
  list(data = "seven_slopes_singular",
       formula = paste("y ~", slopes, "+ (x1 + x2 + x3 | g)"), d = singular))
out <- lapply(models, function(m) {
  fit <- lmer(as.formula(m$formula), m$d, control = tight)
  pca <- rePCA(fit)[[1]]
  list(data = m$data, formula = m$formula, criterion = REMLcrit(fit), sd = pca$sdev,
       share = pca$sdev^2 / sum(pca$sdev^2), rotation = as.matrix(pca$rotation))
})
cat(toJSON(list(lme4 = as.character(packageVersion("lme4")), models = out), digits = 12,
           auto_unbox = TRUE, matrix = "rowmajor"), "\n")
