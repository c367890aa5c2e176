"""The trace as programs are told it: the check, the graph and the matrix in plain shapes."""

import msgspec

from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.traceability.check import TraceCheck, Undone, trace_check
from missioncontrol.documents.traceability.graph import Node, TraceGraph
from missioncontrol.documents.traceability.links import trace_graph
from missioncontrol.documents.traceability.matrix import MatrixRow, matrix
from missioncontrol.domain.gap import Gap, SetAside, Waiver, owner_of


class GapTold(msgspec.Struct, frozen=True):
    """A gap of the trace, and the waiver that it stands on where there is one."""

    id: str
    code: str
    subject: str
    what: str
    remedy: str
    digest: str
    waiver: Waiver | None = None


class CheckTold(msgspec.Struct, frozen=True):
    """What the trace of a mission comes to."""

    mission: str
    run: str
    is_clean: bool  # no gap is left that nobody waived
    is_completed: bool
    lacking: str  # what keeps the mission from being completed; "" where nothing does
    gaps: tuple[GapTold, ...]
    waived: tuple[GapTold, ...]
    undone: tuple[Undone, ...]  # tasks without checked evidence
    passages: int  # of what was asked for
    requirements: int
    tasks: int
    set_aside: tuple[SetAside, ...] = ()  # passages taken for background, that demand nothing


class RowTold(msgspec.Struct, frozen=True):
    """A requirement and what it leads to, by the ids of nodes."""

    requirement: str
    text: str
    standing: str
    checked: int  # of its tasks, those that are done with checked evidence
    asked: tuple[str, ...]
    tasks: tuple[str, ...]
    shaped: tuple[str, ...]  # decisions, risks and components
    artifacts: tuple[str, ...]
    files: tuple[str, ...]
    tests: tuple[str, ...]
    gaps: tuple[str, ...]


class OwnerTold(msgspec.Struct, frozen=True):
    """Who sees to a risk."""

    risk: str
    owner: str  # "" where nobody does
    assigned_by: str = ""  # "" where the plan names the owner


class TraceTold(msgspec.Struct, frozen=True):
    """All of a mission's trace."""

    check: CheckTold
    graph: TraceGraph
    matrix: tuple[RowTold, ...]
    owners: tuple[OwnerTold, ...]


def check_told(record: MissionRecord, check: TraceCheck) -> CheckTold:
    """Return the check of a record."""
    return CheckTold(
        mission=record.mission,
        run=record.run,
        is_clean=check.is_clean,
        is_completed=check.is_completed,
        lacking=check.lacking,
        gaps=tuple(_gap(gap) for gap in check.gaps),
        waived=tuple(_gap(each.gap, each.waiver) for each in check.waived),
        undone=check.undone,
        passages=check.passages,
        requirements=check.requirements,
        tasks=check.tasks,
        set_aside=check.set_aside,
    )


def trace_told(record: MissionRecord, check: TraceCheck | None = None) -> TraceTold:
    """Return the whole trace of a record."""
    check = check or trace_check(record)
    graph = trace_graph(record, check)
    rows = tuple(_row(row) for row in matrix(record, graph, check))
    return TraceTold(check_told(record, check), graph, rows, owners_told(record))


def owners_told(record: MissionRecord) -> tuple[OwnerTold, ...]:
    """Return who sees to each risk of the plan."""
    found = []
    for risk in record.plan.risks:
        owner = owner_of(risk, record.owners)
        said = [each for each in record.owners if each.risk == risk.id and each.owner == owner]
        by = said[-1].by if said and owner != risk.owner else ""
        found.append(OwnerTold(risk.id, owner, by))
    return tuple(found)


def _gap(gap: Gap, waiver: Waiver | None = None) -> GapTold:
    return GapTold(gap.id, gap.code, gap.subject, gap.what, gap.remedy, gap.digest, waiver)


def _row(row: MatrixRow) -> RowTold:
    return RowTold(
        requirement=row.requirement.id,
        text=row.requirement.text,
        standing=row.standing,
        checked=row.checked,
        asked=_ids(row.asked),
        tasks=_ids(row.tasks),
        shaped=_ids(row.shaped),
        artifacts=_ids(row.artifacts),
        files=_ids(row.files),
        tests=_ids(row.tests),
        gaps=tuple(gap.id for gap in row.gaps),
    )


def _ids(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    return tuple(node.id for node in nodes)
