"""What a likelihood-ratio statistic is compared with, parameters on the boundary included.

A variance cannot be negative, so a test that it is zero has its hypothesis on the boundary of
the parameter space: half of the time the estimate is zero and the statistic with it. In large
samples the statistic is a mixture of chi-squared distributions (chi-bar-squared): the squared
length of a normal vector's projection on the cone of directions in which the parameters can
leave the hypothesis.

- One new variance, alone or in a correlated term (with its covariances, which are free in sign):
  the cone is a half-space, 1/2 chi2(df - 1) + 1/2 chi2(df).
- Several new variances without covariances: a product of half-lines; the weights are binomial if
  the estimates are independent.
- Several new columns that are correlated with each other: a cone of positive semi-definite
  matrices, whose weights are not known in closed form. It lies within a half-space, so the
  half-space's mixture gives an upper bound of the p-value.
- Fixed effects and correlations are interior: plain chi-squared.

References
----------
Self & Liang (1987), doi:10.1080/01621459.1987.10478472; Stram & Lee (1994),
doi:10.2307/2533455; Shapiro (1988), doi:10.2307/1403361.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb


@dataclass(frozen=True, slots=True)
class NullDistribution:
    """A mixture of chi-squared distributions.

    Attributes
    ----------
    df : int
        Parameters tested, as the naive test counts them.
    weights : dict of int to float
        Degrees of freedom to their share.
    words : str
        ``"1/2 chi2(1) + 1/2 chi2(2)"``.
    remark : str
        A condition or a limitation that goes with it; may be empty.
    """

    df: int
    weights: dict[int, float]
    words: str
    remark: str

    def p_value(self, statistic):
        """P(mixture >= statistic)."""
        return sum(w * chi2_tail(statistic, df) for df, w in self.weights.items())

    def naive(self, statistic):
        """P(chi2(df) >= statistic), as if nothing were on the boundary."""
        return chi2_tail(statistic, self.df)


def chi2_tail(x, df):
    """P(chi2(df) >= x); with 0 degrees of freedom all mass is at zero.

    Examples
    --------
    >>> chi2_tail(2.0, 0), round(chi2_tail(3.841459, 1), 4)
    (0.0, 0.05)
    """
    from scipy.special import chdtrc

    if not x > 0:
        return 1.0
    return float(chdtrc(df, x)) if df > 0 else 0.0


def reference(nesting):
    """The distribution of the statistic when the smaller model is true.

    Returns a `NullDistribution`.

    Examples
    --------
    >>> from mixedeffects.inference.comparison.nesting import Nesting
    >>> slope = reference(Nesting("", df=2, new_columns=(1,)))
    >>> slope.words, round(slope.p_value(5.0), 4), round(slope.naive(5.0), 4)
    ('1/2 chi2(1) + 1/2 chi2(2)', 0.0537, 0.0821)
    """
    df, q = nesting.df, sum(nesting.new_columns)
    if q == 0:
        return NullDistribution(df, {df: 1.0}, f"chi2({df})", "")
    if q == 1:
        return NullDistribution(df, {df - 1: 0.5, df: 0.5}, half_and_half(df), "")
    if all(more == 1 for more in nesting.new_columns):
        weights = {df - q + i: comb(q, i) / 2.0**q for i in range(q + 1)}
        words = " + ".join(f"{comb(q, i)}/{2**q} chi2({df - q + i})" for i in range(q + 1))
        return NullDistribution(
            df,
            weights,
            words,
            f"the weights hold if the estimates of the {q} new variances are independent; "
            'method="bootstrap" of lrt does not need that',
        )
    return NullDistribution(
        df,
        {df - 1: 0.5, df: 0.5},
        f"at most {half_and_half(df)}",
        f"{max(nesting.new_columns)} correlated columns are new at once: no simple mixture is "
        'known, the p-value is an upper bound; method="bootstrap" of lrt is exact',
    )


def half_and_half(df):
    """The half-space's mixture in words."""
    return f"1/2 chi2({df - 1}) + 1/2 chi2({df})"
