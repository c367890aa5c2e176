"""Signing in through a provider: the flows begun here, and the users who come back."""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec

from missioncontrol.application.access import digest
from missioncontrol.domain.access.commands import Arrive
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.principal import Role
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.console_settings import Provider
from missioncontrol.ports.identity_provider import Flow, IdentityProvider

PENDING_MAX = 10_000
PENDING_OF_ONE_MAX = 50
"""Of one address, which a whole office may share; a client with more loses its own oldest."""

PENDING_SECONDS_MAX = 600.0
SECRET_BYTES = 32


class PendingSignIn(msgspec.Struct, frozen=True):
    """A sign-in that was begun here."""

    provider: str
    flow: Flow
    browser: str  # the digest of a cookie: who comes back is who went
    next: str
    sender: str  # the address that counts for limits
    until: float


class Providers:
    """The providers of one home."""

    def __init__(
        self, known: Mapping[str, tuple[Provider, IdentityProvider]], clock: Clock
    ) -> None:
        """`known` is by name."""
        self._known = dict(known)
        self._clock = clock
        self._pending: OrderedDict[str, PendingSignIn] = OrderedDict()  # by state, oldest first

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Name and title of each."""
        return [(name, settings.shown) for name, (settings, _) in self._known.items()]

    async def begin(self, name: str, redirect: str, next_: str, sender: str) -> tuple[str, str]:
        """Return where the browser is sent, and the secret of a cookie that it brings back.

        `sender` is the address that they come from, as limits count it.

        Raises:
            NotFound: `oidc.unknown`.
            Unavailable: as `IdentityProvider.address`.
        """
        _, provider = self._provider(name)
        made = [secrets.token_urlsafe(SECRET_BYTES) for _ in range(4)]
        flow = Flow(redirect, made[0], made[1], made[2])
        address = await provider.address(flow)
        until = self._clock.now() + PENDING_SECONDS_MAX
        self._make_room(sender)
        self._pending[flow.state] = PendingSignIn(name, flow, digest(made[3]), next_, sender, until)
        return address, made[3]

    def _make_room(self, sender: str) -> None:
        """Forget what is over, and of an address that begins again and again its oldest."""
        now = self._clock.now()
        while self._pending and now >= next(iter(self._pending.values())).until:
            self._pending.popitem(last=False)
        own = [state for state, begun in self._pending.items() if begun.sender == sender]
        for state in own[: max(0, len(own) - PENDING_OF_ONE_MAX + 1)]:
            del self._pending[state]
        while len(self._pending) >= PENDING_MAX:
            self._pending.popitem(last=False)

    async def end(self, name: str, state: str, code: str, browser: str) -> tuple[Arrive, str]:
        """Return who came back with `code`, and where they go on.

        Raises:
            NotFound: `oidc.unknown`.
            Rejected: `oidc.not_begun`, `oidc.not_let_in`, and as `IdentityProvider.claims`.
        """
        settings, provider = self._provider(name)
        begun = self._pending.pop(state, None)
        is_ours = begun is not None and begun.provider == name and self._clock.now() < begun.until
        if (
            begun is None
            or not is_ours
            or not secrets.compare_digest(begun.browser, digest(browser))
        ):
            raise Rejected(
                "oidc.not_begun",
                "This sign-in was not begun here by this browser, or it took too long.",
                hint="Sign in again.",
            )
        claims = await provider.claims(begun.flow, code)
        return arrived(settings, claims), begun.next

    def _provider(self, name: str) -> tuple[Provider, IdentityProvider]:
        if name not in self._known:
            raise NotFound("oidc.unknown", f"No provider is called {name[:80]!r} here.")
        return self._known[name]


def arrived(provider: Provider, claims: Mapping[str, Any]) -> Arrive:
    """Return who a user is here by the claims of a provider.

    Raises:
        Rejected: `oidc.not_let_in`.
    """
    name = claims.get(provider.user_claim)
    if not isinstance(name, str) or not name:
        raise _not_admitted(provider, f"it does not say your {provider.user_claim}")
    if provider.user_claim == "email" and claims.get("email_verified") is not True:
        raise _not_admitted(provider, "it has not verified your mail address")
    if provider.domains and not _is_of(claims, provider.domains):
        raise _not_admitted(provider, "your mail address is of another domain")
    subject = f"{claims['iss']} {claims['sub']}"
    roles = _roles(provider, claims)
    has_roles = bool(provider.role_claim)
    return Arrive(name, subject, "", roles if has_roles else provider.roles, has_roles)


def _is_of(claims: Mapping[str, Any], domains: tuple[str, ...]) -> bool:
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        return False
    return email.rpartition("@")[2].lower() in {each.lower() for each in domains}


def _roles(provider: Provider, claims: Mapping[str, Any]) -> tuple[Role, ...]:
    """Return the roles that a user's groups stand for, beside those of all its users."""
    claimed = claims.get(provider.role_claim) if provider.role_claim else ()
    groups = [claimed] if isinstance(claimed, str) else claimed
    found: list[Role] = list(provider.roles)
    for group in groups if isinstance(groups, list | tuple) else ():
        found += provider.role_of.get(group, ()) if isinstance(group, str) else ()
    return tuple(dict.fromkeys(found))


def _not_admitted(provider: Provider, fault: str) -> Rejected:
    return Rejected(
        "oidc.not_let_in",
        f"{provider.shown} does not admit you here: {fault}.",
        hint="An admin of this workspace looks at console.toml.",
    )
