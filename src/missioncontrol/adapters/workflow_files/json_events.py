"""Passes JSON to a `ValueBuilder` token by token, with the line of each."""

import json
import re
from typing import Any

from missioncontrol.adapters.workflow_files.value_builder import Stopped, ValueBuilder

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
