"""Users, roles and tokens as people change them, and as the sign-in reads them."""

import hashlib
import hmac
import secrets
from typing import Annotated, Any, Literal

import msgspec

from missioncontrol.application.concept import Concept
from missioncontrol.application.current_request import current_request
from missioncontrol.application.journal import Journal
from missioncontrol.domain.access.commands import (
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
from missioncontrol.domain.access.states import INITIAL_ACCESS, Access
from missioncontrol.domain.approval.commands import NO_SECOND_LOOK, SecondLook, Who
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.permission import PERMISSIONS, Permission, Role, permissions_of
from missioncontrol.domain.person import is_vouched, person
from missioncontrol.domain.principal import Asking

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

UserVerb = Literal["add", "roles", "remove", "invite", "password"]


class UserAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to add, change or remove a user."""

    verb: UserVerb
    name: str
    roles: tuple[Role, ...] = ()  # with `add` and `roles`
    reason: str = ""  # with `remove`
    invitation: str = ""  # with `password`: the secret of the one that allows it


class UserArrived(msgspec.Struct, frozen=True, omit_defaults=True):
    """A user for whom an OpenID provider vouches. Only the sign-in may report one."""

    name: str
    subject: str  # issuer and subject
    roles: tuple[Role, ...] = ()
    has_roles: bool = False  # whether these apply to a user who is known already


class TokenAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to issue a token for the user's programs."""

    name: str
    scopes: tuple[Permission, ...] = ("read",)
    seconds: Annotated[float, msgspec.Meta(gt=0)] = TOKEN_SECONDS


class TokenRevoked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to revoke a token."""

    token: str  # its id
    reason: str = ""


class WorkspaceAsked(msgspec.Struct, frozen=True):
    """Another name for this workspace."""

    name: str


class SecondLookAsked(msgspec.Struct, frozen=True):
    """A request to allow the one person here to approve their own runs after a pause."""

    seconds: Annotated[float, msgspec.Meta(ge=0)]  # 0 turns it off


class AccessDesk:
    """The way in for people who decide who may do what."""

    def __init__(self, journal: Journal, owner: str) -> None:
        """`owner` is the user of the operating system whose home this is."""
        self._journal = journal
        self.owner = owner

    async def user(self, ask: UserAsked, *, actor: str) -> dict[str, Any]:
        """Add, change or remove a user, or invite one: then the answer holds an invitation.

        Raises:
            Rejected, NotFound: see `domain.access.decide`.
        """
        await self._load()
        by, answer = self._asker(actor), {"name": ask.name}
        match ask.verb:
            case "add":
                self._handle(AddUser(by, ask.name, ask.roles), actor)
            case "roles":
                self._handle(ChangeRoles(by, ask.name, ask.roles), actor)
            case "remove":
                self._handle(RemoveUser(by, ask.name, ask.reason), actor)
            case "invite":
                answer |= self._invite(by, ask.name, actor)
            case "password":
                self._list_owner(by, ask.name, actor)
                # The digest stands in the log, where many may read it: it allows nothing.
                allowed = digest(ask.invitation) if ask.invitation else ""
                self._handle(ChangePassword(by, ask.name, allowed), actor)
        return answer

    def _invite(self, by: Asker, name: str, actor: str) -> dict[str, Any]:
        self._list_owner(by, name, actor)
        invitation = secrets.token_urlsafe(32)
        until = self._journal.clock.now() + INVITATION_SECONDS
        self._handle(Invite(by, name, digest(invitation), until), actor)
        return {"invitation": invitation, "until": until}

    def _list_owner(self, by: Asker, name: str, actor: str) -> None:
        """List the owner as a user like others, so that they can have a password."""
        is_listed = self._access.user(name) is not None
        if not is_listed and person(name) == person(self.owner):
            self._handle(AddUser(by, name, ("admin",)), actor)

    async def arrive(self, ask: UserArrived, *, actor: str) -> dict[str, Any]:
        """Take in whom a provider vouches for.

        Raises:
            Rejected: `sign_in.not_vouched`, and see `domain.access.decide`.
        """
        asking = current_request()
        # A user signed in by OIDC comes with a session; only the sign-in itself does not.
        is_arriving = asking is not None and asking.credential.startswith(PROVIDER)
        if not is_arriving or person(actor) != person(ask.name):
            raise Rejected("sign_in.not_vouched", f"No provider vouches for {ask.name[:80]!r}.")
        await self._load()
        command = Arrive(ask.name, ask.subject, self.owner, ask.roles, ask.has_roles)
        self._handle(command, actor)
        return {"name": ask.name}

    async def issue(self, ask: TokenAsked, *, actor: str) -> dict[str, Any]:
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
        token = f"{MARK}{key}_{secret}"
        issued = TokenIssued(key, ask.name, name, digest(token), ask.scopes, now + ask.seconds)
        self._handle(IssueToken(self._asker(actor), issued), actor)
        return {"id": key, "name": ask.name, "token": token, "until": issued.until}

    async def revoke(self, ask: TokenRevoked, *, actor: str) -> dict[str, Any]:
        """Revoke a token: one's own, or any user's for an admin.

        Raises:
            NotFound: `token.unknown`.
            Rejected: `token.by_token`, where a token would end another one.
        """
        asking = current_request()
        if asking is not None and asking.way == "token" and not _may_end(asking, ask.token):
            raise Rejected(
                "token.by_token",
                "A token without the scope 'administer' ends no other one.",
                hint="Sign in with a browser, or use `mission user token revoke` on the machine.",
            )
        await self._load()
        self._handle(RevokeToken(self._asker(actor), ask.token, ask.reason), actor)
        return {"id": ask.token}

    async def name_workspace(self, ask: WorkspaceAsked, *, actor: str) -> dict[str, Any]:
        """Give this home a name.

        Raises:
            Rejected: `workspace.bad_name`.
        """
        await self._load()
        self._handle(NameWorkspace(ask.name), actor)
        return {"name": ask.name}

    async def set_second_look(self, ask: SecondLookAsked, *, actor: str) -> dict[str, Any]:
        """Set the pause after which the one person here may approve their own runs.

        Raises:
            Rejected: `second_look.not_owner`, `.not_alone` or `.bad_time`.
        """
        await self._load()
        self._handle(SetSecondLook(self._asker(actor), ask.seconds), actor)
        return {"seconds": ask.seconds}

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
        self._journal.tell(ACCESS, STREAM, command, actor=actor)


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


def _may_end(asking: Asking, token: str) -> bool:
    """Whether a token may end that one: itself, so that who loses one loses no others."""
    return asking.credential == f"token-{token}" or "administer" in asking.permissions


def digest(secret: str) -> str:
    """Return the only form in which a token or an invitation is stored."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
