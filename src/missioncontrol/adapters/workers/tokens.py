"""The tokens of workers, stored as digests."""

import fcntl
import hashlib
import hmac
import os
import secrets
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from missioncontrol.domain.declaration import NAME
from missioncontrol.domain.errors import Rejected, Unavailable

TOKENS_MAX = 1_000
SECRET_BYTES = 32


class TokenFile:
    """A file in the data directory with the name of each worker and the SHA-256 of its token."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}
        self._known_at = (0, 0)  # when the file was written, and which one it was

    def make(self, name: str) -> str:
        """Make a token for the worker `name`, which replaces an earlier one.

        Raises:
            Rejected: `worker.bad_name` or `worker.too_many`.
        """
        refuse_bad_name(name)
        token = f"{name}:{secrets.token_urlsafe(SECRET_BYTES)}"
        with self._locked():
            digests = self._read()
            if name not in digests and len(digests) >= TOKENS_MAX:
                raise Rejected("worker.too_many", f"There are {TOKENS_MAX:,} tokens already.")
            self._write({**digests, name: _digest(token)})
        return token

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the directory, so that concurrent writers don't lose each other's tokens."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._path.parent, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def who(self, token: str) -> str:
        """Return the name of the worker with that token, or an empty text."""
        name = name_in(token)
        digest = self._current().get(name, "")
        # Compare even if there is no such worker, so that the time reveals nothing.
        return name if hmac.compare_digest(digest or "0" * 64, _digest(token)) and digest else ""

    def _current(self) -> dict[str, str]:
        """Return the current tokens; read the file again if it has changed."""
        try:
            found = self._path.stat()
            at = (found.st_mtime_ns, found.st_ino)
        except OSError:
            at = (0, 0)
        if at != self._known_at:
            self._known, self._known_at = self._read(), at
        return self._known

    def _read(self) -> dict[str, str]:
        try:
            found = tomllib.loads(self._path.read_text("utf-8")).get("tokens", {})
        except FileNotFoundError:
            return {}
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Unavailable(
                "worker.bad_tokens", f"{str(self._path)!r} can't be read: {error}."
            ) from None
        return {name: str(digest) for name, digest in found.items()}

    def _write(self, digests: dict[str, str]) -> None:
        lines = [
            "# Each worker with the SHA-256 of its token.",
            "[tokens]",
            *(f'{name} = "{digest}"' for name, digest in sorted(digests.items())),
        ]
        draft = self._path.with_suffix(f".{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        draft.replace(self._path)


def token_in(path: Path) -> str:
    """Return the token that a file of a worker holds.

    Raises:
        Rejected: `worker.bad_token_file`.
    """
    try:
        is_open = path.stat().st_mode & 0o077
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Rejected("worker.bad_token_file", f"{str(path)!r} can't be read: {error}.") from None
    if is_open:
        raise Rejected(
            "worker.bad_token_file",
            f"{str(path)!r} can be read by others.",
            hint=f"`chmod 600 {path}` keeps the token for you.",
        )
    if not NAME.fullmatch(name_in(token)) or len(token) > 200 or not token.isprintable():
        raise Rejected(
            "worker.bad_token_file",
            f"{str(path)!r} does not contain a token.",
            hint="`mission worker token NAME` beside the server prints one.",
        )
    return token


def name_in(token: str) -> str:
    """Return the name of the worker that a token is for."""
    return token.partition(":")[0]


def refuse_bad_name(name: str) -> None:
    """Raise if a name can't be that of a worker.

    Raises:
        Rejected: `worker.bad_name`.
    """
    if not NAME.fullmatch(name) or name in ("any", "here"):
        raise Rejected(
            "worker.bad_name",
            f"{name[:80]!r} cannot be the name of a worker.",
            hint="Names are small letters, digits, `-` and `_`, begin with a letter, and are "
            "neither `any` nor `here`.",
        )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
