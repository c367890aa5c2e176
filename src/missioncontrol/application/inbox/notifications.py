"""The service of notifications: people add and remove their own, and who governs those of all."""

from collections.abc import Awaitable, Callable

from missioncontrol.application.authority import NotPermitted
from missioncontrol.application.current_request import current_request
from missioncontrol.application.inbox.notifier import NOTIFICATIONS, STREAM
from missioncontrol.application.journal import Journal
from missioncontrol.domain.notification import (
    NO_NOTIFICATIONS,
    AddNotification,
    NotificationCommand,
    Notifications,
    address_of,
)
from missioncontrol.domain.person import person


class NotificationService:
    """Changes the notifications of the log."""

    def __init__(self, journal: Journal, refuse: Callable[[str], Awaitable[None]]) -> None:
        """`refuse` raises `Rejected` for a URL that must not be called."""
        self._journal = journal
        self._refuse = refuse

    async def change(self, command: NotificationCommand, *, actor: str) -> None:
        """Do what the command says.

        Raises:
            Rejected, NotFound: see `domain.notification.decide`; `address.inside`.
            NotPermitted: `notification.of_others`.
        """
        found: Notifications = await self._journal.find(NOTIFICATIONS, STREAM) or NO_NOTIFICATIONS
        if isinstance(command, AddNotification):
            _refuse_others(command.person, actor)
            if address := address_of(command.way, command.to):
                await self._refuse(address)
        elif command.name in found.all:
            _refuse_others(found.all[command.name].person, actor)
        self._journal.tell(NOTIFICATIONS, STREAM, command, actor=actor)


def _refuse_others(whose: str, actor: str) -> None:
    """Refuse what is about another person's inbox, or all, to those who do not govern."""
    asking = current_request()
    if person(whose) == person(actor) or asking is None or "govern" in asking.permissions:
        return
    raise NotPermitted(
        "notification.of_others",
        "Notifications of other people, and of everything, need the permission 'govern'.",
        hint="Add one for yourself, or ask an admin of this workspace.",
    )
