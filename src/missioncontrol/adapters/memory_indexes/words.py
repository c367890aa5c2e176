"""The words that items are indexed and asked by: prose, paths and the parts of identifiers."""

import re
from collections.abc import Sequence

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_IDENTIFIER = re.compile(r"\b\w*[a-z0-9][A-Z]\w*\b|\b[A-Z]{2,}[a-z]\w*\b")
_MARKED = re.compile("\x01([^\x01\x02]*)\x02")
MARKS = str.maketrans("", "", "\x01\x02")


def indexed(text: str) -> str:
    """Return `text` with the parts of its identifiers behind it: `SessionInterface` says session.

    The tokenizer of SQLite parts words at `_`, `/` and `.` by itself.
    """
    plain = text.translate(MARKS)
    parts = [part for word in _IDENTIFIER.findall(plain) for part in _PARTS.findall(word)]
    return f"{plain}\n{' '.join(dict.fromkeys(parts))}" if parts else plain


def match_of(words: Sequence[str]) -> str:
    """Return the expression that finds what says any of `words`; nothing in them is an operator."""
    quoted = ("".join(c if c.isprintable() and c != '"' else " " for c in word) for word in words)
    return " OR ".join(f'"{word.strip()}"' for word in quoted if any(map(str.isalnum, word)))


def marked(text: str) -> tuple[str, ...]:
    """Return the words between marks, each once, in lower case."""
    return tuple(dict.fromkeys(word.lower() for word in _MARKED.findall(text)))
