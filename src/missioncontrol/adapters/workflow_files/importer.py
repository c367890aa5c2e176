"""Imports workflow files of other systems, and lists what could not be carried over."""

import msgspec

from missioncontrol.adapters.workflow_files import argo, github_actions
from missioncontrol.adapters.workflow_files.foreign.left_out import NotUnderstood as NotUnderstood
from missioncontrol.adapters.workflow_files.foreign.nodes import Node, documents
from missioncontrol.domain.errors import Rejected

OWN_KIND = "mission-control"


class Imported(msgspec.Struct, frozen=True):
    """An imported workflow file."""

    kind: str  # of the source: github-actions, argo or mission-control
    text: str  # YAML, for a person to check before it is saved
    left_out: tuple[NotUnderstood, ...]


def import_workflow(text: str, filename: str) -> Imported:
    """Import a workflow file of any known system.

    Every key and value is either carried over or in `left_out` with its line. A file of our own
    format is returned unchanged.

    Raises:
        Rejected: `import.malformed`, naming file and line; `import.too_large`;
            `import.unknown_kind`.
    """
    found = documents(text, filename)
    for number, document in enumerate(found):
        if argo.recognises(document):
            others = tuple(_other(each, n) for n, each in enumerate(found) if n != number)
            made, left_out = argo.import_workflow(document, filename)
            return Imported(argo.KIND, made, _in_order(others + left_out))
    root = found[0] if found else None
    others = tuple(_other(each, n) for n, each in enumerate(found) if n)
    if root is not None and github_actions.recognises(root):
        made, left_out = github_actions.import_workflow(root, filename)
        return Imported(github_actions.KIND, made, _in_order(others + left_out))
    if root is not None and len(found) == 1 and "steps" in root.entries:
        return Imported(OWN_KIND, text, ())
    raise Rejected(
        "import.unknown_kind",
        f"{filename} is no workflow of GitHub Actions (no `jobs`), of Argo (no `kind: Workflow`, "
        "`WorkflowTemplate` or `CronWorkflow`) or of Mission Control (no `steps`).",
        hint="Give the file that defines the workflow itself.",
    )


def _other(document: Node, number: int) -> NotUnderstood:
    reason = "One workflow is imported at a time; put this document into a file of its own."
    return NotUnderstood(document.line, f"document {number + 1}", reason)


def _in_order(entries: tuple[NotUnderstood, ...]) -> tuple[NotUnderstood, ...]:
    return tuple(sorted(entries, key=lambda each: (each.line, each.thing)))
