"""Resident memory of this process, now and at its peak."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def now() -> float:
    """Resident memory in MiB; the peak so far where the system does not tell the present."""
    return _status("VmRSS:") or peak()


def peak() -> float:
    """Peak resident memory in MiB, since the last :func:`reset_peak` where that works."""
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return _status("VmHWM:") or highest / (2**20 if sys.platform == "darwin" else 2**10)


def reset_peak() -> None:
    """Forget the peak so far (Linux; elsewhere the peak is that of the whole process)."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return


def _status(field: str) -> float:
    if not _STATUS.exists():
        return 0.0
    lines = [line for line in _STATUS.read_text().splitlines() if line.startswith(field)]
    return float(lines[0].split()[1]) / 2**10 if lines else 0.0
