"""The trace in plain structs for programs: the check, the graph and the matrix."""

import msgspec

from missioncontrol.documents.coverage import Standing, coverage
from missioncontrol.documents.outcome import is_checked
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.traceability.check import TraceCheck, Undone, trace_check
from missioncontrol.documents.traceability.graph import Node, TraceGraph, reached
from missioncontrol.documents.traceability.links import trace_graph
from missioncontrol.domain.coverage_gaps import Gap, SetAside, Waiver, owner_of
from missioncontrol.domain.plan import Requirement


class MatrixRow(msgspec.Struct, frozen=True):
    """One requirement and what it leads to, each by the ids of nodes."""

    requirement: Requirement
    asked: tuple[Node, ...]  # the words that ask for it
    parts: tuple[Node, ...]  # of a new product: tables, interfaces and metrics
    tasks: tuple[Node, ...]
    shaped: tuple[Node, ...]  # decisions, risks and components
    artifacts: tuple[Node, ...]  # diffs among them
    files: tuple[Node, ...]
    tests: tuple[Node, ...]
    standing: Standing
    checked: int  # of `tasks`, those that are done with checked evidence
    gaps: tuple[Gap, ...]  # about it or its tasks, without those waived


def matrix(record: MissionRecord, graph: TraceGraph, check: TraceCheck) -> tuple[MatrixRow, ...]:
    """Return a row for each requirement of the plan, in its order."""
    nodes = {node.id: node for node in graph.nodes}
    done = {one.task.key for one in record.tasks if is_checked(one)}
    rows = []
    for each in coverage(record):
        name = each.requirement.id
        below = _below(graph, nodes, f"requirement:{name}")
        keys = {one.task.key for one in each.tasks}
        rows.append(
            MatrixRow(
                requirement=each.requirement,
                asked=_above(graph, nodes, f"requirement:{name}"),
                parts=_of(below, "entity", "interface", "metric"),
                tasks=_of(below, "task"),
                shaped=_of(below, "decision", "risk", "component"),
                artifacts=_of(below, "artifact", "diff"),
                files=_of(below, "file"),
                tests=_of(below, "test"),
                standing=each.standing,
                checked=len(keys & done),
                gaps=tuple(gap for gap in check.gaps if gap.subject in {name, *keys}),
            )
        )
    return tuple(rows)


def _below(graph: TraceGraph, nodes: dict[str, Node], start: str) -> list[Node]:
    return list(dict.fromkeys(nodes[edge.target] for edge in reached(graph, start, up=False)))


def _above(graph: TraceGraph, nodes: dict[str, Node], start: str) -> tuple[Node, ...]:
    found = (nodes[edge.source] for edge in graph.edges if edge.target == start)
    return tuple(node for node in found if node.kind in {"sentence", "constraint"})


def _of(nodes: list[Node], *kinds: str) -> tuple[Node, ...]:
    return tuple(node for node in nodes if node.kind in kinds)


class GapRow(msgspec.Struct, frozen=True):
    """A gap of the trace, and the waiver that it stands on where there is one."""

    id: str
    code: str
    subject: str
    what: str
    remedy: str
    digest: str
    waiver: Waiver | None = None


class CheckSummary(msgspec.Struct, frozen=True):
    """What the trace of a mission comes to."""

    mission: str
    run: str
    is_clean: bool  # each gap is waived
    is_completed: bool
    lacking: str  # what keeps the mission from being completed; "" where nothing does
    gaps: tuple[GapRow, ...]
    waived: tuple[GapRow, ...]
    undone: tuple[Undone, ...]  # tasks without checked evidence
    passages: int  # of the request
    requirements: int
    tasks: int
    set_aside: tuple[SetAside, ...] = ()  # background passages, which demand nothing


class RequirementRow(msgspec.Struct, frozen=True):
    """A requirement and what it leads to, by the ids of nodes."""

    requirement: str
    text: str
    standing: str
    checked: int  # of its tasks, those that are done with checked evidence
    asked: tuple[str, ...]
    parts: tuple[str, ...]  # of a new product: tables, interfaces and metrics
    tasks: tuple[str, ...]
    shaped: tuple[str, ...]  # decisions, risks and components
    artifacts: tuple[str, ...]
    files: tuple[str, ...]
    tests: tuple[str, ...]
    gaps: tuple[str, ...]


class RiskOwnerRow(msgspec.Struct, frozen=True):
    """Who sees to a risk."""

    risk: str
    owner: str  # "" without one
    assigned_by: str = ""  # "" where the plan names the owner


class TraceSummary(msgspec.Struct, frozen=True):
    """All of a mission's trace."""

    check: CheckSummary
    graph: TraceGraph
    matrix: tuple[RequirementRow, ...]
    owners: tuple[RiskOwnerRow, ...]


def summarize_check(record: MissionRecord, check: TraceCheck) -> CheckSummary:
    """Return the check of a record."""
    return CheckSummary(
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


def summarize_trace(record: MissionRecord, check: TraceCheck | None = None) -> TraceSummary:
    """Return the whole trace of a record."""
    check = check or trace_check(record)
    graph = trace_graph(record, check)
    rows = tuple(_row(row) for row in matrix(record, graph, check))
    return TraceSummary(summarize_check(record, check), graph, rows, list_risk_owners(record))


def list_risk_owners(record: MissionRecord) -> tuple[RiskOwnerRow, ...]:
    """Return who sees to each risk of the plan."""
    found = []
    for risk in record.plan.risks:
        owner = owner_of(risk, record.owners)
        owners = [each for each in record.owners if each.risk == risk.id and each.owner == owner]
        by = owners[-1].by if owners and owner != risk.owner else ""
        found.append(RiskOwnerRow(risk.id, owner, by))
    return tuple(found)


def _gap(gap: Gap, waiver: Waiver | None = None) -> GapRow:
    return GapRow(gap.id, gap.code, gap.subject, gap.what, gap.remedy, gap.digest, waiver)


def _row(row: MatrixRow) -> RequirementRow:
    return RequirementRow(
        requirement=row.requirement.id,
        text=row.requirement.text,
        standing=row.standing,
        checked=row.checked,
        asked=_ids(row.asked),
        parts=_ids(row.parts),
        tasks=_ids(row.tasks),
        shaped=_ids(row.shaped),
        artifacts=_ids(row.artifacts),
        files=_ids(row.files),
        tests=_ids(row.tests),
        gaps=tuple(gap.id for gap in row.gaps),
    )


def _ids(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    return tuple(node.id for node in nodes)
