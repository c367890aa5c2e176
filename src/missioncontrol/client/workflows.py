"""Saved workflows of a server: lists, versions, differences, checks, saving."""

from missioncontrol.application.queries.workflow_versions import Difference, VersionItem
from missioncontrol.application.queries.workflow_writing import Checked
from missioncontrol.application.queries.workflows import WorkflowItem, WorkflowView
from missioncontrol.client.line import Line, Listed, path_of
from missioncontrol.client.shapes import InputSchema, Saved


class Workflows:
    """`client.workflows`."""

    def __init__(self, line: Line) -> None:
        """It asks through `line`."""
        self._line = line

    def list(self) -> Listed[WorkflowItem]:
        """Return saved workflows by name, with their last run and success rate."""
        return self._line.listed("/workflows", WorkflowItem)

    def get(self, name: str, version: int | None = None) -> WorkflowView:
        """Return a version of a workflow, by default the newest.

        Raises:
            NotFound: `workflow.unknown` or `workflow.unknown_version`.
        """
        parts = ("versions", version) if version is not None else ()
        return self._line.get(path_of("workflows", name, *parts), WorkflowView)

    def versions(self, name: str) -> Listed[VersionItem]:
        """Return the versions of a workflow, the newest first."""
        return self._line.listed(path_of("workflows", name, "versions"), VersionItem)

    def text(self, name: str, version: int) -> str:
        """Return the text of a version's file, as it was saved."""
        path = path_of("workflows", name, "versions", version, "file")
        return self._line.content(path).decode()

    def diff(self, name: str, older: int, newer: int) -> Difference:
        """Return what one version says differently from another, by meaning and by lines."""
        path = path_of("workflows", name, "versions", older, "diff", newer)
        return self._line.get(path, Difference)

    def inputs(self, name: str, version: int | None = None) -> InputSchema:
        """Return what a run of a workflow is given."""
        path = path_of("workflows", name, "input-schema")
        return self._line.get(path, InputSchema, version=version)

    def check(self, text: str) -> Checked:
        """Return everything that keeps a text from being saved, each with its line."""
        return self._line.post("/workflow-check", Checked, {"text": text})

    def save(self, text: str, *, base_version: int | None = None, key: str = "") -> Saved:
        """Keep a text as the next version of the workflow that it names.

        `base_version` is the newest that its writer knew, 0 for none: with it, a version that
        somebody saved meanwhile is not covered.

        Raises:
            Rejected: `workflow.malformed`, with each fault and its line.
            Conflict: `workflow.saved_meanwhile`.
        """
        body = {"text": text, "base_version": base_version}
        return self._line.post("/workflows", Saved, body, key=key)
