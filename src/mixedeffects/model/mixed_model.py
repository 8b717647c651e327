"""What linear and generalised mixed models can both be asked."""

from __future__ import annotations

import warnings
from functools import partial, wraps

from mixedeffects import inference, plot
from mixedeffects.errors import ConvergenceWarning, depth_of_package
from mixedeffects.fitting import save
from mixedeffects.model.foreign import understood
from mixedeffects.model.listing import (
    Listed,
    framed,
    printing_frames,
    result,
    shown,
    tested_or_compared,
    tidied,
)
from mixedeffects.model.maketables import MakeTables, to_maketables


def announced(fit):
    """The fit, with one warning that says which of its variances are not in the data, and what is.

    Warns ConvergenceWarning.
    """
    found = inference.identification(fit)
    if found is not None:
        from mixedeffects.display.words import flat_sentences

        text = (*flat_sentences(found), "fit.diagnose() looks for a formula without them.")
        warnings.warn("\n".join(text), ConvergenceWarning, stacklevel=depth_of_package())
    return fit


def refitting(function):
    """List `refit` as a method: one fit is announced, fits of many responses are displayed."""

    @wraps(function)
    def method(self, *args, **kwargs):
        result = function(self, *args, **kwargs)
        if isinstance(result, type(self)):
            return announced(result)
        from mixedeffects.display import ManyResponses

        return ManyResponses(result, self.design.spec.to_frame)

    return method


def shown_variances(fit):
    """The variance components of the fit, displayed."""
    from mixedeffects.display import VarianceComponents

    return VarianceComponents(
        inference.varcorr(fit), printing_frames(fit), partial(inference.variance_errors, fit)
    )


class MixedModel(MakeTables):
    """The part of the table of contents that every fitted mixed model has."""

    fixef = property(
        lambda self: dict(
            zip(self.design.x_names, inference.fixed_estimates(self).tolist(), strict=True)
        )
    )
    varcorr = property(shown_variances)
    loglik = property(inference.loglik)
    aic = property(inference.aic)
    aicc = property(inference.aicc)
    bic = property(inference.bic)
    df = property(inference.n_parameters)
    nobs = property(lambda self: self.design.n)
    formula = property(lambda self: self.design.spec.text)
    converged = property(lambda self: self.certificate.converged)

    ranef = Listed(wrap=framed)
    fitted = property(lambda self: inference.fitted(self))
    simulate = Listed()
    quantile_residuals = Listed(
        "mixedeffects.inference.residual.quantile", shown("QuantileResiduals")
    )
    tidy = Listed(wrap=tidied)
    glance = Listed(wrap=tidied)
    augment = Listed(wrap=framed)
    trace = Listed("mixedeffects.views.trace_table", framed)

    vcov = Listed()
    test = Listed(wrap=result)
    anova = Listed(wrap=tested_or_compared)
    confint = Listed(wrap=result)
    icc = Listed(wrap=result)
    r2 = Listed(wrap=result)
    profile = Listed(wrap=shown("Profile"))
    bootstrap = Listed(wrap=shown("Bootstrap"))
    influence = Listed(wrap=shown("Influence"))

    emmeans = Listed("mixedeffects.means", shown("EstimatedMeans"))
    emtrends = Listed("mixedeffects.means", shown("EstimatedMeans"))
    contrasts = Listed("mixedeffects.means", shown("EstimatedMeans"))

    random_pca = Listed("mixedeffects.inference.random_pca", result)
    diagnose = Listed("mixedeffects.remedies")
    remedies = property(lambda self: self.cache.get("remedies"))

    lrt = Listed("mixedeffects.model.comparing")
    ranova = Listed("mixedeffects.model.comparing", result)

    plot = property(lambda self: plot.FitPlots(self))
    interpret = Listed("mixedeffects.display.words")
    equation = Listed("mixedeffects.display.equation")
    report = Listed("mixedeffects.report")

    refit = Listed("mixedeffects.fitting", refitting)
    save = save
    to_marginaleffects = Listed("mixedeffects.model.marginaleffects")
    to_maketables = to_maketables

    @understood
    def summary(self, *, ddf=None, level=0.95):
        """Model, variance components and coefficients, as text and HTML.

        Parameters
        ----------
        ddf : str, optional
            Degrees of freedom of the coefficient table, as in `test`.
        level : float
            Coverage of the confidence intervals.

        Returns
        -------
        Summary
        """
        from mixedeffects.display import Summary

        return Summary(self, ddf=ddf, level=level)

    def __getattr__(self, name):
        if name.startswith("_") or hasattr(type(self), name):
            # a property that failed with an AttributeError of its own
            return object.__getattribute__(self, name)
        from mixedeffects.model.foreign.names import of_fits

        words = of_fits(type(self).__name__, name, dir(self))
        raise AttributeError(words, name=name, obj=self)

    def __dir__(self):
        from mixedeffects.model.foreign.shown import public_names

        return public_names(type(self))

    def __repr__(self):
        return str(self.summary())

    def _repr_html_(self):
        return self.summary()._repr_html_()


def perhaps_remedied(fit_it, remedy):
    """The fit that a function makes; the one that the doctor recommends where that is asked for.

    Parameters
    ----------
    fit_it : callable
        Without arguments.
    """
    if remedy is False:
        return announced(fit_it())
    from mixedeffects.remedies import remedied

    return remedied(fit_it, remedy)
