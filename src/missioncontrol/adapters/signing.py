"""The signing key of a data directory (Ed25519), and signatures checked."""

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from missioncontrol.domain.errors import Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class SigningKey:
    """The key in the file at `path`, made when something is signed the first time."""

    def __init__(self, path: Path) -> None:
        """Read and write nothing yet."""
        self._path = path
        self._turn = threading.Lock()  # Two threads must not make two keys.

    def attest(self, content: bytes) -> tuple[str, str]:
        """Return the public key of this home and its signature of `content`, hexadecimal.

        Raises:
            Unavailable: `heads.bad_key`, where the key can't be used.
        """
        from cryptography.hazmat.primitives import serialization

        with self._turn:
            key = self._private_key()
        public = key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return public.hex(), key.sign(content).hex()

    def ready(self) -> None:
        """Find out whether a key that is there can be used.

        Raises:
            Unavailable: `heads.bad_key`.
        """
        if self._path.exists():
            self._private_key()

    def _private_key(self) -> "Ed25519PrivateKey":
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if self._path.exists():
            return self._stored_key()
        key = Ed25519PrivateKey.generate()
        content = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        # Whole or not at all: half a key would keep this home from ever signing again.
        draft = self._path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        return key

    def _stored_key(self) -> "Ed25519PrivateKey":
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            key = serialization.load_pem_private_key(self._path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise Unavailable(
                "heads.bad_key",
                f"The signing key {str(self._path)!r} is no Ed25519 key that can be read.",
                hint="Restore it from a backup.",
            )
        return key


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
