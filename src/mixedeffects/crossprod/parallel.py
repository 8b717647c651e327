"""Processors: how fast one is assumed to be, how many there are, and threads to use them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

# floating-point operations per second of one core: matrix products, loops over levels
BLAS_RATE, LOOP_RATE = 4e10, 1.2e9


def cores():
    """Processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this platform
        return os.cpu_count() or 1


def in_parallel(function, workers):
    """Call ``function(0) .. function(workers - 1)``, each in a thread of its own.

    Only for functions that release the interpreter's lock.
    """
    if workers == 1:
        function(0)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(function, range(workers)))
