"""Webhooks: delivered at least once, signed, again after failures, and over restarts."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.webhooks.sender import HttpSender
from missioncontrol.adapters.webhooks.sqlite import DEAD_MAX, SqliteDeliveries
from missioncontrol.application.asks import ChangeLimit
from missioncontrol.application.deliveries import AT_ONCE_MAX, BETWEEN_SECONDS, Deliveries
from missioncontrol.declarations import Operation
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.webhook import AddWebhook, decide
from missioncontrol.operations.webhook import ADD, PAUSE, RESUME, TEST
from missioncontrol.ports.deliveries import Answered, Delivery
from missioncontrol.queries.webhook import trial
from tests.console.houses import House, console_house


class Listener:
    """An HTTP server that stores what it receives, and answers as it is set to."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.told.append((headers, body))
        writer.write(f"HTTP/1.1 {self.status} x\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    @property
    def events(self) -> list[int]:
        return [int(headers["webhook-id"].removeprefix("evt_")) for headers, _ in self.told]


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield listener
    finally:
        server.close()


class Told:
    """Deliveries under a clock of their own, to addresses of this machine."""

    def __init__(self, house: House, root: Path, *, inside: bool = True) -> None:
        self.now = 1_000.0
        (house.held.home.root / "console.toml").write_text("webhooks_inside = true\n")
        self.store = SqliteDeliveries(root / "webhooks.db")
        self.deliveries = Deliveries(
            house.console.present,
            self.store,
            HttpSender(inside=inside),
            now=lambda: self.now,
            chance=lambda: 0.0,
        )

    async def all(self) -> None:
        while await self.deliveries.look() + await self.deliveries.deliver():
            pass


async def do(house: House, operation: Operation[Any, Any], name: str, **given: Any) -> None:
    command = operation.understood({"name": name, **given})
    await house.held.executor.execute(operation, command, "user:alice")


async def _added(house: House, webhooks: Told, url: str, *types: str) -> str:
    await do(house, ADD, "ci", url=url, types=types)
    await webhooks.deliveries.look()
    return webhooks.deliveries.new_secret("ci")


async def _limited(house: House, starts: int) -> None:
    await house.held.command_bus.do(ChangeLimit("agent", "codex", "x", starts), "user:alice")


def test_each_event_that_is_wanted_is_told_once_and_signed(tmp_path: Path) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house, listening() as listener:
            webhooks = Told(house, tmp_path)
            secret = await _added(house, webhooks, listener.url, "rate_limit_*")
            await _limited(house, 1)
            await _limited(house, 2)
            await webhooks.all()
            await webhooks.all()
            assert len(listener.told) == 2
            headers, body = listener.told[0]
            event = json.loads(body)
            assert event["type"].endswith("rate_limit_set")
            signed = b".".join(
                (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body)
            )
            key = base64.b64decode(secret.removeprefix("whsec_"))
            digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            assert headers["webhook-signature"] == f"v1,{digest}"

    asyncio.run(play())


def test_what_is_not_taken_is_tried_again_and_is_dead_in_the_end(tmp_path: Path) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house, listening() as listener:
            webhooks = Told(house, tmp_path)
            await _added(house, webhooks, listener.url, "rate_limit_set")
            listener.status = 503
            await _limited(house, 1)
            await webhooks.all()
            for seconds in BETWEEN_SECONDS:
                webhooks.now += seconds - 0.5
                await webhooks.all()
                before = len(listener.told)
                webhooks.now += 0.5
                await webhooks.all()
                assert len(listener.told) == before + 1
            (dead,) = webhooks.store.dead("ci")
            assert (dead.attempts, dead.status) == (len(BETWEEN_SECONDS) + 1, 503)
            webhooks.now += 1e6
            await webhooks.all()
            assert len(listener.told) == len(BETWEEN_SECONDS) + 1
            listener.status = 200
            assert webhooks.deliveries.again("ci") == 1
            await webhooks.all()
            assert webhooks.store.status("ci").delivered == 1
            assert webhooks.store.dead("ci") == []

    asyncio.run(play())


def test_one_address_that_fails_holds_no_other_event_up(tmp_path: Path) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house, listening() as listener:
            webhooks = Told(house, tmp_path)
            await _added(house, webhooks, listener.url, "rate_limit_set")
            listener.status = 500
            await _limited(house, 1)
            await webhooks.all()
            listener.status = 200
            await _limited(house, 2)
            await webhooks.all()
            assert listener.events == sorted(listener.events)
            assert webhooks.store.status("ci").delivered == 1
            webhooks.now += BETWEEN_SECONDS[0]
            await webhooks.all()
            assert webhooks.store.status("ci").delivered == 2

    asyncio.run(play())


class SlowSender:
    """Tells one address for ever, and all others at once."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[str] = asyncio.Queue()

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Answered:
        if "slow" in url:
            await asyncio.Event().wait()
        self.told.put_nowait(url)
        return Answered(200)


def test_an_address_that_never_answers_keeps_nothing_of_another_back(tmp_path: Path) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house:
            webhooks, sender = Told(house, tmp_path), SlowSender()
            webhooks.deliveries = Deliveries(
                house.console.present, webhooks.store, sender, now=lambda: webhooks.now
            )
            await _added(house, webhooks, "http://slow.example/hook", "rate_limit_set")
            for starts in range(AT_ONCE_MAX + 4):
                await _limited(house, starts + 1)
            address = "http://quick.example/hook"
            await do(house, ADD, "quick", url=address, types=("rate_limit_set",))
            webhooks.deliveries.new_secret("ci")
            await webhooks.deliveries.start()
            try:
                while webhooks.store.place("quick") is None:  # noqa: ASYNC110 - it sends no event
                    await asyncio.sleep(0.01)
                webhooks.deliveries.new_secret("quick")
                await _limited(house, 500)
                assert "quick" in await sender.told.get()
            finally:
                await webhooks.deliveries.stop()
            assert webhooks.store.status("ci").waiting >= AT_ONCE_MAX

    asyncio.run(play())


def test_a_restart_leaves_nothing_out_and_begins_nothing_anew(tmp_path: Path) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house, listening() as listener:
            webhooks = Told(house, tmp_path)
            await _added(house, webhooks, listener.url, "rate_limit_set")
            await _limited(house, 1)
            await webhooks.deliveries.look()  # It is due, and the process ends.
            webhooks.store.close()
            await _limited(house, 2)
            again = Told(house, tmp_path)
            await again.all()
            assert len(set(listener.events)) == len(listener.events) == 2

    asyncio.run(play())


def test_what_happens_in_a_pause_is_told_afterwards(tmp_path: Path) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house, listening() as listener:
            webhooks = Told(house, tmp_path)
            await _added(house, webhooks, listener.url, "rate_limit_set")
            await do(house, PAUSE, "ci")
            await _limited(house, 1)
            await webhooks.all()
            assert listener.told == []
            await do(house, RESUME, "ci")
            webhooks.now += BETWEEN_SECONDS[0]
            await webhooks.all()
            assert len(listener.told) == 1

    asyncio.run(play())


def test_nothing_is_told_inside_of_this_network_unless_the_owner_allows_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house, listening() as listener:
            webhooks = Told(house, tmp_path, inside=False)
            await _added(house, webhooks, listener.url.replace("127.0.0.1", "localhost"))
            await _limited(house, 1)
            await webhooks.all()
            assert listener.told == []
            webhooks.now += 1e6
            (due,) = (each for each in webhooks.store.due("ci", webhooks.now) if each.position)
            assert "inside this network" in due.trouble

    asyncio.run(play())


@pytest.mark.parametrize(
    "place",
    ["::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fec0::1"],
)
def test_an_address_inside_is_known_in_whatever_it_is_wrapped(tmp_path: Path, place: str) -> None:
    async def play() -> None:
        sender = HttpSender()
        answered = await sender.send(f"http://[{place}]:9/", b"{}", {})
        assert "inside this network" in answered.trouble
        await sender.close()

    asyncio.run(play())


@pytest.mark.parametrize(
    ("url", "types"),
    [
        ("ftp://example.com/", ()),
        ("https://", ()),
        ("https://user:secret@example.com/", ()),
        ("https://example.com/#x", ()),
        ("https://exa mple.com/", ()),
        ("https://example.com:x/", ()),
        ("https://[::1/", ()),
        ("https://example.com/", ("run settled",)),
        ("https://example.com/", ("",)),
    ],
)
def test_addresses_and_types_that_are_none_are_refused(url: str, types: tuple[str, ...]) -> None:
    with pytest.raises(Rejected):
        decide(AddWebhook("a", url, types), None, 0.0)


def test_dead_letters_are_bounded_and_the_newest_stay(tmp_path: Path) -> None:
    store = SqliteDeliveries(tmp_path / "webhooks.db")
    store.queue("a", range(1, DEAD_MAX + 11), 2_000)
    for position in range(1, DEAD_MAX + 11):
        store.failed(Delivery("a", position, 8, 0.0, 500, "no", is_dead=True))
    assert store.status("a").dead == DEAD_MAX
    assert store.dead("a", limit=1)[0].position == DEAD_MAX + 10
    assert (tmp_path / "webhooks.db").stat().st_mode & 0o077 == 0


def test_a_webhook_through_the_api_from_its_secret_to_its_end(tmp_path: Path) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house:
            async with house.client("operator") as client:
                assert (await client.get("/api/v1/webhooks")).status_code == 403
            async with house.client("admin") as client:
                asked: dict[str, Any] = {"name": "ci", "url": "https://example.com/x"}
                made = await client.post("/api/v1/webhooks", json=asked)
                assert (made.status_code, made.json()["secret"][:6]) == (201, "whsec_")
                shown = (await client.get("/api/v1/webhooks/ci")).json()
                assert (shown["has_secret"], "secret" in shown) == (True, False)
                assert (await client.post("/api/v1/webhooks", json=asked)).status_code in (409, 422)
                other = (await client.post("/api/v1/webhooks/ci/secret")).json()["secret"]
                assert other != made.json()["secret"]
                paused = (await client.post("/api/v1/webhooks/ci/pause?reason=tea")).json()
                assert (paused["is_paused"], paused["reason"]) == (True, "tea")
                assert (await client.get("/api/v1/webhooks/ci/dead-letters")).json()["items"] == []
                gone = await client.post("/api/v1/webhooks/ci/dead-letters/redeliver?event=7")
                assert gone.status_code == 404
                assert (await client.delete("/api/v1/webhooks/ci")).status_code == 204
                assert (await client.get("/api/v1/webhooks/ci")).status_code == 404
            log = await house.held.store.read(limit=1_000)
            assert not any(other.encode() in row.body for row in log)

    asyncio.run(play())


def test_a_secret_that_is_asked_for_once_is_the_same_however_often_that_is_sent(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:

            async def secret(path: str, key: str, **body: str) -> str:
                headers = {"idempotency-key": key}
                answer = await client.post(f"/api/v1{path}", json=body or None, headers=headers)
                assert answer.status_code in (200, 201), answer.text
                return str(answer.json()["secret"])

            asked = {"name": "ci", "url": "https://ci.example.com/hook"}
            first = await secret("/webhooks", "a", **asked)
            assert await secret("/webhooks", "a", **asked) == first
            second = await secret("/webhooks/ci/secret", "b")
            assert await secret("/webhooks/ci/secret", "b") == second != first
            assert await secret("/webhooks/ci/secret", "c") not in (first, second)

    asyncio.run(play())


def test_the_pages_show_webhooks_and_a_secret_once(tmp_path: Path) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            empty = await client.get("/settings/webhooks")
            assert "No address receives events." in empty.text
            asked = {"name": "<b>ci", "url": "https://example.com/?a=<script>", "types": "run_*"}
            made = await client.post("/settings/webhooks", data=asked)
            assert "whsec_" in made.text
            await house.console.deliveries.look()
            shown = await client.get("/settings/webhooks")
            assert "whsec_" not in shown.text
            assert ("<b>ci" in shown.text, "<script>&" in shown.text) == (False, False)
            one = await client.get("/settings/webhooks/%3Cb%3Eci")
            assert one.status_code == 200
            assert (await client.post("/settings/webhooks/%3Cb%3Eci/pause")).status_code < 400
            assert "is paused." in (await client.get("/settings/webhooks/%3Cb%3Eci")).text
            wrong = {"event": "x"}
            refused = await client.post("/settings/webhooks/%3Cb%3Eci/redeliver", data=wrong)
            assert refused.status_code == 422
            page = await client.get("/settings/retention")
            assert "never shortened" in page.text

    asyncio.run(play())


def test_a_test_is_sent_at_once_to_the_one_that_is_tested_and_to_nobody_else(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house, listening() as listener:
            webhooks = Told(house, tmp_path)
            await _added(house, webhooks, listener.url)  # Of all events.
            await webhooks.all()
            before = len(listener.told)
            await do(house, TEST, "ci")
            found = await trial(webhooks.deliveries, house.console.present, "ci")
            head = (await house.held.store.head()).position
            assert (found.event, found.is_taken, found.status) == (head, True, 200)
            assert json.loads(listener.told[-1][1])["type"].endswith("webhook_tested")
            listener.status = 500
            again = await trial(webhooks.deliveries, house.console.present, "ci")
            assert (again.is_taken, again.status) == (False, 500)
            assert again.trouble
            listener.status = 200
            await webhooks.all()
            assert len(listener.told) == before + 2  # The log does not tell it once more.

    asyncio.run(play())


def test_an_address_inside_of_this_network_is_refused_when_it_is_saved(tmp_path: Path) -> None:
    async def play() -> None:
        async with console_house(tmp_path) as house:
            for url in (
                "http://127.0.0.1:8700/x",
                "http://169.254.169.254/latest",
                "http://0x7f.1/",
            ):
                with pytest.raises(Rejected) as no:
                    await do(house, ADD, "ci", url=url)
                assert no.value.code == "address.inside"
            settings = house.held.home.root / "console.toml"
            settings.write_text("webhooks_inside = true\n")
            await do(house, ADD, "ci", url="http://127.0.0.1:8700/x")

    asyncio.run(play())
