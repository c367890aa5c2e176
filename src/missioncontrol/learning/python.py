"""Applies a codemod to Python with LibCST: what it does not change keeps every character."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import libcst as cst

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.learned import Codemod
from missioncontrol.learning.edits import VARIABLE, Edit, Rewritten
from missioncontrol.learning.python_imports import Moving, with_imports
from missioncontrol.learning.python_names import missing

_HOLE = re.compile(r"mc_(?P<rest>rest_)?hole_(?P<name>[A-Z0-9_]+)")
_FORM = (
    cst.BaseParenthesizableWhitespace,
    cst.Comma,
    cst.Dot,
    cst.Semicolon,
    cst.AssignEqual,
    cst.Colon,
    cst.EmptyLine,
    cst.Comment,
    cst.TrailingWhitespace,
    cst.LeftParen,
    cst.RightParen,
    cst.LeftSquareBracket,
    cst.RightSquareBracket,
    cst.LeftCurlyBrace,
    cst.RightCurlyBrace,
)
_PARENTHESES = frozenset({"lpar", "rpar"})
Bound = dict[str, Any]
"""What each variable stands for: a node, or the arguments of a rest."""


def rewritten(codemod: Codemod, text: str) -> Rewritten:
    """See `learning.rewriting.rewritten`."""
    try:
        module = _module(text)
    except (cst.ParserSyntaxError, RecursionError) as error:
        fault = str(error).partition("\n")[0] or "it is nested too deeply"
        raise Rejected("pattern.unreadable", f"It is no Python: {fault}") from None
    if codemod.form == "import":
        moving = Moving(codemod, module)
        made = module.visit(moving)
        return Rewritten(made.code if moving.edits else text, tuple(moving.edits))
    change = _Rewriting(codemod, module)
    body = [
        statement.visit(change) if change.finds_in(nodes) else statement
        for statement, nodes in zip(module.body, _nodes(text), strict=True)
    ]
    if not change.edits:
        return Rewritten(text, ())
    made = module.with_changes(body=body)
    needed = codemod.needs and missing(codemod, made.code)
    return Rewritten(
        with_imports(made, codemod.needs).code if needed else made.code, tuple(change.edits)
    )


@lru_cache(maxsize=48)
def _module(text: str) -> cst.Module:
    return cst.parse_module(text)


@lru_cache(maxsize=48)
def _nodes(text: str) -> tuple[dict[type, list[cst.CSTNode]], ...]:
    """Return the nodes of each statement by their type: to look is cheaper than to rewrite."""
    return tuple(map(_by_type, _module(text).body))


def _by_type(statement: cst.CSTNode) -> dict[type, list[cst.CSTNode]]:
    found: dict[type, list[cst.CSTNode]] = {}
    todo = [statement]
    while todo:
        node = todo.pop()
        if not isinstance(node, _FORM):
            found.setdefault(type(node), []).append(node)
            todo += node.children
    return found


def _sides(codemod: Codemod) -> tuple[Any, Any]:
    """Return both sides, as statements where one of them is none but a statement."""
    sides = [_template(codemod.before), _template(codemod.after)]
    if any(isinstance(each, cst.BaseSmallStatement) for each in sides):
        sides = [cst.Expr(each) if isinstance(each, cst.BaseExpression) else each for each in sides]
    return sides[0], sides[1]


@lru_cache(maxsize=500)
def _template(text: str) -> cst.CSTNode:
    """Return one side of a codemod as a node.

    Raises:
        Rejected: `pattern.bad_codemod`.
    """
    try:
        body = cst.parse_module(_holed(text)).body
    except cst.ParserSyntaxError as error:
        raise _bad(text, str(error).partition("\n")[0]) from None
    if len(body) != 1:
        raise _bad(text, f"it has {len(body)} statements")
    only: Any = body[0]
    if isinstance(only, cst.SimpleStatementLine) and len(only.body) == 1:
        statement = only.body[0]
        return statement.value if isinstance(statement, cst.Expr) else statement
    if isinstance(only, cst.ClassDef):
        return only
    raise _bad(text, "it is no expression, no simple statement and no head of a class")


def _bad(text: str, wrong: str) -> Rejected:
    return Rejected("pattern.bad_codemod", f"{text[:200]!r} can't be looked for: {wrong}.")


def _holed(text: str) -> str:
    """Return a side as Python: a rest is an argument that may stand where it does."""
    parts, end, is_named = [], 0, False
    for found in VARIABLE.finditer(text):
        gap = text[end : found.start()]
        is_named = is_named or bool(re.search(r"\w\s*=[^=]", gap + " "))
        stars = ("**" if is_named else "*") if found["rest"] else ""
        kind = "rest_hole" if found["rest"] else "hole"
        parts += [gap, f"{stars}mc_{kind}_{found['name']}"]
        end = found.end()
    return "".join(parts) + text[end:]


def _hole(node: Any) -> str:
    found = _HOLE.fullmatch(node.value) if isinstance(node, cst.Name) else None
    return found["name"] if found and not found["rest"] else ""


def _rest(node: Any) -> str:
    if not isinstance(node, cst.Arg) or not isinstance(node.value, cst.Name):
        return ""
    found = _HOLE.fullmatch(node.value.value)
    return found["name"] if found and found["rest"] else ""


def bound(template: Any, node: Any, known: Bound) -> bool:
    """Tell whether `node` is a case of `template`; `known` collects the values of its variables."""
    if name := _hole(template):
        if name in known:
            return is_same(known[name], node)
        known[name] = node
        return isinstance(node, cst.BaseExpression)
    if type(template) is not type(node):
        return False
    if isinstance(template, cst.SimpleString):
        return bool(template.evaluated_value == node.evaluated_value)
    if isinstance(template, cst.ClassDef):
        return _class_bound(template, node, known)
    return all(
        _field_bound(getattr(template, field), getattr(node, field), known)
        for field in template.__dataclass_fields__
        if field not in _PARENTHESES
    )


def _field_bound(wanted: Any, there: Any, known: Bound) -> bool:
    if isinstance(wanted, _FORM) or isinstance(there, _FORM):
        return _is_word(wanted) == _is_word(there)
    return _value_bound(wanted, there, known)


def _is_word(value: Any) -> bool:
    """Whether an optional mark that means something stands there."""
    return isinstance(value, cst.AssignEqual)


def _class_bound(template: cst.ClassDef, node: cst.ClassDef, known: Bound) -> bool:
    return (
        bound(template.name, node.name, known)
        and _all_bound(template.bases, node.bases, known)
        and _all_bound(template.keywords, node.keywords, known)
    )


def _value_bound(wanted: Any, there: Any, known: Bound) -> bool:
    if isinstance(wanted, cst.CSTNode):
        return bound(wanted, there, known)
    if isinstance(wanted, list | tuple):
        return isinstance(there, list | tuple) and _all_bound(wanted, there, known)
    return type(wanted) is type(there) and bool(wanted == there)


def _all_bound(wanted: Sequence[Any], there: Sequence[Any], known: Bound) -> bool:
    wanted = [each for each in wanted if not isinstance(each, _FORM)]
    there = [each for each in there if not isinstance(each, _FORM)]
    rests = [number for number, each in enumerate(wanted) if _rest(each)]
    if not rests:
        return len(wanted) == len(there) and all(
            _value_bound(one, other, known) for one, other in zip(wanted, there, strict=True)
        )
    first = rests[0]
    for matched in range(len(there) - first + 1):
        trial = dict(known)
        trial[_rest(wanted[first])] = list(there[first : first + matched])
        is_head = all(_value_bound(wanted[n], there[n], trial) for n in range(first))
        if is_head and _all_bound(wanted[first + 1 :], there[first + matched :], trial):
            known.update(trial)
            return True
    return False


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two nodes are the same code, however they are laid out."""
    return bound(one, other, {})


class _Filling(cst.CSTTransformer):
    """Puts what variables stand for in their places."""

    def __init__(self, known: Bound) -> None:
        super().__init__()
        self._known = known

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> Any:
        del updated_node
        name = _hole(original_node)
        return self._known[name].deep_clone() if name else original_node

    def leave_Arg(self, original_node: cst.Arg, updated_node: cst.Arg) -> Any:
        name = _rest(original_node)
        if not name:
            return updated_node
        matched = [each.deep_clone() for each in self._known[name]]
        return cst.FlattenSentinel(matched) if matched else cst.RemoveFromParent()


class _Rewriting(cst.CSTTransformer):
    """Rewrites every place, the outer ones after the inner ones."""

    def __init__(self, codemod: Codemod, module: cst.Module) -> None:
        super().__init__()
        self.edits: list[Edit] = []
        self._before, self._after = _sides(codemod)
        self._module = module
        self._type = type(self._before)

    def finds_in(self, nodes: Mapping[type, Sequence[cst.CSTNode]]) -> bool:
        """Tell whether there is anything to rewrite."""
        return any(bound(self._before, each, {}) for each in nodes.get(self._type, ()))

    def on_leave(self, original_node: Any, updated_node: Any) -> Any:
        updated_node = super().on_leave(original_node, updated_node)
        if type(updated_node) is not self._type:
            return updated_node
        known: Bound = {}
        if not bound(self._before, updated_node, known):
            return updated_node
        made: Any = self._after.visit(_Filling(known))
        made = _in_place_of(updated_node, _with_commas(made))
        if is_same(made, updated_node):
            return updated_node
        self.edits.append(Edit(self._source_of(original_node), self._source_of(made)))
        return made

    def _source_of(self, node: Any) -> str:
        if isinstance(node, cst.ClassDef):
            dots = cst.SimpleStatementSuite([cst.Expr(cst.Ellipsis())])
            node = node.with_changes(body=dots, leading_lines=(), decorators=())
        return self._module.code_for_node(node).strip()


def _with_commas(node: Any) -> Any:
    """Return a call whose arguments are separated, whichever of them came from a rest."""
    if not isinstance(node, cst.Call) or not node.args:
        return node
    apart = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    args = [
        each if isinstance(each.comma, cst.Comma) else each.with_changes(comma=apart)
        for each in node.args[:-1]
    ]
    return node.with_changes(args=[*args, node.args[-1].with_changes(comma=_NO_COMMA)])


_NO_COMMA = cst.MaybeSentinel.DEFAULT


def _in_place_of(node: Any, made: Any) -> Any:
    """Return `made` with what stands around `node` and is no part of what is rewritten."""
    if isinstance(node, cst.ClassDef):
        head = {name: getattr(made, name) for name in ("name", "bases", "keywords")}
        braces = (made.lpar, made.rpar)
        return node.with_changes(**head, lpar=braces[0], rpar=braces[1])
    if isinstance(node, cst.BaseExpression) and node.lpar:
        return made.with_changes(lpar=node.lpar, rpar=node.rpar)
    if isinstance(node, cst.BaseSmallStatement):
        return made.with_changes(semicolon=node.semicolon)
    return made
