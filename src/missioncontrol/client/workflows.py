"""Saved workflows of a server: lists, versions, differences, checks, saving."""

from missioncontrol.application.queries.workflow_versions import Difference
from missioncontrol.application.queries.workflow_writing import Checked
from missioncontrol.application.queries.workflows import WorkflowView
from missioncontrol.client.calls import (
    Call,
    Script,
    content,
    get,
    path_of,
    persisted,
    post,
)
from missioncontrol.client.made.workflow import WorkflowRequests
from missioncontrol.client.resource import L, carried_out, requested
from missioncontrol.client.shapes import InputSchema, Saved


class Workflows(WorkflowRequests[L]):
    """`client.workflows`."""

    @requested
    def get(self, name: str, version: int | None = None) -> Call[WorkflowView]:
        """Return a version of a workflow, by default the newest.

        Raises:
            NotFound: `workflow.unknown` or `workflow.unknown_version`.
        """
        parts = ("versions", version) if version is not None else ()
        return get(path_of("workflows", name, *parts), WorkflowView)

    @carried_out
    def text(self, name: str, version: int) -> Script[str]:
        """Return the text of a version's file, as it was saved."""
        path = path_of("workflows", name, "versions", version, "file")
        return (yield from persisted(content(path))).decode()

    @requested
    def diff(self, name: str, older: int, newer: int) -> Call[Difference]:
        """Return what one version says differently from another, by meaning and by lines."""
        path = path_of("workflows", name, "versions", older, "diff", newer)
        return get(path, Difference)

    @requested
    def inputs(self, name: str, version: int | None = None) -> Call[InputSchema]:
        """Return what a run of a workflow is given."""
        path = path_of("workflows", name, "input-schema")
        return get(path, InputSchema, version=version)

    @requested
    def check(self, text: str) -> Call[Checked]:
        """Return everything that keeps a text from being saved, each with its line."""
        return post("/workflow-check", Checked, {"text": text})

    @requested
    def save(self, text: str, *, base_version: int | None = None, key: str = "") -> Call[Saved]:
        """Keep a text as the next version of the workflow that it names.

        `base_version` is the newest that its writer knew, 0 for none: with it, a version that
        was saved meanwhile is not covered.

        Raises:
            Rejected: `workflow.malformed`, with each fault and its line.
            Conflict: `workflow.saved_meanwhile`.
        """
        body = {"text": text, "base_version": base_version}
        return post("/workflows", Saved, body, key=key)
