"""Keys of those who tell us something: one for everybody, and one for each attempt of ours."""

import base64
import binascii
import hashlib
import hmac
import secrets

import msgspec

PREFIX = "mct-"
KEY_MAX = 400
SIGNATURE_BYTES = 18
COMMON_BYTES = 18


class Teller(msgspec.Struct, frozen=True):
    """Whom a key stands for."""

    run: str = ""  # of the attempt that it was made for; empty where it is everybody's
    fence: int = 0


class Keys:
    """Knows keys without keeping them: those of attempts say whose they are, and are signed.

    All of them share a part. Redacted from stored and shown text, it makes a key that a
    program shows with its environment worthless.
    """

    def __init__(self, shared: str = "") -> None:
        """`shared` is the key of agents that we did not start; empty where those have none."""
        self.common = secrets.token_urlsafe(COMMON_BYTES)
        self._shared = shared
        self._secret = secrets.token_bytes(32)

    def issue(self, run: str, fence: int) -> str:
        """Return the key of an attempt, which holds for as long as this process lives."""
        whose = msgspec.json.encode((run, fence))
        return f"{PREFIX}{self.common}.{_text(whose)}.{_text(self._sign(whose))}"

    def find(self, key: str) -> Teller | None:
        """Return the owner of the key; None where it was not made here."""
        if self._shared and hmac.compare_digest(_digest(self._shared), _digest(key)):
            return Teller()
        if not key.startswith(PREFIX) or len(key) > KEY_MAX:
            return None
        common, _, payload = key.removeprefix(PREFIX).partition(".")
        payload, _, signature = payload.partition(".")
        if not hmac.compare_digest(_digest(self.common), _digest(common)):
            return None
        try:
            whose = _bytes(payload)
            is_ours = hmac.compare_digest(self._sign(whose), _bytes(signature))
            run, fence = msgspec.json.decode(whose, type=tuple[str, int]) if is_ours else ("", 0)
        except (binascii.Error, ValueError):
            return None
        return Teller(run, fence) if is_ours else None

    def _sign(self, whose: bytes) -> bytes:
        return hmac.new(self._secret, whose, hashlib.sha256).digest()[:SIGNATURE_BYTES]


def _digest(key: str) -> bytes:
    """Return the form in which keys of any length are compared in the same time."""
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
