"""How sure the fixed effects are: covariance and degrees of freedom, by method."""

from mixedeffects.inference.df.estimates import linear_estimates
from mixedeffects.inference.df.methods import DfMethod, JointTest, check_ddf, df_method

__all__ = ["DfMethod", "JointTest", "check_ddf", "df_method", "linear_estimates"]
