"""Write the tables of golden generalised models to CSV, with their formulas and factor levels.

Usage, from the repository root: python -m tests.golden.make.export_glmm_frames OUTDIR id ...
R then reads exactly what Python sees: OUTDIR/<id>.csv and OUTDIR/models.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

from tests.golden.glmm.frames import golden_frame, golden_models

KEYS = ("formula", "family", "link", "nagq", "weights", "exposure", "zi", "dispersion")


def main(out: str, *names: str) -> None:
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    models = {}
    for name in names:
        model = golden_models()[name]
        frame = golden_frame(model)
        factors = {
            column: {
                "levels": frame[column].cat.categories.tolist(),
                "ordered": bool(frame[column].cat.ordered),
            }
            for column in frame.columns
            if isinstance(frame[column].dtype, pd.CategoricalDtype)
        }
        frame.to_csv(folder / f"{name}.csv", index=False, na_rep="NA")
        models[name] = {key: model[key] for key in KEYS} | {"factors": factors}
    (folder / "models.json").write_text(json.dumps(models))


if __name__ == "__main__":
    main(*sys.argv[1:])
