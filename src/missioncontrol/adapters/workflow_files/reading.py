"""Reads workflow files: YAML or JSON, with a line for each value and all faults at once."""

import codecs
from typing import Any

from missioncontrol.adapters.workflow_files.building import Building
from missioncontrol.adapters.workflow_files.json_events import (
    NoJson,
    build_from_json,
    refuse_no_json,
)
from missioncontrol.adapters.workflow_files.yaml_events import build_from_yaml
from missioncontrol.domain.definition import Definition, Fault, Malformed, Marks
from missioncontrol.domain.definition import read as read_plain

BYTES_MAX = 1024 * 1024

_MARKS_OF_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read(text: str, filename: str) -> tuple[Definition, Marks]:
    """Return what a workflow file defines, and the line of each of its values.

    Raises:
        Malformed: `workflow.malformed`, naming every fault with its line. Steps, agents and
            expressions are not looked up here: see `domain.definition.faults`.
    """
    definition, marks, faults = read_all(text, filename)
    if faults:
        raise Malformed(filename, faults)
    return definition, marks


def read_all(text: str, filename: str) -> tuple[Definition, Marks, list[Fault]]:
    """Return what a workflow file defines as far as it can be read, with lines and faults."""
    building = build(text, filename)
    if building.is_broken:
        return Definition(), building.marks, building.faults
    definition, faults = read_plain(building.value, building.marks)
    told = {fault.thing for fault in building.faults}  # What is not there follows from those.
    more = [fault for fault in faults if fault.thing not in told]
    return definition, building.marks, sorted({*building.faults, *more})


def build(text: str, filename: str) -> Building:
    """Return the plain value of a YAML or JSON text with its lines, and what is wrong with it."""
    building = Building()
    if len(text) > BYTES_MAX or len(text.encode(errors="surrogatepass")) > BYTES_MAX:
        building.stop(1, _too_large(len(text)), "Split it: a step can call another workflow.")
        return building
    text = text.removeprefix("\ufeff")
    is_named_json = filename.lower().endswith(".json")
    if is_named_json or text.lstrip()[:1] == "{":
        try:
            refuse_no_json(text)
        except NoJson as error:
            if is_named_json:
                building.stop(error.line, f"It is no JSON: {error.reason}.")
                return building
        else:
            build_from_json(text, building)
            return building
    build_from_yaml(text, building)
    if building.value is None and not building.faults:
        building.stop(1, "The file is empty.", "Begin with `name:` and `steps:`.")
    return building


def decoded(content: bytes, filename: str) -> str:
    """Return the text of a file.

    Raises:
        Malformed: `workflow.malformed`, where it is too large or is not UTF-8.
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
