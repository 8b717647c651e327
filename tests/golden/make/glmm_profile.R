# Profile likelihood of generalised mixed models, written to tests/golden/profile/glmm.json.
#
#   Rscript glmm_profile.R CSVDIR OUTFILE [id ...]        (CSVDIR as for glmm.R)
#
# lme4's profile() gives limits of standard deviations, correlations and coefficients; TMB's root
# finder on glmmTMB's likelihood (TMB::tmbroot, what confint(method = "uniroot") calls) those of its
# parameters: coefficients, log dispersion, logits of zero inflation, and the standard deviation of
# a random effect that stands alone. The second has an exact gradient and is the sharper reference.

suppressPackageStartupMessages({library(lme4); library(glmmTMB); library(jsonlite); library(TMB)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE)))
source(file.path(here, "glmm_models.R"))
source(file.path(here, "glmm_fit.R"))
args <- commandArgs(TRUE)
csvdir <- args[1]; outfile <- args[2]
for (e in parse(file.path(here, "glmm.R")))           # its functions read the frames
  if (is.call(e) && identical(e[[1]], as.name("<-")) && is.call(e[[3]]) &&
      identical(e[[3]][[1]], as.name("function"))) eval(e)

profiled <- list(
  cbpp = c("lme4", "glmmTMB"), cbpp_agq9 = "lme4", cbpp_slopes = "lme4", gasoline_beta = "glmmTMB",
  grouseticks_nbinom2 = "glmmTMB",
  hessianfly_betabinomial = "glmmTMB", salamanders_zip = "glmmTMB",
  grouseticks = c("lme4", "glmmTMB"))
most_coefficients <- 2                                # of one predictor, by glmmTMB: each takes long
if (length(args) > 2) profiled <- profiled[args[-(1:2)]]
target <- qchisq(0.95, 1)

of_lme4 <- function(spec, d) {
  tight <- glmerControl(tolPwrss = 1e-12, calc.derivs = FALSE)
  call <- list(formula = r_formula(spec), data = d, family = r_family(spec), control = tight, nAGQ = spec$nagq)
  run <- with_messages({
    fit <- do.call(glmer, call)
    limits <- confint(profile(fit, signames = FALSE, devtol = 1e-2, alphamax = 0.01), level = 0.95)
  })
  list(names = I(rownames(run$value)), lower = I(run$value[, 1]), upper = I(run$value[, 2]), said = I(run$said))
}

of_glmmTMB <- function(spec, d) {
  call <- list(formula = r_formula(spec), data = d, family = r_family(spec),
    ziformula = as.formula(spec$zi %||% "~ 0"), dispformula = as.formula(spec$dispersion %||% "~ 1"),
    control = glmmTMBControl(optCtrl = list(iter.max = 5000, eval.max = 10000, rel.tol = 1e-14, x.tol = 1e-12)))
  fit <- with_messages(do.call(glmmTMB, call))$value
  at <- names(fit$fit$par); sdr <- sqrt(diag(fit$sdr$cov.fixed))
  lower <- upper <- rep(NA_real_, length(at))
  for (i in which(ave(seq_along(at), at, FUN = seq_along) <= most_coefficients | at == "theta")) {
    r <- tryCatch(with_messages(tmbroot(fit$obj, i, target = 0.5 * target, sd.range = 12, trace = FALSE))$value,
                  error = function(e) {cat(spec$id, at[i], conditionMessage(e), "\n"); c(NA, NA)})
    lower[i] <- r[1]; upper[i] <- r[2]
  }
  factor <- rep(1, length(at)); factor[at == "betad"] <- dispersion_factor(spec$family)
  a <- lower * factor; b <- upper * factor
  names_of <- list(beta = names(fixef(fit)$cond), betazi = names(fixef(fit)$zi), betad = names(fixef(fit)$disp))
  label <- character(length(at))
  for (k in unique(at)) label[at == k] <- if (k %in% names(names_of)) names_of[[k]] else
    paste(names(fit$modelInfo$reTrms$cond$cnms), sapply(fit$modelInfo$reTrms$cond$cnms, `[`, 1), sep = ":")
  sd <- at == "theta"; a[sd] <- exp(a[sd]); b[sd] <- exp(b[sd])
  list(kinds = I(at), names = I(label), estimate = I(ifelse(sd, exp(fit$fit$par), fit$fit$par * factor)),
       lower = I(pmin(a, b)), upper = I(pmax(a, b)), std_error = I(abs(sdr * factor)))
}

out <- if (file.exists(outfile)) fromJSON(outfile, simplifyVector = FALSE)$models else list()
for (id in names(profiled)) {
  spec <- models[[id]]
  d <- prepare(spec, read_frame(spec$data)$frame)
  for (by in profiled[[id]]) {
    t0 <- proc.time()[[1]]
    found <- tryCatch(get(paste0("of_", by))(spec, d),
                      error = function(e) {cat("FAILED", id, by, conditionMessage(e), "\n"); NULL})
    if (is.null(found)) next
    found$seconds <- proc.time()[[1]] - t0
    cat(sprintf("%-32s %-8s %.0f s\n", id, by, found$seconds))
    out[[id]][[by]] <- found
  }
  writeLines(toJSON(list(versions = c(list(R = as.character(getRversion())),
    sapply(c("lme4", "glmmTMB", "TMB"), function(p) as.character(packageVersion(p)), simplify = FALSE)),
    models = out), auto_unbox = TRUE, digits = 10, null = "null", na = "null"), outfile)
}
