"""The layout of generated Python, as ruff formats it, and of other texts."""

import json
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 100


def bracketed(head: str, items: Sequence[str], tail: str, indent: int = 0) -> list[str]:
    """Return a call, signature or literal: on one line where it fits, else one item a line."""
    pad = " " * indent
    line = f"{pad}{head}{', '.join(items)}{tail}"
    if len(line) <= WIDTH or not items:
        return [line]
    return [f"{pad}{head}", *(f"{pad}    {each}," for each in items), f"{pad}{tail}"]


def quoted(text: str) -> str:
    """Return a string literal with the quotes that ruff prefers."""
    literal = json.dumps(text, ensure_ascii=False)
    if '\\"' in literal and "'" not in text:
        return "'" + literal[1:-1].replace('\\"', '"') + "'"
    return literal


def docstring(text: str, indent: int = 0, rest: str = "") -> list[str]:
    """Return a docstring; long texts are wrapped."""
    pad = " " * indent
    clean = _plain(text)
    line = f'{pad}"""{clean}"""'
    if len(line) <= WIDTH and not rest:
        return [line]
    body = textwrap.wrap(clean, WIDTH - indent - 6, break_on_hyphens=False)
    first, *more = body or [""]
    lines = [f'{pad}"""{first}', *(f"{pad}{each}" for each in more)]
    if rest:
        lines.append("")
        lines += [
            f"{pad}{each}"
            for each in textwrap.wrap(_plain(rest), WIDTH - indent, break_on_hyphens=False)
        ]
    return [*lines, f'{pad}"""']


def _plain(text: str) -> str:
    """Return a text which is safe inside of a docstring."""
    clean = " ".join(text.replace("\\", "/").replace('"', "'").split())
    return clean.strip()


def sentence(text: str) -> str:
    """Return a text with a capital at its start and a full stop at its end."""
    clean = " ".join(text.split()).strip()
    if not clean:
        return ""
    return clean[0].upper() + clean[1:] + ("" if clean[-1] in ".!?…:" else ".")


def article(noun: str) -> str:
    """Return a noun with its indefinite article."""
    has_vowel = noun[:1].lower() in "aeiou" and not noun.lower().startswith(("uni", "use", "eu"))
    return f"{'an' if has_vowel else 'a'} {noun}"


def module(*parts: Iterable[str]) -> str:
    """Return the text of a file: parts with two empty lines between."""
    texts = ["\n".join(part).strip("\n") for part in parts]
    return "\n\n\n".join(text for text in texts if text) + "\n"
