"""Resident memory of this process, now and at its peak."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

_STATUS = "/proc/{}/status"
_CLEAR = Path("/proc/self/clear_refs")


def now(process: int | None = None) -> float:
    """Resident memory in MiB, of another process too; where the system does not tell, the peak."""
    return _status("VmRSS:", process or "self") or peak()


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


def _status(field: str, process: int | str = "self") -> float:
    try:
        text = Path(_STATUS.format(process)).read_text()
    except OSError:
        return 0.0
    lines = [line for line in text.splitlines() if line.startswith(field)]
    return float(lines[0].split()[1]) / 2**10 if lines else 0.0
