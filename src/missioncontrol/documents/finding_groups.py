"""Findings gathered so that a reader meets the gravest first and each rule once."""

from collections.abc import Iterable
from typing import get_args

import msgspec

from missioncontrol.documents.record import MissionRecord
from missioncontrol.domain.work import Finding, Severity

GRAVEST_FIRST: tuple[Severity, ...] = tuple(reversed(get_args(Severity)))
GRAVE: frozenset[Severity] = frozenset({"critical", "high"})
GROUPS_MAX = 150
"""Kinds of findings that a page shows."""
PLACES_MAX = 60
"""Findings of one rule that are shown; the rest is counted and stands in the JSON form."""


class Place(msgspec.Struct, frozen=True):
    """One finding, with the task that made it."""

    finding: Finding
    task: str
    number: int  # of the finding within its task, from 1


class Group(msgspec.Struct, frozen=True):
    """All findings of one rule and severity with the same title."""

    severity: Severity
    rule: str
    title: str
    remedy: str  # where all share it
    obtained: str  # where all share it
    places: tuple[Place, ...]
    left_out: int


def finding_groups(record: MissionRecord) -> tuple[Group, ...]:
    """Return the findings of all tasks by severity and rule."""
    groups: dict[tuple[int, str, str], list[Place]] = {}
    for place in found(record):
        finding = place.finding
        key = (GRAVEST_FIRST.index(finding.severity), finding.rule, finding.title)
        groups.setdefault(key, []).append(place)
    return tuple(_group(groups[key]) for key in sorted(groups))


def found(record: MissionRecord) -> tuple[Place, ...]:
    """Return every finding in the order of tasks."""
    return tuple(
        Place(finding, one.task.key, number)
        for one in record.tasks
        for number, finding in enumerate(one.work.findings, start=1)
    )


def by_severity(places: Iterable[Place]) -> dict[Severity, int]:
    """Count findings by severity, gravest first, leaving out severities with none."""
    listed = [place.finding.severity for place in places]
    return {level: listed.count(level) for level in GRAVEST_FIRST if level in listed}


def location(finding: Finding) -> str:
    """Return the place of a finding as `path:line`, `path` or ""."""
    return f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path


def _group(places: list[Place]) -> Group:
    places.sort(key=lambda one: (one.finding.path, one.finding.line, one.task, one.number))
    first = places[0].finding
    return Group(
        severity=first.severity,
        rule=first.rule,
        title=first.title,
        remedy=_shared({place.finding.remedy for place in places}),
        obtained=_shared({place.finding.obtained for place in places}),
        places=tuple(places[:PLACES_MAX]),
        left_out=max(len(places) - PLACES_MAX, 0),
    )


def _shared(texts: set[str]) -> str:
    return next(iter(texts)) if len(texts) == 1 else ""
