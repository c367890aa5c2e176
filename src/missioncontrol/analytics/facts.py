"""The facts of a summary that a model receives: its lines by id, without personal data.

Lines consist of counts, shares, days, event names and values that many people share. A line that
seems to hold an address, a personal number or a secret is still left out, because event names come
from outside and may hold anything.
"""

import hashlib
import re

import msgspec

from missioncontrol.analytics.narrative import THIN
from missioncontrol.analytics.summary import PARTS, Point, Summary

FACTS_BYTES_MAX = 6_000
"""Bytes of all lines; a tokenizer yields at most one token for each byte."""

FACT_LENGTH_MAX = 400

HEADLINE = "headline"

_PERSONAL = re.compile(
    r"[^\s@]+@[^\s@]+"  # an address of mail, or a name at a service
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-|\b(?=\w*[0-9])(?=\w*[A-Za-z])\w{16,}\b"
    r"|(?<![\w.,\u2009])\+?[0-9][0-9()/-]{6,}[0-9]"  # numbers of telephones and accounts
    r"|\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b|https?:|www\.|//",
    re.IGNORECASE,
)


def facts_of(summary: Summary) -> dict[str, str]:
    """Return the lines of a summary by id, as `headline`, `questions-2`; bounded."""
    found: dict[str, str] = {}
    room = FACTS_BYTES_MAX
    for name, text in _lines(summary):
        size = len(text.encode())
        if is_impersonal(text) and len(text) <= FACT_LENGTH_MAX and size <= room:
            found[name] = text
            room -= size
    return found


def digest_of(summary: Summary) -> str:
    """Return a digest of a summary's text, which changes with its facts."""
    parts = [summary.product, summary.verdict.text, summary.scope]
    parts += [text for _, text in _lines(summary)]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def is_impersonal(text: str) -> bool:
    """Whether nothing in a text looks like a person's address or number."""
    return _PERSONAL.search(text) is None


def points_of(summary: Summary) -> dict[str, Point]:
    """Return the points of a summary by the ids of its facts."""
    parts = ((name, getattr(summary, name)) for name in PARTS)
    return {
        f"{name}-{number}": point
        for name, points in parts
        for number, point in enumerate(points, start=1)
    }


def _lines(summary: Summary) -> list[tuple[str, str]]:
    lines = [(HEADLINE, summary.verdict.text)]
    lines += [(name, point.text) for name, point in points_of(summary).items()]
    return [(name, text.replace(THIN, ",")) for name, text in lines]
