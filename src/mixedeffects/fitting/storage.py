"""Saving a fit to one file and loading it again, without pickle.

The file is a NumPy ``.npz`` archive: arrays as arrays, everything else as JSON text. Without rows,
as by default, it has what `without_rows` keeps in their place. Loading evaluates the likelihood
once at the saved parameters, if the file has what it is computed from (rows, or the cross-products
of a linear model). Nothing is optimised and no code is run.
"""

from __future__ import annotations

import json
from dataclasses import fields
from os import PathLike
from pathlib import Path
from zipfile import is_zipfile

import numpy as np

from mixedeffects.design import has_rows, require_rows
from mixedeffects.errors import DataError, MissingFileError, MixedEffectsError
from mixedeffects.estimation import (
    Certificate,
    Direction,
    FlatDirection,
    Recession,
    Step,
)
from mixedeffects.fitting.design_file import design_parts, read_design
from mixedeffects.fitting.request import Request
from mixedeffects.inference.separated import WIDTHS

FORMAT = 1


def save(fit, path, *, rows=False):
    """Write a fit to one file.

    Parameters
    ----------
    fit : LMM or GLMM
        A generalised model's family must be one that is known by name.
    path : str or path
        Any name; by custom it ends in ``.npz``.
    rows : bool
        Whether the rows it was fitted to are written, too. Without them the file is small and
        holds no observation: the fit that `load` gives has its summary, tests, means, words and
        predictions for other rows, and refuses what asks for its own, such as residuals.

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
    if rows:
        require_rows(fit.design)
    else:
        fit = fit.without_rows()
    arrays, header = design_parts(fit.design)
    arrays |= fit.optimum_arrays()
    if not has_rows(fit.design):
        plain, sums = sums_parts(fit.sums)
        header["sums"] = plain
        arrays |= sums
    header |= {
        "format": FORMAT,
        "model": fit.kind.function,
        "request": fit.request.to_dict(),
        "certificate": certificate_parts(fit.certificate),
    }
    text = json.dumps(header, default=lambda value: value.item())
    arrays["header"] = np.frombuffer(text.encode(), dtype=np.uint8)
    from mixedeffects.options import check_file

    with open(check_file(path), "wb") as file:
        np.savez_compressed(file, **arrays)


def sums_parts(sums):
    """What JSON can hold of the sums over the rows, and the arrays among them."""
    arrays = {name: value for name, value in sums.items() if isinstance(value, np.ndarray)}
    plain = {name: value for name, value in sums.items() if name not in arrays}
    return plain, {f"sums/{name}": value for name, value in arrays.items()}


def read_sums(arrays, header):
    """The sums that `sums_parts` took apart."""
    start = "sums/"
    found = {n[len(start) :]: value for n, value in arrays.items() if n.startswith(start)}
    return found | header.get("sums", {})


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


def read(path, record_of):
    """A fit that `save` wrote; `record_of` gives the class of an "lmm" or a "glmm"."""
    if isinstance(path, str | PathLike) and not Path(path).exists():
        raise MissingFileError(f"no file {str(path)!r}; fit.save(path) writes one")
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
        request = read_request(header, certificate)
        record = record_of(header.get("model", "lmm"))  # of a linear model earlier files are silent
        fit = record.restored(path, design, arrays, certificate, request)
        fit.sums.update(read_sums(arrays, header))
        return fit
    except (FileNotFoundError, MemoryError, MixedEffectsError):
        raise
    except Exception as problem:
        raise DataError(
            f"{path} is not a fit saved by this package, or it is damaged\n"
            f"({type(problem).__name__}: {problem})"
        ) from problem


def read_request(header, certificate):
    """The request of the fit in a file; a file of an earlier version has parts of it only."""
    if "request" in header:
        return Request.from_dict(header["request"])
    known = {"family": header.get("family"), "nagq": header.get("nagq", 1)}
    return Request.from_dict(
        {"reml": bool(header["reml"]), "optimizer": certificate.optimizer, **known}
    )


def _certificate(saved):
    saved = dict(saved)
    for name in ("advice", "infinite", "limits"):  # JSON has lists; an earlier version no limits
        saved[name] = tuple(saved.get(name, ()))
    named = [name for name in saved["infinite"] if not name.startswith(WIDTHS)]
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
