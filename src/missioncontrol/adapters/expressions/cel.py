"""Evaluates CEL expressions with Google's C++ implementation, through cel-expr-python."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from cel_expr_python import cel

from missioncontrol.adapters.expressions import effort
from missioncontrol.adapters.expressions.error_messages import about_compiling, about_running
from missioncontrol.adapters.expressions.origins import Legs, Missing, find_members
from missioncontrol.adapters.expressions.tree import (
    Call,
    Node,
    Path,
    nodes_in,
    path_of,
    paths_in,
    read_tree,
)
from missioncontrol.adapters.expressions.values import (
    Misfit,
    Wanted,
    looked_up,
    measure_value,
    missing,
    picked,
    read_out,
    refuse_large,
    refuse_surrogates,
    wanted,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.expression import FUNCTIONS, NAMES, SOURCE_CHARACTERS_MAX
from missioncontrol.ports.expressions import SUCCEEDED, Standing

EXTENSIONS = (
    "bindings",
    "encoders",
    "lists",
    "math",
    "optional",
    "regex",
    "sets",
    "strings",
    "two-var-comprehensions",
)
_CACHED_MAX = 2_000  # compiled expressions; an ordinary one takes about 10 kB
_CACHED_CHARACTERS_MAX = 500  # of an expression; longer ones are compiled each time


def environment(
    variables: Mapping[str, cel.Type],
    *,
    container: str | None = None,
    macros: bool = True,
    functions: Sequence[cel.FunctionDecl] = (),
) -> cel.Env:
    """Return where expressions over these variables compile: the options are those of the product.

    The other arguments are there for the specification's own tests.
    """
    extensions = "".join(f"  - name: {name}\n" for name in EXTENSIONS)
    library = "" if macros else "stdlib:\n  disable_macros: true\n"
    return cel.NewEnv(
        config=cel.NewEnvConfigFromYaml(f"extensions:\n{extensions}{library}"),
        variables=variables,
        extensions=[cel.CelExtension("standing", [_declared(name) for name in FUNCTIONS])],
        container=container,
        functions=functions,
    )


def _declared(function: str) -> cel.FunctionDecl:
    # Without an implementation it is bound when an expression is worked out.
    return cel.FunctionDecl(function, [cel.Overload(f"{function}_bool", cel.Type.BOOL, [])])


def _bound(function: str, value: bool) -> cel.Function:
    return cel.Function(function, [], False, lambda: value, cel.Type.BOOL)


_SUCCESS = {value: _bound("success", value) for value in (True, False)}
_FAILURE = {value: _bound("failure", value) for value in (True, False)}
_ALWAYS = _bound("always", True)

_PLAIN_CHAIN = re.compile(
    rf"(?:{'|'.join(NAMES)})(?:\.(?!(?:true|false|null|in)\b)[A-Za-z_][A-Za-z0-9_]*){{0,20}}"
)


# What the exceptions of C++ become in Python.
_LIBRARY_ERRORS = (RuntimeError, ValueError, IndexError, OverflowError, MemoryError)


class _Compiled(msgspec.Struct, frozen=True):
    """An expression that compiled, or why it did not."""

    fault: str = ""
    kind: str = "any"
    expression: cel.Expression | None = None
    tree: Node | None = None
    chain: Path | None = None  # where it is a chain of members alone
    paths: tuple[Path, ...] = ()
    members: Wanted = None  # what it takes from its names
    nodes: int = 0
    is_linear: bool = True
    asks_standing: bool = False


class CelExpressions:
    """Keeps `ports.expressions.Expressions`."""

    def __init__(self) -> None:
        """Make the environment once: it costs a millisecond."""
        self._environment = environment(dict.fromkeys(NAMES, cel.Type.DYN))
        self._cached_compile = lru_cache(_CACHED_MAX)(self._compile)

    def fault(self, source: str) -> str:
        """Return why the expression can't be used, in one line with its place; "" where it can."""
        return self._compiled(source).fault

    def kind(self, source: str) -> str:
        """Return the kind of value that the expression gives, as far as it is certain."""
        return self._compiled(source).kind

    def item_paths(self, source: str) -> tuple[Legs, ...]:
        """Return what the expression takes of variables and items; nothing where it has a fault."""
        return tuple(each for each in self._find_members(source) if isinstance(each, tuple))

    def missing_members(self, source: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return what it takes of objects that it makes without it, and what these have."""
        found = (each for each in self._find_members(source) if isinstance(each, Missing))
        return tuple((each.member, each.known) for each in found)

    def _find_members(self, source: str) -> tuple[Legs | Missing, ...]:
        tree = self._compiled(source).tree
        return () if tree is None else tuple(dict.fromkeys(find_members(tree, {})))

    def evaluate(
        self, source: str, names: Mapping[str, Any], standing: Standing = SUCCEEDED
    ) -> Any:
        """Return what the expression gives, as plain JSON.

        Raises:
            Rejected: `expression.failed`, naming the expression and the cause.
        """
        compiled = self._compiled(source)
        try:
            if compiled.fault:
                raise Misfit(compiled.fault)
            if compiled.chain is not None:
                result = looked_up(names, compiled.chain)
            else:
                result = _worked_out(compiled, names, standing)
            refuse_large(result)
        except Misfit as misfit:
            raise Rejected(
                "expression.failed",
                f"The expression {_short(source)!r} can't be worked out: {misfit}.",
                hint="Correct it, or guard what may be missing: has(a.b), a.?b.orValue(c).",
            ) from misfit
        return result

    def _compiled(self, source: str) -> _Compiled:
        is_cached = len(source) <= _CACHED_CHARACTERS_MAX
        return self._cached_compile(source) if is_cached else self._compile(source)

    def _compile(self, source: str) -> _Compiled:
        try:
            return self._understood(source)
        except Misfit as misfit:
            return _Compiled(str(misfit))
        except RuntimeError as error:
            return _Compiled(about_compiling(source, str(error)))

    def _understood(self, source: str) -> _Compiled:
        if _PLAIN_CHAIN.fullmatch(source):
            # The most usual expression by far; it needs no compiler to be understood.
            return _Compiled(chain=tuple(source.split(".")))
        _refuse_unreadable(source)
        expression = self._environment.compile(source)
        tree = read_tree(expression.serialize())
        nodes = list(nodes_in(tree))
        paths = tuple(dict.fromkeys(paths_in(tree)))
        compiled = _Compiled(
            kind=_kind(expression.return_type().name()),
            expression=expression,
            tree=tree,
            chain=path_of(tree, guarded=False),
            paths=paths,
            members=wanted(paths),
            nodes=len(nodes),
            is_linear=effort.is_linear(tree),
            asks_standing=any(
                isinstance(node, Call) and node.function in FUNCTIONS for node in nodes
            ),
        )
        _refuse_unusable(compiled)
        return compiled


def _refuse_unreadable(source: str) -> None:
    """Keep from the parser what it may stumble over."""
    if not source.strip():
        raise Misfit("there is no expression")
    if len(source) > SOURCE_CHARACTERS_MAX:
        raise Misfit(
            f"it has {len(source):,} characters; at most {SOURCE_CHARACTERS_MAX:,} can be used"
        )
    refuse_surrogates(source)


def _refuse_unusable(compiled: _Compiled) -> None:
    """Refuse what compiles and can never be worked out, or can never give JSON."""
    assert compiled.expression is not None
    never = _never_json(compiled.expression.return_type().name())
    if never:
        raise Misfit(f"its result is {never}")
    _refuse_effort(compiled, _EMPTY_NAMES, 0.0)
    # The plan is made at the first run; only then is it known whether there are all functions.
    trial = _run(compiled, {}, SUCCEEDED)
    if not compiled.paths:
        is_error, result = _plain(trial)
        if is_error:
            raise Misfit(about_running(result))
        refuse_large(read_out(result))


# These are objects in every workflow.
_EMPTY_NAMES: dict[str, Any] = {"inputs": {}, "steps": {}, "run": {}}


_KINDS = {
    "BOOL": "boolean",
    "INT": "integer",
    "UINT": "integer",
    "DOUBLE": "number",
    "STRING": "string",
    "LIST": "list",
    "MAP": "object",
    "NULL": "null",
}


def _kind(type_name: str) -> str:
    return _KINDS.get(type_name.partition("<")[0], "any")


_NEVER_JSON = (
    (r"\boptional_type\b", "an optional value; end it with .orValue(…)"),
    (r"\bBYTES\b", "bytes; put string(…) or base64.encode(…) around them"),
    (r"\bTIMESTAMP\b", "a timestamp; put string(…) around it"),
    (r"\bDURATION\b", "a duration; put string(…) around it"),
    (r"\bTYPE\b", "a type; compare it with one, as in type(a) == int"),
    (
        r"\bMAP<(?:U?INT|BOOL)\b",
        "an object with keys that are no strings; put string(…) around them",
    ),
)


def _never_json(type_name: str) -> str:
    return next((words for pattern, words in _NEVER_JSON if re.search(pattern, type_name)), "")


def _worked_out(compiled: _Compiled, names: Mapping[str, Any], standing: Standing) -> Any:
    data = picked(names, compiled.members)
    _refuse_effort(compiled, data, measure_value(data).units)
    is_error, result = _plain(_run(compiled, data, standing))
    if is_error:
        raise Misfit(_failure_of(compiled, names, result))
    return read_out(result)


def _run(compiled: _Compiled, data: Mapping[str, Any], standing: Standing) -> cel.Value:
    assert compiled.expression is not None
    try:
        return compiled.expression.eval(data=data, functions=_functions(compiled, standing))
    except _LIBRARY_ERRORS as error:
        raise Misfit(about_running(str(error))) from error


def _plain(value: cel.Value) -> tuple[bool, Any]:
    """Return whether it is an error, and the Python value or the error's message."""
    try:
        plain = value.plain_value()
    except (TypeError, SystemError) as error:
        # The library has no Python value for it; within a list it says so in the second way.
        raise Misfit(f"its result is {_NEVER_JSON[0][1]}") from error
    except _LIBRARY_ERRORS as error:
        raise Misfit(f"its result can't be read: {error}") from error
    is_error = value.type() == cel.Type.ERROR
    return is_error, str(plain) if is_error else plain


def _refuse_effort(compiled: _Compiled, data: Mapping[str, Any], units: float) -> None:
    """Refuse an expression before it takes too long, or too much memory.

    Raises:
        Misfit: naming how much too much it would be.
    """
    assert compiled.tree is not None
    if compiled.is_linear and effort.is_surely_small(compiled.nodes, units):
        return
    needed = effort.effort_of(compiled.tree, data)
    if needed.units > effort.UNITS_MAX:
        times = needed.units / effort.UNITS_MAX
        share = (
            f"{times + 0.05:,.1f} times" if times < 1_000_000 else "far more than a million times"
        )
        raise Misfit(
            f"it may take {share} the work that one expression may; shorten the lists and texts "
            "that it goes through, or use a step for this"
        )
    if needed.is_unordered:
        raise Misfit(
            "it makes a list of the members of an object, which come in no certain order; "
            "put .sort() behind that list"
        )


def _functions(compiled: _Compiled, standing: Standing) -> list[cel.Function]:
    if not compiled.asks_standing:
        return []
    return [_ALWAYS, _SUCCESS[standing.success], _FAILURE[standing.failure]]


def _failure_of(compiled: _Compiled, names: Mapping[str, Any], message: str) -> str:
    """Say why there is no result, and which member is missing where the library names only it."""
    absent = re.search(r"Key not found in map : \"(.*)\"", message)
    if absent or "SELECT to non-message" in message:
        where = missing(names, compiled.paths, absent[1] if absent else None)
        return where or about_running(message)
    return about_running(message)


def _short(source: str) -> str:
    return source if len(source) <= 120 else source[:119] + "…"
