"""The matrix of a trace: each requirement in a row, with all that it leads to."""

import msgspec

from missioncontrol.documents.coverage import Standing, coverage
from missioncontrol.documents.outcome import is_checked
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.traceability.check import TraceCheck
from missioncontrol.documents.traceability.graph import Node, TraceGraph, reached
from missioncontrol.domain.gap import Gap
from missioncontrol.domain.plan import Requirement


class MatrixRow(msgspec.Struct, frozen=True):
    """One requirement and what it leads to, each by the ids of nodes."""

    requirement: Requirement
    asked: tuple[Node, ...]  # the words that ask for it
    tasks: tuple[Node, ...]
    shaped: tuple[Node, ...]  # decisions, risks and components
    artifacts: tuple[Node, ...]  # diffs among them
    files: tuple[Node, ...]
    tests: tuple[Node, ...]
    standing: Standing
    checked: int  # of `tasks`, those that are done with checked evidence
    gaps: tuple[Gap, ...]  # about it or its tasks, that nobody waived


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
