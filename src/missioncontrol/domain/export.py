"""That somebody took a mission's outcome along: its report, in one of its forms."""

import msgspec

from missioncontrol.domain.errors import NotFound, Rejected

FORM_MAX = 20


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape."""


class MissionExported(Event, frozen=True):
    """The report of a run was taken along in this form, for the first time."""

    mission: str
    run: str
    form: str  # such as `pdf`


ExportEvent = MissionExported

EVENTS: dict[type, tuple[str, int]] = {MissionExported: ("mission_exported", 1)}
"""The lasting name and version of every event."""


class NoteExport(msgspec.Struct, frozen=True):
    """Write down that a report was taken along."""

    mission: str
    run: str
    form: str


class Exports(msgspec.Struct, frozen=True):
    """What of one mission was taken along: run and form."""

    taken: frozenset[tuple[str, str]] = frozenset()


def decide(command: NoteExport, exports: Exports | None, now: float) -> list[ExportEvent]:
    """Answer `command` with the events it makes true: none where it was taken so before.

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
    """Say that nothing of a mission was taken along."""
    return NotFound("export.unknown", f"Nothing was exported of {stream[:80]!r}.")
