"""The ways of saying no: a stable code, a reason with its values in it, and what to do."""

from collections.abc import Mapping


class MissionControlError(Exception):
    """The root of everything that this package raises on purpose.

    - Rejected: a rule forbids it, or the input does not fit.
    - Conflict: someone else was faster.
    - NotFound: there is no such thing.
    - Unavailable: not now; the same request may succeed later.
    - Corrupt: what is stored contradicts itself.
    """

    def __init__(self, code: str, reason: str, *, hint: str = "") -> None:
        """Keep `code` stable between releases: programs match on it, people read `reason`."""
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        """Reason and hint as one line for a person."""
        return f"{self.reason} {self.hint}".rstrip()


class Rejected(MissionControlError):
    """A rule forbids it, or the input does not fit."""


class Conflict(MissionControlError):
    """Someone else was faster: decide again from the present state."""


class NotFound(MissionControlError):
    """There is no such thing."""


class Unavailable(MissionControlError):
    """Not now: the same request may succeed later."""


class Corrupt(MissionControlError):
    """What is stored contradicts itself."""


KINDS: Mapping[str, type[MissionControlError]] = {
    "rejected": Rejected,
    "conflict": Conflict,
    "not_found": NotFound,
    "unavailable": Unavailable,
    "corrupt": Corrupt,
}
"""The name of each kind of refusal as another process receives it."""


def kind_of(error: MissionControlError) -> str:
    """Return the name in `KINDS` of what `error` is, or "" where it is none of them."""
    return next((name for name, kind in KINDS.items() if isinstance(error, kind)), "")
