"""Linear functions of the fixed effects with names: means, slopes, and contrasts of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.df import df_method
from mixedeffects.inference.df.estimates import f_p_value
from mixedeffects.inference.identification import known_covariance
from mixedeffects.inference.normal import check_level
from mixedeffects.inference.table import Table
from mixedeffects.inference.transformation import one_scale
from mixedeffects.means.adjust import check_adjust
from mixedeffects.means.estimates import (
    estimable_rows,
    limits_of_rows,
    row_names,
    shown_columns,
)
from mixedeffects.means.families import contrast_weights
from mixedeffects.means.grid import all_of, as_names, combinations
from mixedeffects.means.letters import letter_groups, letters_of
from mixedeffects.means.notes import all_notes, not_estimable

if TYPE_CHECKING:
    from mixedeffects.inference.transformation import Transformation
    from mixedeffects.means.inverse_link import InverseLink


@dataclass(frozen=True, slots=True, eq=False)
class MarginalMeans:
    """Estimated marginal means, slopes, or contrasts of them.

    Attributes
    ----------
    fit : Fit
    labels : dict of str to list
        Columns that name the m rows.
    rows : (m, p_all) array
        Coefficients of each row on all columns of the model matrix, dropped ones included.
    offset : (m,) array
    missing : (m,) bool array
        Rows that no data are behind.
    by : tuple of str
        Label columns that split the rows into families of their own.
    kind : str
        "mean", "slope" or "contrast".
    ddf : str
    level : float
    transformation : Transformation, InverseLink or None
        From the model's scale to the response's.
    scale : {"link", "response"}
        That tables are on: the model's, or the response's.
    adjust : str
        Of p-values and intervals.
    n_means : int
        Means in the largest family.
    averaged : tuple of str
        Columns averaged over.
    facts : tuple of str
        What was averaged over and held fixed, in words.
    exact : bool
        Whether rows are linear functions of the coefficients, not ones to first order, which are
        finite where the coefficients are not.
    ends : tuple of float
        What means that are no linear functions lie between.
    """

    fit: Any
    labels: dict[str, list]
    rows: np.ndarray
    offset: np.ndarray
    missing: np.ndarray
    by: tuple[str, ...]
    kind: str
    ddf: str
    level: float
    transformation: Transformation | InverseLink | None
    scale: str
    adjust: str = "none"
    n_means: int = 0
    averaged: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    exact: bool = True
    ends: tuple[float, float] = (-np.inf, np.inf)

    @property
    def label(self):
        """The method for degrees of freedom, as tables name it."""
        return df_method(self.fit, self.ddf).label

    @property
    def L(self):
        """(m, p) coefficients of each row on beta; nan for rows that cannot be estimated."""
        L, good = estimable_rows(self)
        return np.where(good[:, None], L, np.nan)

    @property
    def vcov(self):
        """(m, m) covariance of the rows, on the model's scale; nan for those that have none."""
        L = self.L
        out = known_covariance(self.fit, L, L @ df_method(self.fit, self.ddf).vcov @ L.T)
        if self.fit.recession is not None:
            lost = np.flatnonzero(limits_of_rows(self) != 0)
            out[lost], out[:, lost] = np.nan, np.nan
        return out

    @property
    def not_estimable(self):
        """Positions of the rows that cannot be estimated."""
        return np.flatnonzero(~estimable_rows(self)[1]).tolist()

    @property
    def notes(self):
        """What the numbers rest on, in words."""
        return all_notes(self)

    @property
    def lost_notes(self):
        """Which rows cannot be estimated and why, in words."""
        return not_estimable(self)

    def table(self, *, level=None):
        """The estimates.

        Parameters
        ----------
        level : float, optional
            Coverage of the intervals.

        Returns
        -------
        Table
            The labels, estimate, std_error, df, lower, upper; for contrasts statistic and p_value
            too. nan where a row cannot be estimated.
        """
        columns = shown_columns(self, self.level if level is None else level, 0.0)
        shown = ["estimate", "std_error", "df", "lower", "upper"]
        if self.kind == "contrast":
            shown[3:3] = ["statistic", "p_value"]
        return Table({**row_names(self), **{name: columns[name] for name in shown}})

    def test(self, *, null=0.0):
        """Each row tested against a value.

        Parameters
        ----------
        null : float or (m,) array
            On the model's scale.

        Returns
        -------
        Table
            The labels, estimate, std_error, df, statistic, p_value.
        """
        columns = shown_columns(self, self.level, null)
        shown = ("estimate", "std_error", "df", "statistic", "p_value")
        return Table({**row_names(self), **{name: columns[name] for name in shown}})

    def joint(self, *, by=None):
        """An F test that all rows of a family are zero.

        Parameters
        ----------
        by : str or list of str, optional
            Label columns that make families; those of the means by default, ``()`` for one test.

        Returns
        -------
        Table
            The columns of `by`, num_df, den_df, statistic, p_value.
        """
        L, good = estimable_rows(self)
        method = df_method(self.fit, self.ddf)
        by = self._families(by)
        groups = combinations(row_names(self), by)
        tests = []
        for members in groups.values():
            own = [i for i in members if good[i]]
            tests.append(method.joint(L[own], L[own] @ self.fit.beta + self.offset[own]))
        labels = {name: [key[i] for key in groups] for i, name in enumerate(by)}
        return Table(
            {
                **labels,
                "num_df": np.array([test.num_df for test in tests]),
                "den_df": np.array([test.den_df for test in tests]),
                "statistic": np.array([test.statistic for test in tests]),
                "p_value": np.array([f_p_value(test) for test in tests]),
            }
        )

    def contrasts(
        self,
        method="pairwise",
        *,
        ref=None,
        by=None,
        adjust=None,
        level=None,
        scale=None,
        type=None,
    ):
        """Contrasts among the rows of each family.

        Parameters
        ----------
        method : str, dict or matrix
            "pairwise", "treatment", "consecutive", "polynomial", "helmert", "effects", names to
            weights, or a matrix with one contrast a row; see `contrast_weights`.
        ref : str or int, optional
            Reference of "treatment"; the first level by default.
        by : str or list of str, optional
            Label columns within whose levels to compare; those of the means by default.
        adjust : str, optional
            "tukey" (default of "pairwise"), "mvt" (of "treatment" and "consecutive"; for the
            former it is Dunnett's), "fdr" (of "effects"), "none" (of the others), "sidak",
            "bonferroni", "holm", "hochberg". P-values and intervals are adjusted within each
            family; those of "holm", "hochberg" and "fdr" have Bonferroni's intervals.
        level : float, optional
            Confidence level; that of the means by default.
        scale : {"link", "response"}, optional
            "response" gives ratios where the model's scale is a logarithm, odds ratios where it
            is a logit.
        type : {"link", "response"}, optional
            R's name of `scale`.

        Returns
        -------
        MarginalMeans
        """
        adjust = check_adjust(adjust, method)
        scale = one_scale(scale, type) or self.scale
        change = self.transformation
        ratio = scale == "response" and change is not None
        if change is not None and ratio and not change.ratio_name:
            raise OptionError(
                f"differences of {change.text} have no meaning on the response's scale\n"
                'use scale="link"'
                + ("" if change.is_transformation else ', or average="response" for differences')
            )
        by = self._families(by)
        within = [name for name in self.labels if name not in by]
        texts = all_of(self.labels, within, " ") if within else ["overall"] * self.missing.size
        if self.kind == "contrast":  # a difference of differences keeps its parentheses
            texts = [f"({t})" if " - " in t or " / " in t else t for t in texts]
        # of log(y + 1) the ratios are of y + 1; a ratio of these ratios adds nothing more
        term = change.term if ratio and self.kind == "mean" and change is not None else None
        # contrasts of contrasts, compared within each of them
        column = "contrast_2" if "contrast" in by else "contrast"
        labels = {column: [], **{name: [] for name in by}}
        C, k = [], 0
        for key, members in combinations(row_names(self), by).items():
            own = [texts[i] for i in members]
            shown = None if term is None else list(map(term, own))
            names, weights = contrast_weights(method, own, ref=ref, ratio=ratio, shown=shown)
            full = np.zeros((len(names), self.missing.size))
            full[:, members] = weights
            C.append(full)
            k = max(k, len(members))
            labels[column] += names
            for name, value in zip(by, key, strict=True):
                labels[name] += [value] * len(names)
        C = np.vstack(C)
        return replace(
            self,
            labels=labels,
            rows=C @ self.rows,
            offset=C @ self.offset,
            missing=((C != 0) & self.missing).any(axis=1),
            by=tuple(by),
            kind="contrast",
            adjust=adjust,
            n_means=k,
            level=self.level if level is None else level,
            scale=scale if ratio else "link",
        )

    def letters(self, *, alpha=0.05, adjust="tukey", by=None, reverse=False):
        """The means with compact letters: those that share one are not shown to differ.

        Parameters
        ----------
        alpha : float
            Two means differ if the adjusted p-value of their difference is at most this.
        adjust : str
            As in `contrasts`, within each family.
        by : str or list of str, optional
            Label columns within whose levels to compare; those of the means by default.
        reverse : bool
            Whether "a" begins at the largest mean in place of the smallest.

        Returns
        -------
        Table
            The labels, estimate, std_error, df, lower, upper, letters; nothing for a mean that
            cannot be estimated.

        References
        ----------
        Piepho (2004), doi:10.1198/1061860043515.
        """
        if self.kind != "mean":
            raise OptionError(f"letters are of means, and these are {self.kind}s")
        check_level(alpha, "alpha")
        names, by, table = row_names(self), self._families(by), self.table()
        pairs = self.contrasts("pairwise", by=by, adjust=adjust, scale="link")
        p_values = iter(pairs.table().columns["p_value"])
        estimate, texts = table.columns["estimate"], [""] * self.missing.size
        for members in combinations(names, by).values():
            m = len(members)
            differ = np.zeros((m, m), dtype=bool)
            known = np.isfinite(estimate[members])
            for i, j in zip(*np.triu_indices(m, 1), strict=True):
                differ[i, j] = differ[j, i] = next(p_values) <= alpha
            order = np.argsort(estimate[members], kind="stable")[:: -1 if reverse else 1]
            order = order[known[order]]
            for k, text in zip(
                order, letters_of(letter_groups(differ[np.ix_(order, order)])), strict=True
            ):
                texts[members[k]] = text
        return Table({**table.columns, "letters": texts})

    def _families(self, by):
        by = list(self.by) if by is None else as_names(by)
        for name in by:
            if name not in self.labels:
                raise OptionError(
                    f"by: '{name}' is not among {', '.join(self.labels) or 'no columns'}"
                )
        return by
