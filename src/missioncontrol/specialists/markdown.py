"""Puts words, paths and tables into Markdown so that nothing in a repository can break the page."""

import re
from collections.abc import Iterable, Sequence


def code(text: str) -> str:
    """Return `text` as code on one line."""
    flat = " ".join(text.split())
    fence = "``" if "`" in flat else "`"
    pad = " " if "`" in flat else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def prose(text: str) -> str:
    """Return `text` like `plain`, but leave what stands between backticks as code."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(code(part) if number % 2 else plain(part) for number, part in enumerate(parts))


def plain(text: str) -> str:
    """Return `text` on one line, with the signs escaped that Markdown would act on."""
    flat = re.sub(r"\s+", " ", text)
    return "".join(f"\\{sign}" if sign in r"\`*_[]<>|" else sign for sign in flat)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table, one for each row; heads that end in `:` are of numbers."""
    lines = ["| " + " | ".join(head.rstrip(":") for head in heads) + " |"]
    lines.append("|" + "|".join("---:" if head.endswith(":") else "---" for head in heads) + "|")
    return [*lines, *("| " + " | ".join(map(_cell, row)) + " |" for row in rows)]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("\\|", "|").replace("|", "\\|")


def listed(words: Sequence[str], *, limit: int = 0) -> str:
    """Return `a, b and c`; with a limit, the first ones and how many more there are."""
    if limit and len(words) > limit:
        return f"{', '.join(words[:limit])} and {len(words) - limit:,} more"
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 file` or `2 files`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
