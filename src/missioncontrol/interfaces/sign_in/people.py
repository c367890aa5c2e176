"""Who may come in, and how: sessions, links, passwords and tokens, as the gate asks for them."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Protocol

import msgspec

from missioncontrol.application.access import access_of, bearer_of, digest
from missioncontrol.application.read_model import Present
from missioncontrol.application.shares import SHARES, shown_by
from missioncontrol.application.shares import STREAM as SHARE_STREAM
from missioncontrol.domain.access.states import Access
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.person import person
from missioncontrol.domain.principal import Principal, Way, permissions_of
from missioncontrol.domain.share import ReportShared, Shares
from missioncontrol.interfaces.sign_in.providers import Providers
from missioncontrol.interfaces.sign_in.refusals import Throttled, wrong, wrong_link, wrong_password
from missioncontrol.ports.access_store import AccessStore, Arrival, Outcome, Session, Use
from missioncontrol.ports.clock import Clock

SESSION_SECONDS_MAX = 14 * 86_400.0
IDLE_SECONDS_MAX = 3 * 86_400.0
LINK_SECONDS = 86_400.0
SECRET_BYTES = 32
TOUCH_SECONDS = 60.0
"""A session's or token's last use is known this exactly."""

SWEEP_SECONDS = 300.0
FREE_FAILURES = 3
"""So many wrong passwords in a row cost no time."""

DELAY_SECONDS_MAX = {"user": 60.0, "address": 900.0}
"""By what failed. Failures in another user's name must not lock that user out for long."""

AGENT_MAX = 200
PASSWORD_BYTES_MAX = 1_024


class Hashes(Protocol):
    """Makes and compares hashes of passwords."""

    async def hashed(self, password: str) -> str:
        """Return the hash of a password."""
        ...

    async def fits(self, hashed: str | None, password: str) -> bool:
        """Whether the password is that of the hash; never where there is none."""
        ...

    def is_old(self, hashed: str) -> bool:
        """Whether it was made with less effort than is asked for today."""
        ...


class Caller(msgspec.Struct, frozen=True):
    """Where a request comes from."""

    address: str
    agent: str = ""


class SignedIn(msgspec.Struct, frozen=True):
    """A session, with what its cookie has to say."""

    secret: str
    session: Session


class People:
    """Users, sessions and tokens of one home, as the console knows them."""

    def __init__(
        self,
        store: AccessStore,
        present: Present,
        hashes: Hashes,
        *,
        owner: str,
        clock: Clock,
    ) -> None:
        """`owner` is the user of the operating system whose home this is: an admin at once."""
        self.store = store
        self.owner = owner
        self.now = clock.now
        self.cookie = f"mission-{store.home_id()}"
        self._present = present
        self.hashes = hashes
        self.providers = Providers({}, clock)  # who else vouches for people
        self._swept = 0.0
        self._used: dict[str, float] = {}

    async def access(self) -> Access:
        """Return who may do what, by the log as of now."""
        return await access_of(self._present)

    def new_link(self) -> str:
        """Return a secret that signs the owner in, once: `/sign-in/link?token=SECRET`."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        self.keep_link(secret)
        return secret

    def keep_link(self, secret: str) -> None:
        """Have a secret sign the owner in, once; several workspaces may share one."""
        self.store.keep_link(digest(secret), self.owner, self.now() + LINK_SECONDS)

    @property
    def ways(self) -> list[tuple[str, str]]:
        """Name and title of each provider that vouches for people."""
        return self.providers.shown

    def knows(self, cookies: Mapping[str, str]) -> bool:
        """Whether one of these cookies is that of a session here."""
        return self.cookie in cookies

    # Who comes with a request.

    async def by_session(self, secret: str, caller: Caller) -> Principal | None:
        """Return who is signed in with that cookie, or None."""
        now, key = self.now(), digest(secret)
        session = self.store.session(key)
        if session is None or not now < min(session.ends, session.seen + IDLE_SECONDS_MAX):
            return None
        access = await self.access()
        roles = access.roles_of(session.user, self.owner)
        if roles is None or self._is_void(session, access):
            self.store.end(session=session.id)
            return None
        if now - session.seen > TOUCH_SECONDS:
            self.store.touch(key, now)
        found = access.user(session.user)
        name = found.name if found else session.user
        held = permissions_of(roles)
        credential = f"session-{session.id}"
        return Principal(f"user:{name}", roles, held, session.way, credential, caller.address)

    async def by_token(self, text: str, caller: Caller) -> Principal | None:
        """Return whose program carries that token, or None."""
        access = await self.access()
        found = bearer_of(access, text, self.owner, self.now())
        if found is None:
            return None
        self._note_use(found.token, caller, access)
        actor, held = f"user:{found.owner}", found.permissions
        return Principal(actor, found.roles, held, "token", found.credential, caller.address)

    def _note_use(self, token: str, caller: Caller, access: Access) -> None:
        now = self.now()
        if now - self._used.get(token, 0.0) <= TOUCH_SECONDS:
            return
        self._used = {key: at for key, at in self._used.items() if key in access.tokens}
        self._used[token] = now
        self.store.note_use(token, Use(now, caller.address))
        self.store.forget_uses(frozenset(access.tokens))

    async def shared(self, token: str, caller: Caller) -> ReportShared:
        """Return what a link shows to its holder.

        Wrong ones cost time as wrong passwords do, but no time at the sign-in: any page elsewhere
        may send a visitor here with a wrong one.

        Raises:
            NotFound: `share.over`, for whatever reason.
            Throttled: `share.throttled`, until some seconds have passed.
        """
        who = f"links {caller.address}"
        count, at = self.store.failures("address", who)
        wait = at + _delay(count, DELAY_SECONDS_MAX["address"]) - self.now()
        if wait > 0:
            raise Throttled(
                "share.throttled",
                f"Several links that show nothing were tried. Try again in {wait:.0f} s.",
                seconds=wait,
            )
        shares: Shares | None = await self._present.find(SHARES, SHARE_STREAM)
        shared = shown_by(shares, token, self.now())
        if shared is None:
            self.store.count_failure("address", who, self.now())
            raise NotFound(
                "share.over",
                "This link shows nothing: it was never made, was revoked, or its time is over.",
                hint="Ask the person who gave it to you for another one.",
            )
        return shared

    def csrf(self, secret: str) -> str:
        """Return what a page has to send with each change: it is bound to one session."""
        return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()

    # Signing in and out.

    async def by_password(self, name: str, password: str, caller: Caller) -> SignedIn:
        """Sign a user in.

        Raises:
            NotSignedIn: `sign_in.wrong`, for whatever reason.
            Throttled: `sign_in.throttled`, until some seconds have passed.
            Unavailable: `sign_in.busy`.
        """
        user = person(name)[:AGENT_MAX]
        self._refuse_hasty(user, caller)
        # Counted before it is known: guesses that come at once would all be the first one.
        self._count(user, caller)
        stored = self.store.password(user)
        fits = await self.hashes.fits(stored, _bounded(password))
        found = (await self.access()).user(user)
        # The password of a removed user is not valid for a later user of that name.
        if not fits or found is None or not found.password_changed or stored is None:
            self.note(user, "password", "refused", caller)
            raise wrong()
        self.store.forgive("user", user)
        self.store.forgive("address", caller.address, 1)
        if self.hashes.is_old(stored):
            self.store.keep_password(user, await self.hashes.hashed(_bounded(password)))
        return self.begin(user, "password", caller)

    def by_link(self, secret: str, caller: Caller) -> SignedIn:
        """Sign the owner in, once.

        Raises:
            NotSignedIn: `sign_in.link_used`.
            Throttled: `sign_in.throttled`.
        """
        self._refuse_hasty("", caller)
        user = self.store.use_link(digest(secret), self.now())
        if user is None:
            self._count("", caller)
            self.note("", "link", "refused", caller)
            raise wrong_link()
        return self.begin(user, "link", caller)

    def by_shared_link(self, secret: str, caller: Caller) -> SignedIn | None:
        """Do what `by_link` does, for a link of several workspaces; None where it is of others."""
        user = self.store.use_link(digest(secret), self.now())
        return None if user is None else self.begin(user, "link", caller)

    def begin(self, user: str, way: Way, caller: Caller) -> SignedIn:
        """Begin a session of an authenticated user; it has a secret of its own."""
        now, secret = self.now(), secrets.token_urlsafe(SECRET_BYTES)
        self._sweep(now)
        agent = caller.agent[:AGENT_MAX]
        ends = now + SESSION_SECONDS_MAX
        key = secrets.token_hex(6)
        session = Session(key, person(user), way, now, now, ends, caller.address, agent)
        self.store.begin(digest(secret), session)
        self.note(user, way, "in", caller)
        return SignedIn(secret, session)

    def end(self, secret: str, caller: Caller) -> None:
        """End the session of a cookie, if there is one."""
        session = self.store.session(digest(secret))
        if session is not None:
            self.store.end(session=session.id)
            self.note(session.user, session.way, "out", caller)

    def end_other(self, session: str, by: Principal) -> None:
        """End a session by its id: one of one's own, or anybody's for an admin.

        Raises:
            NotFound: `session.unknown`.
            Rejected: `session.by_token`: who loses a token loses nothing else.
        """
        is_admin = by.may("administer")
        if by.way == "token" and not is_admin:
            raise Rejected(
                "session.by_token",
                "A token without the scope 'administer' ends no session.",
                hint="Sign in with a browser.",
            )
        if not self.store.end(session=session, user="" if is_admin else person(by.actor)):
            raise NotFound("session.unknown", f"There is no session {session[:80]!r} here.")

    async def keep_password(self, name: str, password: str, *, but: str = "") -> None:
        """Keep a new password; all sessions of its user end, except the one called `but`.

        Raises:
            Unavailable: `sign_in.busy`.
        """
        user = person(name)
        self.store.keep_password(user, await self.hashes.hashed(_bounded(password)))
        self.store.forgive("user", user)
        self.store.end(user=user, but=but)

    async def refuse_impostor(self, name: str, password: str, caller: Caller) -> None:
        """Refuse a person at a user's browser who does not know the password.

        Raises:
            Forbidden: `password.wrong`.
            Throttled: `sign_in.throttled`.
            Unavailable: `sign_in.busy`.
        """
        user = person(name)
        known = (await self.access()).user(user)
        stored = self.store.password(user)
        if stored is None or known is None or not known.password_changed:
            return
        self._refuse_hasty(user, caller)
        self._count(user, caller)
        if not await self.hashes.fits(stored, _bounded(password)):
            raise wrong_password()
        self.store.forgive("user", user)
        self.store.forgive("address", caller.address, 1)

    def forget(self, name: str) -> None:
        """Delete the password and the sessions of a removed user."""
        user = person(name)
        self.store.keep_password(user, None)
        self.store.end(user=user)

    async def invited(self, invitation: str) -> str:
        """Return the name of the user whom an invitation is for.

        A wrong one costs no delay: it can't be guessed, and any page may send a visitor here
        with a wrong one, who could not sign in then.

        Raises:
            NotSignedIn: `sign_in.link_used`.
        """
        wanted, now = digest(invitation), self.now()
        for user in (await self.access()).users.values():
            invited = user.invited
            if invited and hmac.compare_digest(invited.digest, wanted) and now < invited.until:
                return user.name
        raise wrong_link()

    async def sessions(self, user: str = "") -> list[Session]:
        """Return the valid sessions of one user, or of all users."""
        access, now = await self.access(), self.now()
        return [
            each
            for each in self.store.sessions(person(user))
            if now < min(each.ends, each.seen + IDLE_SECONDS_MAX)
            and not self._is_void(each, access)
        ]

    def _is_void(self, session: Session, access: Access) -> bool:
        """Whether a session is of a removed user, also where the name was added again."""
        if session.user == person(self.owner):
            return False
        found = access.user(session.user)
        return found is None or session.begun < found.added

    def note(self, user: str, way: str, outcome: Outcome, caller: Caller) -> None:
        """Write down who came, or tried to."""
        agent = caller.agent[:AGENT_MAX]
        arrival = Arrival(0, self.now(), person(user), way, outcome, caller.address, agent)
        self.store.note_arrival(arrival)

    def _refuse_hasty(self, user: str, caller: Caller) -> None:
        """Refuse to check a password before the delay for earlier failures is over."""
        wait = 0.0
        for kind, who in (("user", user), ("address", caller.address)):
            count, at = self.store.failures(kind, who) if who else (0, 0.0)
            wait = max(wait, at + _delay(count, DELAY_SECONDS_MAX[kind]) - self.now())
        if wait > 0:
            raise Throttled(
                "sign_in.throttled",
                f"Signing in failed several times. Try again in {wait:.0f} s.",
                seconds=wait,
            )

    def _count(self, user: str, caller: Caller) -> None:
        for kind, who in (("user", user), ("address", caller.address)):
            if who:
                self.store.count_failure(kind, who, self.now())

    def _sweep(self, now: float) -> None:
        if now - self._swept > SWEEP_SECONDS:
            self._swept = now
            self.store.sweep(now, IDLE_SECONDS_MAX)


def _delay(failures: int, seconds_max: float) -> float:
    """Return how long to wait after so many failures in a row, in seconds."""
    if failures < FREE_FAILURES:
        return 0.0
    return min(seconds_max, float(2 ** min(failures - FREE_FAILURES, 20)))


def _bounded(password: str) -> str:
    """Return what is hashed: hashing something long takes long."""
    return password if len(password.encode()) <= PASSWORD_BYTES_MAX else ""


def cookies_of(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return the cookies of a request by name; of several with one name the first counts."""
    found: dict[str, str] = {}
    for part in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = part.strip().partition("=")
        found.setdefault(name, value)
    return found
