"""Links and what they say of means near their ends."""

import numpy as np
import pytest

from mixedeffects.family import LINKS
from mixedeffects.family.smooth import derivatives_of
from tests import tolerances as tol

UNIT = ("logit", "probit", "cloglog", "loglog", "cauchit")


@pytest.mark.parametrize("name", LINKS)
def test_link_and_inverse(name):
    link = LINKS[name]
    mu = np.linspace(0.02, 0.97, 20)
    np.testing.assert_allclose(link.inverse(link.link(mu)), mu, rtol=tol.ROUNDING_E12)
    eta = link.link(mu)
    np.testing.assert_allclose(
        link.log_inverse(eta), np.log(mu), rtol=tol.ROUNDING_E10, atol=tol.ROUNDING_E13
    )
    np.testing.assert_allclose(
        link.log_complement(eta), np.log1p(-mu), rtol=tol.ROUNDING_E10, atol=tol.ROUNDING_E13
    )
    assert str(link) == name and link == type(link)() and hash(link) == hash(type(link)())


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("what", ["inverse", "log_inverse", "log_complement"])
def test_derivatives(name, what):
    link = LINKS[name]
    eta = link.link(np.linspace(0.1, 0.9, 9))
    found = derivatives_of(getattr(link, what), eta, 3)
    step = 1e-4
    for k in range(3):
        up = derivatives_of(getattr(link, what), eta + step, 3)[k]
        down = derivatives_of(getattr(link, what), eta - step, 3)[k]
        size = 1.0 + np.abs(found[k + 1]).max()
        np.testing.assert_allclose(
            found[k + 1], (up - down) / (2 * step), atol=tol.TRUNCATION_E5 * size
        )


@pytest.mark.parametrize("name", UNIT)
def test_symmetry(name):
    link, eta = LINKS[name], np.linspace(-3, 3, 13)
    same = np.allclose(link.inverse(-eta), 1.0 - link.inverse(eta), rtol=tol.ROUNDING_E12)
    assert same == link.symmetric


@pytest.mark.parametrize("name", UNIT)
def test_both_logarithms(name):
    link, eta = LINKS[name], np.array([-30.0, -2.0, 0.0, 0.3, 5.0])
    mu, nu = link.both_logs(eta, 3)
    np.testing.assert_allclose(mu, derivatives_of(link.log_inverse, eta, 3), rtol=tol.ROUNDING_E13)
    np.testing.assert_allclose(
        nu, derivatives_of(link.log_complement, eta, 3), rtol=tol.ROUNDING_E13
    )


def test_complementary_links_mirror_each_other():
    eta = np.linspace(-4, 4, 17)
    a, b = LINKS["cloglog"], LINKS["loglog"]
    np.testing.assert_allclose(a.inverse(eta), 1.0 - b.inverse(-eta), atol=tol.ROUNDING_E15)
    np.testing.assert_allclose(a.log_inverse(eta), b.log_complement(-eta), rtol=tol.ROUNDING_E13)


def test_a_hot_family_needs_no_scipy_special():
    import subprocess
    import sys

    code = (
        "import sys, numpy as np\n"
        "from mixedeffects.family import Binomial, Poisson, Response\n"
        "Binomial().derivatives(Response([0., 1.]), [np.zeros(2)], 3)\n"
        "assert 'scipy.special' not in sys.modules and 'scipy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
