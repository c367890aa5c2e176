"""Specs of repositories: a person read one, and accepted its content as right."""

import msgspec

from missioncontrol.domain.errors import Rejected

SPECS_MAX = 20_000
PATH_MAX = 4_096
REASON_MAX = 2_000


class SpecAccepted(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person accepted a spec, for files as they were."""

    repository: str  # absolute path of the checkout
    spec: str  # path in it
    digest: str  # SHA-256 of the text that was read
    covered: str  # digest of the files it covers, and what was in them
    near: str  # digest of everything in the same directories
    files: int  # that it covers
    at: float  # seconds since the epoch
    commit: str = ""  # that was checked out
    reason: str = ""


SpecEvent = SpecAccepted

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {SpecAccepted: ("spec_accepted", 1)}
"""The lasting name and version of every event."""


class AcceptSpec(msgspec.Struct, frozen=True):
    """Accept it as it is now."""

    repository: str
    spec: str
    digest: str
    covered: str
    near: str
    files: int
    commit: str = ""
    reason: str = ""


class Specs(msgspec.Struct, frozen=True):
    """The last time that each was accepted, by its repository and path."""

    accepted: dict[tuple[str, str], SpecAccepted]


def decide(command: AcceptSpec, specs: Specs | None, now: float) -> list[SpecEvent]:
    """Answer `command` with the events it makes true; the same spec may be accepted again.

    Raises:
        Rejected: `spec.bad_input` naming the field, or `spec.too_many`.
    """
    known = specs.accepted if specs else {}
    for name, text, most in (
        ("repository", command.repository, PATH_MAX),
        ("spec", command.spec, PATH_MAX),
        ("reason", command.reason, REASON_MAX),
    ):
        if len(text) > most or (not text and name != "reason"):
            raise Rejected(
                "spec.bad_input", f"`{name}` has {len(text):,} characters; 1 to {most:,}."
            )
    if (command.repository, command.spec) not in known and len(known) >= SPECS_MAX:
        raise Rejected("spec.too_many", f"There are {SPECS_MAX:,} accepted specs already.")
    return [SpecAccepted(**msgspec.structs.asdict(command), at=now)]


def evolve(specs: Specs | None, event: SpecEvent, at: float) -> Specs:
    """Apply `event`."""
    del at
    known = specs or Specs({})
    known.accepted[event.repository, event.spec] = event
    return known
