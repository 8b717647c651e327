"""Gather what glmm.R wrote, one file per model, into tests/golden/glmm/*.json.

Usage: python glmm_collect.py OUTDIR
Every model names the program to which estimates are held: the one that maximises the same
approximation as we do (not lme4's expected information for other links than the canonical
one), reached its optimum and knows standard errors; the others are kept beside it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "glmm"
ZEROS = ("hurdle_", "truncated_")
CONTINUOUS = ("gaussian", "gamma", "inverse_gaussian", "t", "beta")
# Exact derivatives first.
PREFERRED = ("TMB", "glmmTMB", "lme4", "clmm")
# An SD below this share of the response's scale is at the boundary, where log SD has no optimum.
ZERO_SD = 1e-3


def file_of(record: dict[str, Any]) -> str:
    family = record["family"]
    if family.startswith(ZEROS) or record["zi"]:
        return "zeros"
    if family in ("binomial", "betabinomial"):
        return "binomial"
    return family if family == "ordinal" else "continuous" if family in CONTINUOUS else "counts"


def singular(program: dict[str, Any]) -> bool:
    return any(
        sd < ZERO_SD or any(abs(r) > 0.9995 for r in block["corr"])
        for block in program["blocks"]
        for sd in block["sd"]
    )


def reference_of(record: dict[str, Any]) -> str:
    programs = {
        name: program
        for name, program in record["programs"].items()
        if not program.get("expected_information")
    }
    best = max(program["loglik"] for program in programs.values())
    boundary = any(singular(program) for program in programs.values())
    # On the boundary the log SDs of glmmTMB run away and its Hessian with them.
    order = sorted(PREFERRED, key=lambda name: name == "glmmTMB") if boundary else PREFERRED
    return next(
        name
        for name in order
        if name in programs and programs[name]["loglik"] > best - (1e-3 if name == "lme4" else 1e-4)
    )


def as_lists(record: dict[str, Any]) -> None:
    """R writes a vector of length zero or one in several ways."""
    for program in record["programs"].values():
        for block in program["blocks"]:
            for key in ("names", "sd", "corr"):
                block[key] = block[key] if isinstance(block[key], list) else [block[key]]


def main(folder: str) -> None:
    files: dict[str, dict[str, Any]] = {}
    for path in sorted(Path(folder).glob("*.json")):
        found = json.loads(path.read_text())
        record = found["record"]
        if not record["programs"]:
            raise SystemExit(f"{found['id']}: no program could fit it")
        for key in ("codes", "derive"):
            record[key] = record[key] or {}
        as_lists(record)
        record["reference"] = reference_of(record)
        record["singular"] = singular(record["programs"][record["reference"]])
        file = files.setdefault(file_of(record), {"programs": {}, "data": {}, "models": {}})
        file["programs"] = found["versions"]
        file["data"][found["data"]["name"]] = found["data"]
        file["models"][found["id"]] = record
    for name, file in files.items():
        lines = [f'"{key}": {json.dumps(record)}' for key, record in file["models"].items()]
        parts = [f'"{key}": {json.dumps(file[key])}' for key in ("programs", "data")]
        models = ",\n".join(lines)
        text = ",\n".join([*parts, f'"models": {{\n{models}\n}}'])
        (GOLDEN / f"{name}.json").write_text(f"{{{text}}}\n")
        print(name, len(file["models"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
