"""Values of any shape as lines of JSON, so that a page shows them without a script."""

import json
from typing import Any

import msgspec

TEXT_MAX = 200_000
"""A page shows no more characters of one value; the whole of it is there to be downloaded."""


def json_rows(value: Any) -> str:
    """Return a value as indented JSON, cut where it is longer than a page should be."""
    plain = msgspec.to_builtins(value, str_keys=True)
    text = json.dumps(plain, indent=2, ensure_ascii=False, default=str)
    if len(text) <= TEXT_MAX:
        return text
    return f"{text[:TEXT_MAX]}\n… {len(text) - TEXT_MAX} more characters"
