"""Saving a fit to one file and loading it again, without pickle.

The file is a NumPy ``.npz`` archive: arrays as arrays, everything else as JSON text. Loading
evaluates the model once at the saved theta; nothing is optimised and no code is run.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from os import PathLike
from pathlib import Path
from zipfile import is_zipfile

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
from mixedeffects.engine import make_plan, require_memory, threads_for
from mixedeffects.errors import DataError, MixedEffectsError, OptionError
from mixedeffects.estimation import (
    Certificate,
    Direction,
    FlatDirection,
    Recession,
    Step,
)
from mixedeffects.fitting import Request
from mixedeffects.fitting.linear import objective_of

FORMAT = 1


def save(fit, path):
    """Write a fit, with the rows it was fitted to, to one file.

    Parameters
    ----------
    fit : LMM or GLMM
        A generalised model's family must be one that is known by name.
    path : str or path
        Any name; by custom it ends in ``.npz``.

    Raises
    ------
    OptionError
        A folder, or a folder that does not exist.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import mixedeffects as me
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "sleep.npz"
    ...     fit.save(path)
    ...     me.load(path).loglik == fit.loglik
    True
    """
    arrays, header = design_parts(fit.design)
    arrays["theta"] = fit.evaluation.theta
    header |= {
        "format": FORMAT,
        "reml": fit.reml,
        "certificate": certificate_parts(fit.certificate),
    }
    if not fit.linear:
        from mixedeffects.model.storage_glmm import add_parts

        add_parts(fit, arrays, header)
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    _require_folder(path)
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)


def _require_folder(path):
    """Refuse a path that no file can have."""
    path = Path(path)
    if path.is_dir():
        raise OptionError(f"{str(path)!r} is a folder; give the name of a file in it")
    if not path.parent.is_dir():
        raise OptionError(f"no folder {str(path.parent)!r} for {path.name!r}; make it first")


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


def certificate_parts(certificate):
    """A certificate as what JSON can hold."""
    out = {
        f.name: getattr(certificate, f.name)
        for f in fields(certificate)
        if f.name not in ("singular", "path", "flat", "recession")
    }
    if certificate.recession is not None:
        out["recession"] = certificate.recession.to_dict()
    out["singular"] = [
        {"term": d.term, "weights": d.weights.tolist(), "slope": d.slope}
        for d in certificate.singular
    ]
    out["flat"] = [
        {"blocks": [b.tolist() for b in d.blocks], "residual": d.residual} for d in certificate.flat
    ]
    out["path"] = [
        step._replace(theta=step.theta.tolist(), beta=step.beta.tolist())._asdict()
        for step in certificate.path
    ]
    return out


def load(path):
    """Read a fit that `save` wrote.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    LMM or GLMM

    Raises
    ------
    DataError
        When the file is not one that `save` wrote.
    """
    from mixedeffects.model.lmm import LMM

    if isinstance(path, str | PathLike) and Path(path).is_file() and not is_zipfile(path):
        raise DataError(
            f"{path} is not a fit saved by this package, or it is damaged\n"
            "give a file that fit.save(...) wrote; a table of data is read with pandas or polars"
        )
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
        header = json.loads(arrays.pop("header").tobytes())
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']}, this version reads {FORMAT}")
        design = read_design(arrays, header)
        certificate = _certificate(header["certificate"])
        check_design(design)
        more = None
        if header.get("model") == "glmm":
            from mixedeffects.model import storage_glmm

            more = storage_glmm.read_parts(design, arrays, header)
        theta = np.asarray(arrays["theta"], dtype=float)
    except (FileNotFoundError, MixedEffectsError):
        raise
    except Exception as problem:
        raise DataError(
            f"{path} is not a fit saved by this package, or it is damaged\n"
            f"({type(problem).__name__}: {problem})"
        ) from problem
    if more is not None:
        return storage_glmm.restored(path, *more, certificate)
    plan = make_plan(design)
    require_memory(plan)
    request = Request(reml=bool(header["reml"]), optimizer=certificate.optimizer)
    with threads_for(plan.columns):
        objective = objective_of(design, plan, request.reml)
        n_theta = objective.parameters.n_theta
        if theta.shape != (n_theta,) or not np.isfinite(theta).all():
            raise DataError(f"{path} is damaged: theta does not belong to its formula")
        return LMM.of(design, plan, objective.evaluate(theta), certificate, request)


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


def _certificate(saved):
    saved = dict(saved)
    for name in ("advice", "infinite", "limits"):  # JSON has lists; an earlier version no limits
        saved[name] = tuple(saved.get(name, ()))
    named = [name for name in saved["infinite"] if not name.startswith(("dispersion:", "df:"))]
    saved.setdefault("separation", bool(named))
    saved["singular"] = tuple(
        Direction(d["term"], np.array(d["weights"]), d["slope"]) for d in saved["singular"]
    )
    saved["path"] = tuple(  # a file of an earlier version has none
        Step(**s | {"theta": np.array(s["theta"], float), "beta": np.array(s["beta"], float)})
        for s in saved.get("path", ())
    )
    saved["flat"] = tuple(  # nor does it know of flat directions
        FlatDirection(tuple(np.array(b, float) for b in d["blocks"]), d["residual"])
        for d in saved.get("flat", ())
    )
    if saved.get("recession") is not None:
        saved["recession"] = Recession.from_dict(saved["recession"])
    return Certificate(**saved)


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
