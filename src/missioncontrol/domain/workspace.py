"""Workspaces of one console: their names, their states, and how many there may be."""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import Conflict, NotFound, Rejected

WORKSPACES_MAX = 20
"""Each has an engine of its own, which is a process of some 70 MB."""

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""A part of an address and the name of a directory."""


class Workspace(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One workspace: a data directory of its own below the root."""

    name: str
    archived: bool = False  # neither its engine nor its pages are served; its data stay
    starts: int = 0  # how often a person had its engine started again


Workspaces = tuple[Workspace, ...]


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """The common shape. They are in the log of the workspace in which the owner asked."""


class WorkspaceCreated(Event, frozen=True):
    """The owner of the root created a workspace; its list is in the file of the root."""

    workspace: str
    person: str = ""  # its first admin; "" for none but the owner


class WorkspaceArchived(Event, frozen=True):
    """The owner of the root took a workspace out of service; its data stayed."""

    workspace: str


class WorkspaceRestored(Event, frozen=True):
    """The owner of the root opened an archived workspace again."""

    workspace: str


WorkspaceEvent = WorkspaceCreated | WorkspaceArchived | WorkspaceRestored

EVENTS: dict[type, tuple[str, int]] = {
    WorkspaceCreated: ("workspace_created", 1),
    WorkspaceArchived: ("workspace_archived", 1),
    WorkspaceRestored: ("workspace_restored", 1),
}
"""The lasting name and version of every event."""

Name = Annotated[
    str, Meta(min_length=1, max_length=40, description="1 to 40 of a to z, 0 to 9, and - between.")
]


class CreateWorkspace(msgspec.Struct, frozen=True):
    """Create a workspace with a data directory of its own."""

    name: Name
    person: Annotated[
        str, Meta(max_length=100, description="Its first admin, who gets an invitation.")
    ] = ""


class ArchiveWorkspace(msgspec.Struct, frozen=True):
    """Take a workspace out of service; its data stay."""

    name: str


class RestoreWorkspace(msgspec.Struct, frozen=True):
    """Serve an archived workspace again."""

    name: str


WorkspaceCommand = CreateWorkspace | ArchiveWorkspace | RestoreWorkspace


class NoteChange(msgspec.Struct, frozen=True):
    """Record a change of the file of the root."""

    event: WorkspaceEvent


def decide(command: NoteChange, known: WorkspaceEvent | None, now: float) -> list[WorkspaceEvent]:
    """Answer `command` with its event: the file has changed already."""
    del known, now
    return [command.event]


def evolve(known: WorkspaceEvent | None, event: WorkspaceEvent, at: float) -> WorkspaceEvent:
    """Apply `event`: the newest change is all that is kept beside the file."""
    del known, at
    return event


def is_name(text: str) -> bool:
    """Whether `text` can be the name of a workspace."""
    return NAME.fullmatch(text) is not None


def refuse_bad_name(name: str) -> None:
    """Refuse what can be no part of an address.

    Raises:
        Rejected: `workspace.bad_name`.
    """
    if not is_name(name):
        raise Rejected(
            "workspace.bad_name",
            f"{name[:60]!r} can't be the name of a workspace.",
            hint="Give 1 to 40 characters: a to z, 0 to 9, and - between them.",
        )


def served(workspaces: Workspaces) -> Workspaces:
    """Return those that are not archived, by name."""
    return tuple(sorted((each for each in workspaces if not each.archived), key=_name))


def create(workspaces: Workspaces, name: str) -> Workspaces:
    """Add a workspace.

    Raises:
        Rejected: `workspace.bad_name`, or `workspace.too_many`.
        Conflict: `workspace.exists`.
    """
    refuse_bad_name(name)
    if any(each.name == name for each in workspaces):
        raise Conflict(
            "workspace.exists",
            f"There is a workspace {name!r}.",
            hint="`mission workspace list` shows all; an archived one comes back with "
            "`mission workspace restore NAME`.",
        )
    return _bounded((*workspaces, Workspace(name)))


def archive(workspaces: Workspaces, name: str) -> Workspaces:
    """Take a workspace out of service.

    Raises:
        NotFound: `workspace.unknown`.
    """
    return _with(workspaces, msgspec.structs.replace(find(workspaces, name), archived=True))


def restore(workspaces: Workspaces, name: str) -> Workspaces:
    """Serve an archived workspace again.

    Raises:
        NotFound: `workspace.unknown`.
        Rejected: `workspace.too_many`.
    """
    changed = msgspec.structs.replace(find(workspaces, name), archived=False)
    return _bounded(_with(workspaces, changed))


def start(workspaces: Workspaces, name: str) -> Workspaces:
    """Have the engine of a workspace started at once, where it is down.

    Raises:
        NotFound: `workspace.unknown`.
        Conflict: `workspace.archived`.
    """
    found = find(workspaces, name)
    if found.archived:
        raise Conflict(
            "workspace.archived",
            f"The workspace {name!r} is archived.",
            hint=f"`mission workspace restore {name}` serves it again.",
        )
    return _with(workspaces, msgspec.structs.replace(found, starts=found.starts + 1))


def find(workspaces: Workspaces, name: str) -> Workspace:
    """Return a workspace by name.

    Raises:
        NotFound: `workspace.unknown`.
    """
    for each in workspaces:
        if each.name == name:
            return each
    raise NotFound(
        "workspace.unknown",
        f"There is no workspace {name[:60]!r}.",
        hint="`mission workspace list` shows all.",
    )


def refuse_last(workspaces: Workspaces, name: str) -> None:
    """Refuse to archive the one workspace through which its owner could open others again.

    Raises:
        Rejected: `workspace.last`.
    """
    if [each.name for each in served(workspaces)] == [name]:
        raise Rejected(
            "workspace.last",
            f"{name!r} is the only workspace that is served.",
            hint=f"Create another one first, or use `mission workspace archive {name}`.",
        )


def fault_of(workspaces: Workspaces) -> str:
    """Return what is wrong with a list of workspaces; empty where nothing is."""
    names = [each.name for each in workspaces]
    if wrong := next((name for name in names if not is_name(name)), None):
        return f"{wrong[:60]!r} can't be the name of a workspace"
    if len(set(names)) != len(names):
        return "each workspace has a name of its own"
    if len(served(workspaces)) > WORKSPACES_MAX:
        return f"at most {WORKSPACES_MAX} are served"
    return ""


def unknown(stream: str) -> NotFound:
    """Return the error for a log in which no workspace was changed."""
    return NotFound("workspace.unknown", f"No workspace was changed in {stream[:80]!r}.")


def _with(workspaces: Workspaces, changed: Workspace) -> Workspaces:
    return tuple(changed if each.name == changed.name else each for each in workspaces)


def _bounded(workspaces: Workspaces) -> Workspaces:
    if len(served(workspaces)) > WORKSPACES_MAX:
        raise Rejected(
            "workspace.too_many",
            f"{WORKSPACES_MAX} workspaces are served, the most that one console may have.",
            hint="`mission workspace archive NAME` takes one out of service.",
        )
    return workspaces


def _name(workspace: Workspace) -> str:
    return workspace.name
