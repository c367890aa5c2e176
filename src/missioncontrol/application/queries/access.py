"""Users, tokens, sessions and who came, as people and programs see them."""

from collections.abc import Mapping, Sequence

import msgspec

from missioncontrol.domain.access.states import Access, Token, User
from missioncontrol.domain.errors import NotFound
from missioncontrol.domain.person import person
from missioncontrol.domain.principal import (
    OF_ROLE,
    ROLES,
    Permission,
    Principal,
    Role,
    Way,
    permissions_of,
)
from missioncontrol.ports.access_store import Arrival, Outcome, Session, Use

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("HeadlessChrome/", "Chrome without a window"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""Marks in the order in which they tell browsers apart."""

SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


class UserView(msgspec.Struct, frozen=True):
    """A user who may sign in."""

    name: str
    roles: tuple[Role, ...]
    permissions: tuple[Permission, ...]
    is_owner: bool  # runs the machine, and is an admin whatever the log says
    added: float | None  # seconds since the epoch, as all times here
    has_password: bool
    provider: str | None  # the issuer that vouches for them
    invited_until: float | None  # a link with which they choose a password still works
    tokens: int


class TokenView(msgspec.Struct, frozen=True):
    """A token, without its secret."""

    id: str
    name: str
    owner: str
    scopes: tuple[Permission, ...]
    issued: float
    until: float
    is_over: bool
    last_used: float | None  # to the minute
    last_address: str | None


class SessionView(msgspec.Struct, frozen=True):
    """A browser with a signed-in user."""

    id: str
    user: str
    way: Way
    begun: float
    seen: float  # to the minute
    ends: float
    address: str
    agent: str  # what it calls itself
    browser: str  # the same in two or three words
    is_this: bool  # the one that asks


class ArrivalView(msgspec.Struct, frozen=True):
    """A sign-in, a sign-out, or a refusal."""

    number: int
    time: float
    user: str
    way: str
    outcome: Outcome
    address: str
    agent: str
    browser: str


class RoleView(msgspec.Struct, frozen=True):
    """A role, and what it carries."""

    role: Role
    permissions: tuple[Permission, ...]
    users: int


class WorkspaceView(msgspec.Struct, frozen=True):
    """This home, as its people know it."""

    name: str
    owner: str
    users: int
    tokens: int
    providers: tuple[str, ...]


class Me(msgspec.Struct, frozen=True):
    """The caller."""

    name: str
    roles: tuple[Role, ...]
    permissions: tuple[Permission, ...]  # of the roles, as far as the token's scopes go
    way: Way
    credential: str
    workspace: str


def users(access: Access, owner: str, now: float) -> list[UserView]:
    """Return everybody who may sign in, by name; the owner first."""
    found = [_user_view(user, access, owner, now) for user in access.users.values()]
    if access.user(owner) is None:
        found.append(_user_view(User(owner, ("admin",), 0.0), access, owner, now))
    return sorted(found, key=lambda each: (not each.is_owner, person(each.name)))


def user(access: Access, owner: str, name: str, now: float) -> UserView:
    """Return one of them.

    Raises:
        NotFound: `user.unknown`.
    """
    for each in users(access, owner, now):
        if person(each.name) == person(name):
            return each
    raise NotFound(
        "user.unknown", f"There is no user {name[:80]!r} here.", hint="An admin adds users."
    )


def _user_view(found: User, access: Access, owner: str, now: float) -> UserView:
    invited = found.invited.until if found.invited and found.invited.until > now else None
    return UserView(
        name=found.name,
        roles=access.roles_of(found.name, owner) or (),
        permissions=_sorted(access.permissions_of(found.name, owner)),
        is_owner=person(found.name) == person(owner),
        added=found.added or None,
        has_password=bool(found.password_changed),
        provider=found.subject.partition(" ")[0] or None,
        invited_until=invited,
        tokens=sum(each.issued.until > now for each in access.tokens_of(found.name)),
    )


def tokens(
    access: Access, uses: Mapping[str, Use], now: float, owner: str | None = None
) -> list[TokenView]:
    """Return the tokens of one person, or of everybody, by their end, the last first."""
    found = access.tokens.values() if owner is None else access.tokens_of(owner)
    ordered = sorted(found, key=lambda each: (-each.issued.until, each.issued.token))
    return [_token_view(each, uses.get(each.issued.token), now) for each in ordered]


def _token_view(token: Token, use: Use | None, now: float) -> TokenView:
    issued = token.issued
    return TokenView(
        id=issued.token,
        name=issued.name,
        owner=issued.owner,
        scopes=issued.scopes,
        issued=token.at,
        until=issued.until,
        is_over=now >= issued.until,
        last_used=use.time if use else None,
        last_address=use.address if use else None,
    )


def sessions(found: Sequence[Session], who: Principal) -> list[SessionView]:
    """Return these sessions; `who` asks."""
    return [
        SessionView(
            each.id,
            each.user,
            each.way,
            each.begun,
            each.seen,
            each.ends,
            each.address,
            each.agent,
            browser_of(each.agent),
            is_this=who.credential == f"session-{each.id}",
        )
        for each in found
    ]


def arrivals(found: Sequence[Arrival]) -> list[ArrivalView]:
    """Return who came."""
    return [
        ArrivalView(**msgspec.structs.asdict(each), browser=browser_of(each.agent))
        for each in found
    ]


def browser_of(agent: str) -> str:
    """Return what a client calls itself in a few words: `Firefox on Linux`.

    It is what the client says, and every browser claims to be several others.
    """
    name = next((name for mark, name in BROWSERS if mark in agent), agent[:40] or "unnamed")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return f"{name} on {system}" if system else name


def roles(access: Access, owner: str, now: float) -> list[RoleView]:
    """Return all roles, and how many have each."""
    everybody = users(access, owner, now)
    return [
        RoleView(role, _sorted(OF_ROLE[role]), sum(role in each.roles for each in everybody))
        for role in ROLES
    ]


def workspace(access: Access, owner: str, folder: str, providers: Sequence[str]) -> WorkspaceView:
    """Return this home; `folder` is its name where none is given."""
    listed = access.users if access.user(owner) else {**access.users, person(owner): None}
    name = access.workspace or folder
    return WorkspaceView(name, owner, len(listed), len(access.tokens), tuple(providers))


def me(access: Access, folder: str, who: Principal) -> Me:
    """Return the caller."""
    name = access.workspace or folder
    return Me(who.name, who.roles, _sorted(who.permissions), who.way, who.credential, name)


def beyond(roles_: Sequence[Role], who: Principal) -> bool:
    """Whether these roles carry more than `who` may do, so that they can't give them."""
    return bool(permissions_of(roles_) - who.permissions)


def _sorted(permissions: frozenset[Permission]) -> tuple[Permission, ...]:
    return tuple(sorted(permissions))
