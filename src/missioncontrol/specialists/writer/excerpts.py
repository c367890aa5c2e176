"""Short excerpts of code with their line ranges, cut where they would be long, and saying so."""

from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.specialists.writer.parts import Part
from missioncontrol.specialists.writer.places import Place, Scene

LINE_LENGTH_MAX = 200
HEAD_LINES_MIN = 3


class Excerpt(msgspec.Struct, frozen=True, omit_defaults=True):
    """Some consecutive lines of a file."""

    path: str
    start: int
    end: int  # the last line shown
    title: str  # the definition that it shows
    language: str
    lines: tuple[str, ...]
    more: int = 0  # lines of the definition after `end`

    @property
    def place(self) -> str:
        """Where it stands, as `path:first-last`."""
        return f"{self.path}:{self.start}-{self.end}"


def excerpt(part: Part, place: Place, scene: Scene, *, lines_max: int) -> Excerpt:
    """Return the first lines of a definition, the whole of it where it fits."""
    text = scene.texts.get(part.path, ())
    end = min(part.end, part.start + lines_max - 1, _head_end(part, place), len(text))
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
    )


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
