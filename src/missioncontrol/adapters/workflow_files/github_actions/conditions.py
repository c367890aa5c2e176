"""Converts GitHub's expressions to CEL if both certainly mean the same."""

import json
import re
from typing import Protocol

from missioncontrol.adapters.workflow_files.foreign.cel import (
    Unclear,
    Value,
    all_of,
    any_of,
    negated,
    quoted,
)
from missioncontrol.adapters.workflow_files.github_actions.expressions import (
    Call,
    Expression,
    Literally,
    Not,
    Pair,
    Reference,
)

JOINED_MAX = 20_000
"""Characters of an expression that is made of several."""

STATUS = ("success", "failure", "always", "cancelled")


class Scope(Protocol):
    """What the names of an expression stand for where it stands."""

    def value(self, path: tuple[str, ...]) -> Value:
        """Return what a reference comes to here, or raise `Unclear`."""
        ...

    def status(self, name: str) -> str:
        """Return the condition that a status function stands for, or raise `Unclear`."""
        ...

    def results(self) -> list[Value]:
        """Return the results of all jobs that this one needs."""
        ...


def names_status(expression: Expression) -> bool:
    """Whether it asks how what came before has ended; GitHub adds `success()` where it does not."""
    match expression:
        case Call(name=name, arguments=arguments):
            return name in STATUS or any(map(names_status, arguments))
        case Not(operand=operand):
            return names_status(operand)
        case Pair(left=left, right=right):
            return names_status(left) or names_status(right)
        case _:
            return False


def without_success(expression: Expression) -> Expression:
    """Return it without `success()` where that has to hold anyway: GitHub and we ask for it."""
    match expression:
        case Call(name="success"):
            return Literally(True)
        case Pair(operator="&&", left=left, right=right):
            return Pair("&&", without_success(left), without_success(right))
        case _:
            return expression


def references(expression: Expression) -> list[tuple[str, ...]]:
    """Return every context value that it reads."""
    match expression:
        case Reference(path=path):
            return [path]
        case Call(arguments=arguments):
            return [path for each in arguments for path in references(each)]
        case Not(operand=operand):
            return references(operand)
        case Pair(left=left, right=right):
            return references(left) + references(right)
        case _:
            return []


def truth_of(expression: Expression, scope: Scope) -> str:
    """Return the CEL condition that holds where GitHub takes `expression` for true.

    Raises:
        Unclear: it says why.
    """
    match expression:
        case Not(operand=Call(name="cancelled")):
            return scope.status("always")
        case Not(operand=operand):
            return negated(truth_of(operand, scope))
        case Pair(operator="||", left=Call(name="success"), right=Call(name="failure")):
            return scope.status("always")
        case Pair(operator="&&", left=left, right=right):
            return all_of([truth_of(left, scope), truth_of(right, scope)])
        case Pair(operator="||", left=left, right=right):
            return any_of([truth_of(left, scope), truth_of(right, scope)])
        case _:
            return _truthy(value_of(expression, scope))


def value_of(expression: Expression, scope: Scope) -> Value:
    """Return what `expression` comes to.

    Raises:
        Unclear: it says why.
    """
    match expression:
        case Literally(value=value):
            return _literal(value)
        case Reference(path=path):
            return scope.value(path)
        case Call():
            return _called(expression, scope)
        case Pair(operator="==" | "!=" as operator, left=left, right=right):
            same = _equal(value_of(left, scope), value_of(right, scope))
            return _condition(same if operator == "==" else negated(same))
        case Pair(operator="<" | "<=" | ">" | ">=" as operator, left=left, right=right):
            return _ordered(operator, value_of(left, scope), value_of(right, scope))
        case Pair(operator="||", left=Pair(operator="&&", left=test, right=then), right=other):
            return _chosen(test, then, other, scope)
        case Pair(operator="||", left=left, right=right):
            return _first(left, right, scope)
        case Pair(operator="&&", left=left, right=right):
            return _both(left, right, scope)
        case _:
            return _condition(truth_of(expression, scope))


def _condition(source: str) -> Value:
    return Value(source, "boolean", tight=re.fullmatch(r"!?[\w.]+(\(\))?", source) is not None)


def _literal(value: str | float | bool | None) -> Value:
    if isinstance(value, str):
        return Value(quoted(value), "string", (value,))
    if isinstance(value, bool):
        return Value("true" if value else "false", "boolean")
    if value is None:
        raise Unclear("GitHub counts null as 0 and as an empty text; here it equals nothing else.")
    return Value(repr(value), "number")


def _constant(text: str) -> Value:
    if len(text) > JOINED_MAX:
        raise Unclear("It is longer than an expression may be.")
    return _literal(text)


def _known(value: Value) -> str | float | None:
    """Return a value that stands in the file itself, or None."""
    if value.constant is not None:
        return value.constant
    if value.kind == "number" and re.fullmatch(r"-?[0-9][0-9.e+-]*", value.source):
        return float(value.source)
    return None


def _as_condition(truth: bool) -> str:
    return "true" if truth else "false"


def _truthy(value: Value) -> str:
    known = _known(value)
    if known is not None:
        return _as_condition(bool(known))
    match value.kind:
        case "boolean":
            return f"{value.guarded} == true" if value.gaps else value.source
        case "string":
            return f"{value.guarded} != ''"
        case "number":
            return f"!({value.source} in [0, ''])" if value.gaps else f"{value.guarded} != 0"
        case _:
            raise Unclear("Its values are of different kinds, and GitHub would convert them.")


def _called(call: Call, scope: Scope) -> Value:
    if call.name in STATUS:
        return _condition(scope.status(call.name))
    if call.name in ("contains", "startswith", "endswith") and len(call.arguments) == 2:
        return _condition(_searched(call.name, *call.arguments, scope))
    if call.name == "format" and call.arguments:
        return _formatted(call, scope)
    raise Unclear(f"The function {call.name}() has no counterpart here.")


def _equal(left: Value, right: Value) -> str:
    if "unknown" in (left.kind, right.kind):
        raise Unclear("It compares values of different kinds, which GitHub would convert.")
    if left.kind != right.kind:
        raise Unclear(
            f"It compares a {left.kind} with a {right.kind}; GitHub makes numbers of both first."
        )
    one, two = _known(left), _known(right)
    if isinstance(one, str) and isinstance(two, str):
        return _as_condition(one.casefold() == two.casefold())
    if one is not None and two is not None:
        return _as_condition(one == two)
    if left.kind == "string":
        return _same_text(left, right)
    for value, other in ((left, right), (right, left)):
        if other.source in ("true", "false"):
            wanted = _truthy(value)
            return wanted if other.source == "true" else negated(wanted)
    if left.gaps or right.gaps:
        return _same_number(left, right)
    return f"{left.guarded} == {right.guarded}"


def _same_number(left: Value, right: Value) -> str:
    other = right if left.gaps else left
    if re.fullmatch(r"-?[0-9.]*[1-9][0-9.]*", other.source):
        return f"{left.guarded} == {right.guarded}"
    raise Unclear("A value that is missing counts as 0 on GitHub.")


def _same_text(left: Value, right: Value) -> str:
    """GitHub compares texts without regard to case."""
    for value, other in ((left, right), (right, left)):
        literal = other.options[0] if other.options and other.source[0] in "'\"" else None
        if literal is None:
            continue
        if literal in value.cases:
            return value.cases[literal]
        if _case_is_clear(literal, value):
            return f"{value.guarded} == {other.source}"
        return f"{_small(value)} == {_small_literal(literal)}"
    both = None if left.options is None or right.options is None else left.options + right.options
    if both is not None and len({each.casefold() for each in both}) == len(set(both)):
        return f"{left.guarded} == {right.guarded}"
    raise Unclear("GitHub compares texts without regard to case, which two values can't be here.")


def _case_is_clear(literal: str, value: Value) -> bool:
    """Whether it makes no difference that case counts here."""
    if not re.search(r"[^\W\d_]", literal):
        return True
    return value.options is not None and not any(
        option != literal and option.casefold() == literal.casefold() for option in value.options
    )


def _small(value: Value) -> str:
    return f"{value.guarded}.lowerAscii()"


def _small_literal(text: str) -> str:
    if not text.isascii():
        raise Unclear("GitHub compares texts without regard to case, beyond the letters a to z.")
    return quoted(text.lower())


def _ordered(operator: str, left: Value, right: Value) -> Value:
    if {left.kind, right.kind} != {"number"} or left.gaps or right.gaps:
        raise Unclear("It orders values that are not all numbers.")
    if _known(left) is not None and _known(right) is not None:
        raise Unclear("It orders two numbers that stand in the file.")
    return _condition(f"{left.guarded} {operator} {right.guarded}")


def _searched(name: str, where: Expression, what: Expression, scope: Scope) -> str:
    if isinstance(where, Reference) and where.path == ("needs", "*", "result"):
        return _in_results(value_of(what, scope), scope)
    if isinstance(where, Call) and where.name == "fromjson" and name == "contains":
        return _in_list(where, value_of(what, scope))
    text, part = value_of(where, scope), value_of(what, scope)
    literal = part.options[0] if part.options and len(part.options) == 1 else None
    if text.kind != "string" or literal is None:
        raise Unclear("It searches in, or for, something that is not known before the run.")
    if text.constant is not None:
        raise Unclear("It searches in a text that stands in the file.")
    method = {"contains": "contains", "startswith": "startsWith", "endswith": "endsWith"}[name]
    return f"{_small(text)}.{method}({_small_literal(literal)})"


def _in_results(what: Value, scope: Scope) -> str:
    literal = what.options[0].lower() if what.options else ""
    if literal not in ("success", "failure", "skipped", "cancelled"):
        raise Unclear("No job has a result of that name.")
    return any_of([each.cases.get(literal, "false") for each in scope.results()])


def _in_list(call: Call, what: Value) -> str:
    match call.arguments:
        case (Literally(value=str() as text),):
            try:
                items = json.loads(text)
            except ValueError:
                items = None
            if isinstance(items, list) and items and all(isinstance(each, str) for each in items):
                options = [Value(quoted(each), "string", (each,)) for each in items]
                if what.kind == "string":
                    return any_of([_same_text(what, option) for option in options])
    raise Unclear("The function fromJSON() has no counterpart here.")


def _formatted(call: Call, scope: Scope) -> Value:
    pattern = value_of(call.arguments[0], scope)
    if pattern.options is None or len(pattern.options) != 1:
        raise Unclear("The pattern of format() is not known before the run.")
    given = [value_of(each, scope) for each in call.arguments[1:]]
    parts: list[Value] = []
    for text, number in re.findall(r"((?:[^{}]|\{\{|\}\})+)|\{([0-9]+)\}", pattern.options[0]):
        if text:
            parts.append(_literal(text.replace("{{", "{").replace("}}", "}")))
        elif int(number) < len(given):
            parts.append(given[int(number)])
    return joined(parts)


def joined(parts: list[Value]) -> Value:
    """Return the text that `parts` make together."""
    if len(parts) == 1 and parts[0].kind == "string":
        return parts[0]
    if not parts:
        return _literal("")
    sources = [
        each.guarded if each.kind == "string" else f"string({each.source})" for each in parts
    ]
    known = [each.options for each in parts]
    if all(options is not None and len(options) == 1 for options in known):
        return _constant("".join(options[0] for options in known if options))
    if sum(map(len, sources)) > JOINED_MAX:
        raise Unclear("It is longer than an expression may be.")
    return Value(" + ".join(sources), "string", tight=len(sources) == 1)


def _chosen(test: Expression, then: Expression, other: Expression, scope: Scope) -> Value:
    """`a && b || c` is how GitHub's language says: if a then b else c, unless b counts as false."""
    one, two = value_of(then, scope), value_of(other, scope)
    if one.kind != two.kind or "unknown" in (one.kind, two.kind):
        raise Unclear("Its two outcomes are of different kinds.")
    if one.kind == "boolean":
        return _condition(truth_of(Pair("||", Pair("&&", test, then), other), scope))
    is_certain = one.options is not None and all(one.options)
    condition = all_of([truth_of(test, scope), "true" if is_certain else _truthy(one)])
    options = one.options + two.options if one.options and two.options else None
    if condition in ("true", "false"):
        return one if condition == "true" else two
    guarded = condition if "?" not in condition else f"({condition})"
    return Value(f"{guarded} ? {one.guarded} : {two.guarded}", one.kind, options, tight=False)


def _both(left: Expression, right: Expression, scope: Scope) -> Value:
    one, two = value_of(left, scope), value_of(right, scope)
    if (one.kind, two.kind) != ("boolean", "boolean"):
        raise Unclear("Its two outcomes are of different kinds.")
    return _condition(all_of([_truthy(one), _truthy(two)]))


def _first(left: Expression, right: Expression, scope: Scope) -> Value:
    one, two = value_of(left, scope), value_of(right, scope)
    if one.kind != two.kind or one.kind == "unknown":
        raise Unclear("Its two outcomes are of different kinds.")
    if one.kind == "boolean":
        return _condition(any_of([_truthy(one), _truthy(two)]))
    if _truthy(one) in ("true", "false"):
        return one if _truthy(one) == "true" else two
    options = one.options + two.options if one.options and two.options else None
    return Value(f"{_truthy(one)} ? {one.guarded} : {two.guarded}", one.kind, options, tight=False)
