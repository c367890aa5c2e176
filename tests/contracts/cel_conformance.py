"""Runs the CEL specification's own tests; `python -m tests.contracts.cel_conformance --write`.

Without `--write` it prints how many pass, fail and are out of scope, and why. With it, those
that pass are added to `tests/data/cel-spec/passing.txt`; none is ever removed.
"""

import argparse
import datetime as dt
import functools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cel_expr_python import cel

from missioncontrol.adapters.expressions.cel import environment
from tests.contracts.textproto import Message, all_of, one_of, read, text_of

FOLDER = Path(__file__).parents[1] / "data" / "cel-spec"
PASS_LIST = FOLDER / "passing.txt"

# Tests that need a message type which would have to be defined in a .proto file.
_MESSAGES = ("TestAllTypes", "cel.expr.conformance", "proto.getExt", "proto.hasExt", "Enum.")
_WELL_KNOWN = "type.googleapis.com/google.protobuf."
_COMPARED = {"Duration", "Timestamp"}


class Outside(Exception):
    """A test that is out of scope; the text says why."""


class Failed(Exception):
    """A test that fails; the text says how."""


class Case(msgspec.Struct, frozen=True):
    name: str  # file/section/name, with #2 where there are two of the same name
    test: Message


FILES = tuple(sorted(file.stem for file in FOLDER.glob("*.textproto")))


def cases(files: Sequence[str] = FILES) -> Iterator[Case]:
    """Yield the tests of the specification that stand in these files."""
    seen: Counter[str] = Counter()
    for file in (FOLDER / f"{name}.textproto" for name in files):
        for section in all_of(read(file.read_text("utf-8")), "section"):
            for test in all_of(section, "test"):
                name = f"{file.stem}/{text_of(section, 'name')}/{text_of(test, 'name')}"
                seen[name] += 1
                yield Case(name + (f"#{seen[name]}" if seen[name] > 1 else ""), test)


def run(case: Case) -> None:
    """Run one test; Failed or Outside where it does not pass."""
    _refuse_outside(case.test)
    expression = compiled(case.test)
    typed = one_of(case.test, "typed_result")
    if typed is not None:
        _same_type(expression, one_of(typed, "deduced_type"))
    if one_of(case.test, "check_only") == "true":
        return
    expected = one_of(case.test, "value") or (typed and one_of(typed, "result"))
    value = _evaluated(expression, case.test)
    if one_of(case.test, "eval_error") is not None or one_of(case.test, "any_eval_errors"):
        if value is not None:
            raise Failed(f"no error, but {_shown(value)}")
        return
    if value is None:
        raise Failed("an error, and none was expected")
    _same_value(value, expected or [("bool_value", "true")])


def _refuse_outside(test: Message) -> None:
    container = text_of(test, "container")
    written = f"{text_of(test, 'expr')} {container} {all_of(test, 'type_env')}"
    if any(word in written for word in _MESSAGES):
        raise Outside("needs a message or enum type from a .proto file")
    bindings = str(all_of(test, "bindings"))
    if "object_value" in bindings or "enum_value" in bindings:
        raise Outside("binds a protobuf message or enum to a variable")
    messages = [
        name
        for field in ("value", "typed_result")
        for name in _object_types(one_of(test, field, []))
    ]
    if any(name.removeprefix(_WELL_KNOWN) not in _COMPARED for name in messages):
        raise Outside("gives a protobuf message")


def _object_types(message: Message) -> Iterator[str]:
    for name, value in message:
        if name == "object_value":
            yield from (field for field, _ in value)
        elif isinstance(value, list):
            yield from _object_types(value)


# Compiling


@functools.cache
def _plain_environment() -> cel.Env:
    return environment({})


def compiled(test: Message) -> cel.Expression:
    variables, functions = {}, []
    for key in (text_of(binding, "key") for binding in all_of(test, "bindings")):
        variables[key] = cel.Type.DYN
    for declared in all_of(test, "type_env"):
        if one_of(declared, "function") is not None:
            functions.append(_function(declared))
        else:
            variables[text_of(declared, "name")] = _type(one_of(one_of(declared, "ident"), "type"))
    macros = one_of(test, "disable_macros") != "true"
    container = text_of(test, "container") or None
    try:
        made = (
            environment(variables, container=container, macros=macros, functions=functions)
            if variables or functions or container or not macros
            else _plain_environment()
        )
        unchecked = one_of(test, "disable_check") == "true"
        return made.compile(text_of(test, "expr"), disable_check=unchecked)
    except RuntimeError as error:
        raise Failed(f"does not compile: {str(error).splitlines()[0]}") from error


_SINGLE_TYPES = {
    "BOOL": cel.Type.BOOL,
    "INT64": cel.Type.INT,
    "UINT64": cel.Type.UINT,
    "DOUBLE": cel.Type.DOUBLE,
    "STRING": cel.Type.STRING,
    "BYTES": cel.Type.BYTES,
    "DURATION": cel.Type.DURATION,
    "TIMESTAMP": cel.Type.TIMESTAMP,
    "dyn": cel.Type.DYN,
    "null": cel.Type.NULL,
}
_WRAPPERS = {
    "BOOL": "Bool",
    "INT64": "Int64",
    "UINT64": "UInt64",
    "DOUBLE": "Double",
    "STRING": "String",
    "BYTES": "Bytes",
}


def _type(message: Message) -> cel.Type:
    [(kind, of)] = message
    if kind in {"primitive", "dyn", "null", "well_known"}:
        return _SINGLE_TYPES[str(of) if kind in {"primitive", "well_known"} else kind]
    match kind:
        case "list_type":
            return cel.Type.List(_type(one_of(of, "elem_type")))
        case "map_type":
            return cel.Type.Map(_type(one_of(of, "key_type")), _type(one_of(of, "value_type")))
        case "wrapper":
            return cel.Type(f"google.protobuf.{_WRAPPERS[of]}Value")
        case "type":
            return cel.Type.Type(_type(of) if of else cel.Type.DYN)
        case "abstract_type":
            parts = [_type(part) for part in all_of(of, "parameter_types")]
            return cel.Type.AbstractType(text_of(of, "name"), parts)
        case "type_param":
            return cel.Type(of.decode())
    raise Outside(f"declares a type of the kind {kind}")


def _function(declared: Message) -> cel.FunctionDecl:
    overloads = [
        cel.Overload(
            text_of(overload, "overload_id"),
            _type(one_of(overload, "result_type")),
            [_type(each) for each in all_of(overload, "params")],
        )
        for overload in all_of(one_of(declared, "function"), "overloads")
    ]
    return cel.FunctionDecl(text_of(declared, "name"), overloads)


def _same_type(expression: cel.Expression, expected: Message | None) -> None:
    if expected is None:
        return
    deduced, wanted = expression.return_type().name(), _type(expected).name()
    if deduced != wanted:
        raise Failed(f"its type is {deduced}, not {wanted}")


# Evaluating


def _evaluated(expression: cel.Expression, test: Message) -> cel.Value | None:
    """Return the value; None for an error."""
    data = {
        text_of(binding, "key"): _python(one_of(one_of(binding, "value"), "value"))
        for binding in all_of(test, "bindings")
    }
    try:
        value = expression.eval(data=data)
        value.plain_value()
    except RuntimeError:
        return None
    except TypeError as error:
        raise Failed("the library has no Python value for the result") from error
    return None if value.type() == cel.Type.ERROR else value


def _python(message: Message) -> Any:
    [(kind, of)] = message
    match kind:
        case "string_value":
            return of.decode()
        case "bool_value":
            return of == "true"
        case "null_value":
            return None
        case "double_value":
            return float(of)
        case "list_value":
            return [_python(each) for each in all_of(of, "values")]
        case "map_value":
            return {
                _python(one_of(entry, "key")): _python(one_of(entry, "value"))
                for entry in all_of(of, "entries")
            }
        case "type_value":
            raise Outside("binds a type to a variable")
    return of


def _shown(value: cel.Value) -> str:
    return f"{value.type().name()} {value.plain_value()!r}"


def _same_value(value: cel.Value, expected: Message) -> None:
    [(kind, of)] = expected
    if not _equal(value, kind, of):
        raise Failed(f"it gives {_shown(value)}, not {kind} {of!r}")


_SINGLE = {
    "bool_value": "BOOL",
    "bytes_value": "BYTES",
    "double_value": "DOUBLE",
    "int64_value": "INT",
    "null_value": "NULL",
    "string_value": "STRING",
    "uint64_value": "UINT",
    "type_value": "TYPE",
}


def _equal(value: cel.Value, kind: str, of: Any) -> bool:
    name = value.type().name().partition("<")[0]
    if kind == "list_value":
        return name == "LIST" and _equal_lists(value.value(), all_of(of, "values"))
    if kind == "map_value":
        return name == "MAP" and _equal_maps(value.value(), all_of(of, "entries"))
    if kind == "object_value":
        return _equal_object(value, of)
    if _SINGLE.get(kind) != name:
        return False
    plain = value.plain_value()
    match kind:
        case "type_value":
            return bool(_type_name(plain) == of.decode())
        case "bytes_value":
            return bool(bytes(plain) == of)
        case "double_value":
            return bool(plain == of) or (math.isnan(plain) and math.isnan(of))
    return bool(plain == _python([(kind, of)]))


def _equal_lists(values: list[cel.Value], expected: list[Message]) -> bool:
    return len(values) == len(expected) and all(
        _equal(value, *each[0]) for value, each in zip(values, expected, strict=True)
    )


def _equal_maps(entries: dict[Any, cel.Value], expected: list[Message]) -> bool:
    if len(entries) != len(expected):
        return False
    for entry in expected:
        key = _python(one_of(entry, "key"))
        if key not in entries or not _equal(entries[key], *one_of(entry, "value")[0]):
            return False
    return True


def _equal_object(value: cel.Value, of: Message) -> bool:
    [(name, fields)] = of
    seconds, nanos = one_of(fields, "seconds", 0), one_of(fields, "nanos", 0)
    span = dt.timedelta(seconds=seconds, microseconds=nanos / 1000)
    if name.endswith("Duration"):
        return bool(value.plain_value() == span)
    return bool(value.plain_value() == dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + span)


_TYPE_NAMES = {
    "BOOL": "bool",
    "BYTES": "bytes",
    "DOUBLE": "double",
    "DURATION": "google.protobuf.Duration",
    "INT": "int",
    "LIST": "list",
    "MAP": "map",
    "NULL": "null_type",
    "STRING": "string",
    "TIMESTAMP": "google.protobuf.Timestamp",
    "TYPE": "type",
    "UINT": "uint",
}


def _type_name(plain: cel.Type) -> str:
    name: str = plain.name().partition("<")[0]
    return _TYPE_NAMES.get(name, name)


# The pass list


def outcomes(files: Sequence[str] = FILES) -> dict[str, str]:
    """Return how each test ended: "" where it passed, else `out of scope: …` or `failed: …`."""
    ended = {}
    for case in cases(files):
        try:
            run(case)
            ended[case.name] = ""
        except Outside as outside:
            ended[case.name] = f"out of scope: {outside}"
        except Failed as failed:
            ended[case.name] = f"failed: {failed}"
    return ended


def pass_list() -> set[str]:
    return set(PASS_LIST.read_text("utf-8").split("\n")) - {""} if PASS_LIST.exists() else set()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.contracts.cel_conformance")
    parser.add_argument("--write", action="store_true", help="add what passes to the pass list")
    arguments = parser.parse_args()
    ended = outcomes()
    kinds = Counter(how.partition(":")[0] or "passed" for how in ended.values())
    print(", ".join(f"{count} {kind}" for kind, count in kinds.most_common()))
    for how, count in Counter(h for h in ended.values() if h.startswith("out")).most_common():
        print(f"  {count:5} {how}")
    for name, how in ended.items():
        if how.startswith("failed"):
            print(f"  {name}: {how}")
    if arguments.write:
        passing = pass_list() | {name for name, how in ended.items() if not how}
        PASS_LIST.write_text("\n".join(sorted(passing)) + "\n", "utf-8")


if __name__ == "__main__":
    main()
