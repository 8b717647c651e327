"""A model matrix that is kept as the columns of the table it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from mixedeffects.design.chunks import chunks
from mixedeffects.design.contribution import ALL, Part

#: A column: parts to multiply, each with the number of its own column; none for a column of ones.
Recipe: TypeAlias = tuple[tuple[Part, int], ...]

#: Numbers that are expanded at a time, and the least rows when the matrix is wide.
PIECE, LEAST_ROWS = 2**16, 1_024


class ColumnMatrix(NDArrayOperatorsMixin):
    """An (n, p) float64 matrix whose rows are computed when they are asked for.

    It holds the table's own numbers and codes (in their own types, not copied) and how each
    column follows from them, so a large matrix takes next to no memory.  Rows and columns of it
    are ordinary arrays; matrix products go through it piece by piece; anything else NumPy can do
    turns it into an array first.

    Parameters
    ----------
    n : int
        Rows.
    columns : sequence of Recipe
        Per column, the parts whose product it is.

    Examples
    --------
    >>> import numpy as np
    >>> from mixedeffects.design.contribution import Part
    >>> x = Part(np.array([3, 5, 7], dtype=np.int8), ("x",))
    >>> X = ColumnMatrix(3, [(), ((x, 0),)])
    >>> X[1:]
    array([[1., 5.],
           [1., 7.]])
    >>> X @ [10.0, 1.0]
    array([13., 15., 17.])
    >>> X.T @ X
    array([[ 3., 15.],
           [15., 83.]])
    """

    __slots__ = ("columns", "shape")

    dtype = np.dtype(np.float64)
    ndim = 2

    def __init__(self, n: int, columns: Sequence[Recipe]) -> None:
        self.columns = tuple(columns)
        self.shape = (n, len(self.columns))

    @property
    def size(self) -> int:
        return self.shape[0] * self.shape[1]

    @property
    def T(self) -> Transposed:
        """The transposed matrix, for products."""
        return Transposed(self)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"ColumnMatrix({self.shape[0]} rows, {self.shape[1]} columns)"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("a ColumnMatrix becomes an array only by making one")
        out = np.empty(self.shape)
        for rows in self.pieces():
            expand(self.columns, rows, out[rows])
        return out if dtype is None else out.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if ufunc is np.matmul and method == "__call__" and not options.keys() - {"out"}:
            out = options.get("out", (None,))[0]
            product = _product(inputs[0], inputs[1], out)
            if product is not None:
                return product
        plain = [
            np.asarray(value) if isinstance(value, ColumnMatrix | Transposed) else value
            for value in inputs
        ]
        return getattr(ufunc, method)(*plain, **options)

    def __getitem__(self, key: Any) -> Any:
        """An array of the rows, or of the rows and columns, asked for."""
        rows, columns = key if isinstance(key, tuple) and len(key) == 2 else (key, ALL)
        if (_is_list(rows) and _is_list(columns)) or not (_is_index(rows) and _is_index(columns)):
            return np.asarray(self)[key]
        n, p = self.shape
        if isinstance(rows, int | np.integer):
            at = _place(rows, n)
            return self[at : at + 1, columns][0]
        if isinstance(columns, int | np.integer):
            at = _place(columns, p)
            return self[rows, at : at + 1][:, 0]
        recipes = self.columns
        if not isinstance(columns, slice) or columns != ALL:
            recipes = [self.columns[j] for j in np.arange(p)[columns]]
        if isinstance(rows, slice):
            length = len(range(*rows.indices(n)))
        else:
            rows = _places(rows, n)
            length = rows.shape[0]
        out = np.empty((length, len(recipes)))
        expand(recipes, rows, out)
        return out

    def select(self, columns: Sequence[int]) -> ColumnMatrix:
        """The matrix of some of the columns, in that order."""
        return ColumnMatrix(self.shape[0], [self.columns[j] for j in columns])

    def pieces(self) -> Any:
        """Slices of rows that are small enough to expand."""
        return chunks(self.shape[0], max(PIECE // max(self.shape[1], 1), LEAST_ROWS))


class Transposed(NDArrayOperatorsMixin):
    """The transpose of a `ColumnMatrix`: ``X.T @ v`` without an array of X."""

    __slots__ = ("T", "shape")

    dtype = np.dtype(np.float64)
    ndim = 2

    def __init__(self, matrix: ColumnMatrix) -> None:
        self.T = matrix
        self.shape = matrix.shape[::-1]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.T.__array__(dtype, copy).T

    def __getitem__(self, key: Any) -> Any:
        return np.asarray(self)[key]

    __array_ufunc__ = ColumnMatrix.__array_ufunc__


def expand(recipes: Sequence[Recipe], rows: Any, out: np.ndarray) -> None:
    """Write the columns of some rows to `out`."""
    for j, recipe in enumerate(recipes):
        column = out[:, j]
        if not recipe:
            column[...] = 1.0
        for place, (part, k) in enumerate(recipe):
            part.write(k, column, place == 0, rows)


#: A model matrix, large or small.
Matrix: TypeAlias = np.ndarray | ColumnMatrix


def rows_of(matrix: Matrix, rows: Any) -> np.ndarray:
    """Some rows of a model matrix: ``matrix[rows]``, of an array several times as fast.

    Takes matrix (n, p) array or ColumnMatrix; rows slice or (m,) int array.
    """
    if isinstance(matrix, np.ndarray) and not isinstance(rows, slice):
        return matrix.take(rows, axis=0)
    return matrix[rows]


def dense(matrix: Matrix) -> np.ndarray:
    """A model matrix as a C-contiguous (n, p) float64 array; an array that is one, unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.ones((3, 2))
    >>> dense(X) is X
    True
    """
    return np.ascontiguousarray(np.asarray(matrix), dtype=np.float64)


def pieces(matrix: Matrix) -> Iterator[np.ndarray]:
    """A model matrix as arrays of some of its rows: one array, or pieces of a large one."""
    if isinstance(matrix, ColumnMatrix):
        return (matrix[rows] for rows in matrix.pieces())
    return iter((matrix,))


def _product(a: Any, b: Any, out: np.ndarray | None) -> Any:
    """``a @ b`` with a matrix on one side; None when it has to be done with arrays."""
    if isinstance(a, ColumnMatrix) and not isinstance(b, ColumnMatrix | Transposed):
        b = np.asarray(b)
        if b.ndim not in (1, 2) or b.shape[0] != a.shape[1]:
            return None
        if out is None:
            out = np.empty((a.shape[0], *b.shape[1:]), np.result_type(b, np.float64))
        for rows in a.pieces():
            np.matmul(a[rows], b, out=out[rows])
        return out
    if out is not None:
        return None
    if isinstance(a, Transposed) and not isinstance(b, Transposed):
        X = a.T
        b = b if isinstance(b, ColumnMatrix) else np.asarray(b)
        if b.ndim not in (1, 2) or b.shape[0] != X.shape[0]:
            return None
        total = np.zeros((X.shape[1], *b.shape[1:]))
        for rows in X.pieces():
            piece = X[rows]
            total = total + piece.T @ (piece if b is X else b[rows])
        return total
    if isinstance(b, ColumnMatrix) and not isinstance(a, ColumnMatrix | Transposed):
        a = np.asarray(a)
        if a.ndim not in (1, 2) or a.shape[-1] != b.shape[0]:
            return None
        return (b.T @ a.T).T
    return None


def _is_list(index: Any) -> bool:
    return isinstance(index, list) or (isinstance(index, np.ndarray) and index.ndim == 1)


def _place(index: int | np.integer, n: int) -> int:
    """A position, counted from the front."""
    if not -n <= index < n:
        raise IndexError(f"index {index} is out of bounds for axis with size {n}")
    return int(index) % n


def _places(index: Any, n: int) -> np.ndarray:
    """Positions that a list or mask selects."""
    index = np.asarray(index, dtype=np.intp if len(index) == 0 else None)
    if index.dtype == bool and index.shape[0] == n:
        return np.flatnonzero(index)
    if index.dtype.kind not in "iu":
        raise IndexError("rows are chosen by whole numbers or by a mask of all rows")
    return index


def _is_index(index: Any) -> bool:
    """Whether rows or columns are chosen in one of the usual ways."""
    if isinstance(index, bool | np.bool_):
        return False
    return isinstance(index, slice | int | np.integer) or _is_list(index)


def select_columns(X: Matrix, columns: Sequence[int]) -> Matrix:
    """Some columns of a model matrix, C-contiguous if it is an array."""
    if isinstance(X, ColumnMatrix):
        return X.select(columns)
    return np.ascontiguousarray(X[:, list(columns)])


def join_matrices(parts: Sequence[Matrix | None], n: int) -> Matrix:
    """Columns of several matrices side by side; None stands for a column of ones."""
    if any(isinstance(part, ColumnMatrix) for part in parts):
        columns: list[Recipe] = []
        for part in parts:
            columns += _recipes(part)
        return ColumnMatrix(n, columns)
    return np.column_stack([np.ones(n) if part is None else part for part in parts])


def _recipes(part: Matrix | None) -> Sequence[Recipe]:
    if part is None:
        return [()]
    if isinstance(part, ColumnMatrix):
        return part.columns
    source = Part(part, ("",) * part.shape[1])
    return [((source, j),) for j in range(part.shape[1])]
