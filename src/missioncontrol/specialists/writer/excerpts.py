"""Short excerpts of code with their line ranges, cut where they would be long, and saying so."""

from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.specialists.writer.parts import Part, parts_of
from missioncontrol.specialists.writer.places import Place, Scene

LINE_LENGTH_MAX = 200
HEAD_LINES_MIN = 3
WHOLE_LINES_MAX, WHOLE_CHARACTERS_MAX = 320, 16_000
"""Up to this a definition to be changed is shown whole; it is about half of a pack for a task."""
SLACK_LINES = 10
"""So few lines more are shown rather than cut off."""
NAMED_MAX = 24
"""Definitions that are named of what was left out."""


class Excerpt(msgspec.Struct, frozen=True, omit_defaults=True):
    """Some consecutive lines of a file."""

    path: str
    start: int
    end: int  # the last line shown
    title: str  # the definition that it shows
    language: str
    lines: tuple[str, ...]
    more: int = 0  # lines of the definition after `end`
    left_out: tuple[str, ...] = ()  # definitions in those lines, as `name (first-last)`

    @property
    def place(self) -> str:
        """Where it stands, as `path:first-last`."""
        return f"{self.path}:{self.start}-{self.end}"


def excerpt(
    part: Part, place: Place, scene: Scene, *, lines_max: int, whole: bool = False
) -> Excerpt:
    """Return the first lines of a definition, the whole of it where it fits.

    With `whole` one that is to be changed goes on to its end, within a bound of its own.
    """
    text = scene.texts.get(part.path, ())
    if part.end - part.start < lines_max + SLACK_LINES:
        lines_max += SLACK_LINES
    end = min(part.end, part.start + lines_max - 1, _head_end(part, place), len(text))
    if whole and is_whole(part, scene):
        end = min(part.end, len(text))
    elif whole and part in scene.targets and not part.is_type:
        end = min(part.end, _fitting(part, text), len(text))
    while end > part.start and not text[end - 1].strip():
        end -= 1
    lines = tuple(_shortened(line) for line in text[part.start - 1 : end])
    return Excerpt(
        part.path,
        part.start,
        end,
        part.title,
        place.language,
        lines,
        max(0, part.end - end),
        _names_in(part, end, place, text),
    )


def is_whole(part: Part, scene: Scene) -> bool:
    """Whether a definition is to be changed and short enough to be shown from end to end."""
    text = scene.texts.get(part.path, ())
    return part in scene.targets and _fitting(part, text) >= part.end


def _fitting(part: Part, text: Sequence[str]) -> int:
    """Return the last line of a definition that there is room for."""
    size = 0
    for number in range(part.start, min(part.end, part.start + WHOLE_LINES_MAX - 1) + 1):
        size += len(text[number - 1]) + 1 if number <= len(text) else 0
        if size > WHOLE_CHARACTERS_MAX:
            return number - 1
    return min(part.end, part.start + WHOLE_LINES_MAX - 1)


def _names_in(part: Part, end: int, place: Place, text: Sequence[str]) -> tuple[str, ...]:
    """Name the definitions of a type that stand behind the last line shown."""
    if not part.is_type or end >= part.end:
        return ()
    inside = [
        each
        for each in parts_of(part.path, "\n".join(text), place.language)
        if end < each.start and each.end <= part.end and each.owner == part.name
    ]
    names = [f"`{each.name}` ({each.start}-{each.end})" for each in inside[:NAMED_MAX]]
    more = len(inside) - NAMED_MAX
    return (*names, f"{more} more") if more > 0 else tuple(names)


def _head_end(part: Part, place: Place) -> int:
    """Return where the head of a class ends: its members are shown by themselves."""
    members = [each.start for each in place.parts if each.owner == part.name and part.is_type]
    inside = [start for start in members if part.start + HEAD_LINES_MIN <= start <= part.end]
    return min(inside, default=part.end + 1) - 1


def excerpts(place: Place, scene: Scene, *, most: int, lines_max: int) -> Iterator[Excerpt]:
    """Yield excerpts of a place's definitions, the most telling first, none inside another."""
    shown: list[Excerpt] = []
    for part in (each for each in place.parts if each.word != "lines"):
        if len(shown) == most:
            return
        found = excerpt(part, place, scene, lines_max=lines_max)
        if found.lines and not _is_shown(found, shown):
            shown.append(found)
            yield found


def uses_in_words(place: Place, name: str, *, most: int) -> str:
    """Say in which lines of the product a name is used, and in how many others."""
    found = [use for use in place.uses if use.name == name and use.how != "import"]
    product = [use for use in found if use.is_product]
    words = [
        f"{_HOWS[how]} {', '.join(f'`{use.place}`' for use in product[:most] if use.how == how)}"
        for how in dict.fromkeys(use.how for use in product[:most])
    ]
    if len(product) > most:
        left = len(product) - most
        words.append(f"{left} more {'line' if left == 1 else 'lines'} of the product")
    others = len(found) - len(product)
    if others:
        words.append(f"{others} {'line' if others == 1 else 'lines'} of tests and examples")
    return "; ".join(words)


_HOWS = {
    "subclass": "derived from in",
    "assignment": "assigned in",
    "call": "called in",
    "mention": "named in",
    "import": "imported in",
}


def _is_shown(found: Excerpt, shown: Sequence[Excerpt]) -> bool:
    return any(
        each.path == found.path and each.start <= found.end and found.start <= each.end
        for each in shown
    )


def _shortened(line: str) -> str:
    return line if len(line) <= LINE_LENGTH_MAX else line[: LINE_LENGTH_MAX - 1] + "…"
