"""A second opinion on the golden models, by the program glmm (PyPI): tests/golden/lmm/glmm.json.

Usage, in an environment with glmm: PYTHONPATH=. python tests/golden/make/lmm_glmm.py
Models whose formula glmm cannot read are left out, with the reason.
"""

from __future__ import annotations

import json
import re
import warnings
from importlib.metadata import version

import glmm
import numpy as np
import pandas as pd

from tests.golden.lmm.frames import FOLDER, golden_frame, golden_models


def main() -> None:
    warnings.simplefilter("ignore")
    loglik: dict[str, float] = {}
    refused: dict[str, str] = {}
    for name, model in golden_models().items():
        frame = golden_frame(model)
        fixed = re.sub(r"\((?:[^()]|\([^()]*\))*\|[^()]*\)", "", model["formula"])
        ordered = [c for c in frame if getattr(frame[c].dtype, "ordered", False)]
        if model["reml"] and any(re.search(rf"\b{re.escape(c)}\b", fixed) for c in ordered):
            refused[name] = "it codes ordered factors otherwise, on which REML depends"
            continue
        for column in frame:
            if isinstance(frame[column].dtype, pd.CategoricalDtype):
                # It orders levels by name, and REML depends on the reference level.
                codes, levels = frame[column].cat.codes, frame[column].cat.categories
                names = {k: f"{k:05d} {level}" for k, level in enumerate(levels)}
                frame[column] = codes.map(names)
        left, right = model["formula"].split("~", 1)
        functions = {"log": np.log, "log1p": np.log1p, "I": lambda x: x}
        left = left.strip()
        frame["left_"] = frame[left] if left in frame else eval(left, functions, frame)
        options = {}
        if model["weights"] is not None:
            options["weights"] = frame[model["weights"]].to_numpy(float)
        try:
            fit = glmm.fit(frame, f"left_ ~ {right}", reml=model["reml"], **options)
            loglik[name] = float(fit.loglik)
        except Exception as error:
            refused[name] = f"{type(error).__name__}: {error}"[:120]
            continue
        gap = loglik[name] - model["loglik"]
        print(f"{name:34s} {loglik[name]:16.6f} {gap:+.2e}", "  <-----" if abs(gap) > 1e-4 else "")
    for name, why in refused.items():
        print("refused", name, why)
    record = {"program": {"glmm": version("glmm")}, "loglik": loglik}
    (FOLDER / "glmm.json").write_text(json.dumps(record, indent=0) + "\n")


if __name__ == "__main__":
    main()
