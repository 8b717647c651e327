"""Refits of a linear model: responses are drawn, and fits made, from sums over the rows."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from mixedeffects.crossprod import CrossProducts
from mixedeffects.estimation.gls import GLS
from mixedeffects.estimation.refits.base import Draws, Job, Refits
from mixedeffects.estimation.refits.batches import streams
from mixedeffects.estimation.refits.deleted import Deletions
from mixedeffects.estimation.refits.general import General
from mixedeffects.estimation.refits.independent import WithoutEach
from mixedeffects.estimation.refits.nested import NestedClusters
from mixedeffects.estimation.refits.one_factor import OneFactor
from mixedeffects.estimation.refits.shared import Shared
from mixedeffects.estimation.refits.simulate import (
    GaussianSimulator,
    MomentSimulator,
    OneFactorSimulator,
    RowSimulator,
    drawn_rows,
    fixed_predictors,
)
from mixedeffects.estimation.refits.sums import RowCounts, RowSums
from mixedeffects.family import Gaussian, Response

# numbers in the responses that are summed at a time
MOST_ROWS = 4e6
# floating-point operations of one evaluation below which threads only wait for each other
WORTH_A_THREAD = 3e7


class LinearRefits(Refits):
    """Refits of a linear model at beta, sigma, and the theta of an evaluation of its objective."""

    def __init__(self, design, plan, evaluation, beta, sigma):
        self.design, self.coefficients, self.sigma = design, beta, sigma
        self._evaluation, self._plan = evaluation, plan
        self._objective = evaluation.objective
        self._stats, parameters = self._objective.stats, self._objective.parameters
        self.theta = parameters.to_user(evaluation.theta)
        self.family, self.response = Gaussian(), Response(design.y, None, design.weights)
        self.compiled = OneFactor.serves(self._stats, parameters.terms)

    @cached_property
    def axes(self):
        return GLS(self._evaluation).T_hat

    @cached_property
    def _general(self):
        return General(self._objective, self._evaluation, self._plan)

    @cached_property
    def _fitter(self) -> Any:
        if self.compiled:
            return OneFactor(self._objective, self._evaluation)
        if Shared.serves(self._stats, self._evaluation, self._plan):
            return Shared(self._general, self._evaluation, self._plan, self.design)
        return self._general

    @cached_property
    def _row_sums(self):
        return RowSums(self.design, self._stats)

    @cached_property
    def _deletions(self):
        return Deletions(self.design, self._plan, self._evaluation)

    @cached_property
    def _simulator(self):
        if not self.compiled:
            if GaussianSimulator.serves(self._stats):
                return GaussianSimulator(self._stats)
            return RowSimulator(self.design, self._stats, self._row_sums)
        if MomentSimulator.serves(self._stats, self._fitter.A):
            return MomentSimulator(self._stats, self._fitter.cls, self._fitter.A)
        return OneFactorSimulator(self._stats)

    @property
    def _threads(self):
        return None if self.compiled or self._plan.flops > WORTH_A_THREAD else 1

    @property
    def fixed(self):
        return fixed_predictors(self.design, self.coefficients, self.sigma)

    @property
    def factors(self):
        return [self.sigma * Lam for Lam in self._objective.parameters.lambdas(self.theta)]

    def draw(self, n, rng):
        return Draws(drawn_rows(self.design, self.fixed, self.factors, n, rng))

    def without(self, rows, *, hold=False):
        return self._deletions.without(rows, hold=hold)

    def without_each(self, codes, n_sets, *, hold=False, watch=None):
        from mixedeffects.estimation.refits.crossed import CrossedWithoutEach

        sizes = np.bincount(codes, minlength=n_sets)
        if CrossedWithoutEach.serves_sets(self._stats, self._evaluation, self._plan, sizes):
            crossed = CrossedWithoutEach(self.design, self._evaluation, self._deletions)
            return crossed(codes, n_sets, hold)
        if hold or not WithoutEach.serves(self._stats, self._evaluation, n_sets):
            return super().without_each(codes, n_sets, hold=hold, watch=watch)
        return WithoutEach(self.design, self._evaluation, self._deletions)(codes, n_sets)

    def _drawing(self, stream, out):
        draw = self._simulator.at(self._evaluation.lambdas)
        stream, fitter = streams(stream(0)), self._fitter
        fitter.prepare(out.n)
        size = fitter.batch()
        if isinstance(self._simulator, RowSimulator):
            size = self._fewer(size)

        def work(batch, rows):
            sums = draw(stream(batch), rows.stop - rows.start, self.sigma)
            fitter.fit(replace(sums, base=sums.base + self.coefficients), out, rows)

        return Job(work, size, self._threads)

    def _fitting(self, part, starts, out):
        offset, fitter, sums = self.design.offset, self._fitter, self._row_sums
        fitter.prepare(out.n)

        def work(batch, rows):
            y = part(rows)
            fitter.fit(sums(y if offset is None else y - offset[:, None]), out, rows)

        return Job(work, self._fewer(fitter.batch()), self._threads)

    def _fewer(self, size):
        """A batch's replicates where whole responses are held."""
        return int(max(1, min(size, MOST_ROWS / self.design.n)))

    def _fit_design(self, design, out, row):
        self._general.fit_design(design, out, row)

    def _designing(self, make, out):
        return replace(super()._designing(make, out), threads=self._threads)

    def _counting(self, times, out):
        general, weights = self._general, self.design.weights
        layout, reference = self._stats.layout, self._stats.reference

        def work(batch, rows):
            for i in range(rows.start, rows.stop):
                count = np.asarray(times(i), dtype=float)
                noise = RowCounts(count, weights)
                stats = CrossProducts.of(self.design, layout, reference, noise)
                stats = replace(stats, n=int(count.sum()))
                general.fit_products((stats, self._plan), out, i)

        return Job(work, 1, self._threads)

    def _taking(self, times, codes, out):
        if self.compiled and np.array_equal(codes, self.design.blocks[0].factor.codes):
            levels: OneFactor = self._fitter
            levels.prepare_levels(self.design)

            def weigh(batch, rows):
                levels.fit_weighted(np.asarray(times(rows), dtype=float), out, rows)

            return Job(weigh, levels.batch_weighted(), self._threads)
        nested = NestedClusters.of(self.design, self._stats, codes)
        if nested is None:
            return super()._taking(times, codes, out)
        general = self._general

        def work(batch, rows):
            for i, row in enumerate(np.asarray(times(rows)).astype(np.int64), rows.start):
                if row.any():
                    general.fit_products(nested.draw(row), out, i)

        return Job(work, general.batch(), self._threads)
