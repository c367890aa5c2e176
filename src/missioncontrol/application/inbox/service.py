"""The service of inboxes: snoozed, dismissed, muted, assigned and commented items."""

import msgspec

from missioncontrol.application.access import ACCESS
from missioncontrol.application.access import STREAM as ACCESS_STREAM
from missioncontrol.application.inbox.items import ItemNow
from missioncontrol.application.inbox.reader import INBOX, STREAM
from missioncontrol.application.journal import Journal
from missioncontrol.domain.access.states import INITIAL_ACCESS
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.inbox import NEEDS, AssignItem, InboxCommand, kind_of


class InboxService:
    """Changes the inboxes of the log."""

    def __init__(self, journal: Journal, owner: str) -> None:
        """`owner` is the user of the operating system whose data directory it is."""
        self._journal = journal
        self._owner = owner

    async def change(self, command: InboxCommand, *, actor: str) -> ItemNow:
        """Do what the command says for `actor`.

        Raises:
            Rejected: see `domain.inbox.decide`; `inbox.unknown_person`, `inbox.cannot_settle`.
        """
        if isinstance(command, AssignItem):
            await self._refuse_unable(command)
        await self._journal.find(INBOX, STREAM)
        named = msgspec.structs.replace(command, by=actor)
        self._journal.tell(INBOX, STREAM, named, actor=actor)
        return ItemNow(command.item)

    async def _refuse_unable(self, command: AssignItem) -> None:
        access = await self._journal.find(ACCESS, ACCESS_STREAM) or INITIAL_ACCESS
        needed, to = NEEDS[kind_of(command.item)], command.to
        roles = access.roles_of(to, self._owner)
        if roles is None:
            raise Rejected(
                "inbox.unknown_person",
                f"There is no user {to[:80]!r} here.",
                hint="`mission user list` names those there are.",
            )
        if needed not in access.permissions_of(to, self._owner):
            raise Rejected(
                "inbox.cannot_settle",
                f"{to[:80]!r} can't settle it: that needs the permission {needed!r}.",
                hint="An admin of this workspace gives roles.",
            )
