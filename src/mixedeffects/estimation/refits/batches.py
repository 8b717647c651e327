"""Replicates in batches, batches on threads: the same results for any number of threads.

Every batch has a stream of random numbers of its own, and which replicates make a batch does
not depend on the threads.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np

from mixedeffects.crossprod.parallel import cores
from mixedeffects.engine import threads_for
from mixedeffects.options import check_count, generator


def streams(rng):
    """From a generator or seed, a function from the number of a batch to its own generator.

    Such a function is returned as it is.

    Examples
    --------
    >>> one, two = streams(1), streams(1)
    >>> one(3).random() == two(3).random() != one(4).random()
    True
    """
    if callable(rng):
        return rng
    entropy = generator(rng).integers(0, 2**32, size=4, dtype=np.uint64).tolist()
    return lambda batch: np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(batch,)))


def in_batches(n, size, work, *, threads=None, progress=False):
    """Call ``work(batch, rows)`` for every batch of replicates.

    Parameters
    ----------
    n : int
        Replicates.
    size : int
        Replicates in a batch.
    work : callable
        Of the batch's number and its slice of the replicates.
    threads : int, optional
        All processors by default.
    progress : bool or callable
        True writes a line to standard error; a function is called as ``progress(done, n)``.
    """
    threads = cores() if threads is None else check_count(threads, "threads")
    report = _reporter(progress)
    batches = [slice(lo, min(lo + size, n)) for lo in range(0, n, size)]
    done = 0
    report(done, n)
    with threads_for(0):
        if threads == 1 or len(batches) == 1:
            for i, rows in enumerate(batches):
                work(i, rows)
                done += rows.stop - rows.start
                report(done, n)
            return
        with ThreadPoolExecutor(min(threads, len(batches))) as pool:
            running = {pool.submit(work, i, rows): rows for i, rows in enumerate(batches)}
            try:
                for future in as_completed(running):
                    future.result()
                    rows = running[future]
                    done += rows.stop - rows.start
                    report(done, n)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _reporter(progress):
    if callable(progress):
        return progress
    if not progress:
        return lambda done, n: None

    def report(done, n):
        width = 30 * done // n
        bar = "#" * width + "." * (30 - width)
        end = "\n" if done == n else ""
        print(f"\rrefits [{bar}] {done:,} of {n:,}", end=end, file=sys.stderr, flush=True)

    return report
