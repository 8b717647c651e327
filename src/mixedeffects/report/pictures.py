"""Pictures of the charts of a report, drawn while the rest of the report is put together.

The converter lets no other Python code run while it draws. So a process of its own draws, from the
moment a few charts are there; once the rest is done, this process helps with those that are left.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from mixedeffects.crossprod.parallel import cores
from mixedeffects.report.library import needed

# charts from which on a process of its own is worth its start
WORTH_A_PROCESS = 3


class Painter:
    """Draws charts; a context, which ends what it has started.

    Parameters
    ----------
    kind : {"svg", "png"}
        What charts become: text, or bytes.
    **options
        Of the converter, such as `scale`.

    Examples
    --------
    >>> import mixedeffects as me
    >>> from mixedeffects.report.record import Figure
    >>> fit = me.lmm("Reaction ~ Days + (Days | Subject)", me.datasets.sleepstudy())
    >>> with Painter("svg") as painter:
    ...     picture = painter.picture(Figure("qq", fit.plot.qq(), ""))
    >>> picture[:4]
    '<svg'
    """

    def __init__(self, kind, **options):
        self._kind, self._options = kind, options
        # specifications with what will hold their pictures; None ends the thread
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._drawn: dict[str, tuple[str, Future]] = {}
        self._thread: Thread | None = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._thread is not None:
            self._left()
            self._queue.put(None)
            self._thread.join()

    def start(self, figure):
        """A chart is there to be drawn; `picture` has the picture."""
        job = json.dumps(figure.chart.to_dict()), Future()
        self._drawn[figure.key] = job
        self._queue.put(job)
        if self._thread is None and len(self._drawn) >= WORTH_A_PROCESS and can_have_a_process():
            self._thread = Thread(target=self._elsewhere, daemon=True)
            self._thread.start()

    def picture(self, figure):
        """The picture of a chart; others are drawn until it is there."""
        if figure.key not in self._drawn:
            self.start(figure)
        spec, future = self._drawn[figure.key]
        while not future.done():
            found = self._left(1)
            if not found:
                break
            ((other, empty),) = found
            empty.set_result(self._here(other))
        picture = future.result()
        return self._here(spec) if picture is None else picture

    def _left(self, most=None):
        """Jobs that nobody has begun, at most so many, taken."""
        out = []
        while most is None or len(out) < most:
            try:
                out.append(self._queue.get_nowait())
            except Empty:
                break
        return out

    def _here(self, spec):
        return getattr(needed("vl_convert"), f"vegalite_to_{self._kind}")(spec, **self._options)

    def _elsewhere(self):
        """Have a process draw one chart after the other; None for what it does not draw."""
        folder = Path(needed("vl_convert").__file__).parents[1]
        arguments = [str(folder), self._kind, json.dumps(self._options)]
        program = str(Path(__file__).with_name("painting.py"))
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", program, *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
        except OSError:
            return
        with process:
            while (job := self._queue.get()) is not None:
                spec, future = job
                data = _answer(process, spec)
                drawn = data.decode() if data and self._kind == "svg" else data
                future.set_result(drawn or None)
                if data is None:  # it has ended
                    break


def _answer(process, spec):
    """The bytes that the process makes of a specification; None if there is no process."""
    try:
        process.stdin.write(spec.encode() + b"\n")
        process.stdin.flush()
        size = process.stdout.read(8)
        data = process.stdout.read(int.from_bytes(size, "big"))
    except OSError:
        return None
    return data if len(size) == 8 and len(data) == int.from_bytes(size, "big") else None


def can_have_a_process():
    """Whether a process would run beside this one, and Python's interpreter starts it."""
    name = Path(sys.executable or "").stem.lower()
    free = cores() > 1 and not busy()
    return free and name.startswith("python") and not getattr(sys, "frozen", False)


def busy():
    """Whether others wanted all processors in the last minute, as far as one can know."""
    try:
        return os.getloadavg()[0] > cores() + 1
    except (AttributeError, OSError):  # not on this platform
        return False
