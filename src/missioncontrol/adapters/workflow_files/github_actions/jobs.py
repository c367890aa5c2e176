"""Imports the jobs of a GitHub workflow as steps, or as one step for a matrix."""

import re
from collections.abc import Mapping

from missioncontrol.adapters.workflow_files.foreign.cel import Unclear
from missioncontrol.adapters.workflow_files.foreign.draft import StepDraft
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.adapters.workflow_files.foreign.scripts import Filling
from missioncontrol.adapters.workflow_files.github_actions.conditions import (
    names_status,
    references,
    without_success,
)
from missioncontrol.adapters.workflow_files.github_actions.expressions import (
    Expression,
    Literally,
)
from missioncontrol.adapters.workflow_files.github_actions.matrix import Matrix, matrix_of
from missioncontrol.adapters.workflow_files.github_actions.matrix_program import WHY, joined_step
from missioncontrol.adapters.workflow_files.github_actions.order import (
    Job,
    Source,
    all_before,
    begin,
    follow,
    is_status_check,
    needs_of,
)
from missioncontrol.adapters.workflow_files.github_actions.runs import (
    Place,
    Run,
    RunReader,
    condition_in,
    into_step,
    minutes,
    words_of,
)
from missioncontrol.adapters.workflow_files.github_actions.scope import Done, JobScope, JobState
from missioncontrol.adapters.workflow_files.github_actions.settings import settle
from missioncontrol.adapters.workflow_files.github_actions.variables import read_variables

STEPS_MAX = 200
"""Of one job; each may have to name all before it."""

CHECKOUT = "actions/checkout"


def read_job(source: Source, name: str, node: Node, earlier: Mapping[str, JobState]) -> Job:
    """Make the steps of one job; `earlier` has the jobs that were read before it."""
    state = JobState(name)
    condition, why_unclear = _condition_of(node)
    state.can_be_skipped = bool(needs_of(node) or why_unclear or condition != Literally(True))
    state.asks_status = names_status(condition)
    needs = node.get("needs")
    if needs is not None:
        needs.carry()
    job = Job(source, name, node, state, _scope_of(source, name, node, earlier, state))
    _make_steps(job)
    begin(job, condition, why_unclear)
    settle(job)
    _read_outputs(job)
    return job


def _condition_of(job: Node) -> tuple[Expression, str]:
    node = job.get("if")
    if node is None:
        return Literally(True), ""
    try:
        return without_success(condition_in(node)), ""
    except Unclear as unclear:
        return Literally(True), str(unclear)


def _scope_of(
    source: Source, name: str, node: Node, earlier: Mapping[str, JobState], state: JobState
) -> JobScope:
    needs = [earlier[each] for each in needs_of(node)]
    before = all_before(name, source.root, earlier)
    scope = JobScope(source.title, name, source.inputs, needs, None, state)
    scope.has_distant_needs = len(before) > len(needs)
    if any(each.asks_status for each in before):
        # GitHub asks all jobs before, and one of them may have failed without ending it all.
        scope.after = before
    scope.all_went_well = not source.asks_status
    return scope


# Its steps.


def _make_steps(job: Job) -> None:
    steps, matrix = job.node.get("steps"), job.node.get("strategy", "matrix")
    job.state.has_matrix = matrix is not None
    job.matrix = matrix_of(matrix, job.listing) if matrix is not None else None
    job.scope.matrix = job.matrix
    if matrix is not None and job.matrix is None and steps is not None:
        job.listing.leave(steps, "They are done for combinations that are not known here.")
    elif steps is not None:
        _make_known_steps(job, steps)
    if not job.state.steps:
        _keep_place(job)


def _make_known_steps(job: Job, steps: Node) -> None:
    place = _place_of(job)
    if job.matrix is None or _is_single(steps):
        reader = RunReader(job.scope, place, job.listing)
        for step in _bounded(job, steps):
            _look_ahead(job, step)
            run = reader.read(step)
            if run is not None:
                _append(job, run, place)
    else:
        place.names_of_outputs = {}
        _join(job, steps, RunReader(job.scope, place, job.listing))


def _is_single(steps: Node) -> bool:
    """Whether the job is one script, whose condition is the same for all combinations."""
    runs = [step for step in steps.items if step.get("run") is not None]
    if len(runs) != 1:
        return False
    condition = runs[0].get("if")
    try:
        paths = references(condition_in(condition)) if condition is not None else []
    except Unclear:
        return True
    return not any(path[0] in ("matrix", "strategy", "env") for path in paths)


def _join(job: Job, steps: Node, reader: RunReader) -> None:
    """Make one step of several, for a job with a matrix."""
    found = []
    for step in _bounded(job, steps):
        _check_out(job, step)
        found.append(reader.read(step))
    runs = [run for run in found if run is not None]
    if not runs:
        return
    job.scope.is_step, job.scope.env = True, {}
    draft = joined_step(job.source.names.key(job.name), runs, job.scope, job.listing)
    if len(runs) > 1:
        draft.remark(WHY)
        job.listing.note(steps, f"{WHY} Each is a script of its own in `argv`.")
    job.drafts.append(draft)
    job.state.steps.append(Done(draft))


def _look_ahead(job: Job, step: Node) -> None:
    """Record what the step can rely on: its own condition may allow earlier failures."""
    _check_out(job, step)
    asks = is_status_check(step.get("if")) or job.source.asks_status
    job.scope.all_went_well = not asks


def _append(job: Job, run: Run, place: Place) -> None:
    state = job.state
    if run.has_condition and not job.drafts and state.can_be_skipped:
        _add_start(job)
    key = job.source.names.key(job.name, words_of(run).lower())
    outputs = place.names_of_outputs.get(run.id, []) if run.id else []
    draft = into_step(run, key, outputs)
    if outputs:
        draft.remark("What it writes to GITHUB_OUTPUT is handed back as `output.json`.")
    follow(job, run, draft)
    draft.timeout = minutes(run.timeout)
    if run.timeout is not None and draft.timeout:
        run.timeout.carry()
    job.drafts.append(draft)
    state.steps.append(Done(draft, run.id, run.has_condition, bool(outputs)))


def _add_start(job: Job) -> None:
    """Add a step that only tells whether the job began: its first one has a condition."""
    draft = StepDraft(job.source.names.key(job.name, "begins"), ["true"])
    draft.remark(f"It only stands for the beginning of job {job.name}.")
    job.state.start = draft
    job.drafts.append(draft)


def _keep_place(job: Job) -> None:
    draft = StepDraft(job.source.names.key(job.name), ["true"])
    draft.hold(
        f"Nothing that job {job.name} does could be carried over; this keeps its place, and what "
        "needs it waits."
    )
    job.drafts.append(draft)
    job.state.steps.append(Done(draft))


def _bounded(job: Job, steps: Node) -> list[Node]:
    for step in steps.items[STEPS_MAX:]:
        job.listing.leave(step, f"A job of more than {STEPS_MAX} steps is cut there.")
    return steps.items[:STEPS_MAX]


def _check_out(job: Job, step: Node) -> None:
    """Take the repository as an input where the job checks it out; a second one is no such."""
    uses, scope = step.get("uses"), job.scope
    if uses is None or uses.text.partition("@")[0].lower() != CHECKOUT:
        return
    if step.get("with", "repository") is not None or scope.workspace:
        job.listing.leave(step, "It checks out another repository; do it in a `run` step.")
        return
    scope.workspace = job.source.inputs.repository_input(job.source.draft)
    name = scope.workspace.removeprefix("inputs.")
    path = step.get("with", "path")
    elsewhere = " The job's steps run in it, and not beside it." if path is not None else ""
    provision = f"the repository is given as the input `{name}`, and all jobs share it"
    job.listing.leave(step, f"Nothing is checked out: {provision}.{elsewhere}")


# What holds for all of them.


def _place_of(job: Job) -> Place:
    root, node, scope = job.source.root, job.node, job.scope
    outer = read_variables(root.get("env"), scope, job.listing)
    scope.env = outer.all
    env = read_variables(node.get("env"), scope, job.listing).over(outer)
    scope.env = env.all
    above = [holder.get("defaults", "run") for holder in (node, root)]
    shells = [each.get("shell") for each in above if each is not None]
    folders = [each.get("working-directory") for each in above if each is not None]
    return Place(
        env,
        tuple(each for each in shells if each is not None),
        tuple(each for each in folders if each is not None),
        _is_windows(job),
        _outputs_read(node),
    )


def _is_windows(job: Job) -> bool:
    """Whether scripts without a shell are for PowerShell, as far as the file tells."""
    node = job.node.get("runs-on")
    labels = [leaf.text.lower() for leaf in node.leaves()] if node is not None else []
    if node is None or job.matrix is None or not any("matrix." in label for label in labels):
        return any("windows" in label for label in labels)
    systems = _systems_in(job.matrix)
    windows = [each for each in systems if each.startswith("windows")]
    if windows and len(windows) < len(systems):
        job.listing.note(node, "On Windows its scripts without a `shell` were for PowerShell.")
    return bool(windows) and len(windows) == len(systems)


def _systems_in(matrix: Matrix) -> list[str]:
    """Return the machines that combinations name, as `windows-latest`."""
    values = [value for row in matrix.combinations for value in row.values()]
    pattern = r"(windows|ubuntu|macos)-[\w.-]+"
    return [each for each in values if isinstance(each, str) and re.fullmatch(pattern, each)]


def _outputs_read(job: Node) -> dict[str, list[str]]:
    """Return the outputs of the job's steps that something reads, by the id of the step."""
    found: dict[str, dict[str, None]] = {}
    pattern = r"\bsteps\.([A-Za-z_][\w-]*)\.outputs\.([A-Za-z_][\w-]*)"
    for leaf in job.leaves():
        if isinstance(leaf.value, str):
            for step, output in re.findall(pattern, leaf.value):
                found.setdefault(step, {})[output] = None
    return {step: list(outputs) for step, outputs in found.items()}


def _read_outputs(job: Job) -> None:
    """Say what the job hands back, for those who read it."""
    outputs = job.node.get("outputs")
    job.scope.is_step = True
    job.scope.all_went_well = not job.source.asks_status
    for name, node in outputs.entries.items() if outputs is not None else ():
        if job.state.has_matrix or not node.is_scalar:
            continue
        parts = job.scope.filled(node.text)
        job.state.outputs[name] = parts
        job.state.output_nodes[name] = node
        unclear = [part for part in parts if isinstance(part, Filling) and part.value is None]
        if unclear:
            job.listing.leave(node, unclear[0].why)
