"""Saved workflows: the versions of each, which never change, and the list of all of them."""

from typing import assert_never

import msgspec

from missioncontrol.domain.definition import Definition
from missioncontrol.domain.errors import Corrupt, Rejected

VERSIONS_MAX = 10_000
WORKFLOWS_MAX = 10_000
LISTING = "workflows"
"""The stream of the list: a log is read by streams, and each workflow has one of its own."""


def stream_of(name: str) -> str:
    """Return the stream of a workflow; its first event is version 1, its second version 2 …."""
    return f"workflow-{name}"


# The versions of one workflow


class SaveWorkflow(msgspec.Struct, frozen=True):
    """Keep what a definition says; nothing has been found wrong with it."""

    definition: Definition
    digest: str  # of what it says, apart from its version
    source: str  # the text of its file
    base: int | None = None  # the newest version that its writer knew, 0 for none; None: whatever
    always: bool = False  # also where a version says the same: in other words, or long ago


class WorkflowSaved(msgspec.Struct, frozen=True, omit_defaults=True):
    """A new version is there."""

    name: str
    version: int
    digest: str
    source: str
    definition: Definition  # with this version


class SavedWorkflow(msgspec.Struct):
    """What is true of a workflow now."""

    name: str
    version: int  # the newest
    digest: str
    definition: Definition
    saved_at: float
    versions: dict[str, int]  # the newest version with each digest


def decide(
    command: SaveWorkflow, workflow: SavedWorkflow | None, _now: float
) -> list[WorkflowSaved]:
    """Return the version that `command` makes; none where there is one that says the same.

    Raises:
        Rejected: `workflow.bad_version`, `workflow.saved_meanwhile` or
            `workflow.too_many_versions`.
    """
    given = command.definition.version
    problem, hint = version_problem(workflow, given, command.digest)
    if problem:
        raise Rejected("workflow.bad_version", problem, hint=hint)
    newest = workflow.version if workflow else 0
    is_wanted = command.always or given == newest + 1
    if workflow is not None and command.digest in workflow.versions and not is_wanted:
        return []
    if command.base is not None and command.base != newest:
        raise saved_meanwhile(command.definition.name, command.base, newest)
    if newest >= VERSIONS_MAX:
        raise Rejected(
            "workflow.too_many_versions",
            f"Workflow {command.definition.name!r} has {newest:,} versions; no more fit.",
            hint="Save it under another name.",
        )
    version = newest + 1
    definition = msgspec.structs.replace(command.definition, version=version)
    return [WorkflowSaved(definition.name, version, command.digest, command.source, definition)]


def saved_meanwhile(name: str, base: int, newest: int) -> Rejected:
    """Return the error for a version saved meanwhile, unknown to the writer of another one."""
    began = f"begun from version {base}" if base else "written as a new workflow"
    there = f"version {newest} is there by now" if newest else "it is not there"
    return Rejected(
        "workflow.saved_meanwhile",
        f"Workflow {name!r} was {began}, and {there}.",
        hint="Look at what differs, take over what both want, and save again.",
    )


def version_problem(workflow: SavedWorkflow | None, given: int, digest: str) -> tuple[str, str]:
    """Say why a file can't be of version `given` (0 for none), and what to do; or empty texts."""
    newest = workflow.version if workflow else 0
    same = workflow.versions.get(digest, 0) if workflow else 0
    if given in (0, newest + 1, same):
        return "", ""
    hint = f"Leave `version` out, or write {newest + 1}."
    if given <= newest:
        return f"Version {given} is saved already, and a version never changes.", hint
    return f"The file says version {given}, and the next one is {newest + 1}.", hint


def evolve(workflow: SavedWorkflow | None, event: WorkflowSaved, at: float) -> SavedWorkflow:
    """Apply `event`, which became true at `at`, and return the workflow.

    Raises:
        Corrupt: `workflow.gap`, where a version is missing or stands twice.
    """
    newest = workflow.version if workflow else 0
    if event.version != newest + 1:
        raise Corrupt(
            "workflow.gap",
            f"Version {event.version} of workflow {event.name!r} follows version {newest}.",
        )
    versions = workflow.versions if workflow else {}
    versions[event.digest] = event.version
    return SavedWorkflow(
        event.name,
        event.version,
        event.digest,
        event.definition,
        at,
        versions,
    )


# The list of all workflows


class ListWorkflow(msgspec.Struct, frozen=True):
    """Put the newest version of a workflow on the list."""

    definition: Definition
    digest: str


class WorkflowListed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A workflow is on the list with this version."""

    name: str
    version: int
    digest: str
    steps: int
    description: str = ""


class Listed(msgspec.Struct, frozen=True):
    """One workflow of the list."""

    name: str
    version: int
    digest: str
    steps: int
    description: str
    saved_at: float


class Listing(msgspec.Struct):
    """All workflows by name, in the order in which they were first saved."""

    workflows: dict[str, Listed]


def decide_listing(
    command: ListWorkflow, listing: Listing | None, _now: float
) -> list[WorkflowListed]:
    """Return the new entry of the list.

    Raises:
        Rejected: `workflow.too_many`.
    """
    definition = command.definition
    known = listing.workflows if listing else {}
    if definition.name not in known and len(known) >= WORKFLOWS_MAX:
        raise Rejected(
            "workflow.too_many",
            f"There are {len(known):,} workflows; no more fit.",
            hint="Save it as a new version of one of them.",
        )
    return [
        WorkflowListed(
            definition.name,
            definition.version,
            command.digest,
            len(definition.steps),
            definition.description,
        )
    ]


def evolve_listing(listing: Listing | None, event: WorkflowListed, at: float) -> Listing:
    """Apply `event`, which became true at `at`, and return the list."""
    if listing is None:
        listing = Listing({})
    match event:
        case WorkflowListed():
            listing.workflows[event.name] = Listed(
                event.name,
                event.version,
                event.digest,
                event.steps,
                event.description,
                at,
            )
        case _:
            assert_never(event)
    return listing


WorkflowCommand = SaveWorkflow | ListWorkflow
WorkflowEvent = WorkflowSaved | WorkflowListed

EVENTS: dict[type[msgspec.Struct], tuple[str, int]] = {
    WorkflowSaved: ("workflow_saved", 1),
    WorkflowListed: ("workflow_listed", 1),
}
"""Lasting names and schema versions; see `missioncontrol.domain.register`."""
