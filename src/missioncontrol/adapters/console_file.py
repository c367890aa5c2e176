"""`console.toml` of a home: by which names and through whom people reach the console."""

from pathlib import Path

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.webhook import is_address
from missioncontrol.ports.console_settings import ConsoleSettings

FILE_BYTES_MAX = 1024 * 1024
PORTS = 65_536


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
    if fault := _mail_fault(settings):
        return fault
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


def _mail_fault(settings: ConsoleSettings) -> str:
    if settings.url and not is_address(settings.url):
        return "url is not https://HOST, by which people reach the console"
    mail = settings.mail
    if mail is None:
        return ""
    if not mail.host or "@" not in mail.sender or not 0 < mail.port < PORTS:
        return "mail has a host, a port and a sender such as mission@example.com"
    return "mail has a user, but no secret" if mail.user and not mail.secret else ""


def _bad(path: Path, fault: str) -> Rejected:
    return Rejected(
        "console.bad_file",
        f"{str(path)!r} can't be used: {fault}.",
        hint="docs/guides/console.md shows what may stand in it.",
    )
