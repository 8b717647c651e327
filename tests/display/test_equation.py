"""The equation has the model's terms and the fit's numbers, and no name in it is a command."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import mixedeffects as me
from mixedeffects.display.equation.office import omml
from tests import tolerances as tol
from tests.display.word_models import MODELS, model

TEXTS = {
    "slopes": "Reaction_ij = β_0 + β_1 Days_ij + b_0j + b_1j Days_ij + ε_ij\n"
    "[b_0j; b_1j] ~ N([0; 0], [σ_b0², ρ_b01 σ_b0 σ_b1; ρ_b01 σ_b1 σ_b0, σ_b1²])\n"
    "ε_ij ~ N(0, σ²)",
    "factor": "score_ij = β_0 + β_1 1[style_ij = Some] + β_2 1[style_ij = Fully] + b_0j + ε_ij\n"
    "b_0j ~ N(0, σ_b0²)\nε_ij ~ N(0, σ²)",
    "independent": "Reaction_ij = β_0 + β_1 poly(Days, 2)[1]_ij + β_2 poly(Days, 2)[2]_ij\n"
    "+ b_0j + b_1j Days_ij\n+ ε_ij\nb_0j ~ N(0, σ_b0²)\nb_1j ~ N(0, σ_b1²)\nε_ij ~ N(0, σ²)",
    "nested": "y_i = β_0 + β_1 x_i + β_2 I(x^2)_i\n+ b_0,j[i]\n+ c_0,k[i]\n+ ε_i\n"
    "b_0,j ~ N(0, σ_b0²)\nc_0,k ~ N(0, σ_c0²)\nε_i ~ N(0, σ²)",
    "weights": "y_ij = β_0 + β_1 f[high]_ij + β_2 f[low]_ij + β_3 x_ij\n+ b_0j + b_1j x_ij\n"
    "+ ε_ij\n[b_0j; b_1j] ~ N([0; 0], [σ_b0², ρ_b01 σ_b0 σ_b1; ρ_b01 σ_b1 σ_b0, σ_b1²])\n"
    "ε_ij ~ N(0, σ²/w_ij)",
    "no intercept": "y_ij = β_1 1[f_ij = high] + β_2 1[f_ij = low] + β_3 1[f_ij = mid] + β_4 x_ij\n"
    "+ b_0j\n+ ε_ij\nb_0j ~ N(0, σ_b0²)\nε_ij ~ N(0, σ²)",
    "binomial": "incidence_ij ~ Binomial(size_ij, μ_ij)\nlogit(μ_ij) = β_0 + β_1 1[period_ij = 2]"
    " + β_2 1[period_ij = 3] + β_3 1[period_ij = 4] + b_0j\nb_0j ~ N(0, σ_b0²)",
    "rate": "count_ij ~ Poisson(μ_ij)\nlog(μ_ij) = β_0 + β_1 x_ij + b_0j + b_1j x_ij + "
    "log(hours)_ij\n[b_0j; b_1j] ~ N([0; 0], [σ_b0², ρ_b01 σ_b0 σ_b1; ρ_b01 σ_b1 σ_b0, σ_b1²])",
    "ordinal": "logit(P(rating_ij ≤ k)) = θ_k − η_ij\nη_ij = β_1 x_ij + β_2 1[f_ij = low] + "
    "β_3 1[f_ij = mid] + b_0j\nb_0j ~ N(0, σ_b0²)",
    "zeros": "SiblingNegotiation_ij ~ (1 − π_ij)·NegBinomial(μ_ij, μ_ij + μ_ij²/θ) + π_ij·{0}\n"
    "log(μ_ij) = β_0 + β_1 1[FoodTreatment_ij = Satiated] + β_2 1[SexParent_ij = Male]\n"
    "+ β_3 1[FoodTreatment_ij = Satiated] 1[SexParent_ij = Male]\n+ b_0j\n"
    "logit(π_ij) = γ_0 + γ_1 1[FoodTreatment_ij = Satiated]\nb_0j ~ N(0, σ_b0²)",
    "beta": "share_ij ~ Beta(μ_ij φ_ij, (1 − μ_ij)φ_ij)\nlogit(μ_ij) = β_0 + β_1 x_ij + b_0j\n"
    "log(φ_ij) = δ_0 + δ_1 1[f_ij = low] + δ_2 1[f_ij = mid]\nb_0j ~ N(0, σ_b0²)",
    "probit": "yes_ij ~ Bernoulli(μ_ij)\nΦ⁻¹(μ_ij) = β_0 + β_1 x_ij + b_0j\nb_0j ~ N(0, σ_b0²)",
}


def formulas(equation):
    """The lines of the text without the notes."""
    lines = equation.text.splitlines()[: len(equation.lines)]
    return "\n".join(line.strip() for line in lines)


@pytest.mark.parametrize("name", TEXTS)
def test_equation_is_the_model(name):
    assert formulas(model(name).equation()) == TEXTS[name]


@pytest.mark.parametrize("name", MODELS)
def test_estimates_are_those_of_the_tables(name):
    fit = model(name)
    numbers = re.findall(r"\d+\.\d+", fit.equation(estimates=True).text)
    table = pd.DataFrame(fit.test(component="all" if fit.extras else "conditional"))
    owner = table.get("component", pd.Series(["conditional"] * len(table)))
    parts = {"conditional", "thresholds", *(fit.design.others)}
    for value in table["estimate"][owner.isin(parts)]:
        assert any(abs(float(n) - abs(value)) <= tol.HALF_A_UNIT * 10.0 ** -len(n.split(".")[1])
                   for n in numbers), value  # fmt: skip
    for sd in np.concatenate(list(fit.varcorr.sd.values())):
        assert sd == 0 or any(np.isclose(float(n), sd, rtol=tol.PRINTED_E4) for n in numbers), sd


@pytest.mark.parametrize("estimates", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_every_way_of_writing_is_well_formed(name, estimates):
    equation = model(name).equation(estimates=estimates)
    ElementTree.fromstring(equation.html)
    for line in omml(equation.lines):
        ElementTree.fromstring(line)
    opened = equation.latex.replace(r"\{", "").replace(r"\}", "")
    assert opened.count("{") == opened.count("}")
    assert equation.latex.count(r"\left") == equation.latex.count(r"\right")
    assert not re.search(r"[%#$]", equation.latex)
    assert equation._repr_latex_().startswith("$$\n\\begin{aligned}")


def test_parts_are_labelled():
    latex = model("slopes").equation().latex
    for label in (r"fixed\ effects", r"group{:}\ Subject", "individual"):
        assert r"}_{\mathrm{" + label in latex
    html = model("crossed").equation().html
    assert all(f">{label}</mtext>" in html for label in ("group: g", "group: h", "individual"))
    assert "j[i] is the level of g that row i has" in html


def test_names_are_never_commands():
    odd = r"a_b^c\d{e}%f#g&h$i~j<k>'l"
    table = {
        "y": [1.0, 2, 4, 3, 5, 7, 6, 9], odd: [1.0, 2, 3, 5] * 2, "g h": list("aabbccdd"),
        "é": ["<a>", "<script>$"] * 4,
    }  # fmt: skip
    quoted = odd.replace("\\", "\\\\")
    fit = me.lmm(f"y ~ `{quoted}` + é + (1 | `g h`)", table)
    equation = fit.equation()
    latex = equation.latex
    bare = re.sub(r"\\[{}%#&$_\\]", "", latex)
    assert not re.search(r"[%#$]|_[^{]", bare.replace("\\\n", ""))
    assert bare.count("{") == bare.count("}")
    assert "<script>" not in equation.html and "&lt;script&gt;$" in equation.html
    ElementTree.fromstring(equation.html)
    texts = [e.text for e in ElementTree.fromstring(equation.html).iter() if e.text]
    assert any(odd in t for t in texts)


def test_many_coefficients_are_cut_and_broken_into_lines():
    rng = np.random.default_rng(0)
    f = np.array([f"L{k:02d}" for k in rng.integers(0, 40, 800)])
    g = rng.integers(0, 20, 800)
    fit = me.lmm("y ~ f + (1 | g)", {"y": rng.normal(size=800), "f": f, "g": g})
    text = fit.equation().text
    assert "…" in text and "β_39 1[f_ij = L39]" in text
    assert max(map(len, text.splitlines())) < 120


def test_random_effects_of_levels_are_indicators():
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(30), 8)
    f = np.tile(["a", "b"], 120)
    y = rng.normal(size=30)[g] + rng.normal(size=240)
    fit = me.lmm("y ~ f + (f | g)", {"y": y, "f": f, "g": g})
    assert "b_1j 1[f_ij = b]" in fit.equation().text


def test_options_are_checked():
    with pytest.raises(me.OptionError, match="estimates='yes'"):
        model("slopes").equation(estimates="yes")
