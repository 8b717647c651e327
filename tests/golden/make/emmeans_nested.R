# Means of factors that are nested in other factors, by emmeans: ../emmeans/nested.json
#   Rscript tests/golden/make/emmeans_nested.R   (in the project's folder)
suppressMessages({
  library(emmeans); library(lme4); library(lmerTest); library(jsonlite)
})
rows <- function(grid) {
  out <- as.data.frame(summary(grid, infer = c(TRUE, FALSE)))
  lapply(out, function(x) if (is.factor(x)) as.character(x) else x)
}
quiet <- function(...) suppressMessages(emmeans(..., lmer.df = "satterthwaite"))

# a control without forms and concentrations beside a treatment that has them: the data are those
# of https://github.com/rvlenth/emmeans/issues/79
fruit <- c(37.706, 37.905, 37.714, 34.247, 63.547, 63.930, 51.847, 19.970, 32.049, 53.435, 10.901,
  81.702, 64.321, 64.519, 35.283, 45.106, 71.559, 49.792, 51.048, 42.792, 31.316, 14.197, 35.652,
  34.345, 71.225, 55.520, 58.537, 57.421, 32.535, 35.514, 62.695, 58.652, 72.707, 19.885, 44.908,
  74.509, 114.374, 141.651, 106.382, 157.276, 124.336, 103.390)
control <- data.frame(
  block = factor(rep(1:6, each = 7)),
  form = rep(c("Control", "ABG-35", "ABG-35", "ABG-63", "ABG-63", "ABG-68", "ABG-68"), 6),
  conc = factor(rep(c(0, 10, 20, 10, 20, 10, 20), 6)),
  arm = rep(c("control", rep("trt", 6)), 6), fruit = fruit)
first <- lmer(fruit ~ arm / (form * conc) + (1 | block), control)

# areas that are a control or an impact, as in https://github.com/rvlenth/emmeans/issues/169
set.seed(11)
area <- expand.grid(rep = 1:5, year = factor(1:3), area = c("a1", "a2", "a3", "a4", "a5"))
area$impact <- ifelse(area$area %in% c("a1", "a2"), "C", "I")
area$plot <- paste0(area$area, area$rep)
area$y <- round(rnorm(75) + rnorm(25)[as.integer(factor(area$plot))] + (area$impact == "I"), 3)
area <- area[-c(3, 17, 40, 41, 66), ]
second <- lmer(y ~ impact * year + area + area:year + (1 | plot), area)
second_weights <- function(w) rows(quiet(second, ~ year, weights = w))

out <- list(
  versions = list(R = R.version.string, emmeans = as.character(packageVersion("emmeans")),
    lme4 = as.character(packageVersion("lme4")), lmerTest = as.character(packageVersion("lmerTest"))),
  control = list(data = as.list(control), means = list(
    arm = rows(quiet(first, ~ arm)), form = rows(quiet(first, ~ form)),
    conc = rows(quiet(first, ~ conc)), both = rows(quiet(first, ~ form * conc)),
    pairs = rows(pairs(quiet(first, ~ form))))),
  area = list(data = as.list(area), means = list(
    impact = rows(quiet(second, ~ impact | year)), year = rows(quiet(second, ~ year)),
    area = rows(quiet(second, ~ area)), proportional = second_weights("proportional"),
    cells = second_weights("cells"), flat = second_weights("flat"),
    outer = second_weights("outer"))))
write(toJSON(out, digits = 12, auto_unbox = TRUE, na = "null"), "tests/golden/emmeans/nested.json")
