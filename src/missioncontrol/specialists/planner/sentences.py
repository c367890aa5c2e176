"""The sentences of a goal, with its tables, scenarios and lists as plain items."""

import re
from collections.abc import Iterator, Sequence

from missioncontrol.domain.passages import Passage as Sentence
from missioncontrol.domain.passages import passages, without_code
from missioncontrol.specialists.planner.statements import inline_section

_ROW = re.compile(r"^\s*\|(?P<cells>.+)\|\s*$")
_RULE = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-{2,}:?)?\s*$")
_NUMBER = re.compile(r"^(?:\W*|[A-Za-z]{0,4}[-.]?\d+)$")
_TRACE = re.compile(
    r"^\s*(?:at \S+.*:\d+\)?|File \"[^\"]*\", line \d+.*|Traceback \(most recent call last\):"
    r"|goroutine \d+ \[\w+\]:|\S+\.\w+:\d+ \+0x[0-9a-f]+|[\w./*]+\([^()\s]*\)\s*$)"
)
_STEP = re.compile(r"^\s*(?P<word>Given|When|Then|And|But)\s+(?P<text>\S.*)$")
_TITLE = re.compile(r"^\s*(?P<word>Feature|Scenario(?: Outline)?|Rule|Background):\s*(?P<text>.*)$")
_MARK = r"(?:[-*+•\u2013]|\(?\d{1,3}[.)]|\(?[a-z][.)]|\[[ xX]\])"
_ITEM = re.compile(rf"^(?P<indent>\s*){_MARK}\s+(?:\[[ xX]\]\s+)?(?P<text>\S.*)$")
_BOLD = re.compile(r"^\s*(?P<mark>\*\*|__)(?P<text>[^*_`\n]+?):?(?P=mark):?\s*$")
"""A line in bold is a heading, however it is written."""
_GOES_ON = re.compile(r"(?i)(?:with|without|and|or|for|in|by|from|of)\s")
DEPTH_MAX = 5
__all__ = ["Sentence", "capitalised", "sentences", "shortened"]


def sentences(text: str) -> list[Sentence]:
    """Return the sentences, list items and headings of `text`; code blocks are left out."""
    return passages(plain_items(without_code(text)))


_APOSTROPHE = re.compile(r"['\u2019]")
_LOOSE_END = re.compile(
    r"(?i)(?:\s+(?:an?|the|and|or|of|at|by|in|on|to|for|from|with|as|that|which|when|while|if|into))+$"
)
"""Words that lead on to what a cut has removed: “raised by `parse` at …”."""


def shortened(text: str, length: int) -> str:
    """Return `text` on one line, cut at a word before `length` characters where it is longer."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    at = cut.rfind(" ")
    shown = cut[:at] if at > length // 2 else cut
    return _LOOSE_END.sub("", shown).rstrip(" ,;:.") + "…"


def capitalised(text: str) -> str:
    """Return `text` with its first letter large, unless it starts with code or a name."""
    first = text.split(None, 1)[0] if text.split() else ""
    if not _APOSTROPHE.sub("", first).isalpha() or not first.islower():
        return text
    return text[0].upper() + text[1:]


def plain_items(text: str) -> str:
    """Return `text` with tables, steps and levels written out item by item."""
    lines = list[str]()
    for line in text.splitlines():
        if bold := _BOLD.match(line):
            line = f"# {bold['text']}"
        if inline_section(line)[0]:
            lines.append("")  # “Expected: …” below “Actual: …” is a sentence of its own.
        if not _TRACE.match(line):
            lines.append(line)
    return "\n".join(_levelled(list(_without_steps(list(_without_tables(lines))))))


def _without_tables(lines: Sequence[str]) -> Iterator[str]:
    head: list[str] = []
    for number, line in enumerate(lines):
        row = _ROW.match(line)
        if _RULE.match(line) and "|" in line:
            continue
        if row is None:
            head = []
            yield line
            continue
        cells = [cell.strip() for cell in row["cells"].split("|")]
        follows = lines[number + 1] if number + 1 < len(lines) else ""
        if _RULE.match(follows):
            head = cells
        else:
            yield from _row(head, cells)


def _row(head: Sequence[str], cells: Sequence[str]) -> Iterator[str]:
    """Tell a row by its first telling cell; the others follow with the names of their columns."""
    pairs = [
        (head[at] if at < len(head) else "", cell)
        for at, cell in enumerate(cells)
        if cell and not _NUMBER.match(cell)
    ]
    if pairs:
        others = [f"{name.lower()} {cell}".strip() for name, cell in pairs[1:]]
        yield f"- {pairs[0][1]}" + (f" ({', '.join(others)})" if others else "")


def _without_steps(lines: Sequence[str]) -> Iterator[str]:
    """Tell each scenario as one item: “Empty cart: given …, when …, then …”."""
    words = {match["word"] for line in lines if (match := _STEP.match(line))}
    if not {"When", "Then"} <= words:
        yield from lines
        return
    feature, title, steps = "", "", list[str]()
    for line in [*lines, ""]:
        step, heading = _STEP.match(line), _TITLE.match(line)
        if step:
            steps.append(f"{step['word'].lower()} {step['text'].strip(' .')}")
            continue
        if steps and line.strip():
            yield _scenario(title, steps)
            steps = []
        if heading and heading["word"] == "Feature":
            feature = title = heading["text"].strip()
        elif heading:
            title = " \u2013 ".join(filter(None, [feature, heading["text"].strip()]))
        elif line.strip() or not steps:
            yield line
    if steps:
        yield _scenario(title, steps)


def _scenario(title: str, steps: Sequence[str]) -> str:
    text = ", ".join(steps).replace(", and ", " and ").replace(", but ", " but ")
    return f"- {title}: {text}" if title else f"- {text}"


def _levelled(lines: Sequence[str]) -> Iterator[str]:
    """Give each nested item the words of the items above it."""
    above: list[tuple[int, str]] = []
    for line in lines:
        item = _ITEM.match(line)
        if item is None:
            above = [] if line.strip() and not line[:1].isspace() else above
            yield line
            continue
        indent = len(item["indent"].expandtabs(4))
        above = [(depth, text) for depth, text in above if depth < indent][-DEPTH_MAX:]
        text = item["text"].strip()
        if above:
            parent = above[-1][1].rstrip(" .:;,")
            text = f"{parent} {text}" if _GOES_ON.match(text) else f"{parent} \u2013 {text}"
        above.append((indent, text))
        yield f"- {text}"
