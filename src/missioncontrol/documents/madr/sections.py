"""Takes the Markdown of a decision record apart: front matter, title, sections, items."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from missioncontrol.documents.madr.lines import (
    ARGUED,
    HEADING,
    ITEM,
    OUR_ARGUED,
    UNDERLINE,
    in_fences,
)

FRONT_MAX = 20_000
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


class Section(NamedTuple):
    """A heading and the lines below it, up to the next heading of whatever level."""

    level: int  # 0 before the first heading
    title: str
    line: int  # of the heading, 1-based
    lines: list[str]

    @property
    def key(self) -> str:
        """The title, as titles are compared."""
        return key_of(self.title)

    @property
    def body(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines).strip("\n")


class Front(NamedTuple):
    """The front matter: its values, those that are no text and no list of texts, and its lines."""

    values: dict[str, str | list[str]]
    odd: list[str]  # what could not be read, by key
    lines: int


def key_of(title: str) -> str:
    """Return a title without comments, numbers before it, marks and case."""
    plain = _COMMENT.sub("", title)
    plain = re.sub(r"^\s*(?:\d+[.)]\s+)?", "", plain)
    return " ".join(re.findall(r"[^\W_]+", plain.casefold()))


def front_of(lines: Sequence[str]) -> Front:
    """Return the front matter that `lines` begin with."""
    if not lines or lines[0].rstrip() != "---":
        return Front({}, [], 0)
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), 0)
    text = "\n".join(lines[1:end])
    if not end or len(text) > FRONT_MAX:
        return Front({}, [], 0)
    import yaml  # An engine that reads no records is spared it.

    try:
        found = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts alone.
    except (yaml.YAMLError, RecursionError, ValueError):
        return Front({}, ["the front matter, which is no YAML"], end + 1)
    if not isinstance(found, dict):
        return Front({}, ["the front matter, which names nothing"] if text.strip() else [], end + 1)
    values: dict[str, str | list[str]] = {}
    odd = []
    for key, value in found.items():
        if isinstance(key, str) and _is_plain(value):
            values[key.strip().lower()] = value
        else:
            odd.append(f"{str(key)[:60]!r} of the front matter")
    return Front(values, odd, end + 1)


def _is_plain(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    )


def sections_of(lines: list[str], first: int) -> list[Section]:
    """Return the sections; `first` is the number of the first line."""
    found = [Section(0, "", first, [])]
    fenced = [is_code for _, is_code in in_fences(lines)]
    skip = False
    for number, line in enumerate(lines):
        if skip:
            skip = False
            continue
        heading = None if fenced[number] else HEADING.fullmatch(line)
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if heading:
            found.append(Section(len(heading[1]), heading[2], first + number, []))
        elif not fenced[number] and _is_underlined(line, below):
            level = 1 if below[0] == "=" else 2
            found.append(Section(level, line.strip(), first + number, []))
            skip = True
        else:
            found[-1].lines.append(line)
    return found


def _is_underlined(line: str, below: str) -> bool:
    is_text = (
        bool(line.strip()) and not line.startswith((" ", "\t", ">", "|")) and line[0] not in "*+-"
    )
    return is_text and UNDERLINE.fullmatch(below) is not None


class Items(NamedTuple):
    """What a section lists, and what else it says."""

    rest: str
    items: list[str]


class Argued(NamedTuple):
    """Arguments for and against something, and other text about it."""

    rest: str
    good: tuple[str, ...]
    neutral: tuple[str, ...]
    bad: tuple[str, ...]


def items_in(body: str) -> Items:
    """Take the items at the left edge out of `body`."""
    return _split_items(body, lambda _: True)


def argued_in(body: str, *, is_ours: bool = False) -> Argued:
    """Take what begins with Good, Neutral or Bad out of `body`."""
    rest, items = _split_items(
        body, lambda text: re.match(r"(?i)(?:good|neutral|bad)\b", text) is not None
    )
    sides: dict[str, list[str]] = {"good": [], "neutral": [], "bad": []}
    for item in items:
        found = (OUR_ARGUED if is_ours else ARGUED).fullmatch(item)
        if found:
            sides[found[1].lower()].append(found[2])
        else:
            sides["neutral"].append(item)
    return Argued(rest, tuple(sides["good"]), tuple(sides["neutral"]), tuple(sides["bad"]))


def _split_items(body: str, is_wanted: Callable[[str], bool]) -> Items:
    rest: list[str] = []
    items: list[list[str]] = []
    is_inside = False
    lines = body.split("\n")
    fenced = [is_code for _, is_code in in_fences(lines)]
    for number, line in enumerate(lines):
        found = None if fenced[number] else ITEM.fullmatch(line)
        if found:
            is_inside = is_wanted(found[1])
            if is_inside:
                items.append([found[1]])
                continue
        elif is_inside and _goes_on(line, lines[number - 1], is_code=fenced[number]):
            items[-1].append(_less_indented(line))
            continue
        else:
            is_inside = False
        rest.append(line)
    return Items("\n".join(rest).strip("\n"), ["\n".join(item).strip() for item in items])


def _goes_on(line: str, before: str, *, is_code: bool) -> bool:
    """Whether a line belongs to the item above: it is indented, blank, or follows at once."""
    return (
        not line.strip() or line.startswith(("  ", "\t")) or (bool(before.strip()) and not is_code)
    )


def _less_indented(line: str) -> str:
    return line[1:] if line.startswith("\t") else line.removeprefix("  ")
