"""Numba kernels that turn rows into cross-products.

Arrays and scalars only. `Z` with zero rows means "one column of ones"; `w` with zero
length means "unit weights": neither is then materialised.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def accumulate(codes, Z, XY, w, diag, fixed):
    """Add some rows to one factor's cross-products.

    Arrays
    ------
    codes : (n,) int32
    Z : (n, k) or (0, 1) float64
    XY : (rows, t) float64
        The transformed fixed-effect columns and response.
    w : (n,) or (0,) float64
    diag : (q, k, k) float64, updated
        Sum of ``w z z'`` per level.
    fixed : (q, k, t) float64, updated
        Sum of ``w z [x y]'`` per level.
    """
    rows, t = XY.shape
    k = diag.shape[1]
    ones = Z.shape[0] == 0
    unit = w.shape[0] == 0
    if ones:
        for i in range(rows):
            j = codes[i]
            wi = 1.0 if unit else w[i]
            diag[j, 0, 0] += wi
            for c in range(t):
                fixed[j, 0, c] += wi * XY[i, c]
        return
    for i in range(rows):
        j = codes[i]
        wi = 1.0 if unit else w[i]
        for a in range(k):
            za = wi * Z[i, a]
            for b in range(a + 1):
                diag[j, a, b] += za * Z[i, b]
            for c in range(t):
                fixed[j, a, c] += za * XY[i, c]


@njit(cache=True, nogil=True)
def fill_upper(diag):
    """Copy the lower triangle of every (k, k) block to its upper triangle."""
    q, k, _ = diag.shape
    for j in range(q):
        for a in range(k):
            for b in range(a):
                diag[j, b, a] = diag[j, a, b]
