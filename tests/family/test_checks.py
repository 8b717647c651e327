"""What cannot be a response is refused in words that name the row and the way out."""

import numpy as np
import pytest

from mixedeffects.errors import DataError, ModelError, NotAvailableError, OptionError
from mixedeffects.family import (
    Binomial,
    Hurdle,
    Link,
    Poisson,
    Response,
    TruncatedPoisson,
    ZeroInflated,
    family_of,
    link_of,
)
from tests import tolerances as tol

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("family", "y", "size", "words"),
    [
        ("binomial", [0, 1, 2], None, "row 2 has 2, but without trials a response is 0 or 1"),
        ("binomial", [0, 0.3, 1], None, "for proportions write successes / trials"),
        ("binomial", [0, 5, 1], [3, 4, 2], "row 1 has 5 of 4, but there are more successes than"),
        ("binomial", [0, 1.5, 1], [3, 4, 2], "needs whole numbers of successes"),
        ("binomial", [0, -1, 1], [3, 4, 2], "successes are not negative"),
        ("binomial", [0, 1, 1], [3, 4.5, 2], "trials must be whole numbers"),
        ("binomial", [0, NAN, 1], None, "row 1 has nan, but a response must be a finite number"),
        ("betabinomial", [0, 5, 1], [3, 4, 2], "more successes than trials"),
        ("poisson", [1, -2, -3], None, r"row 1 has -2 \(and 1 more rows\)"),
        ("poisson", [1, 2.5, 3], None, "for rates give the counts and exposure="),
        ("nbinom1", [1, INF, 3], None, "finite"),
        ("nbinom2", [1, 0.1, 3], None, "the nbinom2 family needs whole numbers"),
        ("truncated_poisson", [1, 0, 3], None, "zeros belong to a hurdle family"),
        ("hurdle_nbinom2", [1, -1, 3], None, "at least 0"),
        ("zero_inflated_poisson", [1, 0.5, 3], None, "whole numbers"),
        ("gamma", [1, 0, 3], None, "row 1 has 0, but the gamma family needs numbers above 0"),
        ("inverse_gaussian", [1, -1, 3], None, "above 0"),
        ("beta", [0.5, 1.0, 0.2], None, r"no density at exactly 0 or 1; .*zi="),
        ("beta", [0.5, 35.0, 0.2], None, "divide percentages by 100"),
        ("gaussian", [1, NAN], None, "row 1"),
        ("t", [1, INF], None, "row 1"),
        ("ordinal", [0, 1.5], None, "codes of ordered categories"),
        ("ordinal", [0, 2], None, "no row is in category 1"),
    ],
)
def test_data_errors(family, y, size, words):
    with pytest.raises(DataError, match=words) as error:
        family_of(family).check(Response(y, size), "calls")
    assert "calls" in str(error.value)


@pytest.mark.parametrize(
    ("family", "y", "size", "words"),
    [
        ("poisson", [0, 0, 0], None, "all counts are zero"),
        ("nbinom2", [0, 0, 0], None, "all counts are zero"),
        ("hurdle_poisson", [0, 0, 0], None, "all counts are zero"),
        ("binomial", [0, 0, 0], None, "there is no success in any row"),
        ("binomial", [1, 1, 1], None, "there is no failure in any row"),
        ("binomial", [3, 4], [3, 4], "there is no failure in any row"),
        ("binomial", [0, 0], [0, 0], "no row has any trials"),
        ("ordinal", [0, 0], None, "all rows are in one category"),
    ],
)
def test_nothing_to_estimate(family, y, size, words):
    with pytest.raises(ModelError, match=words):
        family_of(family).check(Response(y, size), "calls")


@pytest.mark.parametrize(
    ("family", "weights", "words"),
    [
        ("poisson", [1, -1, 1], "row 1 has -1"),
        ("poisson", [1, NAN, 1], "row 1 has nan"),
        ("gamma", [1, 1, 0], "finite and positive"),
        ("gaussian", [1, 1, 0], "finite and positive"),
    ],
)
def test_weights(family, weights, words):
    with pytest.raises(DataError, match=words):
        family_of(family).check(Response([1.0, 2.0, 3.0], weights=weights), "y")


def test_zero_frequency_weights_leave_a_row_out():
    response = Response([1.0, 2.0], weights=[1.0, 0.0])
    family_of("poisson").check(response, "y")
    d = family_of("poisson", "identity").derivatives(response, [np.array([1.0, -1.0])], 2)
    assert d[()][1] == 0.0 and d[0,][1] == 0.0


def test_options():
    with pytest.raises(OptionError, match="did you mean 'poisson'"):
        family_of("poison")
    with pytest.raises(OptionError, match="the poisson family has log, identity, sqrt"):
        family_of("poisson", "logit")
    with pytest.raises(OptionError, match="the poisson family has"):
        Poisson(link_of("logit"))
    with pytest.raises(OptionError, match="there are logit, probit"):
        link_of("logitt")
    with pytest.raises(OptionError, match="neither a name nor a Family"):
        family_of(3)
    with pytest.raises(OptionError, match="neither the name of a link nor a Link"):
        family_of("poisson", 3)
    with pytest.raises(OptionError, match="has its own"):
        family_of(Binomial("probit"), "logit")
    with pytest.raises(OptionError, match="needs a family of counts"):
        family_of(ZeroInflated)
    with pytest.raises(OptionError, match="must be a family of counts"):
        ZeroInflated(Binomial())
    with pytest.raises(OptionError, match="must be a family of counts"):
        Hurdle("poisson")


def test_registry():
    assert family_of("bernoulli") == Binomial()
    assert family_of("negative_binomial").name == "nbinom2"
    assert family_of("cumulative", "probit").link.name == "probit"
    assert family_of(Binomial("probit"), "probit") == Binomial("probit")
    assert family_of(Poisson) == Poisson()
    assert family_of("hurdle_poisson") == Hurdle(TruncatedPoisson())
    assert ZeroInflated(Poisson()) != ZeroInflated(Poisson("sqrt"))
    assert len({Poisson(), Poisson("log"), ZeroInflated(Poisson())}) == 2


def test_ordered_categories_have_no_mean():
    with pytest.raises(NotAvailableError, match="probabilities"):
        family_of("ordinal").mean(0.0, 1.0, -1.0)
    with pytest.raises(NotAvailableError, match="sample_categories"):
        family_of("ordinal").sample(None, (), None)


def test_a_users_own_link():
    class Half(Link):
        name, range = "half", (0.0, np.inf)

        def link(self, mu):
            return 2.0 * np.log(mu)

        def inverse(self, eta):
            return np.exp(eta / 2.0)

    d = Poisson(Half()).derivatives(Response([3.0]), [np.array([2.0])], 3)
    mu = np.exp(1.0)
    expected = {(0,): 1.5 - mu / 2, (0, 0): -mu / 4, (0, 0, 0): -mu / 8}
    for key, value in expected.items():
        assert d[key][0] == pytest.approx(value, rel=tol.ROUNDING_E12)
