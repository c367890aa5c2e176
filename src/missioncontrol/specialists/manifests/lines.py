"""Finds the line at which something stands in a manifest."""

import re


def line_of(text: str, *needles: str) -> int:
    """Return the 1-based line of the last of `needles`, each sought from the one before on.

    Needles are regular expressions for the inside of one line; 0 where the first is not found.
    """
    lines = text.split("\n")
    found = -1
    for needle in needles:
        wanted = re.compile(needle)
        start = max(found, 0)
        at = next((n for n in range(start, len(lines)) if wanted.search(lines[n])), None)
        if at is None:
            break
        found = at
    return found + 1


def table_line(name: str) -> str:
    """Return the needle for a TOML or INI table's heading."""
    return r"^\s*\[+\s*" + re.escape(name) + r"\s*\]+"


def key_line(name: str) -> str:
    """Return the needle for a key at the start of a TOML or INI line."""
    return r"""^\s*["']?""" + re.escape(name) + r"""["']?\s*[=:.]"""


def quoted(text: str) -> str:
    """Return the needle for `text` as a quoted string."""
    return r"""["']""" + re.escape(text) + r"""["']"""
