"""How often requests may come, and the refusals to sign a user in with their times."""

from collections import OrderedDict

from missioncontrol.domain.errors import Unavailable
from missioncontrol.interfaces.sign_in.guard import Forbidden, NotSignedIn

KEYS_MAX = 10_000


class Buckets:
    """One bucket for each key; those that were used longest ago are forgotten, that is full."""

    def __init__(self, per_second: float, burst: int) -> None:
        """A bucket holds `burst` requests, and `per_second` come back."""
        self._per_second = per_second
        self._burst = burst
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str, now: float) -> float:
        """Take one request out; return 0.0, or after how many seconds there is one again."""
        level, at = self._levels.pop(key, (float(self._burst), now))
        level = min(self._burst, level + max(0.0, now - at) * self._per_second)
        may = level >= 1.0
        self._levels[key] = (level - 1.0 if may else level, now)
        if len(self._levels) > KEYS_MAX:
            self._levels.popitem(last=False)
        return 0.0 if may else (1.0 - level) / self._per_second


class Throttled(Unavailable):
    """Too often; it may be tried again after `seconds`."""

    status = 429

    def __init__(self, code: str, reason: str, *, seconds: float, hint: str = "") -> None:
        """`headers` are those of an answer over HTTP."""
        super().__init__(code, reason, hint=hint)
        self.seconds = seconds
        self.headers = {"retry-after": str(max(1, round(seconds)))}


def wrong() -> NotSignedIn:
    """Say no to a name and a password, and not which of them is wrong."""
    return NotSignedIn("sign_in.wrong", "The name or the password is wrong.")


def wrong_password() -> Forbidden:
    """Refuse a change of the password."""
    return Forbidden("password.wrong", "The present password is wrong.")


def wrong_link() -> NotSignedIn:
    """Say no to a link."""
    return NotSignedIn(
        "sign_in.link_used",
        "This link was used, or its time is over.",
        hint="`mission up` prints a new one when it starts; an admin makes new invitations.",
    )


def unknown_token() -> NotSignedIn:
    """Say no to a token."""
    return NotSignedIn(
        "token.unknown",
        "The token is unknown, revoked, or its time is over.",
        hint="Issue another one under Settings, or with `mission user token new NAME`.",
    )


def bad_csrf() -> Forbidden:
    """Say no to a change that does not come from one of our pages."""
    return Forbidden(
        "request.forged",
        "The request does not carry the word of its page, so it may not be yours.",
        hint="Load the page again and repeat it; programs send a token instead of a cookie.",
    )


def for_people() -> Forbidden:
    """Say no to the program of a step that comes as a person."""
    return Forbidden(
        "session.by_step",
        "Sessions and sign-in are for people, and this connection is of the program of a step.",
        hint="A step asks with a token of its own, which `mission user token new NAME` issues.",
    )
