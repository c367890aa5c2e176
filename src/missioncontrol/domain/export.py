"""Exports of a mission's outcome: its report, in one of its forms."""

import msgspec

from missioncontrol.domain.errors import NotFound, Rejected

FORM_MAX = 20


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class MissionExported(Event, frozen=True):
    """The report of a run was exported in this form, for the first time."""

    mission: str
    run: str
    form: str  # such as `pdf`


ExportEvent = MissionExported

EVENTS: dict[type, tuple[str, int]] = {MissionExported: ("mission_exported", 1)}
"""The lasting name and version of every event."""


class NoteExport(msgspec.Struct, frozen=True):
    """Record that a report was exported."""

    mission: str
    run: str
    form: str


class Exports(msgspec.Struct, frozen=True):
    """The exports of one mission: run and form."""

    taken: frozenset[tuple[str, str]] = frozenset()


def decide(command: NoteExport, exports: Exports | None, now: float) -> list[ExportEvent]:
    """Answer `command` with the events it makes true: none where it was so exported before.

    Raises:
        Rejected: `export.bad_form`.
    """
    del now
    if not 0 < len(command.form) <= FORM_MAX or not command.form.isalnum():
        raise Rejected("export.bad_form", f"{ascii(command.form)[:40]} is no form of a report.")
    if exports is not None and (command.run, command.form) in exports.taken:
        return []
    return [MissionExported(command.mission, command.run, command.form)]


def evolve(exports: Exports | None, event: ExportEvent, at: float) -> Exports:
    """Apply `event`, which became true at `at` (seconds since the epoch)."""
    del at
    known = exports or Exports()
    return Exports(known.taken | {(event.run, event.form)})


def unknown(stream: str) -> NotFound:
    """Return the error for a mission of which nothing was exported."""
    return NotFound("export.unknown", f"Nothing was exported of {stream[:80]!r}.")
