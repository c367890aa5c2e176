"""Fails, and says why: `refuse.py REASON < DETAILS`.

DETAILS is a text, or a JSON list with a line for each entry; the reason is printed last.
"""

import json
import sys


def lines_of(text: str) -> list[str]:
    """Return the details line by line."""
    try:
        found = json.loads(text)
    except ValueError:
        return text.splitlines()
    return [str(each) for each in found] if isinstance(found, list) else [str(found)]


sys.exit("\n".join([*lines_of(sys.stdin.read()), sys.argv[1]]))
