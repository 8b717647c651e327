"""Linear functions of the fixed effects with names: means, slopes, and contrasts of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mixedeffects.errors import OptionError
from mixedeffects.inference.df import df_method, linear_estimates
from mixedeffects.inference.df.estimates import f_p_value
from mixedeffects.inference.estimable import aliasing
from mixedeffects.inference.identification import known_covariance
from mixedeffects.inference.means.adjust import STEPWISE, adjusted, check_adjust
from mixedeffects.inference.means.families import contrast_weights
from mixedeffects.inference.means.grid import all_of, combinations
from mixedeffects.inference.normal import check_level
from mixedeffects.inference.separated import LRT, limits_of, said_of
from mixedeffects.inference.table import Table

if TYPE_CHECKING:
    from mixedeffects.inference.means.inverse_link import InverseLink
    from mixedeffects.inference.means.transformation import Transformation

SCALES = ("link", "response")


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
        Means in each family, for Tukey's adjustment.
    averaged : tuple of str
        Columns averaged over.
    facts : tuple of str
        What was averaged over and held fixed, in words.
    exact : bool
        Whether rows are linear functions of the coefficients, not ones to first order, which are
        finite where the coefficients are not.
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

    @property
    def label(self):
        """The method for degrees of freedom, as tables name it."""
        return df_method(self.fit, self.ddf).label

    @property
    def L(self):
        """(m, p) coefficients of each row on beta; nan for rows that cannot be estimated."""
        L, good = self._reduced()
        return np.where(good[:, None], L, np.nan)

    @property
    def vcov(self):
        """(m, m) covariance of the rows, on the model's scale; nan for those that have none."""
        L = self.L
        out = known_covariance(self.fit, L, L @ df_method(self.fit, self.ddf).vcov @ L.T)
        if self.fit.recession is not None:
            lost = np.flatnonzero(self._limits() != 0)
            out[lost], out[:, lost] = np.nan, np.nan
        return out

    @property
    def not_estimable(self):
        """Positions of the rows that cannot be estimated."""
        return np.flatnonzero(~self._reduced()[1]).tolist()

    @property
    def notes(self):
        """What the numbers rest on, in words."""
        return (
            *self.facts, *self._scale_notes(), *self._beyond_notes(), *self._adjust_notes(),
            *self.lost_notes, *self._separated_notes(),
        )  # fmt: skip

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
        columns = self._columns(self.level if level is None else level, 0.0)
        shown = ["estimate", "std_error", "df", "lower", "upper"]
        if self.kind == "contrast":
            shown[3:3] = ["statistic", "p_value"]
        return Table({**self._names(), **{name: columns[name] for name in shown}})

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
        columns = self._columns(self.level, null)
        shown = ("estimate", "std_error", "df", "statistic", "p_value")
        return Table({**self._names(), **{name: columns[name] for name in shown}})

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
        L, good = self._reduced()
        method = df_method(self.fit, self.ddf)
        by = self._families(by)
        groups = combinations(self._names(), by)
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
        for key, members in combinations(self._names(), by).items():
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

    def _families(self, by):
        by = list(self.by) if by is None else as_names(by)
        for name in by:
            if name not in self.labels:
                raise OptionError(
                    f"by: '{name}' is not among {', '.join(self.labels) or 'no columns'}"
                )
        return by

    def _names(self):
        return self.labels or {"term": ["overall"] * self.missing.size}

    def _reduced(self):
        L, estimable = aliasing(self.fit).reduce(self.rows)
        return L, estimable & ~self.missing

    def _columns(self, level, null):
        check_level(level)
        L, good = self._reduced()
        m = good.size
        try:
            null = np.broadcast_to(np.asarray(null, dtype=float), (m,))
        except (TypeError, ValueError):
            raise OptionError(f"null={null!r} must be {m} numbers, or one") from None
        if not np.isfinite(null).all():
            raise OptionError("null= must be finite numbers")
        options: dict[str, Any] = {"null": null[good], "offset": self.offset[good]}
        found = linear_estimates(self.fit, L[good], ddf=self.ddf, level=level, **options)
        columns = {name: np.full(m, np.nan) for name in found}
        for name, values in found.items():
            columns[name][good] = values
        if not self.exact and self.fit.recession is not None:
            at = np.isinf(columns["estimate"])
            columns["estimate"][at] = (L @ self.fit.beta + self.offset)[at]
        p, half, _ = self._adjusted(columns["statistic"], columns["df"], level)
        columns["p_value"] = p
        half = half * columns["std_error"]
        columns["lower"], columns["upper"] = columns["estimate"] - half, columns["estimate"] + half
        return self._transformed(columns)

    def _adjusted(self, t, df, level):
        if self.adjust == "none":
            return *adjusted("none", t, df, level)[:2], 0.0
        correlation = _correlation(self.vcov) if self.adjust == "mvt" else None
        p, critical, worst = np.full(t.size, np.nan), np.full(t.size, np.nan), 0.0
        for members in combinations(self._names(), self.by).values():
            own = np.array(members)
            p[own], critical[own], error = adjusted(
                self.adjust, t[own], df[own], level, n_means=self.n_means,
                correlation=None if correlation is None else correlation[np.ix_(own, own)],
            )  # fmt: skip
            worst = max(worst, error)
        return p, critical, worst

    def _transformed(self, columns):
        if self.scale == "link" or self.transformation is None or self.kind == "slope":
            return columns
        eta = columns["estimate"]
        if self.kind == "contrast":
            back = slope = self.transformation.ratio
            scale = np.log(self.transformation.ratio(1.0))
            columns["std_error"] = scale * slope(eta) * columns["std_error"]
        else:
            back = self.transformation.inverse
            columns["std_error"] = (
                np.abs(self.transformation.derivative(eta)) * columns["std_error"]
            )
        columns["estimate"] = back(eta)
        ends = np.sort([back(columns["lower"]), back(columns["upper"])], axis=0)
        columns["lower"], columns["upper"] = ends
        change = self._with_ends()
        if change is not None:
            beyond = change.beyond(columns["estimate"])
            for name in ("lower", "upper"):
                columns[name] = np.clip(columns[name], *change.ends)
            for name in ("estimate", "std_error", "lower", "upper"):
                columns[name] = np.where(beyond, np.nan, columns[name])
        return columns

    def _with_ends(self):
        """The inverse link of the means, where it can leave what the family has."""
        from mixedeffects.inference.means.inverse_link import InverseLink

        change = self.transformation
        if self.scale == "link" or self.kind in ("contrast", "slope"):
            return None
        if not isinstance(change, InverseLink) or not np.isfinite(change.ends).any():
            return None
        return change

    def _beyond_notes(self):
        change = self._with_ends()
        if change is None:
            return ()
        L, good = self._reduced()
        if not change.beyond(change.inverse((L @ self.fit.beta + self.offset)[good])).any():
            return ()
        ends = " or ".join(f"{end:g}" for end in change.ends if np.isfinite(end))
        return (
            f"nan: the link '{change.link.name}' gives {change.response} a value beyond {ends} "
            'there; scale="link" has the linear predictor',
        )

    def _scale_notes(self):
        change = self.transformation
        if change is None or self.kind == "slope":
            return ()
        if self.kind == "contrast":
            if self.scale == "response":
                return (f"{change.ratio_names}; tests are on the scale of {change.text}",)
            return (f"differences of {change.text}",)
        if self.scale == "link":
            return (f'on the scale of {change.text}; scale="response" gives {change.response}',)
        return (f"{change.response}, back from {change.text}; tests are on that scale",)

    def _adjust_notes(self):
        if self.kind != "contrast" or self.adjust == "none":
            return ()
        if self.adjust == "tukey":
            if self.n_means == 2:
                return ()
            return (f"p-values and intervals: Tukey's, for all pairs of {self.n_means} means",)
        if self.adjust == "mvt":
            columns = self._columns(self.level, 0.0)
            L, good = self._reduced()
            estimate, se = (L @ self.fit.beta + self.offset), np.sqrt(np.diag(self.vcov))
            with np.errstate(invalid="ignore", divide="ignore"):
                t = np.where(good, estimate / se, np.nan)
            error = self._adjusted(t, columns["df"], self.level)[2]
            return (
                "p-values and intervals: multivariate t, integrated with a standard error of "
                f"{error:.0e} at most",
            )
        if self.adjust in STEPWISE:
            return (f"p-values: {self.adjust}; intervals: bonferroni",)
        return (f"p-values and intervals: {self.adjust}",)

    def _separated_notes(self):
        """Rows without a finite estimate, and what can be asked for instead."""
        limits, names = self._limits(), self._names()
        if not limits.size or not (limits != 0).any():
            return ()
        texts = all_of(names, list(names), " ")
        if self.exact:
            scale = " on the scale of the link" if self.scale == "response" else ""
            said = f"{said_of(texts, limits)}{scale}"
        else:
            lost = [t for t, limit in zip(texts, limits, strict=True) if limit != 0]
            said = f"at the end of their range (separation): {', '.join(lost[:5])}"
        return (f"{said}; without a standard error, a Wald test or an interval there; {LRT}",)

    def _limits(self):
        """(m,) what becomes of each row on the model's scale; see `limits_of`."""
        L, good = self._reduced()
        limits = np.zeros(good.size)
        limits[good] = limits_of(self.fit, L[good])
        return limits

    @property
    def lost_notes(self):
        """Which rows cannot be estimated and why, in words."""
        lost = self.not_estimable
        if not lost:
            return ()
        names = self._names()
        texts = all_of(names, list(names), " ")
        shown = ", ".join(texts[i] for i in lost[:5]) + (", …" if len(lost) > 5 else "")
        why = "no rows are behind it" if self.missing[lost].all() else "the fit dropped columns"
        dropped = aliasing(self.fit).names
        listed = f" ({', '.join(dropped[:3])}{', …' if len(dropped) > 3 else ''})"
        said = f"cannot be estimated: {shown}; {why}{listed if dropped else ''}"
        if self.averaged and not self.missing[lost].all():
            said += '; weights="cells" averages over combinations that have rows'
        return (said,)


def one_scale(scale, type):
    """The scale asked for by either name, or None. Raises OptionError."""
    for name, value in (("scale", scale), ("type", type)):
        if value is not None and value not in SCALES:
            raise OptionError(f"{name}={value!r} is not one of {', '.join(SCALES)}")
    if None not in (scale, type) and scale != type:
        raise OptionError(f"scale={scale!r} and type={type!r} are two names of one option")
    return type if scale is None else scale


def as_names(names):
    """A column name or several, as a list.

    Examples
    --------
    >>> as_names("a"), as_names(None), as_names(("a", "b"))
    (['a'], [], ['a', 'b'])
    """
    if names is None:
        return []
    if isinstance(names, str):
        return [names]
    if not isinstance(names, Iterable):
        raise OptionError(f"{names!r} is not a column name or a list of them")
    return list(names)


def _correlation(V):
    with np.errstate(invalid="ignore", divide="ignore"):
        sd = np.sqrt(np.diag(V))
        return V / np.outer(sd, sd)
