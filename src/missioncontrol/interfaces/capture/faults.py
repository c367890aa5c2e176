"""What is wrong with an event, or with all that was sent."""

from typing import Any

import msgspec

from missioncontrol.domain.errors import MissionControlError, Unavailable

KEY_HINT = "Each source of a product has a write key; it is shown once, when the source is added."


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event that is not stored, by its position in the request."""

    position: int  # the first is 0
    code: str
    reason: str
    id: str = ""  # of the event, where it has one


class Unfit(Exception):
    """Raised where an event can't be stored."""

    def __init__(self, code: str, reason: str) -> None:
        """`code` is stable between releases."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


class UnknownKey(MissionControlError):
    """No source has this write key now."""

    status = 401

    def __init__(self) -> None:
        """Say the same whether there is a key or none."""
        super().__init__("capture.unknown_key", "The write key is not known here.", hint=KEY_HINT)


class Malformed(MissionControlError):
    """What was sent can't be read as what its address takes."""

    status = 400


class NothingStored(MissionControlError):
    """None of the events in the request can be stored."""

    status = 400

    def __init__(self, faults: list[Fault]) -> None:
        """There is at least one."""
        reason = faults[0].reason
        super().__init__(faults[0].code, reason, hint="`faults` says it of each event.")
        self.faults = faults


class TooLarge(MissionControlError):
    """More than is accepted at once."""

    status = 413


class TooSlow(MissionControlError):
    """It did not come in time."""

    status = 408


class TooMuch(Unavailable):
    """Too much is being received, or waits to be stored."""

    status = 429


class TooFast(TooMuch):
    """A source sends more events a second than it may."""

    def __init__(self, product: str, source: str, per_second: int, *, retry_after: float) -> None:
        """`retry_after` is in seconds."""
        super().__init__(
            "capture.too_fast",
            f"Source {source!r} of {product!r} may send {per_second:,} events a second, and sends"
            " more.",
            hint=f"`mission analytics settings {product} --max-per-second N` lets each of its"
            " sources send more.",
        )
        self.retry_after = retry_after


def too_large(what: str, most: int) -> TooLarge:
    """Say that something is too large."""
    return TooLarge(
        "capture.too_large", f"{what} has more than {most:,} bytes.", hint="Send less at once."
    )


def format_value(value: Any, most: int = 80) -> str:
    """Return a value as it is named in a reason, cut where it is long."""
    text = repr(value)
    return text if len(text) <= most else text[:most] + "…"
