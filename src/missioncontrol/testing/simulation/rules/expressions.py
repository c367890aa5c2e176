"""Works out the expressions that worlds draw, by a reading of its own: a small part of CEL."""

import ast
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Names = Mapping[str, Any]
"""What an expression may name; a function stands under its name with `()` behind it."""

ALONE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
ORDERED: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: lambda one, other: one < other,
    ast.LtE: lambda one, other: one <= other,
    ast.Gt: lambda one, other: one > other,
    ast.GtE: lambda one, other: one >= other,
}
WORDS = {"true": True, "false": False, "null": None}


class Unreadable(Exception):
    """The expression comes to nothing here, as for a name that is not there."""


def truth_of(source: str, names: Names) -> bool:
    """Return what a condition comes to.

    Raises:
        Unreadable: it comes to nothing, or to something that is neither true nor false.
    """
    value = value_of(source, names)
    if not isinstance(value, bool):
        raise Unreadable(source)
    return value


def value_of(source: str, names: Names) -> Any:
    """Return what an expression comes to, with or without `${{ }}` around it."""
    whole = ALONE.fullmatch(source.strip())
    return _value(_parsed(whole[1] if whole else source), names)


def filled(template: Any, names: Names) -> Any:
    """Return `template` with every expression in it worked out."""
    if isinstance(template, dict):
        return {key: filled(value, names) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, names) for value in template]
    if not isinstance(template, str):
        return template
    if ALONE.fullmatch(template):
        return value_of(template, names)
    return ALONE.sub(lambda found: _as_text(value_of(found[1], names)), template)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"))


@lru_cache(4096)
def _parsed(source: str) -> ast.expr:
    text = re.sub(r"!(?!=)", " not ", source).replace("&&", " and ").replace("||", " or ")
    return ast.parse(text.strip(), mode="eval").body


def _value(node: ast.expr, names: Names) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return WORDS[name] if name in WORDS else _part(names, name)
        case ast.Attribute(value=inner, attr=name):
            return _part(_value(inner, names), name)
        case ast.Subscript(value=inner, slice=place):
            return _part(_value(inner, names), _value(place, names))
        case ast.Call(func=ast.Name(id=name), args=[]):
            return _part(names, f"{name}()")
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return not _sure(_value(inner, names))
        case ast.BoolOp(op=op, values=parts):
            return _joined(parts, names, decisive=isinstance(op, ast.Or))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(_value(left, names), op, _value(right, names))
        case ast.List(elts=items):
            return [_value(item, names) for item in items]
        case _:
            raise Unreadable(ast.unparse(node))


def _part(whole: Any, name: Any) -> Any:
    try:
        return whole[name]
    except (KeyError, IndexError, TypeError):
        raise Unreadable(f"there is no {name!r}") from None


def _sure(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unreadable(f"{value!r} is neither true nor false")
    return value


def _joined(parts: list[ast.expr], names: Names, *, decisive: bool) -> bool:
    """Join by `&&` or `||`: a part that decides does so even where another comes to nothing."""
    missing: Unreadable | None = None
    for part in parts:
        try:
            if _sure(_value(part, names)) is decisive:
                return decisive
        except Unreadable as error:
            missing = error
    if missing is not None:
        raise missing
    return not decisive


def _compared(left: Any, op: ast.cmpop, right: Any) -> bool:
    if isinstance(op, ast.Eq | ast.NotEq):
        same = left == right and isinstance(left, bool) is isinstance(right, bool)
        return same is isinstance(op, ast.Eq)
    if any(isinstance(side, bool) or not isinstance(side, int | float) for side in (left, right)):
        raise Unreadable(f"{left!r} and {right!r} have no order")
    return ORDERED[type(op)](left, right)
