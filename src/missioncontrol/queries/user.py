"""Queries of users."""

from missioncontrol.application.access import access_of
from missioncontrol.application.queries import access as views
from missioncontrol.application.queries.access import UserView
from missioncontrol.application.reader import Reader, opened
from missioncontrol.declarations import (
    BY_PEOPLE,
    ItemQuery,
    ListQuery,
    NoFilters,
    Query,
    Target,
    Terminal,
)
from missioncontrol.documents.figures import moment
from missioncontrol.domain.person import person


async def users(reader: Reader, _: NoFilters) -> list[UserView]:
    """Return all users by name; the owner of the machine comes first."""
    return views.users(await access_of(reader.present), reader.owner, reader.now)


async def user(reader: Reader, name: str) -> UserView:
    """Return one user.

    Raises:
        NotFound: `user.unknown`.
    """
    return views.user(await access_of(reader.present), reader.owner, name, reader.now)


def line_of(found: UserView, _: int = 0) -> list[str]:
    """Return a user as a line of text."""
    about = [", ".join(found.roles) or "no role"]
    about += ["runs this machine"] if found.is_owner else []
    about += ["password"] if found.has_password else []
    about += [f"by {found.provider}"] if found.provider else []
    about += [f"invited until {moment(found.invited_until)}"] if found.invited_until else []
    about += [f"{found.tokens} tokens"] if found.tokens else []
    return [f"{found.name}: {'; '.join(about)}"]


USER = Target(
    noun="user", path="/users", help="a name", field="name", parameter="name", metavar="NAME"
)

LIST = ListQuery(
    name="user.list",
    title="List users",
    text="Return all users by name; the owner of the machine comes first.",
    permission="audit",
    surfaces=BY_PEOPLE,
    target=USER,
    filters=NoFilters,
    source=opened,
    find=users,
    row=UserView,
    key=lambda found: (not found.is_owner, person(found.name)),
    kinds=(bool, str),
    terminal=Terminal(lines=line_of),
)

GET = ItemQuery(
    name="user.get",
    title="A user",
    text="Return one user.",
    permission="audit",
    surfaces=BY_PEOPLE,
    target=USER,
    source=opened,
    find=user,
    returns=UserView,
    terminal=Terminal(verb="show", lines=line_of),
)

QUERIES: tuple[Query, ...] = (LIST, GET)
