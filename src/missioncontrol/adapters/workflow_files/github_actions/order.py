"""One GitHub job while its steps are imported: its state, and their needs and conditions."""

import re
from collections.abc import Callable, Mapping

import msgspec

from missioncontrol.adapters.workflow_files.foreign.cel import Unclear, all_of, state_in
from missioncontrol.adapters.workflow_files.foreign.draft import Draft, StepDraft
from missioncontrol.adapters.workflow_files.foreign.left_out import LeftOut
from missioncontrol.adapters.workflow_files.foreign.names import Names
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.adapters.workflow_files.github_actions.conditions import (
    names_status,
    truth_of,
)
from missioncontrol.adapters.workflow_files.github_actions.expressions import Expression
from missioncontrol.adapters.workflow_files.github_actions.inputs import Inputs
from missioncontrol.adapters.workflow_files.github_actions.matrix import Matrix
from missioncontrol.adapters.workflow_files.github_actions.runs import Run, shown
from missioncontrol.adapters.workflow_files.github_actions.scope import JobScope, JobState

STATUS = re.compile(r"\b(always|failure|cancelled|success)\s*\(", re.IGNORECASE)


class Source(msgspec.Struct):
    """The file that is read, and what is being made of it."""

    root: Node
    title: str  # the workflow's name on GitHub
    draft: Draft
    inputs: Inputs
    listing: LeftOut
    asks_status: bool = False  # some job runs after failures, so nothing before it is certain
    names: Names = msgspec.field(default_factory=Names)


class Job(msgspec.Struct):
    """A job, and the steps that were made of it so far."""

    source: Source
    name: str
    node: Node
    state: JobState
    scope: JobScope
    matrix: Matrix | None = None
    drafts: list[StepDraft] = []

    @property
    def listing(self) -> LeftOut:
        """The list of what was not understood."""
        return self.source.listing


def begin(job: Job, condition: Expression, why_unclear: str) -> None:
    """Give the first step what the job waits for, and under which condition it begins."""
    first = job.drafts[0]
    first.needs = list(dict.fromkeys(key for each in job.scope.after for key in each.ends))
    node = job.node.get("if")
    truth = _carried(job, first, node, why_unclear, "job", lambda: _truth_of_job(job, condition))
    if truth != "true":
        first.condition = all_of([truth, first.condition or "true"])


def follow(job: Job, run: Run, draft: StepDraft) -> None:
    """Make a step need those before it; its condition decides whether they may fail."""
    before = [each.key for each in job.drafts]
    mixed = any(done.is_conditional for done in job.state.steps)
    draft.needs = before if mixed else before[-1:]
    node = run.node.get("if")

    def truth() -> str:
        return _truth_of_step(job, run.condition, mixed=mixed)

    found = _carried(job, draft, node, run.why_unclear, "step", truth)
    draft.condition = "" if found == "true" else found


def is_status_check(node: Node | None) -> bool:
    """Whether a condition may be true after a failure."""
    return node is not None and STATUS.search(node.text) is not None


def _carried(
    job: Job,
    draft: StepDraft,
    node: Node | None,
    why_unclear: str,
    what: str,
    truth: Callable[[], str],
) -> str:
    """Return a condition, or hold the step back where it is not certain."""
    try:
        if why_unclear:
            raise Unclear(why_unclear)
        found = truth()
        if found == "false":
            raise Unclear("It can never hold here.")
    except Unclear as unclear:
        assert node is not None, "only what stands in the file can be unclear"
        job.listing.leave(node, f"{unclear} The {what} is held back.")
        draft.hold(f"On GitHub it ran only `if: {shown(node.text)}`, which has to be put here.")
        return "true"
    if node is not None:
        node.carry()
    return found


def _truth_of_job(job: Job, condition: Expression) -> str:
    scope = job.scope
    scope.is_step, scope.is_first = False, not scope.after
    truth = truth_of(condition, scope)
    if names_status(condition) and scope.after:
        return _awake(truth)
    if all(each.is_simple for each in scope.after):
        return truth
    return all_of(["!failure()", *(ran for each in scope.after for ran in each.must_run), truth])


def _truth_of_step(job: Job, condition: Expression, *, mixed: bool) -> str:
    scope, state = job.scope, job.state
    scope.is_step, scope.is_first = True, not job.drafts
    truth = truth_of(condition, scope)
    if state.start is None and state.steps:
        state.start = state.steps[0].draft
    if names_status(condition) and not scope.is_first:
        began = "true"
        if state.can_be_skipped and state.start is not None:
            began = state_in(state.start.key, "succeeded", "failed")
        return _awake(all_of([began, truth]))
    return all_of(["!failure()", *state.must_run, truth]) if mixed else truth


def _awake(truth: str) -> str:
    """Make a condition apply however its needs ended."""
    return truth if re.search(r"\b(always|failure)\(\)", truth) else all_of(["always()", truth])


def needs_of(job: Node) -> list[str]:
    """Return the names of the jobs that a job needs, as its file has them."""
    node = job.get("needs")
    if node is None:
        return []
    return [item.text for item in node.items] if node.items else [node.text] if node.text else []


def all_before(name: str, root: Node, earlier: Mapping[str, JobState]) -> list[JobState]:
    """Return the jobs that a job needs, directly or through others, the direct ones first."""
    jobs = root.get("jobs")
    found: dict[str, JobState] = {}
    todo = [name]
    while todo:
        node = jobs.get(todo.pop(0)) if jobs is not None else None
        for each in needs_of(node) if node is not None else ():
            if each not in found:
                found[each] = earlier[each]
                todo.append(each)
    return list(found.values())
