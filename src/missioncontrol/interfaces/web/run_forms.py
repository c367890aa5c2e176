"""Inputs of a run as a form shows them, and what of them was changed in it."""

from collections.abc import Mapping
from typing import Any

import msgspec

PREFIX = "input."


def shown_inputs(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return each input as text: texts as they are, all else as JSON."""
    return {name: _shown(value) for name, value in inputs.items()}


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def changed_inputs(inputs: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """Return the inputs that a form has in another way than they were.

    They are texts: what begins a run reads them as the types of its inputs ask. Browsers send line
    ends as CR LF.
    """
    given = {
        name.removeprefix(PREFIX): text.replace("\r\n", "\n")
        for name, text in form.items()
        if name.startswith(PREFIX)
    }
    before = shown_inputs(inputs)
    return {name: text for name, text in given.items() if name in before and text != before[name]}
