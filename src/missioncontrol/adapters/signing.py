"""Signs the end of the log with a key of this home (Ed25519), one JSON line a statement."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.domain.errors import Corrupt, Unavailable
from missioncontrol.ports.event_store import Head
from missioncontrol.ports.heads import SignedHead

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class FileHeads:
    """Keeps statements in the file `path`, signed with the key in the file `key`."""

    def __init__(self, path: Path, key: Path) -> None:
        """The key is made when the first statement is signed."""
        self._path = path
        self._key = key

    def sign(self, head: Head, time: float) -> SignedHead:
        """See `Heads.sign`."""
        moment = datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
        unsigned = SignedHead(head.position, head.hash.hex(), moment, "", "")
        key, signature = self.attest(_message(unsigned))
        signed = msgspec.structs.replace(unsigned, key=key, signature=signature)
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._path.chmod(0o600)  # Earlier releases made one that others could read.
        with os.fdopen(handle, "ab") as file:
            file.truncate(len(_whole_lines(self._path)))  # A power cut may have torn the last one.
            file.write(msgspec.json.encode(signed) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return signed

    def attest(self, content: bytes) -> tuple[str, str]:
        """Return the public key of this home and its signature of `content`, hexadecimal.

        Raises:
            Unavailable: `heads.bad_key`, where the key can't be used.
        """
        from cryptography.hazmat.primitives import serialization

        key = self._private_key()
        public = key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return public.hex(), key.sign(content).hex()

    def ready(self) -> None:
        """See `Heads.ready`."""
        if self._key.exists():
            self._private_key()

    def newest(self) -> SignedHead | None:
        """See `Heads.newest`."""
        if not self._path.exists():
            return None
        lines = _whole_lines(self._path).splitlines()
        try:
            head = msgspec.json.decode(lines[-1], type=SignedHead) if lines else None
        except msgspec.DecodeError:
            return None
        return head if head is not None and _is_signed(head) else None

    def all(self) -> list[SignedHead]:
        """See `Heads.all`."""
        return read_heads(self._path)

    def _private_key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if self._key.exists():
            return self._stored_key()
        key = Ed25519PrivateKey.generate()
        content = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        # Whole or not at all: half a key would keep this home from ever signing again.
        draft = self._key.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._key)
        return key

    def _stored_key(self) -> "Ed25519PrivateKey":
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            key = serialization.load_pem_private_key(self._key.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise Unavailable(
                "heads.bad_key",
                f"The signing key {str(self._key)!r} is no Ed25519 key that can be read.",
                hint="Restore it from a backup.",
            )
        return key


def read_heads(path: Path) -> list[SignedHead]:
    """Return the statements in a file, each with its signature checked.

    Raises:
        Corrupt: `heads.bad_signature`, `heads.other_key` or `heads.malformed`, naming the line.
    """
    if not path.exists():
        return []
    heads: list[SignedHead] = []
    for number, line in enumerate(_whole_lines(path).splitlines(), start=1):
        try:
            head = msgspec.json.decode(line, type=SignedHead)
        except msgspec.DecodeError:
            raise Corrupt(
                "heads.malformed",
                f"Line {number} of {str(path)!r} is no signed head.",
                hint="Restore the file from a backup.",
            ) from None
        if not _is_signed(head):
            raise Corrupt(
                "heads.bad_signature",
                f"The signature in line {number} of {str(path)!r} does not fit.",
                hint="The file was changed; restore it from a backup.",
            )
        if heads and heads[0].key != head.key:
            raise Corrupt(
                "heads.other_key",
                f"Line {number} of {str(path)!r} is signed with another key than those before it.",
                hint="The key or the file was replaced; restore both from a backup.",
            )
        heads.append(head)
    return heads


def _whole_lines(path: Path) -> bytes:
    """Return the file up to its last line feed."""
    content = path.read_bytes()
    return content[: content.rfind(b"\n") + 1]


def is_attested(content: bytes, key: str, signature: str) -> bool:
    """Tell whether `signature` is one of `content` by the holder of `key`, both hexadecimal."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_signed(head: SignedHead) -> bool:
    return is_attested(_message(head), head.key, head.signature)


def _message(head: SignedHead) -> bytes:
    return msgspec.json.encode(("missioncontrol.head/1", head.position, head.hash, head.time))
