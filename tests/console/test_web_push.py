"""Messages to browsers: encrypted for one, signed by this home, and none for who has gone."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from missioncontrol.adapters.web_push import WebPusher, derived
from missioncontrol.adapters.webhooks.sender import HttpSender
from missioncontrol.domain.notification import subscription_of
from tests.console.houses import House
from tests.console.running import API
from tests.console.test_notifications import Post, tell

SECRET = bytes(range(16))


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Browser:
    """A browser with its push service: it takes messages, and reads them with its key."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.point = self.key.public_key().public_bytes(
            form.Encoding.X962, form.PublicFormat.UncompressedPoint
        )
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 201
        self.origin = ""

    @property
    def subscription(self) -> str:
        keys = {"p256dh": b64(self.point), "auth": b64(SECRET)}
        endpoint = f"{self.origin}/push/abcdef"
        return json.dumps({"endpoint": endpoint, "expirationTime": None, "keys": keys})

    def read(self) -> Any:
        _, body = self.received[-1]
        salt, length = body[:16], body[20]
        theirs, content = body[21 : 21 + length], body[21 + length :]
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        shared = self.key.exchange(ec.ECDH(), sender)
        secret = derived(shared, SECRET, b"WebPush: info\0" + self.point + theirs, 32)
        key = derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derived(secret, salt, b"Content-Encoding: nonce\0", 12)
        plain = AESGCM(key).decrypt(nonce, content, None)
        assert plain[-1] == 2
        return json.loads(plain[:-1])

    def signer(self) -> tuple[dict[str, Any], str]:
        """Return what the token of the last message says, and the key that it is signed with."""
        scheme, _, rest = self.received[-1][0]["authorization"].partition(" ")
        assert scheme == "vapid"
        parts = dict(each.strip().split("=", 1) for each in rest.split(","))
        signed, _, signature = parts["t"].rpartition(".")
        raw = unb64(signature)
        number = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(parts["k"]))
        public.verify(encode_dss_signature(*number), signed.encode(), ec.ECDSA(SHA256()))
        return json.loads(unb64(signed.partition(".")[2])), parts["k"]


@contextmanager
def browser() -> Iterator[Browser]:
    found = Browser()

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.received.append((headers, body))
            self.send_response(found.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    found.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def subscribe(house: House, found: Browser) -> Any:
    asked = {"name": "phone", "way": "push", "to": found.subscription, "person": "ann"}
    async with house.client("admin", name="ann") as client:
        made = await client.post(f"{API}/notifications", json=asked)
    assert made.status_code == 201, made.text
    assert made.json()["shown"] == "127.0.0.1"
    return made.json()


async def propose(house: House) -> None:
    async with house.client("admin", name="ann") as client:
        made = await client.post(f"{API}/decisions", json={"text": {"title": "Use SQLite"}})
        assert made.status_code == 201, made.text


def pushing(house: House, post: Post, root: Path) -> HttpSender:
    sender = HttpSender(inside=True)
    post.notifier.pusher = WebPusher(root / "push-key.pem", sender, lambda: house.console.now)
    return sender


def test_only_the_browser_reads_what_is_sent_and_knows_who_sent_it(tmp_path: Path) -> None:
    async def story(house: House, post: Post) -> None:
        sender = pushing(house, post, tmp_path)
        with browser() as found:
            await subscribe(house, found)
            answer = await post.notifier.trial("phone")
            assert answer.is_taken, answer.trouble
            assert found.read() == {"title": "Mission Control: test message", "url": "/inbox"}
            headers, body = found.received[-1]
            assert headers["content-encoding"] == "aes128gcm"
            assert int(headers["ttl"]) > 0
            assert b"Mission" not in body
            claims, key = found.signer()
            assert (claims["aud"], key) == (found.origin, post.notifier.pusher.public_key())  # type: ignore[union-attr]
            assert claims["sub"] == "https://mission.example.com"
        await sender.close()

    tell(tmp_path, story)
    assert (tmp_path / "push-key.pem").stat().st_mode & 0o077 == 0


def test_a_new_item_is_sent_with_the_address_of_its_page(tmp_path: Path) -> None:
    async def story(house: House, post: Post) -> None:
        sender = pushing(house, post, tmp_path)
        with browser() as found:
            asked = {"name": "phone", "way": "push", "to": found.subscription, "person": "ann"}
            async with house.client("admin", name="ann") as client:
                more = {"kinds": ["decision"]}
                await client.post(f"{API}/notifications", json=asked | more)
            await post.notifier.look()
            await propose(house)
            await post.after(60)
            sent = found.read()
            assert sent["title"].startswith("Proposed decision: ")
            assert sent["url"].startswith("/inbox/decision:")
        await sender.close()

    tell(tmp_path, story)


@pytest.mark.parametrize("status", [404, 410])
def test_nothing_is_sent_to_a_browser_that_has_ended_its_subscription(
    tmp_path: Path, status: int
) -> None:
    async def story(house: House, post: Post) -> None:
        sender = pushing(house, post, tmp_path)
        with browser() as found:
            asked = {"name": "phone", "way": "push", "to": found.subscription, "person": "ann"}
            async with house.client("admin", name="ann") as client:
                await client.post(f"{API}/notifications", json=asked | {"kinds": ["decision"]})
            await post.notifier.look()
            found.status = status
            await propose(house)
            await post.after(60)
            assert len(found.received) == 1
            await post.after(86_400)
            await propose(house)
            await post.after(60)
            assert len(found.received) == 1
            assert post.store.address("phone") == ""
            assert "subscribe again" in post.store.status("phone").trouble
        await sender.close()

    tell(tmp_path, story)


def test_what_a_service_does_not_take_now_is_tried_again(tmp_path: Path) -> None:
    async def story(house: House, post: Post) -> None:
        sender = pushing(house, post, tmp_path)
        with browser() as found:
            asked = {"name": "phone", "way": "push", "to": found.subscription, "person": "ann"}
            async with house.client("admin", name="ann") as client:
                await client.post(f"{API}/notifications", json=asked | {"kinds": ["decision"]})
            await post.notifier.look()
            found.status = 503
            await propose(house)
            await post.after(60)
            found.status = 201
            await post.after(86_400)
            assert [len(found.received), post.store.status("phone").sent] == [2, 1]
        await sender.close()

    tell(tmp_path, story)


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "ftp://example.com/x"},
        {"keys": {"p256dh": b64(b"\x04" + bytes(63)), "auth": b64(SECRET)}},
        {"keys": {"p256dh": b64(b"\x05" + bytes(64)), "auth": b64(SECRET)}},
        {"keys": {"p256dh": b64(b"\x04" + bytes(64)), "auth": "short"}},
        {"keys": None},
    ],
)
def test_what_is_no_subscription_is_refused(change: Any) -> None:
    whole = json.loads(Browser().subscription) | {"endpoint": "https://push.example.com/x"}
    assert subscription_of(json.dumps(whole)) is not None
    assert subscription_of(json.dumps(whole | change)) is None
    assert subscription_of("{") is None


def test_the_message_of_the_standard_is_made_as_it_says() -> None:
    """RFC 8291, Appendix A: what it derives from its keys."""
    shared = unb64("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs")
    auth = unb64("BTBZMqHH6r4Tts7J_aSIgg")
    theirs = unb64(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    )
    ours = unb64(
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
    )
    salt = unb64("DGv6ra1nlYgDCS1FRnbzlw")
    secret = derived(shared, auth, b"WebPush: info\0" + theirs + ours, 32)
    assert b64(secret) == "S4lYMb_L0FxCeq0WhDx813KgSYqU26kOyzWUdsXYyrg"
    assert b64(derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)) == (
        "oIhVW04MRdy2XN9CiKLxTg"
    )
    assert b64(derived(secret, salt, b"Content-Encoding: nonce\0", 12)) == "4h_95klXJ5E_qnoN"


def test_the_script_of_the_browser_is_for_all_pages(tmp_path: Path) -> None:
    async def story(house: House, _: Post) -> None:
        async with house.client() as client:
            answer = await client.get("/push-worker.js")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"] == "no-cache"
        assert "showNotification" in answer.text

    tell(tmp_path, story)
