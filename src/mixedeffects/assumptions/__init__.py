"""What the residuals say against a model: one check per assumption, with a verdict and a sentence.

The checks of `mixedeffects.inference.checkup` are about the optimum; an optimum of a model that is
plainly wrong is an optimum all the same. Each check here needs both: a departure that chance does
not make (one in a thousand), and one large enough to matter, so that a large table of a good model
is not accused of trifles.
"""

from mixedeffects.assumptions.checks import assumptions

__all__ = ["assumptions"]
