"""Tweedie densities and distribution functions by summing the series with 50 digits.

    python tweedie_sum.py ../family/tweedie.json

Needs mpmath. A total of Poisson(lambda) many gamma amounts, lambda = mu^(2-p)/(phi (2-p)), of shape
a = (2-p)/(p-1) and scale phi (p-1) mu^(p-1): the sum over the number of amounts, of terms down to
1e-45 of the largest. Derivatives are central differences of that sum at 1e-15.
"""

import json
import sys

import mpmath as mp

mp.mp.dps = 50


def density(y, eta, log_phi, logit):
    """log f(y) and F(y)."""
    r = 1 / (1 + mp.exp(-logit))
    p, mu, phi = 1 + r, mp.exp(eta), mp.exp(log_phi)
    rate, a, scale = mu ** (2 - p) / (phi * (2 - p)), (2 - p) / r, phi * r * mu**r
    if y == 0:
        return -rate, mp.exp(-rate)

    def term(j):
        poisson = -rate + j * mp.log(rate) - mp.loggamma(j + 1)
        gamma = (j * a - 1) * mp.log(y) - y / scale - j * a * mp.log(scale) - mp.loggamma(j * a)
        return poisson + gamma

    centre = max(1, int(y ** (2 - p) / (phi * (2 - p))))
    top = max(term(max(1, centre + d)) for d in (-1, 0, 1))
    total = mp.mpf(0)
    for step in (1, -1):
        j = centre if step == 1 else centre - 1
        while j >= 1:
            part = mp.exp(term(j) - top)
            total += part
            if part < mp.mpf(10) ** -45 and (step == -1 or j > centre):
                break
            j += step
    return top + mp.log(total), None


def below(y, eta, log_phi, logit):
    """P(Y <= y)."""
    r = 1 / (1 + mp.exp(-logit))
    mu, phi = mp.exp(eta), mp.exp(log_phi)
    rate, a, scale = mu ** (1 - r) / (phi * (1 - r)), (1 - r) / r, phi * r * mu**r
    total, j = mp.exp(-rate), 1
    if y == 0:
        return total
    while True:
        weight = mp.exp(-rate + j * mp.log(rate) - mp.loggamma(j + 1))
        total += weight * mp.gammainc(j * a, 0, y / scale, regularized=True)
        if j > rate and weight < mp.mpf(10) ** -25:
            return total
        j += 1


H = mp.mpf(10) ** -15
cases = []
for p in ("1.02", "1.2", "1.5", "1.7", "1.97"):
    for phi in ("0.001", "0.3", "1", "20"):
        for mu, y in (("0.05", "0"), ("1", "0.001"), ("1", "1.3"), ("40", "25"), ("3", "200")):
            at = [mp.log(mu), mp.log(phi), mp.log(mp.mpf(p) - 1) - mp.log(2 - mp.mpf(p))]
            # the numbers that a computer is given
            at = [mp.mpf(float(v)) for v in at]
            y_at = mp.mpf(float(y))
            slopes = []
            for k in range(3):
                ends = []
                for sign in (1, -1):
                    moved = list(at)
                    moved[k] += sign * H
                    ends.append(density(y_at, *moved)[0])
                slopes.append(float((ends[0] - ends[1]) / (2 * H)))
            few = mp.exp(at[0]) ** (2 - mp.mpf(p)) / (mp.mpf(phi) * (2 - mp.mpf(p))) < 300
            cases.append({
                "y": float(y), "predictors": [float(v) for v in at],
                "log_density": float(density(y_at, *at)[0]), "slopes": slopes,
                "cdf": float(below(y_at, *at)) if few else None,
            })  # fmt: skip

with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump({"versions": {"mpmath": mp.__version__}, "cases": cases}, file, indent=1)
    file.write("\n")
