"""A design as arrays and JSON, and back."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from mixedeffects.design import (
    MAIN,
    AliasedColumn,
    Block,
    Design,
    Factor,
    LeftOut,
    LinearPredictor,
    MissingReport,
    ModelSpec,
    RandomTerm,
    SourceColumns,
    index_from_dict,
    index_to_dict,
)

# arrays of a design with a number for each row, where it has them
GIVEN = ("weights", "size", "exposure")


def design_parts(design):
    """Arrays by name, and the rest as what JSON can hold.

    Returns
    -------
    arrays : dict of str to array
        Those of another predictor than the mean's are called ``name/...``.
    header : dict
    """
    arrays, header = predictor_parts(design.mean)
    arrays["y"] = design.y
    given = {"kept": design.missing.kept} | {name: getattr(design, name) for name in GIVEN}
    arrays |= {name: value for name, value in given.items() if value is not None}
    header["missing"] = {
        "n_rows": design.missing.n_rows,
        "n_used": design.missing.n_used,
        "by_column": dict(design.missing.by_column),
    }
    header["notes"] = list(design.notes)
    header["index"], labels = index_to_dict(design.index)
    arrays |= labels
    header["parts"] = {}
    for name, one in design.others.items():
        own, header["parts"][name] = predictor_parts(one)
        arrays |= {f"{name}/{key}": value for key, value in own.items()}
    left = {name: value for name, value in arrays.items() if isinstance(value, LeftOut)}
    header["left_out"] = {name: list(value.shape) for name, value in left.items()}
    return {name: value for name, value in arrays.items() if name not in left}, header


def predictor_parts(predictor):
    """Arrays and header of one linear predictor."""
    arrays = {"X": predictor.X}
    if predictor.offset is not None:
        arrays["offset"] = predictor.offset
    sources = None
    if predictor.sources is not None:
        sources, columns = predictor.sources.to_dict()
        arrays |= columns
    blocks = []
    for i, block in enumerate(predictor.blocks):
        arrays[f"codes_{i}"] = block.factor.codes
        shared = block.Z is predictor.X
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
    header = {
        "spec": predictor.spec.to_dict(),
        "predictors": sources,
        "blocks": blocks,
        "aliased": [asdict(a) for a in predictor.aliased],
    }
    return arrays, header


def read_design(arrays, header):
    """The `Design` that `design_parts` took apart.

    Raises
    ------
    ValueError
        For arrays that do not fit together: compiled code would read past their ends.
    """
    left = header.get("left_out", {})
    arrays = arrays | {name: LeftOut(tuple(shape)) for name, shape in left.items()}
    if header.get("model") == "glmm" and "prior" in arrays:  # a file of an earlier version
        arrays["weights"] = arrays["prior"]
    design = Design(
        y=arrays["y"],
        mean=read_predictor(MAIN, arrays, header),
        missing=MissingReport(**header["missing"], kept=arrays.get("kept")),
        notes=tuple(header["notes"]),
        index=index_from_dict(header.get("index"), arrays),  # a file of an earlier version has none
        others={
            name: read_predictor(name, _of_predictor(name, arrays), own)
            for name, own in header.get("parts", {}).items()
        },
        **{name: arrays.get(name) for name in GIVEN},
    )
    for one in design.predictors.values():
        check_columns(one, (design.y, *(getattr(design, name) for name in GIVEN)))
    return design


def _of_predictor(name, arrays):
    """The arrays of another predictor, by their plain names."""
    start = f"{name}/"
    return {key[len(start) :]: value for key, value in arrays.items() if key.startswith(start)}


def read_predictor(name, arrays, header):
    """The `LinearPredictor` that `predictor_parts` took apart."""
    spec = ModelSpec.from_dict(header["spec"])
    sources = header.get("predictors")
    if sources is not None:
        sources = SourceColumns.from_dict(sources, arrays)
    blocks = tuple(
        Block(
            Factor(b["factor"], arrays[f"codes_{i}"], spec.block_labels[i]),
            tuple(b["names"]),
            arrays["X"] if b.get("shared") else arrays.get(f"Z_{i}"),
            tuple(RandomTerm(t["text"], tuple(t["columns"]), t["covariance"]) for t in b["terms"]),
        )
        for i, b in enumerate(header["blocks"])
    )
    return LinearPredictor(
        name=name,
        X=arrays["X"],
        blocks=blocks,
        offset=arrays.get("offset"),
        aliased=tuple(AliasedColumn(**a) for a in header["aliased"]),
        spec=spec,
        sources=sources,
    )


def check_columns(part, more):
    """Refuse the columns of one linear predictor, and arrays of the rows, that differ."""
    if isinstance(part.X, LeftOut):
        return
    n, p = part.X.shape
    numbers = [part.X, *(b.Z for b in part.blocks if b.Z is not None)]
    numbers += [a for a in (part.offset, *more) if a is not None]
    if p != len(part.x_names) or any(a.shape[0] != n for a in numbers):
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
