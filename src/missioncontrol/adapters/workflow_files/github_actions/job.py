"""The state of one GitHub job while its steps are imported."""

from collections.abc import Mapping

import msgspec

from missioncontrol.adapters.workflow_files.foreign.draft import Draft, StepDraft
from missioncontrol.adapters.workflow_files.foreign.left_out import LeftOut
from missioncontrol.adapters.workflow_files.foreign.names import Names
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.adapters.workflow_files.github_actions.inputs import Inputs
from missioncontrol.adapters.workflow_files.github_actions.matrix import Matrix
from missioncontrol.adapters.workflow_files.github_actions.scope import JobScope, JobState


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
