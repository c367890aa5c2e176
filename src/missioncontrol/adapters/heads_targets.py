"""Places outside of the data directory that signed heads are sent to: a file, or a webhook."""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from missioncontrol.adapters.heads_file import HeadsFile, is_inside
from missioncontrol.adapters.home import Home
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.log_heads import HeadsSent, HeadsTarget, SignedHead


class FileTarget:
    """A file, best on another machine's disk; it can be verified against as it is."""

    def __init__(self, path: Path) -> None:
        """Open nothing yet: its disk may not be there."""
        self.name = repr(str(path))
        self.path = path
        self._file = HeadsFile(path, private=False)

    async def newest(self) -> SignedHead | None:
        """See `HeadsTarget.newest`."""
        return await asyncio.to_thread(self._file.newest)

    async def send(self, heads: Sequence[SignedHead]) -> None:
        """See `HeadsTarget.send`."""
        await asyncio.to_thread(self._file.append, heads)


class WebhookTarget:
    """An address that takes heads as JSON lines; appended to a file, they can be verified against.

    The operator of the engine names it, so it may be on this machine or in a private network.
    """

    def __init__(self, url: str, sent: "SentFile") -> None:
        """Connect nowhere yet; `sent` says what the address has, which can't be asked."""
        parts = urlsplit(url)
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # Paths hold tokens.
        self._url = url
        self._sent = sent

    async def newest(self) -> SignedHead | None:
        """See `HeadsTarget.newest`."""
        stored = self._sent.load()
        return stored.newest if stored is not None else None

    async def send(self, heads: Sequence[SignedHead]) -> None:
        """See `HeadsTarget.send`."""
        from missioncontrol.adapters.webhooks.sender import HttpSender

        body = b"".join(msgspec.json.encode(head) + b"\n" for head in heads)
        headers = {"content-type": "application/jsonl", "user-agent": "MissionControl"}
        sender = HttpSender(inside=True)
        try:
            answered = await sender.send(self._url, body, headers)
        finally:
            await sender.close()
        if not answered.is_taken:
            raise OSError(answered.trouble)


class _StoredState(msgspec.Struct, frozen=True):
    """What the file holds; the digest tells addresses of one machine apart."""

    digest: str
    sent: HeadsSent


class SentFile:
    """Stores in a file of the data directory how far the target that `said` names was sent."""

    def __init__(self, path: Path, target: str) -> None:
        """Read and write nothing yet."""
        self._path = path
        self._digest = hashlib.sha256(target.encode("utf-8", "surrogateescape")).hexdigest()

    def load(self) -> HeadsSent | None:
        """See `SentStore.load`."""
        stored = _read_state(self._path)
        return stored.sent if stored is not None and stored.digest == self._digest else None

    def keep(self, sent: HeadsSent) -> None:
        """See `SentStore.keep`."""
        draft = self._path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(_StoredState(self._digest, sent)))
        draft.replace(self._path)


def heads_sent(home: Home) -> HeadsSent | None:
    """Return how far heads were sent to the last target of a data directory."""
    stored = _read_state(home.heads_sent)
    return stored.sent if stored is not None else None


def _read_state(path: Path) -> _StoredState | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_StoredState)
    except (OSError, msgspec.DecodeError):
        return None  # Nothing depends on it but what is sent twice.


def heads_target(target: str, home: Home) -> HeadsTarget:
    """Return the target that `target` names.

    Raises:
        Rejected: `heads.bad_target`.
    """
    if target.startswith(("http://", "https://")):
        if not _has_host(target):
            raise _bad(target, "is no address of a machine")
        return WebhookTarget(target, SentFile(home.heads_sent, target))
    if not target or "://" in target:
        raise _bad(target, "is neither a file nor an address that begins with http:// or https://")
    path = Path(target).expanduser().absolute()
    if path.is_dir():
        raise _bad(target, "is a directory")
    if is_inside(path, home):
        raise _bad(target, "lies in the data directory, where heads prove nothing")
    return FileTarget(path)


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _bad(target: str, fault: str) -> Rejected:
    return Rejected(
        "heads.bad_target",
        f"{target!r} (--heads-to) {fault}.",
        hint="Name a file on another disk or machine, or the https address of a webhook.",
    )
