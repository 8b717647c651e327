"""The section of references: where the methods of this fit come from."""

from __future__ import annotations

from mixedeffects.report.record import ItemList, Section

# when (from fit and facts), and what
REFERENCES = (
    (lambda fit, facts: fit.kind.residual,
     "Bates, D., Mächler, M., Bolker, B. & Walker, S. (2015). Fitting linear mixed-effects models "
     "using lme4. Journal of Statistical Software 67(1). doi:10.18637/jss.v067.i01"),
    (lambda fit, facts: fit.reml,
     "Patterson, H. D. & Thompson, R. (1971). Recovery of inter-block information when block sizes "
     "are unequal. Biometrika 58, 545–554. doi:10.1093/biomet/58.3.545"),
    (lambda fit, facts: not fit.exact and fit.nagq == 1,
     "Tierney, L. & Kadane, J. B. (1986). Accurate approximations for posterior moments and "
     "marginal densities. JASA 81, 82–86. doi:10.1080/01621459.1986.10478240"),
    (lambda fit, facts: not fit.exact and fit.nagq > 1,
     "Pinheiro, J. C. & Bates, D. M. (1995). Approximations to the log-likelihood function in the "
     "nonlinear mixed-effects model. JCGS 4, 12–35. doi:10.1080/10618600.1995.10474663"),
    (lambda fit, facts: "Satterthwaite" in facts.summary.df_method,
     "Kuznetsova, A., Brockhoff, P. B. & Christensen, R. H. B. (2017). lmerTest package: tests in "
     "linear mixed effects models. Journal of Statistical Software 82(13). "
     "doi:10.18637/jss.v082.i13"),
    (lambda fit, facts: "Kenward" in facts.summary.df_method,
     "Kenward, M. G. & Roger, J. H. (1997). Small sample inference for fixed effects from "
     "restricted maximum likelihood. Biometrics 53, 983–997. doi:10.2307/2533558"),
    (lambda fit, facts: "CR2" in facts.summary.df_method,
     "Pustejovsky, J. E. & Tipton, E. (2018). Small-sample methods for cluster-robust variance "
     "estimation. JBES 36, 672–683. doi:10.1080/07350015.2016.1247004"),
    (lambda fit, facts: facts.r2 is not None,
     "Nakagawa, S., Johnson, P. C. D. & Schielzeth, H. (2017). The coefficient of determination R² "
     "and intra-class correlation coefficient from generalized linear mixed-effects models "
     "revisited and expanded. J. R. Soc. Interface 14, 20170213. doi:10.1098/rsif.2017.0213"),
    (lambda fit, facts: bool(fit.design.blocks),
     "Henderson, C. R. (1975). Best linear unbiased estimation and prediction under a selection "
     "model. Biometrics 31, 423–447. doi:10.2307/2529430"),
    (lambda fit, facts: facts.clustering is not None and facts.clustering.group is not None,
     "Kish, L. (1965). Survey Sampling. Wiley. (Design effect.)"),
    (lambda fit, facts: facts.summary.missing.n_rows > facts.summary.missing.n_used,
     "Rubin, D. B. (1976). Inference and missing data. Biometrika 63, 581–592. "
     "doi:10.1093/biomet/63.3.581"),
    (lambda fit, facts: fit.family.zeros == "extra",
     "Lambert, D. (1992). Zero-inflated Poisson regression, with an application to defects in "
     "manufacturing. Technometrics 34, 1–14. doi:10.2307/1269547"),
    (lambda fit, facts: fit.family.name == "ordered_beta",
     "Kubinec, R. (2022). Ordered beta regression: a parsimonious, well-fitting model for "
     "continuous data with lower and upper bounds. Political Analysis 31, 519–536. "
     "doi:10.1017/pan.2022.20"),
    (lambda fit, facts: "tweedie" in fit.family.name,
     "Dunn, P. K. & Smyth, G. K. (2005). Series evaluation of Tweedie exponential dispersion model "
     "densities. Statistics and Computing 15, 267–280. doi:10.1007/s11222-005-4070-y"),
    (lambda fit, facts: "inflated_beta" in fit.family.name,
     "Ospina, R. & Ferrari, S. L. P. (2010). Inflated beta distributions. Statistical Papers 51, "
     "111–126. doi:10.1007/s00362-008-0125-4"),
    (lambda fit, facts: True,
     "Dunn, P. K. & Smyth, G. K. (1996). Randomized quantile residuals. JCGS 5, 236–244. "
     "doi:10.1080/10618600.1996.10474708"),
)  # fmt: skip


def references_section(fit, facts, words, wishes):
    """The papers behind the methods that this report uses. Returns a `Section`."""
    texts = tuple(text for suits, text in REFERENCES if suits(fit, facts))
    return Section("references", "References", (ItemList(texts),))
