"""A design as arrays and JSON, and back."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from mixedeffects.design import (
    AliasedColumn,
    Block,
    Design,
    Factor,
    MissingReport,
    ModelSpec,
    Predictors,
    RandomTerm,
    index_from_dict,
    index_to_dict,
)


def design_parts(design):
    """Arrays by name, and the rest as what JSON can hold.

    Parameters
    ----------
    design : Design or ExtraPart

    Returns
    -------
    arrays : dict of str to array
    header : dict
    """
    arrays = {"X": design.X}
    given = {"offset": design.offset}
    header = {}
    if isinstance(design, Design):
        arrays["y"] = design.y
        given |= {"weights": design.weights, "kept": design.missing.kept}
        header["missing"] = {
            "n_rows": design.missing.n_rows,
            "n_used": design.missing.n_used,
            "by_column": dict(design.missing.by_column),
        }
        header["notes"] = list(design.notes)
        header["index"], labels = index_to_dict(design.index)
        arrays |= labels
    arrays |= {name: value for name, value in given.items() if value is not None}
    predictors = None
    if design.predictors is not None:
        predictors, columns = design.predictors.to_dict()
        arrays.update(columns)
    blocks = []
    for i, block in enumerate(design.blocks):
        arrays[f"codes_{i}"] = block.factor.codes
        shared = block.Z is design.X
        if block.Z is not None and not shared:
            arrays[f"Z_{i}"] = block.Z
        blocks.append(
            {
                "factor": block.factor.name,
                "names": list(block.names),
                "shared": shared,
                "terms": [asdict(term) for term in block.terms],
            }
        )
    header |= {
        "spec": design.spec.to_dict(),
        "predictors": predictors,
        "blocks": blocks,
        "aliased": [asdict(a) for a in design.aliased],
    }
    return arrays, header


def read_design(arrays, header):
    """The `Design` that `design_parts` took apart."""
    common = read_part(arrays, header)
    return Design(
        y=arrays["y"],
        x_names=common["spec"].x_names,
        weights=arrays.get("weights"),
        missing=MissingReport(**header["missing"], kept=arrays.get("kept")),
        notes=tuple(header["notes"]),
        index=index_from_dict(header.get("index"), arrays),  # a file of an earlier version has none
        **common,
    )


def read_part(arrays, header):
    """What a `Design` and an `ExtraPart` have in common, by name."""
    spec = ModelSpec.from_dict(header["spec"])
    predictors = header.get("predictors")
    if predictors is not None:
        predictors = Predictors.from_dict(predictors, arrays)
    blocks = tuple(
        Block(
            Factor(b["factor"], arrays[f"codes_{i}"], spec.block_labels[i]),
            tuple(b["names"]),
            arrays["X"] if b.get("shared") else arrays.get(f"Z_{i}"),
            tuple(RandomTerm(t["text"], tuple(t["columns"]), t["covariance"]) for t in b["terms"]),
        )
        for i, b in enumerate(header["blocks"])
    )
    return {
        "X": arrays["X"],
        "blocks": blocks,
        "offset": arrays.get("offset"),
        "aliased": tuple(AliasedColumn(**a) for a in header["aliased"]),
        "spec": spec,
        "predictors": predictors,
    }


def check_design(design):
    """Refuse arrays that do not fit together: compiled code would read past their ends.

    Raises
    ------
    ValueError
    """
    check_columns(design, design.x_names, (design.y, design.weights))


def check_columns(part, names, more=()):
    """Refuse the columns of one linear predictor that do not fit together.

    Parameters
    ----------
    part : Design or ExtraPart
    names : sequence of str
    more : sequence of array or None
        Further arrays with a number for each row.

    Raises
    ------
    ValueError
    """
    n, p = part.X.shape
    numbers = [part.X, *(b.Z for b in part.blocks if b.Z is not None)]
    numbers += [a for a in (part.offset, *more) if a is not None]
    if p != len(names) or any(a.shape[0] != n for a in numbers):
        raise ValueError("arrays differ in length")
    if not all(a.dtype == np.float64 and np.isfinite(a).all() for a in numbers):
        raise ValueError("an array is not made of finite numbers")
    for block in part.blocks:
        codes = block.factor.codes
        if codes.shape != (n,) or codes.dtype != np.int32 or codes.min() < 0:
            raise ValueError(f"codes of '{block.factor.name}' are not valid")
        if codes.max() >= block.factor.n_levels or (
            block.k != (1 if block.Z is None else block.Z.shape[1])
        ):
            raise ValueError(f"levels of '{block.factor.name}' do not match")
