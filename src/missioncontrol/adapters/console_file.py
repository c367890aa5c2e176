"""`console.toml` of a home: by which names and through whom people reach the console."""

from pathlib import Path

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.console_settings import ConsoleSettings

FILE_BYTES_MAX = 1024 * 1024


def console_settings(path: Path) -> ConsoleSettings:
    """Return what the file says; what holds without one, where there is none.

    Raises:
        Rejected: `console.bad_file`.
    """
    try:
        with path.open("rb") as file:
            text = file.read(FILE_BYTES_MAX)
    except FileNotFoundError:
        return ConsoleSettings()
    except OSError as error:
        raise _bad(path, str(error.strerror)) from None
    try:
        found = msgspec.toml.decode(text, type=ConsoleSettings)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise _bad(path, str(error)) from None
    if fault := _fault(found):
        raise _bad(path, fault)
    return found


def _fault(settings: ConsoleSettings) -> str:
    if not all(number > 0 for number in msgspec.structs.astuple(settings.limits)):
        return "each of the limits is above 0"
    names = [provider.name for provider in settings.oidc]
    if len(set(names)) != len(names) or not all(name.isidentifier() for name in names):
        return "each provider has a name of its own, of letters, digits and _"
    for provider in settings.oidc:
        is_local = provider.issuer.startswith(("http://127.0.0.1:", "http://localhost:"))
        if not provider.issuer.startswith("https://") and not is_local:
            return f"the issuer of {provider.name!r} does not begin with https://"
        if not provider.client_id:
            return f"{provider.name!r} has no client_id"
    return ""


def _bad(path: Path, fault: str) -> Rejected:
    return Rejected(
        "console.bad_file",
        f"{str(path)!r} can't be used: {fault}.",
        hint="docs/guides/console.md shows what may stand in it.",
    )
