"""Small pieces of Markdown: code spans and blocks, tables, anchors."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

CLOSING = "\u201d\u2019\"'"
ENDINGS = (".", "!", "?", "")
_FENCE = re.compile(r"^\s*(`{3,})", re.MULTILINE)


def code(text: str) -> str:
    """Return `text` as a code span on one line, whatever backticks are in it."""
    flat = " ".join(text.split())
    longest = max((len(run) for run in re.findall("`+", flat)), default=0)
    if not longest:
        return f"`{flat}`"
    ticks = "`" * (longest + 1)
    return f"{ticks} {flat} {ticks}"


def block(lines: Sequence[str], language: str) -> Iterator[str]:
    """Yield a fenced block that its content cannot close."""
    text = "\n".join(lines)
    longest = max((len(run) for run in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    yield f"{fence}{re.sub('[^a-z0-9+#-]', '', language.lower())}"
    yield from lines
    yield fence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a table; cells become one line each."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'|'.join(' --- ' for _ in header)}|"
    for row in rows:
        yield f"| {' | '.join(cell(each) for each in row)} |"


def cell(text: str) -> str:
    """Return `text` as it may stand in a table cell."""
    return " ".join(text.split()).replace("|", "\\|")


def anchor(heading: str) -> str:
    """Return the fragment that common renderers give a heading."""
    plain = re.sub(r"[^\w\s-]", "", heading.lower(), flags=re.UNICODE)
    return re.sub(r"\s", "-", plain.strip())


def sentence(text: str) -> str:
    """Return `text` with a full stop where it has no ending of its own."""
    text = text.strip()
    inner = text.rstrip(CLOSING)[-1:] if text[-1:] in CLOSING else text[-1:]
    ends = inner in ENDINGS or unicodedata.category(text[-1:] or ".") == "Po"
    return text if ends else f"{text}."


def joined(parts: Iterable[Iterable[str]]) -> str:
    """Join sections into one document that ends with one line end."""
    lines = [line.rstrip() for part in parts for line in part]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return text.strip() + "\n"
