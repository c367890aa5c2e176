"""The data directory of a new workspace, with its first admin, before an engine holds it."""

from contextlib import closing

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.home import Home
from missioncontrol.application.access import AccessService
from missioncontrol.application.current_request import current_request, request_context
from missioncontrol.application.journal import Journal
from missioncontrol.domain.access.commands import UNKNOWN, AddUser, Invite


async def begin(home: Home, person: str, owner: str) -> str:
    """Make a data directory, and return the invitation of its first admin ("" for none).

    `owner` is the user of the operating system; what happens there is recorded in their name.

    Raises:
        Unavailable: `home.held`, or `home.unusable`.
        Rejected: `user.bad_name`, `user.exists`, or `user.beyond`.
    """
    home.make()
    if not person:
        return ""
    home.hold()
    try:
        # The cause of these events is in another log, so they have none.
        with (
            request_context(current_request()),
            closing(SqliteEventStore(home.log, writable=True)) as store,
        ):
            return await _first_admin(Journal(store, SystemClock()), person, owner)
    finally:
        home.release()


async def _first_admin(journal: Journal, person: str, owner: str) -> str:
    service, actor = AccessService(journal, owner), f"user:{owner}"
    await journal.know_position()
    await service.change(AddUser(UNKNOWN, person, ("admin",)), actor=actor)
    invited = await service.invite(Invite(UNKNOWN, person, "", 0.0), actor=actor)
    await journal.commit()
    assert invited.invitation is not None
    return invited.invitation
