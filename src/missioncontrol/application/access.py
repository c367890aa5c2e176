"""The service of users, roles and tokens, and what the sign-in reads of them."""

import hashlib
import hmac
import secrets
from typing import Annotated

import msgspec
from msgspec import Meta

from missioncontrol.application.concept import Concept
from missioncontrol.application.current_request import current_request
from missioncontrol.application.journal import Journal
from missioncontrol.application.read_model import Present
from missioncontrol.domain.access.commands import (
    NAME_MAX,
    UNKNOWN,
    AccessCommand,
    AddUser,
    Arrive,
    Asker,
    ChangePassword,
    ChangeRoles,
    Invite,
    IssueToken,
    NameWorkspace,
    RemoveUser,
    RevokeToken,
    SetSecondLook,
)
from missioncontrol.domain.access.decide import decide
from missioncontrol.domain.access.events import AccessEvent, TokenIssued
from missioncontrol.domain.access.evolve import evolve
from missioncontrol.domain.access.refusals import TOKEN_SECONDS_MAX
from missioncontrol.domain.access.states import INITIAL_ACCESS, Access
from missioncontrol.domain.approval.commands import NO_SECOND_LOOK, SecondLook, Who
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.person import is_vouched, person
from missioncontrol.domain.principal import PERMISSIONS, Asking, Permission, Role, permissions_of

STREAM = "access"
MARK = "mct_"
TOKEN_MAX = 200
PROVIDER = "provider-"
"""Prefix of the credential of a user whom a provider vouches for, before the user is known."""

INVITATION_SECONDS = 7 * 86_400.0
TOKEN_SECONDS = 90 * 86_400.0

ACCESS: Concept[Access, AccessCommand, AccessEvent] = Concept(
    decide, evolve, lambda _: NotFound("user.unknown", "No user was added here.")
)


class IssueTokenForCaller(msgspec.Struct, frozen=True):
    """Issue a token that acts for the caller."""

    name: Annotated[
        str, Meta(min_length=1, max_length=NAME_MAX, description="By which you know it, as laptop.")
    ]
    scopes: Annotated[
        tuple[Permission, ...], Meta(min_length=1, max_length=20, description="What it may do.")
    ] = ("read",)
    seconds: Annotated[
        float,
        Meta(gt=0, le=TOKEN_SECONDS_MAX, description="How long it holds; 90 days unless given."),
    ] = TOKEN_SECONDS


class SetPassword(msgspec.Struct, frozen=True):
    """Note that a user has another password."""

    name: str
    invitation: str = ""  # the secret of the one that allows it


class UserNow(msgspec.Struct, frozen=True):
    """A user after a change."""

    name: str


class Invited(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation; its secret is shown once."""

    name: str
    invitation: str | None = None  # None where the same request was answered before
    until: float  # seconds since the epoch


class TokenShown(msgspec.Struct, frozen=True, kw_only=True):
    """A new token. It is shown this once."""

    id: str
    name: str
    token: str | None = None  # None where the same request was answered before
    until: float  # seconds since the epoch


class SecondLookNow(msgspec.Struct, frozen=True):
    """The pause after which the one person here may approve their own runs."""

    seconds: float


class AccessService:
    """Changes who may do what."""

    def __init__(self, journal: Journal, owner: str) -> None:
        """`owner` is the user of the operating system whose data directory it is."""
        self._journal = journal
        self.owner = owner

    async def change(
        self, command: AddUser | ChangeRoles | RemoveUser | NameWorkspace, *, actor: str
    ) -> UserNow:
        """Add, change or remove a user, or name the workspace.

        Raises:
            Rejected, NotFound: see `domain.access.decide`.
        """
        await self._load()
        self._handle(command, actor)
        return UserNow(command.name)

    async def remove(self, command: RemoveUser | RevokeToken, *, actor: str) -> None:
        """Remove a user, or revoke a token: one's own, or anybody's for an admin.

        Raises:
            Rejected, NotFound: see `domain.access.decide`.
            Rejected: `token.by_token`, where a token would end another one.
        """
        asking = current_request()
        if isinstance(command, RevokeToken) and asking is not None and asking.way == "token":
            _refuse_by_token(command.token, asking)
        await self._load()
        self._handle(command, actor)

    async def invite(self, command: Invite, *, actor: str) -> Invited:
        """Return an invitation with which a user chooses a password.

        Raises:
            Rejected, NotFound: see `domain.access.decide`.
        """
        await self._load()
        self._list_owner(command.name, actor)
        secret = secrets.token_urlsafe(32)
        until = self._journal.clock.now() + INVITATION_SECONDS
        self._handle(msgspec.structs.replace(command, digest=digest(secret), until=until), actor)
        return Invited(name=command.name, invitation=secret, until=until)

    async def set_password(self, command: SetPassword, *, actor: str) -> UserNow:
        """Note that a user has another password.

        Raises:
            Rejected, NotFound: see `domain.access.decide`.
        """
        await self._load()
        self._list_owner(command.name, actor)
        # The digest stands in the log, where many may read it: it allows nothing.
        allowed = digest(command.invitation) if command.invitation else ""
        self._handle(ChangePassword(UNKNOWN, command.name, allowed), actor)
        return UserNow(command.name)

    def _list_owner(self, name: str, actor: str) -> None:
        """Add the owner as a user, so that they can have a password."""
        is_listed = self._access.user(name) is not None
        if not is_listed and person(name) == person(self.owner):
            self._handle(AddUser(UNKNOWN, name, ("admin",)), actor)

    async def arrive(self, command: Arrive, *, actor: str) -> UserNow:
        """Take in a person for whom a provider vouches.

        Raises:
            Rejected: `sign_in.not_vouched`, and see `domain.access.decide`.
        """
        asking = current_request()
        # A user signed in by OIDC comes with a session; only the sign-in itself does not.
        is_arriving = asking is not None and asking.credential.startswith(PROVIDER)
        if not is_arriving or person(actor) != person(command.name):
            raise Rejected("sign_in.not_vouched", f"No provider vouches for {command.name[:80]!r}.")
        await self._load()
        self._handle(msgspec.structs.replace(command, owner=self.owner), actor)
        return UserNow(command.name)

    async def issue(self, command: IssueTokenForCaller, *, actor: str) -> TokenShown:
        """Issue a token to the caller; it is shown this once.

        Raises:
            Rejected: see `domain.access.decide`; `token.not_yours` to a name that was only claimed;
                `token.by_token`.
        """
        asking = current_request()
        if asking is not None and asking.way == "token":
            raise Rejected(
                "token.by_token",
                "A token makes no other one: it would outlive its own end.",
                hint="Sign in with a browser, or use `mission user token new` on the machine.",
            )
        if asking is None and not is_vouched(actor, self.owner):
            raise Rejected(
                "token.not_yours",
                f"{actor!r} is a name that {self.owner!r} gave; a token acts for who has it.",
                hint="They sign in, and issue it themselves.",
            )
        await self._load()
        name, now = actor.removeprefix("user:"), self._journal.clock.now()
        key, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        token, until = f"{MARK}{key}_{secret}", now + command.seconds
        scopes = tuple(dict.fromkeys(command.scopes))
        issued = TokenIssued(key, command.name, name, digest(token), scopes, until)
        self._handle(IssueToken(UNKNOWN, issued), actor)
        return TokenShown(id=key, name=command.name, token=token, until=until)

    async def set_second_look(self, command: SetSecondLook, *, actor: str) -> SecondLookNow:
        """Set the pause after which the one person here may approve their own runs.

        Raises:
            Rejected: `second_look.not_owner`, `.not_alone` or `.bad_time`.
        """
        await self._load()
        self._handle(command, actor)
        return SecondLookNow(command.seconds)

    async def second_look(self, who: Who) -> SecondLook:
        """Return whether who speaks is the only approver, and what they may do about it."""
        await self._load()
        return second_look_of(self._access, who, self.owner)

    async def allowed(self, actor: str) -> frozenset[Permission]:
        """Return what a user may do by the log; nothing where the log does not know them."""
        await self._load()
        return self._access.permissions_of(actor.removeprefix("user:"), self.owner)

    async def vouches(self, actor: str, asking: Asking, token: str) -> bool:
        """Return whether a token permits its program to ask for `asking`, as `actor`."""
        await self._load()
        found = bearer_of(self._access, token, self.owner, self._journal.clock.now())
        return (
            found is not None
            and (asking.way, asking.credential) == ("token", found.credential)
            and actor == f"user:{found.owner}"
            and found.permissions.issuperset(asking.permissions)
        )

    async def _load(self) -> None:
        await self._journal.find(ACCESS, STREAM)

    @property
    def _access(self) -> Access:
        found: Access = self._journal.others.get(STREAM, INITIAL_ACCESS)
        return found

    def _asker(self, actor: str) -> Asker:
        """Return the asker; a user at the terminal has the whole machine."""
        asking = current_request()
        permissions = PERMISSIONS if asking is None else frozenset(asking.permissions)
        return Asker(actor.removeprefix("user:"), permissions, self.owner)

    def _handle(self, command: AccessCommand, actor: str) -> None:
        if not isinstance(command, Arrive | NameWorkspace):
            command = msgspec.structs.replace(command, by=self._asker(actor))
        self._journal.tell(ACCESS, STREAM, command, actor=actor)


async def access_of(present: Present) -> Access:
    """Return who may do what, by the log as of now."""
    return await present.find(ACCESS, STREAM) or INITIAL_ACCESS


class Bearer(msgspec.Struct, frozen=True):
    """Whose program carries a token, and what it may do."""

    token: str  # its id
    owner: str  # a user
    roles: tuple[Role, ...]  # of the owner
    permissions: frozenset[Permission]  # of the token: what both its scopes and roles allow

    @property
    def credential(self) -> str:
        """How requests with it name it."""
        return f"token-{self.token}"


def bearer_of(access: Access, text: str, owner: str, now: float) -> Bearer | None:
    """Return whose program carries the token `text`; `owner` is the user who has the home."""
    if not text.startswith(MARK) or len(text) > TOKEN_MAX:
        return None
    found = access.tokens.get(text.removeprefix(MARK).partition("_")[0])
    expected = found.issued.digest if found else "0" * 64
    # Compared also where there is no such token, so that the time tells nothing.
    if not hmac.compare_digest(expected, digest(text)) or found is None:
        return None
    issued = found.issued
    roles = access.roles_of(issued.owner, owner)
    if roles is None or now >= issued.until:
        return None
    permissions = permissions_of(roles) & frozenset(issued.scopes)
    return Bearer(issued.token, issued.owner, tuple(roles), permissions)


def second_look_of(access: Access, who: Who, owner: str) -> SecondLook:
    """Return whether `who` is the only person who may approve, and the pause that holds then."""
    is_owner = person(owner) in (person(who.actor), person(who.os_user))
    if not is_owner or access.other_approvers(owner):
        return NO_SECOND_LOOK
    return SecondLook(True, access.second_look)


def _refuse_by_token(token: str, asking: Asking) -> None:
    """Refuse a token that ends another one: who loses one shall lose no others."""
    if asking.credential == f"token-{token}" or "administer" in asking.permissions:
        return
    raise Rejected(
        "token.by_token",
        "A token without the scope 'administer' ends no other one.",
        hint="Sign in with a browser, or use `mission user token revoke` on the machine.",
    )


def digest(secret: str) -> str:
    """Return the only form in which a token or an invitation is stored."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
