"""What is wrong with a workflow file: where, what, and what to do about it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

import msgspec

from missioncontrol.domain.errors import Rejected

Place = tuple[str | int, ...]
"""Keys and positions that lead from the top of a file to a value."""

Marks = Mapping[Place, int]
"""The line, 1 for the first, on which each value begins."""

SHOWN_MAX = 100
"""No user mends more at once; the rest is counted."""

FAULTS_MAX = 1000
"""After this many, nothing more is looked for: a file that large is wrong in the same few ways."""

NAMES_COMPARED_MAX = 500
WORDS_SHOWN_MAX = 10

_PLAIN = re.compile(r"[\w-]+", re.ASCII)


class Fault(msgspec.Struct, frozen=True, order=True):
    """One thing that is wrong."""

    line: int
    thing: str  # such as `steps.publish.needs[0]`
    message: str  # a sentence
    hint: str = ""  # a sentence that says what to do

    def describe(self, filename: str) -> str:
        """Return it in one line that editors can jump to."""
        place = f"{filename}:{self.line}" if filename else f"line {self.line}"
        return f"{place}: {self.thing}: {self.message} {self.hint}".rstrip()


class Malformed(Rejected):
    """A workflow file that can't be used, with everything that is wrong with it."""

    def __init__(self, filename: str, faults: Sequence[Fault]) -> None:
        """Tell all of `faults`, of which there is at least one."""
        self.filename = filename
        self.faults = tuple(faults)
        lines = [fault.describe(filename) for fault in faults[:SHOWN_MAX]]
        if len(faults) > SHOWN_MAX:
            lines.append(f"{len(faults) - SHOWN_MAX:,} more are not listed.")
        super().__init__("workflow.malformed", "\n".join(lines))


class Faults:
    """Collects what is found wrong while a file is read and checked."""

    def __init__(self, marks: Marks) -> None:
        """Take lines from `marks`."""
        self.marks = marks
        self.found: dict[Fault, None] = {}

    @property
    def is_full(self) -> bool:
        """Whether no more faults are recorded."""
        return len(self.found) >= FAULTS_MAX

    def add(self, place: Place, message: str, hint: str = "") -> None:
        """Take down that something is wrong at `place`."""
        if not self.is_full:
            self.found[Fault(line_of(self.marks, place), thing_at(place), message, hint)] = None

    def unknown(
        self, place: Place, what: str, name: str, known: Iterable[str], nothing: str = ""
    ) -> None:
        """Take down that there is no `what` called `name`, with the name that may be meant.

        `nothing` is the hint where no name is known at all.
        """
        if len(self.found) < SHOWN_MAX:  # Looking for names alike takes its time.
            hint = suggestion(name, known, nothing)
            self.add(place, f"There is no {what} {quoted(name)}.", hint)
        else:
            self.add(place, f"There is no {what} {quoted(name)}.")

    def in_order(self) -> list[Fault]:
        """Return what was found, each once, from the top of the file to its end."""
        return sorted(self.found)


def line_of(marks: Marks, place: Place) -> int:
    """Return the line of a value, or of what holds it where it has none of its own."""
    while place and place not in marks:
        place = place[:-1]
    return marks.get(place, 1)


def thing_at(place: Place) -> str:
    """Return a place as people write it: `steps.publish.needs[0]`."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{part!r}]"
    return text or "the file"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that `name` is most likely meant to be, or an empty text."""
    alike = [each for each in known if abs(len(each) - len(name)) <= 4][:NAMES_COMPARED_MAX]
    folded = {each.lower().replace("_", "-"): each for each in reversed(alike)}
    near = get_close_matches(name.lower().replace("_", "-")[:100], folded, n=1)
    return folded[near[0]] if near else ""


def suggestion(name: str, known: Iterable[str], nothing: str = "") -> str:
    """Say which known name may be meant, or which there are; `nothing` where there are none."""
    names = list(known)
    near = nearest(name, names)
    if near:
        return f"Did you mean {near!r}?"
    if not names:
        return nothing
    shown = ", ".join(names[:WORDS_SHOWN_MAX])
    more = len(names) - WORDS_SHOWN_MAX
    return f"There are {shown} and {more:,} more." if more > 0 else f"Known: {shown}."


def quoted(text: str, most: int = 60) -> str:
    """Return a text of the file in quotes, short enough for a message."""
    return repr(text if len(text) <= most else f"{text[: most - 1]}…")
