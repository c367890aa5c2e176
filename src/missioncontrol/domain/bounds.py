"""The directories that an agent may work in, and which texts name a place outside of them."""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from missioncontrol.domain.agent import ANYTHING, Shape

PATH_CHARACTERS_MAX = 4096
"""No system opens a longer path, so the rest of a text is no part of one."""

CANDIDATES_MAX = 64
"""Places in one text where a path may begin; a text with more is refused unread."""

_QUOTES = "\"'`"
_AROUND = " \t\r\n\f\v" + _QUOTES
_LINK = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_HOME = re.compile(r"~[\w.-]*(?:/|\Z)")
_FILE = re.compile(r"file:\S", re.IGNORECASE)
_GLUED = re.compile(r"-[a-zA-Z](?=[/~])")
_SEPARATOR = re.compile(r"[=@:,]")


def texts_in(inputs: Mapping[str, Any], shape: Shape) -> Iterator[tuple[str, str, bool]]:
    """Yield every text of `inputs`: its place, the text, and whether `shape` calls it a path.

    Names of fields that no shape knows are texts as well: they may name files.
    """
    left: list[tuple[str, Any, Shape]] = [("", inputs, shape)]
    while left:
        place, value, known = left.pop()
        if isinstance(value, str):
            yield place, value, known.kind == "path"
        elif isinstance(value, Mapping):
            for name, each in value.items():
                under = f"{place}.{name}" if place else str(name)
                if name not in known.fields:
                    yield under, str(name), False
                left.append((under, each, known.fields.get(name, ANYTHING)))
        elif isinstance(value, list | tuple):
            items = known.items or ANYTHING
            left.extend((f"{place}[{n}]", each, items) for n, each in enumerate(value))


class Bounds:
    """Directories, with their links followed once."""

    def __init__(self, places: Sequence[str], real: Callable[[str], str]) -> None:
        """`real` follows the links of an absolute path."""
        self._real = real
        self._places = [real(_plain(place)).rstrip("/") for place in places]

    def fault(self, text: str, *, is_path: bool) -> str:
        """Say why `text` names a place that must not be named; '' where it names none of those.

        A text that is meant as a path has to be a whole one. Any other names a path only where one
        stands at its beginning, or is given in its first word as in `--out=/tmp/x`: a sentence
        may mention what it likes.
        """
        if "\0" in text:
            return "which no path can be"
        if is_path and not text.startswith("/"):
            return "which is no whole path"
        found = candidates(text)
        if len(found) > CANDIDATES_MAX:
            return "in which too many paths may be meant"
        return next(filter(None, map(self._fault, found)), "")

    def _fault(self, path: str) -> str:
        if _HOME.match(path):
            return "which begins in a user's home"
        if _FILE.match(path):
            return "which is the address of a file"
        if not path.startswith("/"):
            return "which goes up from wherever it begins" if _goes_up(path) else ""
        # A program may take `..` out before it follows links, or after that.
        spellings = {_plain(path), _plain(posixpath.normpath(path))}
        return "" if all(map(self._holds, spellings)) else "which lies elsewhere"

    def _holds(self, path: str) -> bool:
        real = self._real(path)
        return any(real == place or real.startswith(f"{place}/") for place in self._places)


def candidates(text: str) -> list[str]:
    """Return where in `text` a path may begin, up to the end of the text each.

    These are its beginning, what follows the letter of an option, and what follows `=`, `@`, `:`
    or `,` in its first word. An address such as `https://…` holds none.
    """
    found: list[str] = []
    rest = text.strip(_AROUND)
    while not _LINK.match(rest) and len(found) <= CANDIDATES_MAX:
        found.append(rest[:PATH_CHARACTERS_MAX])
        if glued := _GLUED.match(rest):
            found.append(rest[glued.end() :][:PATH_CHARACTERS_MAX])
        separator = _SEPARATOR.search(rest, 0, _first_word(rest))
        if separator is None:
            break
        rest = rest[separator.end() :].strip(_QUOTES)
    return found


def _first_word(text: str) -> int:
    """Return where the first word of `text` ends."""
    blank = re.search(r"\s", text)
    return blank.start() if blank else len(text)


def _goes_up(text: str) -> bool:
    return "\n" not in text and ".." in text.split("/")


def _plain(path: str) -> str:
    """Return an absolute path that begins with one slash: two mean the same place here."""
    return "/" + path.lstrip("/")
