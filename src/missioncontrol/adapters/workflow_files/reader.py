"""Reads workflow files: YAML or JSON, with a line for each value and all faults at once."""

import codecs
import json
import re
from typing import Any

from missioncontrol.adapters.workflow_files.value_builder import Stopped, ValueBuilder
from missioncontrol.adapters.workflow_files.yaml_events import build_from_yaml
from missioncontrol.domain.definition import Definition, Fault, Malformed, Marks
from missioncontrol.domain.definition import read as read_plain

# Passes JSON to a `ValueBuilder` token by token, with the line of each.

_TOKEN = re.compile(r'[{}\[\]]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+')


class NotJson(Exception):
    """Raised for a text that is not JSON, with line and reason."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


def check_json(text: str) -> None:
    """Check that all of `text` is JSON.

    Raises:
        NoJson: it is not.
    """
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise NotJson(error.lineno, error.msg) from None
    except ValueError as error:
        raise NotJson(1, str(error)) from None
    except RecursionError:
        raise NotJson(1, "it is nested too deeply") from None


def build_from_json(text: str, builder: ValueBuilder) -> None:
    """Pass the tokens of a JSON text to `builder`."""
    line, position = 1, 0
    try:
        for found in _TOKEN.finditer(text):
            line += text.count("\n", position, found.start())
            position = found.start()
            _take(found[0], line, builder)
    except Stopped:
        return


def _take(token: str, line: int, builder: ValueBuilder) -> None:
    match token[0]:
        case "{":
            builder.begin({}, line)
        case "[":
            builder.begin([], line)
        case "}" | "]":
            builder.end()
        case '"':
            builder.scalar(json.loads(token), line, is_plain=False)
        case _:
            builder.scalar(token, line, is_plain=True)


BYTES_MAX = 1024 * 1024

_MARKS_OF_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read(text: str, filename: str) -> tuple[Definition, Marks]:
    """Return the definition in a workflow file, and the line of each value.

    Raises:
        Malformed: `workflow.malformed`, naming every fault with its line. Steps, agents and
            expressions are checked by `domain.definition.faults`.
    """
    definition, marks, faults = read_all(text, filename)
    if faults:
        raise Malformed(filename, faults)
    return definition, marks


def read_all(text: str, filename: str) -> tuple[Definition, Marks, list[Fault]]:
    """Return the definition as far as it can be read, with lines and faults."""
    builder = build(text, filename)
    if builder.is_broken:
        return Definition(), builder.marks, builder.faults
    definition, faults = read_plain(builder.value, builder.marks)
    known = {fault.thing for fault in builder.faults}  # These explain missing values.
    more = [fault for fault in faults if fault.thing not in known]
    return definition, builder.marks, sorted({*builder.faults, *more})


def build(text: str, filename: str) -> ValueBuilder:
    """Return a builder with the value, lines and faults of a YAML or JSON text."""
    builder = ValueBuilder()
    if len(text) > BYTES_MAX or len(text.encode(errors="surrogatepass")) > BYTES_MAX:
        builder.stop(1, _too_large(len(text)), "Split it: a step can call another workflow.")
        return builder
    text = text.removeprefix("\ufeff")
    is_named_json = filename.lower().endswith(".json")
    if is_named_json or text.lstrip()[:1] == "{":
        try:
            check_json(text)
        except NotJson as error:
            if is_named_json:
                builder.stop(error.line, f"It is no JSON: {error.reason}.")
                return builder
        else:
            build_from_json(text, builder)
            return builder
    build_from_yaml(text, builder)
    if builder.value is None and not builder.faults:
        builder.stop(1, "The file is empty.", "Begin with `name:` and `steps:`.")
    return builder


def decoded(content: bytes, filename: str) -> str:
    """Return the text of a file.

    Raises:
        Malformed: `workflow.malformed`, if it is too large or not UTF-8.
    """
    if len(content) > BYTES_MAX:
        hint = "Split it: a step can call another workflow."
        raise Malformed(filename, [Fault(1, "the file", _too_large(len(content)), hint)])
    for mark, name in _MARKS_OF_ENCODINGS:
        if content.startswith(mark):
            raise _not_utf8(filename, 1, f"It is written in {name}.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _not_utf8(
            filename, line, f"The byte 0x{content[error.start]:02X} is not UTF-8."
        ) from None


def _not_utf8(filename: str, line: int, message: str) -> Malformed:
    return Malformed(filename, [Fault(line, "the file", message, "Save it as UTF-8.")])


def _too_large(size: Any) -> str:
    return f"It has {size:,} bytes; at most {BYTES_MAX:,} fit."
