"""Reads JSON piece by piece, so that each value has its line."""

import json
import re
from typing import Any

from missioncontrol.adapters.workflow_files.building import Building, Stopped

_TOKEN = re.compile(r'[{}\[\]]|"(?:[^"\\]|\\.)*"|[^\s{}\[\],:"]+')


class NoJson(Exception):
    """The text is no JSON; `line` and `reason` say where and why."""

    def __init__(self, line: int, reason: str) -> None:
        """`reason` is the library's own."""
        super().__init__(reason)
        self.line = line
        self.reason = reason


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


def refuse_no_json(text: str) -> None:
    """Return if all of `text` is JSON.

    Raises:
        NoJson: it is not.
    """
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise NoJson(error.lineno, error.msg) from None
    except ValueError as error:
        raise NoJson(1, str(error)) from None
    except RecursionError:
        raise NoJson(1, "it is nested too deeply") from None


def build_from_json(text: str, building: Building) -> None:
    """Hand the pieces of a text that is JSON to `building`."""
    line, position = 1, 0
    try:
        for found in _TOKEN.finditer(text):
            line += text.count("\n", position, found.start())
            position = found.start()
            _take(found[0], line, building)
    except Stopped:
        return


def _take(token: str, line: int, building: Building) -> None:
    match token[0]:
        case "{":
            building.begin({}, line)
        case "[":
            building.begin([], line)
        case "}" | "]":
            building.end()
        case '"':
            building.scalar(json.loads(token), line, is_plain=False)
        case _:
            building.scalar(token, line, is_plain=True)
