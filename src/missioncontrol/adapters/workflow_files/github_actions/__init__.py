"""Imports workflow files of GitHub Actions."""

import re
from collections.abc import Mapping

from missioncontrol.adapters.workflow_files.foreign.draft import Draft
from missioncontrol.adapters.workflow_files.foreign.left_out import (
    LeftOut,
    NotUnderstood,
    clean_prose,
)
from missioncontrol.adapters.workflow_files.foreign.names import workflow_name
from missioncontrol.adapters.workflow_files.foreign.nodes import Node, malformed
from missioncontrol.adapters.workflow_files.foreign.scripts import Filling
from missioncontrol.adapters.workflow_files.github_actions.inputs import Inputs, read_triggers
from missioncontrol.adapters.workflow_files.github_actions.jobs import read_job
from missioncontrol.adapters.workflow_files.github_actions.order import (
    Job,
    Source,
    is_status_check,
    needs_of,
)
from missioncontrol.adapters.workflow_files.github_actions.scope import JobScope, JobState
from missioncontrol.adapters.workflow_files.github_actions.settings import note_folders
from missioncontrol.adapters.workflow_files.github_actions.variables import template_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.graph import find_cycle, in_order

_UNUSED = "No step that was carried over makes use of it."
_REASONS: tuple[tuple[str, str], ...] = (
    (r"run-name", "A run has a number here and no name of its own."),
    (
        r"on(\..*)?|on\[\d+\]",
        "Nothing here starts a run on this; start it with `{run}`, from a hook or on a schedule.",
    ),
    (r"on\.workflow_call\.outputs\..*\.description", "An output has no description here."),
    (
        r"on\.workflow_call\.secrets(\..*)?",
        "Workflows get no secrets here; have the program read a file.",
    ),
    (r".*\.deprecationMessage", "An input has no such notice here."),
    (r"permissions|JOB\.permissions", "There is no GitHub token here that it could limit."),
    (r"(JOB\.)?(defaults|env)(\..*)?", _UNUSED),
    (
        r"concurrency(\..*)?",
        "A run does not wait for another; a schedule can, and so can a step by its key.",
    ),
    (
        r"JOB\.concurrency\.cancel-in-progress",
        "A step waits for its turn here; what is at work is not cancelled for it.",
    ),
    (r"JOB\.runs-on(\..*|\[\d+\])?", "It runs on this machine{value}."),
    (r"JOB\.container(\..*)?", "It runs on this machine, and not in a container."),
    (r"JOB\.services(\..*)?", "No service is started for it; start it before, or in a step."),
    (
        r"JOB\.environment(\..*)?",
        "Whether it asks for a review stands in GitHub's settings; the first step asks for one.",
    ),
    (r"JOB\.strategy(\.matrix(\..*)?)?", "Nothing that is done for it was carried over."),
    (
        r"JOB\.strategy\.fail-fast",
        "Combinations that are at work are not cancelled when one fails; the others still begin.",
    ),
    (r"JOB\.strategy\.max-parallel", "There is no matrix to which it could apply."),
    (r"JOB\.outputs(\..*)?", "No job that was carried over reads it."),
    (
        r"JOB\.uses",
        "Import that workflow as well, and put `workflow: NAME` in the place of this step.",
    ),
    (
        r"JOB\.(with|secrets)(\..*)?",
        "It is given to a called workflow, and belongs in the `with` of the step that calls it.",
    ),
    (
        r"JOB\.timeout-minutes",
        "It is a limit for several steps together; only one step or a whole run has one here.",
    ),
    (
        r"JOB\.continue-on-error",
        "It holds for several steps together; each can say `on_failure: continue` here.",
    ),
    (r"JOB\.steps.*\.continue-on-error", "Whether it counts has to be known before the run."),
    (r"JOB\.steps.*\.timeout-minutes", "It is no number of minutes that is known before the run."),
)
_PATTERNS = tuple(
    (re.compile(pattern.replace("JOB", r"jobs\.[^.]*"), re.DOTALL), reason)
    for pattern, reason in _REASONS
)
KIND = "github-actions"
JOBS_MAX = 500
_WARNING = (
    "On GitHub each job had a machine of its own that was thrown away; here every command runs on "
    "this one, with your rights. All steps say `risk: write`: read them, and raise what cannot be "
    "undone. Where GitHub puts values into the text of a script, they come in as variables "
    "here, so that nothing in a value is ever run."
)


def import_workflow(root: Node, filename: str) -> tuple[str, tuple[NotUnderstood, ...]]:
    """Return the file as a workflow of ours, and what of it is not in there.

    Raises:
        Rejected: `import.malformed`, where GitHub would refuse it as well; `import.too_large`.
    """
    listing = LeftOut()
    draft = _draft(root, filename, listing)
    on = root.get("on")
    inputs = read_triggers(on, draft, listing) if on is not None else Inputs()
    title = root.get("name")
    source = Source(root, title.text if title is not None else filename, draft, inputs, listing)
    jobs = _read_jobs(source, filename)
    _read_outputs(source, jobs)
    listing.sweep(root, lambda node: reason_for(node, draft.name))
    return draft.text(), listing.entries


def recognises(root: Node) -> bool:
    """Whether a document is a workflow of GitHub Actions."""
    return "jobs" in root.entries


def _draft(root: Node, filename: str, listing: LeftOut) -> Draft:
    name = root.get("name")
    title = clean_prose(name, listing) if name is not None else ""
    draft = Draft(workflow_name(title, filename), origin="")
    shown = re.split(r"[/\\]", filename)[-1]
    draft.comments = [f"Imported from {shown}, a workflow of GitHub Actions. {_WARNING}"]
    if title and title != draft.name:
        draft.description = title
        draft.comments.append("Names of workflows are small letters, digits and hyphens here.")
    return draft


def _read_jobs(source: Source, filename: str) -> dict[str, JobState]:
    jobs = source.root.get("jobs")
    nodes = jobs.entries if jobs is not None else {}
    if not nodes:
        raise malformed(filename, jobs.line if jobs is not None else 1, "it has no jobs")
    if len(nodes) > JOBS_MAX:
        raise Rejected(
            "import.too_large",
            f"{filename} has {len(nodes):,} jobs; at most {JOBS_MAX} can be imported.",
            hint="Import its parts one by one.",
        )
    source.asks_status = any(is_status_check(job.get("if")) for job in nodes.values())
    needs = {name: needs_of(node) for name, node in nodes.items()}
    _refuse_bad_needs(needs, nodes, filename)
    states: dict[str, JobState] = {}
    made: dict[str, Job] = {}
    for name in in_order(needs):
        made[name] = read_job(source, name, nodes[name], states)
        states[name] = made[name].state
    for name in nodes:
        for step in made[name].drafts:
            source.draft.add(step)
        note_folders(made[name])
    return states


def _refuse_bad_needs(
    needs: dict[str, list[str]], nodes: Mapping[str, Node], filename: str
) -> None:
    for name, wanted in needs.items():
        unknown = [each for each in wanted if each not in nodes]
        if unknown:
            line = (nodes[name].get("needs") or nodes[name]).line
            raise malformed(filename, line, f"job {name!r} needs {unknown[0]!r}, which is no job")
    cycle = find_cycle(needs)
    if cycle:
        shown = " -> ".join(cycle)
        raise malformed(filename, nodes[cycle[0]].line, f"jobs wait for each other: {shown}")


def _read_outputs(source: Source, jobs: dict[str, JobState]) -> None:
    """Carry over what a called workflow hands back."""
    outputs = source.root.get("on", "workflow_call", "outputs")
    scope = JobScope(source.title, "", source.inputs, list(jobs.values()), None, JobState(""))
    for name, output in outputs.entries.items() if outputs is not None else ():
        value = output.get("value")
        if value is None or not value.is_scalar:
            continue
        parts = scope.filled(re.sub(r"(\$\{\{\s*)jobs\.", r"\1needs.", value.text))
        unclear = [part for part in parts if isinstance(part, Filling) and part.value is None]
        if unclear:
            source.listing.leave(value, unclear[0].why)
            continue
        value.carry()
        source.draft.outputs[source.inputs.names.key(name)] = template_of(parts)


def reason_for(node: Node, workflow: str) -> str:
    """Return why `node`, a topmost unread one, is left out."""
    uses = node.get("uses")
    if uses is not None and uses.is_scalar:
        return f"The action {uses.text!r} can't be run here; put what it does into a `run` step."
    for pattern, reason in reversed(_PATTERNS):
        if pattern.fullmatch(node.path):
            value = f", not on {node.text}" if node.text else ""
            return reason.format(run=f"mission workflow run {workflow}", value=value)
    return "There is no counterpart for this key, or for this value of it."
