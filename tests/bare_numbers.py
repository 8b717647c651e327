"""Tolerances in the sources of tests, and those among them that are numbers without a name."""

from __future__ import annotations

import ast
from dataclasses import dataclass

# keywords that say how far two numbers may be apart, wherever they are passed
KEYWORDS = {"rtol", "atol", "rel", "abs", "rel_tol", "abs_tol", "decimal", "significant"}
# the same as keys of a dict that is passed on
KEYS = {"rtol", "atol", "rel_tol", "abs_tol"}
# and their places in calls without keywords
PLACES = {
    "assert_allclose": {2: "rtol", 3: "atol"},
    "allclose": {2: "rtol", 3: "atol"},
    "isclose": {2: "rtol", 3: "atol"},
    "approx": {1: "rel", 2: "abs"},
    "assert_almost_equal": {2: "decimal"},
    "assert_array_almost_equal": {2: "decimal"},
    "assert_approx_equal": {2: "significant"},
}
DISTANCES = {"abs", "fabs", "absolute", "norm"}


@dataclass(frozen=True)
class Place:
    """An expression that says how far apart two numbers may be.

    Attributes
    ----------
    kind : str
        The keyword, or "distance" for the other side of ``assert abs(a - b) < …``.
    expression : ast.expr
    function : str
        The innermost function of the tests that it is in, or "".
    """

    kind: str
    expression: ast.expr
    function: str


def tolerances_used(tree):
    """Every place of a module of tests where a tolerance is said."""
    return list(_inside(tree, "", False))


def _inside(node, function, asserted):
    for child in ast.iter_child_nodes(node):
        inner = child.name if isinstance(child, ast.FunctionDef) else function
        checks = asserted or isinstance(child, ast.Assert | ast.Return)
        for kind, expression in _said_by(child, checks):
            yield Place(kind, expression, inner)
        yield from _inside(child, inner, checks)


def _said_by(node, checks):
    if isinstance(node, ast.Call):
        yield from ((k.arg, k.value) for k in node.keywords if k.arg in KEYWORDS)
        places = PLACES.get(_called(node), {})
        yield from ((kind, node.args[i]) for i, kind in places.items() if i < len(node.args))
    elif isinstance(node, ast.arguments):
        positional = node.posonlyargs + node.args
        some = zip(reversed(positional), reversed(node.defaults), strict=False)
        for name, default in [*some, *zip(node.kwonlyargs, node.kw_defaults, strict=True)]:
            if name.arg in KEYWORDS and default is not None:
                yield name.arg, default
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in KEYS:
                yield key.value, value
    elif isinstance(node, ast.Compare) and checks:
        sides = [node.left, *node.comparators]
        for small, operator, large in zip(sides, node.ops, sides[1:], strict=False):
            if isinstance(operator, ast.Gt | ast.GtE):
                small, large = large, small
            elif not isinstance(operator, ast.Lt | ast.LtE):
                continue
            if _is_distance(small):
                yield "distance", large


def _called(call):
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _is_distance(expression):
    calls = (n for n in ast.walk(expression) if isinstance(n, ast.Call))
    return any(_called(call) in DISTANCES for call in calls)


def bare_numbers(tree):
    """The tolerances of a module of tests that are numbers without a name and a reason.

    Allowed are 0; whole numbers that multiply a tolerance with a name; what is computed, such as
    a standard error, whose formula may have numbers inside of a square root. A name that the
    module itself gives to a number is that number.
    """
    modules, values = imported(tree)
    own = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and is_number(node.value) and not is_whole(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return [p for p in tolerances_used(tree) if _is_bare(p.expression, modules, values, own)]


def imported(tree):
    """Names that a module has from ``tests.tolerances``: of that module, and of its values."""
    modules, values = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "tests":
            modules |= {a.asname or a.name for a in node.names if a.name == "tolerances"}
        elif isinstance(node, ast.ImportFrom) and node.module == "tests.tolerances":
            values |= {a.asname or a.name for a in node.names}
    return modules, values


def is_number(expression):
    """Whether an expression is made of numbers alone."""
    leaves = [n for n in ast.walk(expression) if isinstance(n, ast.Constant | ast.Name | ast.Call)]
    return bool(leaves) and all(counts(n) for n in leaves)


def counts(node):
    """Whether a node is a number other than zero."""
    return isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value != 0


def is_whole(node):
    """Whether a node is a whole number."""
    return counts(node) and float(node.value).is_integer()


def _is_bare(expression, modules, values, own):
    named, numbers = False, []  # of each number whether it is whole
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            named |= node.id in values
            numbers += [False] if node.id in own else []
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", None) in modules:
            named = True
        elif isinstance(node, ast.Subscript):
            waiting.append(node.value)
        elif counts(node):
            numbers.append(is_whole(node))
        elif not (isinstance(node, ast.Call) and _called(node) == "sqrt"):
            waiting += ast.iter_child_nodes(node)
    return bool(numbers) and not (named and all(numbers))
