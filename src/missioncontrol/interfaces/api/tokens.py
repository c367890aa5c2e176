"""Tokens as a resource of the API: what programs carry in place of a person."""

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from missioncontrol.application.access import TOKEN_SECONDS, TokenAsked, TokenRevoked
from missioncontrol.application.queries import access as queries
from missioncontrol.application.queries.access import TokenView
from missioncontrol.domain.access.refusals import TOKEN_SECONDS_MAX
from missioncontrol.domain.permission import Permission
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.surfaces.paging import LIMIT, Cursor, Limit, Page, page_of

AnyRequest = Request[Principal, Any, Any]
Because = Annotated[str, QueryParameter(max_length=2_000, description="Why, for the record.")]
Everybody = Annotated[
    bool, QueryParameter(description="Of everybody; it needs the permission `audit`.")
]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=TOKEN_SECONDS_MAX)]


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request for a token."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    scopes: Annotated[tuple[Permission, ...], msgspec.Meta(min_length=1, max_length=20)] = ("read",)
    seconds: Seconds = TOKEN_SECONDS  # that it holds


class TokenShown(msgspec.Struct, frozen=True):
    """A new token. It is shown this once."""

    id: str
    name: str
    token: str | None  # None where the same request was answered before
    until: float  # seconds since the epoch


@get("/tokens", summary="List tokens", **needs("sign_in"))
async def list_tokens(
    request: AnyRequest,
    console: NamedDependency[Console],
    everybody: Everybody = False,
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Page[TokenView]:
    """Return one's own tokens, or everybody's: what each may do, until when, and its last use."""
    people, who = console.people, request.user
    owner = None if everybody and who.may("audit") else who.name
    found = queries.tokens(await people.access(), people.store.uses(), people.now(), owner)
    return page_of(found, cursor, limit, lambda it: (it.until, it.id), float, str, falling=True)


@post(
    "/tokens",
    summary="Issue a token",
    response_headers=[
        ResponseHeader(name="Location", documentation_only=True, description="Where it is revoked.")
    ],
    **needs("sign_in"),
)
async def issue_token(
    request: AnyRequest, console: NamedDependency[Console], data: JSONBody[NewToken]
) -> Response[TokenShown]:
    """Return a token that acts for the caller, as far as its scopes go, until it ends.

    It can never do more than its owner may at the time, nor more than what asks for it.
    """
    answer = await console.ask(request, TokenAsked(data.name, data.scopes, data.seconds))
    shown = TokenShown(answer["id"], answer["name"], answer.get("token"), answer["until"])
    headers = {"location": f"/api/v1/tokens/{shown.id}", "cache-control": "no-store"}
    return Response(shown, status_code=201, headers=headers)


@delete("/tokens/{token:str}", summary="Revoke a token", **needs("sign_in"))
async def revoke_token(
    request: AnyRequest,
    console: NamedDependency[Console],
    token: FromPath[str],
    reason: Because = "",
) -> None:
    """Revoke a token at once: one's own, or for an admin that of any user."""
    await console.ask(request, TokenRevoked(token, reason))


HANDLERS: list[Any] = [list_tokens, issue_token, revoke_token]
