"""Where each thing stands in a report: the ids that its numbers link to."""

import re
from collections.abc import Iterable, Mapping

import msgspec

from missioncontrol.documents.chain import shown_positions
from missioncontrol.documents.record import MissionRecord

SLUG_MAX = 60
"""Characters of a name that an id keeps."""


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of a sentence, with the place it links to where it states something."""

    text: str
    place: str = ""  # an id in the report


Sentence = tuple[Part, ...]


def sentence(*pieces: str | Part) -> Sentence:
    """Return the pieces as a sentence."""
    return tuple(Part(piece) if isinstance(piece, str) else piece for piece in pieces)


def plain_text(parts: Sentence) -> str:
    """Return a sentence without its links."""
    return "".join(part.text for part in parts)


class Places(msgspec.Struct, frozen=True):
    """Ids for everything that a report links to, unique within it."""

    tasks: Mapping[str, str]
    phases: Mapping[str, str]
    requirements: Mapping[str, str]
    risks: Mapping[str, str]
    decisions: Mapping[str, str]
    components: Mapping[str, str]
    events: frozenset[int]  # positions of those that the report shows
    by_time: Mapping[float, int]  # the first event at each time

    def task(self, key: str) -> str:
        """Return the id of a task."""
        return self.tasks.get(key, "plan")

    def attempt(self, key: str, number: int) -> str:
        """Return the id of an attempt's row."""
        return f"attempt-{number}-of-{self.task(key)}"

    def artifact(self, key: str, number: int) -> str:
        """Return the id of the artifact of a task, by its number from 1."""
        return f"artifact-{number}-of-{self.task(key)}"

    def fact(self, key: str, number: int) -> str:
        """Return the id of the fact of a task, by its number from 1."""
        return f"fact-{number}-of-{self.task(key)}"

    def finding(self, key: str, number: int) -> str:
        """Return the id of the finding of a task, by its number from 1."""
        return f"finding-{number}-of-{self.task(key)}"

    def event(self, position: int) -> str:
        """Return the id of an event's row, or the record's where the event is not shown."""
        return f"event-{position}" if position in self.events else "record"

    def time(self, seconds: float | None) -> str:
        """Return the id of the event that happened at that time, or the record's."""
        return self.event(self.by_time.get(seconds, 0)) if seconds is not None else "record"


def places(record: MissionRecord) -> Places:
    """Return the ids of everything in `record`."""
    plan = record.plan
    shown = shown_positions(record)
    by_time: dict[float, int] = {}
    for event in record.events:
        if event.position in shown:
            by_time.setdefault(event.time, event.position)
    return Places(
        tasks=slugged("task", (one.task.key for one in record.tasks)),
        phases=slugged("phase", (phase.key for phase in plan.stages())),
        requirements=slugged("requirement", (one.id for one in plan.requirements)),
        risks=slugged("risk", (one.id for one in plan.risks)),
        decisions=slugged("decision", (one.id for one in plan.decisions)),
        components=slugged("component", (one.id for one in plan.architecture.components)),
        events=shown,
        by_time=by_time,
    )


def slugged(prefix: str, names: Iterable[str]) -> dict[str, str]:
    """Return an id of letters, digits and dashes for each name; names may hold anything."""
    given: dict[str, str] = {}
    used: set[str] = set()
    for number, name in enumerate(names, start=1):
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:SLUG_MAX]
        slug = f"{prefix}-{slug}" if slug else f"{prefix}-no-{number}"
        given.setdefault(name, slug if slug not in used else f"{slug}-no-{number}")
        used.add(given[name])
    return given
