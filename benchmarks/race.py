"""Running a race: worker processes, rounds, time limits.

Only one worker computes at any moment. After its first fit every program gets one turn per
round, and each round starts with another program, so that whatever else the machine does hits
all alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.programs import Program
from benchmarks.tasks import Task

ROOT = Path(__file__).resolve().parents[1]

# A turn in a round: fast fits are repeated for this long, so that the clock's grain vanishes.
TURN_SECONDS = 0.3
TURN_FITS = 50
# A program that has used this much warm time on a task, and ran three times, is done with it.
ENOUGH_SECONDS = 20.0


class WorkerError(RuntimeError):
    """A worker died, ran out of time or answered nonsense; the message is for the table."""


class Worker:
    """A program's process on one task.

    Parameters
    ----------
    command : list of str
        See :meth:`benchmarks.programs.Program.command`.
    time_limit : float
        Seconds any single answer may take.
    memory_gib : float
        Address space the process may use; 0 for no limit.

    Raises
    ------
    WorkerError
        When the process does not announce itself.
    """

    def __init__(self, command: list[str], *, time_limit: float, memory_gib: float = 0.0):
        self.time_limit = time_limit
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            preexec_fn=(lambda: _limit_memory(memory_gib)) if memory_gib else None,
        )
        self.announcement = self._answer()

    def ask(self, command: str) -> dict:
        """Send one command and wait for its answer."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(command.encode() + b"\n")
            self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process, at once."""
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def _answer(self) -> dict:
        stdout = self._process.stdout
        assert stdout is not None
        ready, _, _ = select.select([stdout], [], [], self.time_limit)
        if not ready:
            self._process.kill()
            raise WorkerError("timeout")
        line = stdout.readline()
        if not line:
            self._process.wait()
            raise WorkerError(self._last_words())
        return json.loads(line)

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = [line for line in self._log.read().decode(errors="replace").splitlines() if line]
        return lines[-1][:200] if lines else f"ended with status {self._process.returncode}"


@dataclass(slots=True)
class Result:
    """What one program did on one task.

    Parameters
    ----------
    status : str
        "ok", "timeout", "left out: …" or the last line of the error.
    cold : float
        Seconds of the first fit in the process, import excluded.
    warm : list of float
        Seconds of each later fit; the first fit where it was too slow to repeat.
    peak_mb, above_mb : float
        Peak resident memory of the process in its first fit, and its growth in that fit, MiB.
    time_limit : float
        Seconds it was given for one fit.
    load : float
        Load average of the machine when the task began: above one or so, other work ran too.
    """

    program: str
    task: str
    status: str = "ok"
    version: str = ""
    reml: bool = True
    import_seconds: float = float("nan")
    cold: float = float("nan")
    warm: list[float] = field(default_factory=list)
    loglik: float = float("nan")
    peak_mb: float = float("nan")
    above_mb: float = float("nan")
    time_limit: float = float("nan")
    load: float = float("nan")

    @property
    def seconds(self) -> float:
        """Median of the warm fits."""
        return statistics.median(self.warm) if self.warm else float("nan")


def race(
    task: Task,
    programs: dict[Program, str],
    *,
    rounds: int,
    time_limit: float,
    memory_gib: float,
    everyone: bool = False,
) -> Iterator[Result]:
    """Race `programs` on `task`.

    Parameters
    ----------
    task : Task
        The model.
    programs : dict
        Program → interpreter it runs in.
    rounds : int
        Turns per program after the first fit.
    time_limit : float
        Seconds a fit may take.
    memory_gib : float
        Address space a process may use.
    everyone : bool
        Start also those the task leaves out.

    Yields
    ------
    Result
        In the order of `programs`.
    """
    results: dict[Program, Result] = {}
    load = os.getloadavg()[0]
    with contextlib.ExitStack() as stack:
        workers: dict[Program, Worker] = {}
        for program, python in programs.items():
            result = results[program] = Result(
                program.name,
                task.name,
                reml=task.reml and program.reml,
                time_limit=time_limit,
                load=load,
            )
            if program.name in task.left_out and not everyone:
                result.status = f"left out: {task.left_out[program.name]}"
                continue
            with _recorded(result):
                if program.primed:
                    _prime(program.command(task, python), time_limit)
                worker = Worker(
                    program.command(task, python), time_limit=time_limit, memory_gib=memory_gib
                )
                stack.callback(worker.close)
                _first_fit(worker, result)
                if result.cold < ENOUGH_SECONDS:
                    workers[program] = worker
                else:
                    result.warm = [result.cold]
                    worker.close()

        order = list(workers)
        for _ in range(rounds):
            order = order[1:] + order[:1]
            for program in order:
                result = results[program]
                if len(result.warm) >= 3 and sum(result.warm) > ENOUGH_SECONDS:
                    continue
                with _recorded(result):
                    answer = workers[program].ask(f"fit {TURN_FITS} {TURN_SECONDS}")
                    result.warm += answer["seconds"]
    yield from results.values()


def _first_fit(worker: Worker, result: Result) -> None:
    result.version = worker.announcement["version"]
    result.import_seconds = worker.announcement["import_seconds"]
    answer = worker.ask("fit 1 0")
    result.cold = answer["seconds"][0]
    result.loglik = answer["loglik"]
    result.peak_mb, result.above_mb = answer["peak_mb"], answer["above_mb"]


def _prime(command: list[str], time_limit: float) -> None:
    worker = Worker(command, time_limit=time_limit)
    try:
        worker.ask("fit 1 0")
    finally:
        worker.close()


@contextlib.contextmanager
def _recorded(result: Result) -> Iterator[None]:
    try:
        yield
    except WorkerError as error:
        result.status = str(error)


def _limit_memory(gib: float) -> None:
    size = int(gib * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def physical_memory_gib() -> float:
    """Memory of this machine in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def machine_is_busy() -> bool:
    """Whether other work already keeps half of the cores busy."""
    return os.getloadavg()[0] > 0.5 * (os.cpu_count() or 1)


def stamp() -> str:
    """Today, for the report."""
    return time.strftime("%Y-%m-%d")
