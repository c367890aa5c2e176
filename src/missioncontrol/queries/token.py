"""Queries of tokens."""

from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.application.access import access_of
from missioncontrol.application.queries import access as views
from missioncontrol.application.queries.access import TokenView
from missioncontrol.application.reader import Reader, opened
from missioncontrol.declarations import BY_PEOPLE, ListQuery, Query, Target, Terminal
from missioncontrol.documents.figures import moment


class TokenFilters(msgspec.Struct, frozen=True):
    """Which tokens are wanted."""

    everybody: Annotated[
        bool, Meta(description="Of everybody; it needs the permission `audit`.")
    ] = False


async def tokens(reader: Reader, filters: TokenFilters) -> list[TokenView]:
    """Return one's own tokens, or those of everybody, the last to end first."""
    who = reader.who
    owner = None if filters.everybody and who.may("audit") else who.name
    return views.tokens(await access_of(reader.present), reader.uses(), reader.now, owner)


def line_of(found: TokenView, _: int) -> list[str]:
    """Return a token as a line of text."""
    over = " (over)" if found.is_over else ""
    about = f"{found.id}  {found.name}: {found.owner}, {', '.join(found.scopes)}"
    return [f"{about}, until {moment(found.until)}{over}"]


TOKEN = Target(
    noun="token", path="/tokens", help="as `mission user token list` says it", command="user token"
)

LIST = ListQuery(
    name="token.list",
    title="List tokens",
    text="Return one's own tokens, or everybody's: what each may do, its end, and its last use.",
    permission="sign_in",
    surfaces=BY_PEOPLE,
    target=TOKEN,
    filters=TokenFilters,
    source=opened,
    find=tokens,
    row=TokenView,
    key=lambda found: (-found.until, found.id),
    kinds=(float, str),
    terminal=Terminal(fixed={"everybody": True}, lines=line_of, empty="No token was issued."),
)

QUERIES: tuple[Query, ...] = (LIST,)
