"""Evaluate a Python expression safely by walking its syntax tree.

Model output is never executed, compiled or evaluated by Python: the walk supports a few kinds of node, functions and
methods, with limits on the number of steps and the size of values.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

LONGEST_TEXT = 600
MOST_STEPS = 20_000
LARGEST = 10_000
"""Largest size of a value, in characters or elements, and largest count for `range` and `*`."""

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{f.__name__: f for f in (abs, all, any, bool, dict, enumerate, float, int, len, list, max, min)},
    **{f.__name__: f for f in (reversed, round, set, sorted, str, sum, tuple, zip)},
    "map": lambda function, *values: [function(*given) for given in zip(*values, strict=False)],
    "filter": lambda test, values: [value for value in values if (test or bool)(value)],
}
_METHODS: dict[type, set[str]] = {
    str: {
        *("count", "endswith", "find", "index", "isalpha", "isdigit", "islower", "isupper", "join", "lower"),
        *("replace", "split", "startswith", "strip", "title", "upper", "capitalize"),
    },
    list: {"count", "index"},
    tuple: {"count", "index"},
    dict: {"get", "items", "keys", "values"},
    set: {"union", "intersection", "difference"},
}


class NotUnderstoodError(ValueError):
    """The expression uses something unsupported, or exceeds a limit."""


def worth(answer: str, cases: Sequence[tuple[Mapping[str, Any], Any]]) -> float:
    """Return 1 if the expression in an answer has the expected value in every case.

    Args:
        answer: The model's answer; its last code block, or else its last line, contains the expression, or a function
            that returns it. A function with other parameter names gets the values by position.
        cases: Values of the names, and the expected value of the expression.

    >>> worth("`sum(x for x in xs if x > 0)`", (({"xs": [1, -2, 3]}, 4), ({"xs": []}, 0)))
    1.0
    """
    found = _expression(answer)
    return float(found is not None and all(_evaluates_to(*found, names, value) for names, value in cases))


def evaluate(expression: ast.expr, names: Mapping[str, Any]) -> Any:
    """Return the value of an expression.

    Raises:
        NotUnderstoodError: It uses something unsupported, or exceeds a limit.
    """
    return _Walk()(expression, dict(names))


def _evaluates_to(
    expression: ast.expr, parameters: list[str], names: Mapping[str, Any], expected: Any
) -> bool:
    bound = dict(zip(parameters, names.values(), strict=True)) if len(parameters) == len(names) else {}
    try:
        found = evaluate(expression, {**names, **bound} if set(parameters) != set(names) else names)
        return type(found) in {type(expected), int, float} and bool(found == expected)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError):
        return False  # the expression is wrong, or unsupported


def _expression(answer: str) -> tuple[ast.expr, list[str]] | None:
    """Return the expression in an answer, and the parameters of the function that returns it; None without one."""
    blocks = re.findall(r"```(?:python|py)?\s*\n?(.*?)```", answer, re.DOTALL)
    quoted = re.findall(r"`([^`\n]+)`", answer)
    lines = answer.strip().splitlines()
    for text in (*blocks[-1:], answer.strip(), *quoted[-1:], *lines[-1:], *lines[:1]):
        if len(text) > LONGEST_TEXT:
            continue
        try:
            body = ast.parse(text.strip()).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if body and (found := _last_value(body)) is not None:
            return found
    return None


def _last_value(body: list[ast.stmt]) -> tuple[ast.expr, list[str]] | None:
    functions = [line for line in body if isinstance(line, ast.FunctionDef)]
    if functions:  # later statements only call it
        *before, last = functions[-1].body
        documented = all(isinstance(line, ast.Expr) for line in before)
        value = last.value if isinstance(last, ast.Return) and documented else None
        return (value, _parameters(functions[-1].args)) if value else None
    ending = body[-1]
    value = ending.value if isinstance(ending, (ast.Expr, ast.Assign, ast.Return)) else None
    if isinstance(value, ast.Lambda):
        return value.body, _parameters(value.args)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "print":
        value = value.args[0] if value.args else None
    return (value, []) if value else None


def _parameters(arguments: ast.arguments) -> list[str]:
    return [argument.arg for argument in arguments.args]


class _Walk:
    """One evaluation, with its remaining steps."""

    def __init__(self) -> None:
        self.steps = MOST_STEPS

    def __call__(self, node: ast.AST, names: dict[str, Any]) -> Any:
        self.steps -= 1
        visit = getattr(self, f"_{type(node).__name__.lower()}", None)
        if visit is None or self.steps < 0:
            raise NotUnderstoodError(f"{type(node).__name__} is not understood, or takes too long.")
        return _check_size(visit(node, names))

    def _constant(self, node: ast.Constant, names: dict[str, Any]) -> Any:
        return node.value

    def _name(self, node: ast.Name, names: dict[str, Any]) -> Any:
        return names[node.id] if node.id in names else _FUNCTIONS[node.id]

    def _binop(self, node: ast.BinOp, names: dict[str, Any]) -> Any:
        left, right = self(node.left, names), self(node.right, names)
        if isinstance(node.op, ast.Mult):
            return _times(left, right)
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if isinstance(node.op, ast.Mod) and numbers:
            return left % right
        if isinstance(node.op, ast.Pow) and numbers and abs(right) <= 64:
            return left**right
        return _BINARY[type(node.op)](left, right)

    def _unaryop(self, node: ast.UnaryOp, names: dict[str, Any]) -> Any:
        return _UNARY[type(node.op)](self(node.operand, names))

    def _boolop(self, node: ast.BoolOp, names: dict[str, Any]) -> Any:
        stop = isinstance(node.op, ast.Or)
        value = None
        for part in node.values:
            value = self(part, names)
            if bool(value) is stop:
                break
        return value

    def _compare(self, node: ast.Compare, names: dict[str, Any]) -> bool:
        left = self(node.left, names)
        for compare, part in zip(node.ops, node.comparators, strict=True):
            right = self(part, names)
            if not _COMPARE[type(compare)](left, right):
                return False
            left = right
        return True

    def _ifexp(self, node: ast.IfExp, names: dict[str, Any]) -> Any:
        return self(node.body if self(node.test, names) else node.orelse, names)

    def _list(self, node: ast.List | ast.Tuple | ast.Set, names: dict[str, Any]) -> Any:
        values = [self(part, names) for part in node.elts]
        return {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)](values)

    _tuple = _set = _list

    def _dict(self, node: ast.Dict, names: dict[str, Any]) -> Any:
        return {
            self(key, names): self(value, names)
            for key, value in zip(node.keys, node.values, strict=True)
            if key
        }

    def _subscript(self, node: ast.Subscript, names: dict[str, Any]) -> Any:
        return self(node.value, names)[self(node.slice, names)]

    def _slice(self, node: ast.Slice, names: dict[str, Any]) -> slice:
        return slice(*(part and self(part, names) for part in (node.lower, node.upper, node.step)))

    def _listcomp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, names: dict[str, Any]) -> Any:
        values = [self(node.elt, inner) for inner in self._bound(node.generators, names)]
        return set(values) if isinstance(node, ast.SetComp) else values

    _setcomp = _generatorexp = _listcomp

    def _dictcomp(self, node: ast.DictComp, names: dict[str, Any]) -> Any:
        bound = self._bound(node.generators, names)
        return {self(node.key, inner): self(node.value, inner) for inner in bound}

    def _bound(self, loops: list[ast.comprehension], names: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if not loops:
            yield names
            return
        for value in _elements(self(loops[0].iter, names)):
            inner = {**names, **_assign(loops[0].target, value)}
            if all(self(test, inner) for test in loops[0].ifs):
                yield from self._bound(loops[1:], inner)

    def _lambda(self, node: ast.Lambda, names: dict[str, Any]) -> Any:
        parameters = [argument.arg for argument in node.args.args]
        return lambda *given: self(node.body, {**names, **dict(zip(parameters, given, strict=True))})

    def _call(self, node: ast.Call, names: dict[str, Any]) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id == "range":
            return range(*(_count(self(part, names)) for part in node.args))
        function = self._function(node.func, names)
        options = {
            word.arg: self(word.value, names)
            for word in node.keywords
            if word.arg in {"key", "reverse", "default", "start"}
        }
        if len(options) < len(node.keywords):
            raise NotUnderstoodError("A keyword is not understood.")
        found = function(*(self(part, names) for part in node.args), **options)
        return list(found) if isinstance(found, (enumerate, zip, reversed)) else found

    def _function(self, node: ast.expr, names: dict[str, Any]) -> Callable[..., Any]:
        if isinstance(node, ast.Name):
            return _FUNCTIONS[node.id]
        if isinstance(node, ast.Attribute):
            owner = self(node.value, names)
            if node.attr in _METHODS.get(owner if isinstance(owner, type) else type(owner), ()):
                return getattr(owner, node.attr)  # type: ignore[no-any-return]
        raise NotUnderstoodError("That function is not understood.")

    def _attribute(self, node: ast.Attribute, names: dict[str, Any]) -> Callable[..., Any]:
        return self._function(node, names)  # handed to another function, as in key=str.lower


def _check_size(value: Any) -> Any:
    large = isinstance(value, int) and abs(value) > 10**18
    if large or (isinstance(value, (str, list, tuple, set, dict, range)) and len(value) > LARGEST):
        raise NotUnderstoodError("A value is too large.")
    return value


def _times(left: Any, right: Any) -> Any:
    for one, other in ((left, right), (right, left)):
        if isinstance(one, (str, list, tuple)):
            return one * min(_count(other), LARGEST // max(len(one), 1) + 1)
    return left * right


def _count(value: Any) -> int:
    if not isinstance(value, int) or abs(value) > LARGEST:
        raise NotUnderstoodError("A count is too large.")
    return value


def _elements(values: Iterable[Any]) -> Iterable[Any]:
    return values if isinstance(values, (range, dict, str)) else list(values)


def _assign(target: ast.expr, value: Any) -> dict[str, Any]:
    if isinstance(target, ast.Name):
        return {target.id: value}
    if isinstance(target, (ast.Tuple, ast.List)):
        parts = zip(target.elts, value, strict=True)
        return {name: part for one, given in parts for name, part in _assign(one, given).items()}
    raise NotUnderstoodError("That target is not understood.")
