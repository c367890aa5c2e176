"""The trace of a mission as a terminal shows it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from missioncontrol.cli.formatters import cut, wrapped
from missioncontrol.cli.text import moment
from missioncontrol.documents.figures import counted
from missioncontrol.documents.record import MissionRecord
from missioncontrol.documents.traceability.check import TraceCheck
from missioncontrol.documents.traceability.graph import Node, TraceGraph, reached
from missioncontrol.documents.traceability.links import trace_graph
from missioncontrol.documents.traceability.report import MatrixRow, matrix
from missioncontrol.domain.coverage_gaps import Gap, quoted
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.visible import one_line, visible

NAMED_MAX = 8
"""Files and the like of one requirement that are named; the rest is counted."""

REACHED_MAX = 200

SET_ASIDE_MAX = 40
"""Passages set aside that are shown; the rest is counted."""


def check_lines(
    record: MissionRecord, check: TraceCheck, broken: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    """Yield one line for each gap, then what is waived or set aside, then the verdict."""
    for gap in check.gaps:
        yield _gap_line(gap, record.run)
    for each in broken:
        yield visible(
            f"evidence.changed:{each['task']}/{each['artifact']}  {each['fault']}  "
            "→ `mission audit verify` tells what else has changed."
        )
    for waived in check.waived:
        waiver = waived.waiver
        yield visible(
            one_line(
                f"waived {waived.gap.id}  {waived.gap.what}  "
                f"({waiver.by}, {moment(waiver.at)[:16]}: {waiver.reason})"
            )
        )
    for passage in check.set_aside[:SET_ASIDE_MAX]:
        yield visible(one_line(f"set aside ({passage.where})  {quoted(passage.words)}"))
    if len(check.set_aside) > SET_ASIDE_MAX:
        yield f"set aside: {len(check.set_aside) - SET_ASIDE_MAX} more, which `--json` has"
    yield _verdict(check, len(broken))
    yield from _completion(check)


def _gap_line(gap: Gap, run: str) -> str:
    remedy = gap.remedy.replace(" RUN ", f" {run} ")
    return visible(one_line(f"{gap.id}  {gap.what}  → {remedy}"))


def _verdict(check: TraceCheck, broken: int) -> str:
    number = len(check.gaps) + broken
    waived = f", {len(check.waived)} waived" if check.waived else ""
    start = f"The trace has {counted(number, 'gap')}" if number else "The trace is whole"
    aside = f" ({len(check.set_aside):,} of them background)" if check.set_aside else ""
    return (
        f"{start}{waived}: {counted(check.passages, 'passage')} asked{aside}, "
        f"{counted(check.requirements, 'requirement')}, {counted(check.tasks, 'task')}."
    )


def _completion(check: TraceCheck) -> Iterator[str]:
    if check.is_completed:
        yield "The mission is completed: nothing of it is lacking."
    elif check.lacking:
        yield f"The mission is not completed: {check.lacking}."


def matrix_lines(record: MissionRecord, check: TraceCheck, width: int) -> Iterator[str]:
    """Yield each requirement with what it leads to, then the gaps."""
    graph = trace_graph(record, check)
    for row in matrix(record, graph, check):
        yield from _row_lines(row, width)
    yield from check_lines(record, check, ())
    for owner in record.plan.risks:
        named = [each.owner for each in record.owners if each.risk == owner.id]
        yield visible(f"{owner.id}: owner {named[-1] if named else owner.owner or 'none'}")


def _row_lines(row: MatrixRow, width: int) -> Iterator[str]:
    yield from wrapped(f"{row.requirement.id}  {row.requirement.text}", width, "", "    ")
    if row.asked:
        yield from wrapped(
            "; ".join(node.title for node in row.asked), width, "    asked   ", " " * 12
        )
    tasks = ", ".join(f"{node.name} ({node.state.replace('_', ' ')})" for node in row.tasks)
    yield from wrapped(tasks or "none", width, "    tasks   ", " " * 12)
    for name, nodes in (
        ("parts", row.parts),
        ("shaped", row.shaped),
        ("left", row.artifacts),
        ("files", row.files),
        ("tests", row.tests),
    ):
        if nodes:
            yield from wrapped(_named(nodes), width, f"    {name:<8}", " " * 12)
    yield ""


def _named(nodes: Sequence[Node]) -> str:
    names = [node.title if node.kind in {"file", "test"} else node.name for node in nodes]
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more


def of_lines(record: MissionRecord, check: TraceCheck, name: str) -> Iterator[str]:
    """Yield why one thing exists and what it covers.

    Raises:
        NotFound: `trace.unknown_node`.
    """
    graph = trace_graph(record, check)
    node = _found(graph, name)
    nodes = {each.id: each for each in graph.nodes}
    yield visible(one_line(f"{node.kind} {node.name}  {node.title}"))
    above, below = reached(graph, node.id, up=True), reached(graph, node.id, up=False)
    yield ""
    yield "Why it exists" if above else "Nothing explains it."
    for edge in above[:REACHED_MAX]:
        source, target = nodes[edge.source], nodes[edge.target]
        yield visible(one_line(f"  {_short(target)} ← {_short(source)}: {edge.why}"))
    yield ""
    yield "What it covers" if below else "It covers nothing further."
    for edge in below[:REACHED_MAX]:
        source, target = nodes[edge.source], nodes[edge.target]
        yield visible(one_line(f"  {_short(source)} → {_short(target)}: {edge.why}"))


def _short(node: Node) -> str:
    name = node.title if node.kind in {"file", "sentence", "background", "diff"} else node.name
    return f"{node.kind} {cut(name, 60)}"


def _found(graph: TraceGraph, name: str) -> Node:
    exact = [node for node in graph.nodes if name in (node.id, node.name, node.title)]
    if not exact:
        raise NotFound(
            "trace.unknown_node",
            f"Nothing in this trace is called {name[:100]!r}.",
            hint="Give the id of a requirement, decision or risk, the key of a task, or a path.",
        )
    return exact[0]


def answer_lines(verb: str, answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield what has come of a waiver, its withdrawal, or the naming of an owner."""
    subject = visible(str(answer["subject"]))
    messages = {
        "waive": f"{subject} is waived: {visible(str(answer['what']))}",
        "withdraw": f"The waiver of {subject} is withdrawn.",
        "assign": f"Risk {subject} has an owner.",
        "scope": f"Task {subject} is expected to change the files that you named.",
    }
    yield messages[verb] if answer["is_new"] else "It was so already; nothing has changed."
    for path in answer["absent"]:
        yield f"{visible(path)} is not in the repository: it is a new file, or the path is wrong."
    if answer["is_completed"]:
        yield f"{answer['mission']} is completed: nothing of it is lacking."
