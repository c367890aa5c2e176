"""Secrets by name: from the environment, a file of the home, or the keyring of the system."""

import stat
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.secrets import SECRET_ITSELF

PREFIX = "MISSION_SECRET_"
FILE_BYTES_MAX = 1024 * 1024
SERVICE = "missioncontrol"
"""Under which the keyring of the system keeps ours."""


class Place(Protocol):
    """One place where secrets may be."""

    def find(self, name: str) -> str | None:
        """Return the secret called `name`; None where it is not here."""
        ...

    def known(self) -> list[str]:
        """Return the value of every secret here; none where they can't be listed."""
        ...

    def how(self, name: str) -> str:
        """Describe in a few words how to store it here."""
        ...


class EnvironmentSecrets:
    """Variables such as MISSION_SECRET_OPENAI."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """It is that of the engine."""
        self._environment = environment

    def find(self, name: str) -> str | None:
        """See `Place.find`."""
        return self._environment.get(_variable(name)) or None

    def known(self) -> list[str]:
        """See `Place.known`."""
        ours = (name for name in self._environment if name.startswith(PREFIX))
        return [self._environment[name] for name in ours]

    def how(self, name: str) -> str:
        """See `Place.how`."""
        return f"set {_variable(name)}"


class FileSecrets:
    """A TOML file of names and values that only its owner can read."""

    def __init__(self, path: Path) -> None:
        """It is read again each time: a changed secret applies at once."""
        self._path = path

    def find(self, name: str) -> str | None:
        """See `Place.find`.

        Raises:
            Rejected: `secret.open_file` where others can read it, or `secret.bad_file`.
        """
        try:
            status = self._path.stat()
        except OSError:
            return None
        if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Rejected(
                "secret.open_file",
                f"Others can read {str(self._path)!r}, so it can keep no secret.",
                hint=f"`chmod 600 {self._path}`",
            )
        value = self._read(status.st_size).get(name)
        return value if isinstance(value, str) and value else None

    def _read(self, size: int) -> Mapping[str, object]:
        if size <= FILE_BYTES_MAX:
            try:
                return tomllib.loads(self._path.read_text("utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError):
                pass  # What is wrong may stand beside a secret: it is not repeated.
        raise Rejected(
            "secret.bad_file",
            f"{str(self._path)!r} can't be read as TOML.",
            hint='Write one secret a line: openai = "sk-…".',
        )

    def known(self) -> list[str]:
        """See `Place.known`. Of a file that others can read as well: it still keeps secrets.

        One that can't be read has none, until a lookup reports what is wrong.
        """
        try:
            read = self._read(self._path.stat().st_size)
        except (OSError, Rejected):
            return []
        return [value for value in read.values() if isinstance(value, str)]

    def how(self, name: str) -> str:
        """See `Place.how`."""
        return f"write {name} into {self._path}"


class KeyringSecrets:
    """The keyring of the system, where the package `keyring` is installed."""

    def find(self, name: str) -> str | None:
        """See `Place.find`."""
        try:
            import keyring
            import keyring.errors
        except ImportError:
            return None
        try:
            found: str | None = keyring.get_password(SERVICE, name)
        except keyring.errors.KeyringError:
            return None  # It is locked, or there is none on this machine.
        return found or None

    def known(self) -> list[str]:
        """See `Place.known`."""
        return []  # A keyring answers one name at a time.

    def how(self, name: str) -> str:
        """See `Place.how`."""
        return f"`keyring set {SERVICE} {name}`"


class ChainedSecrets:
    """Several places, asked one after the other. It keeps `ports.secrets.Secrets`."""

    def __init__(self, places: Sequence[Place]) -> None:
        """The first that knows a name answers."""
        self._places = tuple(places)

    def value(self, name: str) -> str:
        """See `Secrets.value`."""
        for place in self._places:
            found = place.find(name)
            if found is not None:
                return found
        if SECRET_ITSELF.match(name):
            raise NotFound(
                "secret.unknown",
                "What is given as the name of a secret looks like a secret itself, and there is "
                "none of that name.",
                hint="Put it into the environment or the file of secrets, and give its name.",
            )
        ways = ", or ".join(place.how(name) for place in self._places)
        raise NotFound(
            "secret.unknown",
            f"There is no secret {name!r} here.",
            hint=f"{ways[:1].upper()}{ways[1:]}.",
        )

    def known(self) -> list[str]:
        """See `Secrets.known`."""
        return [value for place in self._places for value in place.known()]


def secret_store(environment: Mapping[str, str], file: Path) -> ChainedSecrets:
    """Return the usual places: the environment, then `file`, then the keyring."""
    return ChainedSecrets([EnvironmentSecrets(environment), FileSecrets(file), KeyringSecrets()])


def _variable(name: str) -> str:
    return PREFIX + "".join(c if c.isalnum() and c.isascii() else "_" for c in name).upper()
