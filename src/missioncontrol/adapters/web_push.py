"""Sends messages to browsers by Web Push (RFC 8030), encrypted for them (RFC 8291).

The service of the browser's maker sees who sends (RFC 8292) and how much, and not what. The key of
this home lies beside the log, for its owner alone; a browser takes messages from no other.
"""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from missioncontrol.domain.notification import Subscription, subscription_of
from missioncontrol.ports.deliveries import Answered, Sender

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

KEPT_SECONDS = 86_400
"""So long the service keeps a message for a browser that is off."""

SIGNED_SECONDS = 12 * 3_600
RECORD_BYTES = 4_096
CONTACT = "mailto:mission-control@localhost"
"""Stands where the console has no public address by which a service could complain."""


class WebPusher:
    """Encrypts and signs messages, and has a sender send them."""

    def __init__(self, path: Path, sender: Sender, now: Callable[[], float]) -> None:
        """`path` is the file of the key, which is made when it is first needed."""
        self._path = path
        self._sender = sender
        self._now = now

    def public_key(self) -> str:
        """Return the key by which browsers know this home, in base64url."""
        return _text(_point(self._key()))

    async def send(self, subscription: str, message: bytes, contact: str) -> Answered:
        found = subscription_of(subscription)
        try:
            body = encrypted(message, found) if found is not None else b""
        except ValueError:  # Its key is no point of the curve.
            body = b""
        if found is None or not body:
            return Answered(0, "Its subscription can't be used; remove it, and add it again.")
        headers = {
            "authorization": f"vapid t={self._token(found.endpoint, contact)}, "
            f"k={self.public_key()}",
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(KEPT_SECONDS),
            "urgency": "high",
            "user-agent": "MissionControl",
        }
        return await self._sender.send(found.endpoint, body, headers)

    def _token(self, endpoint: str, contact: str) -> str:
        """Return a token that says for which service and how long it holds, signed with ES256."""
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        from cryptography.hazmat.primitives.hashes import SHA256

        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(self._now()) + SIGNED_SECONDS,
            "sub": contact if contact.startswith("https://") else CONTACT,
        }
        head = _text(msgspec.json.encode({"typ": "JWT", "alg": "ES256"}))
        signed = f"{head}.{_text(msgspec.json.encode(claims))}"
        signature = self._key().sign(signed.encode(), ec.ECDSA(SHA256()))
        r, s = utils.decode_dss_signature(signature)
        return f"{signed}.{_text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def _key(self) -> "EllipticCurvePrivateKey":
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric import ec

        if not self._path.exists():
            pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
                form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
            )
            draft = self._path.with_suffix(".draft")
            draft.unlink(missing_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        key = form.load_pem_private_key(self._path.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key


def encrypted(message: bytes, to: Subscription) -> bytes:
    """Return a message in the form of RFC 8188 that only the browser of a subscription reads."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), to.point)
    ours = ec.generate_private_key(ec.SECP256R1())
    shared, own, salt = ours.exchange(ec.ECDH(), theirs), _point(ours), os.urandom(16)
    secret = derived(shared, to.secret, b"WebPush: info\0" + to.point + own, 32)
    key = derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    # 2 marks the last record; there is one only.
    content = AESGCM(key).encrypt(nonce, message + b"\x02", None)
    return salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(own)]) + own + content


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Return a key made of a secret by HKDF with SHA-256."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), length, salt, info).derive(secret)


def _point(key: "EllipticCurvePrivateKey") -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    return key.public_key().public_bytes(form.Encoding.X962, form.PublicFormat.UncompressedPoint)


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
