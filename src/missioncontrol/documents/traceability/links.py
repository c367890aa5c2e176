"""Puts the graph of a trace together from what a run and its plan say."""

import re
from collections.abc import Iterable

from missioncontrol.documents.changes import changed_files
from missioncontrol.documents.figures import counted
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.documents.traceability.check import TraceCheck
from missioncontrol.documents.traceability.design_parts import add_design
from missioncontrol.documents.traceability.graph import (
    Draft,
    NodeKind,
    TraceGraph,
    finished,
    with_states,
)
from missioncontrol.domain.building import PATCH, proves
from missioncontrol.domain.coverage_gaps import Asked, owner_of
from missioncontrol.domain.plan import Component, Plan, Requirement
from missioncontrol.domain.work import Finding, TestsRan

FOUND_MAX = 20
"""Files with findings that one task ties to; those with the gravest are shown."""

LIKELY_MAX = 5
"""Likely files of one requirement in the graph."""

SEVERITIES = ("critical", "high", "medium", "low", "info")
_TEST_FOLDERS = ("tests/", "test/")
_NAMES_REQUIREMENT = re.compile(r"\bR\d+\b")


def trace_graph(record: MissionRecord, check: TraceCheck | None = None) -> TraceGraph:
    """Return everything in the trace of a run with the reasons; gaps of `check` are marked."""
    draft = Draft()
    plan = record.plan
    _add_request(draft, record, plan)
    _add_plan(draft, record, plan)
    for one in record.tasks:
        _add_task(draft, one, plan)
    add_design(draft, plan)
    _add_likely(draft, plan)
    for one in record.tasks:
        _add_results(draft, one, plan)
    _add_components(draft, plan)
    graph = finished(draft)
    return with_states(graph, _marks(check)) if check is not None else graph


# The request.


def _add_request(draft: Draft, record: MissionRecord, plan: Plan) -> None:
    draft.add("goal", "goal", "Goal", record.title or plan.title, record.goal)
    request = Asked(record.goal, record.constraints, record.context)
    background = set(plan.background)
    origins = {(each.where, each.words) for one in plan.requirements for each in one.origins}
    for number, (where, words) in enumerate(request.passages(), 1):
        kind = _kind(where, is_asked=(where, words) in origins or words not in background)
        if kind == "background" and where == "context":
            continue  # The goal holds all of it.
        node = draft.add(f"asked:{number}", kind, where.capitalize(), words)
        draft.tie("goal", node, _request_reason(where, kind))
    for each in plan.requirements:
        _add_requirement(draft, each, list(request.passages()))


def _kind(where: str, *, is_asked: bool) -> NodeKind:
    if where.startswith("constraint"):
        return "constraint"
    return "sentence" if is_asked else "background"


def _request_reason(where: str, kind: NodeKind) -> str:
    if kind == "constraint":
        return f"It was given with the goal as {where}."
    words = "background that demands nothing" if kind == "background" else "a demand"
    return f"A passage of the {where}: {words}."


def _add_requirement(draft: Draft, each: Requirement, places: list[tuple[str, str]]) -> None:
    node = draft.add(f"requirement:{each.id}", "requirement", each.id, each.text, each.source)
    for origin in each.origins:
        if (origin.where, origin.words) in places:
            number = places.index((origin.where, origin.words)) + 1
            share = f", the {_nth(origin.number)} of {origin.of} things" if origin.of > 1 else ""
            draft.tie(f"asked:{number}", node, f"{each.id} comes from these words{share}.")
    if not each.origins:
        # Plans of older releases have only the words: the passage that holds them is the source.
        for number, (_, words) in enumerate(places, 1):
            if words.strip(" .") and words.strip(" .") in each.source:
                draft.tie(f"asked:{number}", node, f"{each.id} names these words as its source.")
        if not draft.is_tied(node):
            draft.tie("goal", node, each.source or "The plan takes it from the goal as a whole.")


def _nth(number: int) -> str:
    names = ("first", "second", "third", "fourth", "fifth", "sixth")
    return names[number - 1] if 0 < number <= len(names) else f"{number}th"


# The plan.


def _add_plan(draft: Draft, record: MissionRecord, plan: Plan) -> None:
    for decision in plan.decisions:
        detail = f"{decision.choice} {decision.reason}"
        draft.add(f"decision:{decision.id}", "decision", decision.id, decision.title, detail)
    for risk in plan.risks:
        owner = owner_of(risk, record.owners)
        sees = f" {owner} sees to it." if owner else ""
        detail = f"{risk.because} {risk.mitigation}{sees}".strip()
        draft.add(f"risk:{risk.id}", "risk", risk.id, risk.title, detail)


def _add_task(draft: Draft, one: TaskRecord, plan: Plan) -> None:
    task = one.task
    node = draft.add(f"task:{task.key}", "task", task.key, task.title, task.detail, one.state)
    for name in task.requirements:
        draft.tie(f"requirement:{name}", node, f"It serves {name}.")
    # Where it serves no requirement itself, what it serves is what it is there for.
    is_led = bool(task.requirements)
    for name in task.decisions:
        if is_led:
            draft.tie(node, f"decision:{name}", f"{name} shapes how it is done.")
        else:
            draft.tie(f"decision:{name}", node, f"It carries {name} out.")
    for name in task.risks:
        if is_led:
            draft.tie(node, f"risk:{name}", f"It is threatened by {name} and keeps watch on it.")
        else:
            draft.tie(f"risk:{name}", node, f"It is there because of {name}.")
    _add_scope(draft, node, task.scope, plan)
    if tested := proves(task, plan):
        draft.tie(f"task:{tested}", node, f"It tests what {tested} has built.")


def _add_scope(draft: Draft, node: str, scope: tuple[str, ...], plan: Plan) -> None:
    """Tie a task to its files. Those of a new product are planned, and its tests among them."""
    is_new = plan.design is not None
    tests = [path for path in scope if is_new and path.startswith(_TEST_FOLDERS)]
    for path in scope:
        if path in tests:
            continue
        target = draft.file(path)
        draft.tie(node, target, "It is expected to change this file.")
        for test in tests:
            draft.tie(target, draft.file(test, kind="test"), f"It is to test {path}.")
    for test in tests:
        draft.tie(node, draft.file(test, kind="test"), "It brings this test.")


def _add_likely(draft: Draft, plan: Plan) -> None:
    """Tie requirements to where their work will be, through the tasks that change it."""
    changing = [task for task in plan.tasks() if task.is_change]
    for likely in plan.likely:
        for rank, file in enumerate(likely.files[:LIKELY_MAX], 1):
            target = draft.file(file.path, "; ".join(file.reasons))
            if not target:
                continue
            reasons = "; ".join(file.reasons[:3])
            why = f"The {_nth(rank)} likeliest file for {likely.requirement}: {reasons}."
            by = [task for task in changing if likely.requirement in task.requirements]
            scoped = [task for task in by if file.path in task.scope]
            for task in scoped or by[:1]:
                draft.tie(f"task:{task.key}", target, why)
            if not by:
                draft.tie(f"requirement:{likely.requirement}", target, why)
            for path in file.tests:
                test = draft.file(path, kind="test")
                draft.tie(target, test, f"It tests {file.path}.")


def _add_components(draft: Draft, plan: Plan) -> None:
    parts = plan.architecture.components
    for part in parts:
        state = "" if part.change == "unchanged" else part.change
        node = draft.add(
            f"component:{part.id}", "component", part.name, part.name, part.detail, state
        )
        if part.path and f"file:{part.path}" in draft.nodes:
            draft.tie(node, f"file:{part.path}", "It is this part of the architecture.")
        for task in _tasks_of(part, plan):
            draft.tie(f"task:{task}", node, part.detail or f"It is about {part.name}.")
    for decision in plan.decisions:
        for path in decision.files:
            target = draft.file(path)
            draft.tie(f"decision:{decision.id}", target, f"{decision.id} is about this file.")
    _relate(draft, plan)
    for part in parts:
        if not draft.is_tied(f"component:{part.id}"):
            draft.tie("goal", f"component:{part.id}", part.detail or "The goal touches it.")


def _relate(draft: Draft, plan: Plan) -> None:
    """Explain the parts that no task is about by those that they hang on."""
    for relation in plan.architecture.relations:
        source, target = f"component:{relation.source}", f"component:{relation.target}"
        if not draft.is_tied(target) and draft.is_tied(source):
            draft.tie(source, target, f"{relation.source} {relation.label or 'needs'} it.")
        elif not draft.is_tied(source):
            draft.tie(target, source, f"It {relation.label or 'needs'} {relation.target}.")


def _tasks_of(part: Component, plan: Plan) -> list[str]:
    """Return the tasks that a part is there for: those that change it, or serve what names it."""
    changing = [task for task in plan.tasks() if task.is_change]
    scoped = [task.key for task in changing if part.path and part.path in task.scope]
    if scoped:
        return scoped
    named = set(_NAMES_REQUIREMENT.findall(part.detail))
    named |= {one.id for one in plan.requirements if one.text and f"“{one.text}”" in part.detail}
    return [task.key for task in changing if named & set(task.requirements)][:3]


# Results.


def _add_results(draft: Draft, one: TaskRecord, plan: Plan) -> None:
    task, node = one.task, f"task:{one.task.key}"
    handed_in = {artifact.name for artifact in one.work.artifacts}
    for artifact in one.work.artifacts:
        detail = f"{artifact.obtained} SHA-256 {artifact.digest[:12]}…".strip()
        title = artifact.title or artifact.name
        target = draft.add(
            f"artifact:{task.key}/{artifact.name}", "artifact", artifact.name, title, detail
        )
        draft.tie(node, target, f"{task.key} handed it in.")
    for expected in task.artifacts:
        if expected.name not in handed_in:
            key = f"artifact:{task.key}/{expected.name}"
            target = draft.add(key, "artifact", expected.name, expected.name, "", "waiting")
            draft.tie(node, target, f"{task.key} owes it.")
    _add_diffs(draft, one)
    _add_tests(draft, one, plan)
    _add_found(draft, one.work.findings, node)


def _add_diffs(draft: Draft, one: TaskRecord) -> None:
    patch = f"artifact:{one.task.key}/{PATCH}"
    source = patch if patch in draft.nodes else f"task:{one.task.key}"
    for file in changed_files(one):
        words = f"{file.change}, +{file.added} -{file.deleted}"
        target = draft.add(f"diff:{one.task.key}/{file.path}", "diff", words, file.path, words)
        draft.tie(source, target, f"The patch of {one.task.key} holds it.")
        draft.tie(target, draft.file(file.path), f"{one.task.key} {file.change} it.")


def _add_tests(draft: Draft, one: TaskRecord, plan: Plan) -> None:
    key = one.task.key
    for number, ran in enumerate((e for e in one.work.evidence if isinstance(e, TestsRan)), 1):
        wrong = ran.failed + ran.errors
        words = f"{ran.passed:,} passed, {wrong:,} did not, {ran.skipped:,} were skipped"
        state = "failed" if wrong else "succeeded"
        target = draft.add(
            f"test:{key}/{number}", "test", "Test run", words, one.work.summary, state
        )
        report = f"artifact:{key}/{ran.report}"
        source = report if report in draft.nodes else f"task:{key}"
        draft.tie(source, target, "The report tells of these tests.")
        if tested := proves(one.task, plan):
            for node in [node for node in draft.nodes if node.startswith(f"diff:{tested}/")]:
                draft.tie(node, target, "The tests were run on it.")


def _add_found(draft: Draft, findings: Iterable[Finding], node: str) -> None:
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.path:
            by_path.setdefault(finding.path, []).append(finding)
    order = sorted(
        by_path, key=lambda path: min(SEVERITIES.index(f.severity) for f in by_path[path])
    )
    for path in order[:FOUND_MAX]:
        found = by_path[path]
        worst = min(found, key=lambda finding: SEVERITIES.index(finding.severity))
        why = f"{counted(len(found), 'finding')} in it, the gravest: {worst.title}"
        draft.tie(node, draft.file(path), f"{why.rstrip('.')}.")


# Gaps.


def _marks(check: TraceCheck) -> dict[str, str]:
    """Return which nodes gaps are about: open ones, and those that stand on a waiver."""
    marks: dict[str, str] = {}
    for gap, state in [
        *((w.gap, "waived") for w in check.waived),
        *((g, "gap") for g in check.gaps),
    ]:
        kind = gap.code.partition(".")[0]
        if kind in {"requirement", "task", "risk"}:
            marks[f"{kind}:{gap.subject}"] = state
        elif kind in {"sentence", "constraint", "ask"}:
            number = gap.subject.partition(".")[0].rpartition("-")[2]
            marks[f"asked:{number}"] = state
    return marks
