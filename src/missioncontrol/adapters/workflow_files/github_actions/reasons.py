"""Why a key of a GitHub workflow is not carried over."""

import re

from missioncontrol.adapters.workflow_files.foreign.nodes import Node

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
