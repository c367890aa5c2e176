"""Which passwords people may choose."""

from missioncontrol.domain.errors import Rejected

PASSWORD_MIN = 10
PASSWORD_MAX = 1_000


def refuse_bad_password(password: str, again: str, name: str) -> None:
    """Refuse a password that is easily guessed, or was not typed as it was meant.

    Raises:
        Rejected: `password.weak` or `password.unequal`.
    """
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX or len(set(password)) < 4:
        raise Rejected(
            "password.weak",
            f"A password has {PASSWORD_MIN} to {PASSWORD_MAX:,} characters, not all the same.",
            hint="A sentence is easy to keep in mind.",
        )
    if name.casefold() in password.casefold():
        raise Rejected("password.weak", "Your name is a part of the password.")
    if password != again:
        raise Rejected("password.unequal", "The two passwords differ.", hint="Type them again.")
