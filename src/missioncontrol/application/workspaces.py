"""Workspaces of a root, as its owner creates, archives and restores them from one of them."""

import asyncio

import msgspec

from missioncontrol.application.authority import NotPermitted
from missioncontrol.application.concept import Concept
from missioncontrol.application.journal import Journal
from missioncontrol.domain import workspace as domain
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.person import person
from missioncontrol.domain.workspace import (
    ArchiveWorkspace,
    CreateWorkspace,
    NoteChange,
    RestoreWorkspace,
    WorkspaceArchived,
    WorkspaceCreated,
    WorkspaceEvent,
    WorkspaceRestored,
    decide,
    evolve,
    unknown,
)
from missioncontrol.ports.workspaces import Begin, WorkspaceList

STREAM = "workspaces"

WORKSPACES: Concept[WorkspaceEvent, NoteChange, WorkspaceEvent] = Concept(decide, evolve, unknown)


class WorkspaceNow(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace after a change."""

    name: str
    is_archived: bool = False
    invitation: str | None = None  # shown once: what opens `/sign-in/invited?token=` there


class WorkspaceService:
    """Changes the list of the workspaces of a root, for its owner alone."""

    def __init__(self, journal: Journal, owner: str) -> None:
        """`owner` runs the machine; `list` and `begin` are set where there is a root."""
        self._journal = journal
        self._owner = owner
        self.list: WorkspaceList | None = None
        self.begin: Begin | None = None

    async def create(self, command: CreateWorkspace, *, actor: str) -> WorkspaceNow:
        """Create a workspace, with an invitation for its first admin.

        Raises:
            NotPermitted, NotFound: see `listed`.
            Rejected, Conflict: see `domain.workspace.create`; `user.bad_name` of the person.
        """
        list_ = listed(self.list, actor, self._owner)
        assert self.begin is not None
        domain.create(await asyncio.to_thread(list_.read), command.name)  # Before anything is made.
        invitation = await self.begin(command.name, command.person)
        await asyncio.to_thread(list_.change, lambda all_: domain.create(all_, command.name))
        await self._note(WorkspaceCreated(command.name, command.person), actor)
        return WorkspaceNow(name=command.name, invitation=invitation or None)

    async def archive(self, command: ArchiveWorkspace, *, actor: str) -> WorkspaceNow:
        """Take a workspace out of service, but for the last one.

        Raises:
            NotPermitted, NotFound: see `listed`; `workspace.unknown`.
            Rejected: `workspace.last`.
        """

        def change(all_: domain.Workspaces) -> domain.Workspaces:
            domain.refuse_last(all_, command.name)
            return domain.archive(all_, command.name)

        list_ = listed(self.list, actor, self._owner)
        await asyncio.to_thread(list_.change, change)
        await self._note(WorkspaceArchived(command.name), actor)
        return WorkspaceNow(name=command.name, is_archived=True)

    async def restore(self, command: RestoreWorkspace, *, actor: str) -> WorkspaceNow:
        """Serve an archived workspace again.

        Raises:
            NotPermitted, NotFound: see `listed`; `workspace.unknown`.
            Rejected: `workspace.too_many`.
        """
        list_ = listed(self.list, actor, self._owner)
        await asyncio.to_thread(list_.change, lambda all_: domain.restore(all_, command.name))
        await self._note(WorkspaceRestored(command.name), actor)
        return WorkspaceNow(name=command.name)

    async def _note(self, event: WorkspaceEvent, actor: str) -> None:
        await self._journal.find(WORKSPACES, STREAM)
        self._journal.tell(WORKSPACES, STREAM, NoteChange(event), actor=actor)


def listed(list_: WorkspaceList | None, actor: str, owner: str) -> WorkspaceList:
    """Return the list of a root for its owner: no admin of one workspace learns of others.

    Raises:
        NotPermitted: `workspace.not_owner`.
        NotFound: `workspace.no_root`.
    """
    if person(actor) != person(owner):
        raise NotPermitted(
            "workspace.not_owner",
            "Only the owner of the root, who runs this machine, changes and lists its workspaces.",
            hint="Ask the owner; an admin names the own workspace in its settings.",
        )
    if list_ is None:
        raise NotFound(
            "workspace.no_root",
            "This data directory stands alone: there are no other workspaces.",
            hint="`mission workspace create NAME` and `mission up --root` serve several.",
        )
    return list_
