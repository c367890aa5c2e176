"""What the addresses of Segment and PostHog answer, behind the gate of a console."""

import asyncio
import base64
import gzip
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest

from missioncontrol.adapters.warehouses.duckdb.owner import DuckDbWarehouse
from missioncontrol.domain.errors import Unavailable
from missioncontrol.interfaces.capture import intake
from missioncontrol.interfaces.capture.routes import BYTES_MAX
from missioncontrol.interfaces.capture_paths import (
    POSTHOG,
    POSTHOG_FLAGS,
    POSTHOG_RESULTS,
    SEGMENT,
    is_capture,
)
from tests.capture.shops import Shop, shop

PAGE = {
    "origin": "https://shop.example",
    "sec-fetch-site": "cross-site",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
}
Story = Callable[[Shop], Awaitable[None]]


def in_shop(root: Path, story: Story) -> None:
    async def run_story() -> None:
        async with shop(root) as found:
            await story(found)

    asyncio.run(run_story())


def track(event: str = "a", **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "userId": "u", **more}


def capture(key: str, **more: Any) -> dict[str, Any]:
    return {"api_key": key, "event": "a", "distinct_id": "u", **more}


@pytest.mark.parametrize("path", ["/v1/track", "/v1/track/", "/v1/t"])
def test_an_event_of_segment_is_kept_by_basic_authentication_or_by_a_key_in_it(
    tmp_path: Path, path: str
) -> None:
    async def story(found: Shop) -> None:
        by_head = await found.client.post(path, json=track(messageId="1"), auth=(found.key, ""))
        body = track(messageId="2", writeKey=found.key)
        by_body = await found.client.post(path, json=body)
        for answer in (by_head, by_body):
            assert answer.status_code == 200
            assert answer.json() == {"success": True, "status": 1, "stored": 1, "duplicates": 0}
        assert [each.id for each in await found.kept()] == ["1", "2"]

    in_shop(tmp_path, story)


def test_every_address_of_posthog_keeps_what_is_sent_there(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        for path in POSTHOG:
            body = capture(found.key, uuid=path)
            answer = await found.client.post(path + "/", json=body)
            assert answer.status_code == 200, (path, answer.text)
        assert [each.id for each in await found.kept()] == list(POSTHOG)

    in_shop(tmp_path, story)


def test_what_is_sent_again_is_kept_once(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        events = [track(messageId="1"), track("b"), track("b"), track("c", timestamp=1_795_000_000)]
        first, again = await found.batch(*events), await found.batch(*events)
        assert first.json()["stored"] == 4
        assert (again.json()["stored"], again.json()["duplicates"]) == (0, 4)

    in_shop(tmp_path, story)


def test_bad_events_are_told_by_position_and_the_others_kept(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        deep: Any = 1
        for _ in range(600):
            deep = [deep]
        answer = await found.batch(
            track(messageId="0"),
            {"type": "track", "userId": "u", "messageId": "nameless"},
            track(messageId="2", properties={"a": "\x00", "n": 10**400}),
            track(messageId="3", properties=deep),
            track(messageId="4", properties={"deep": deep}),
            track("\x00b\x00", messageId="5"),
        )
        assert answer.status_code == 200
        faults = [(each["position"], each["code"]) for each in answer.json()["faults"]]
        assert faults == [(1, "capture.no_name"), (3, "capture.malformed")]
        assert answer.json()["faults"][0]["id"] == "nameless"
        stored = await found.kept()
        assert [each.id for each in stored] == ["0", "2", "4", "5"]
        assert answer.json()["stored"] == len(stored)

    in_shop(tmp_path, story)


def test_an_event_that_is_too_large_is_told_by_position_and_the_others_kept(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        long = {"bio": "x" * 40_000}
        answer = await found.batch(
            track(messageId="0", properties={"a": "x" * (1024 * 1024)}),
            {"type": "identify", "userId": "u", "messageId": "1", "traits": long},
            {"type": "identify", "userId": "u", "messageId": "2", "traits": {"plan": "pro"}},
        )
        faults = [(each["position"], each["code"]) for each in answer.json()["faults"]]
        assert faults == [(0, "capture.too_long"), (1, "capture.too_long")]
        events = [{"event": "a", "distinct_id": "u", name: long} for name in ("$set", "$set_once")]
        events.append({"event": "a", "distinct_id": "u", "uuid": "3"})
        body = {"api_key": found.key, "batch": events}
        answer = await found.client.post("/batch/", json=body)
        assert [each["position"] for each in answer.json()["faults"]] == [0, 1]
        assert [each.id for each in await found.kept()] == ["2", "3"]

    in_shop(tmp_path, story)


def test_where_nothing_can_be_kept_the_library_is_told(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        for answer in (
            await found.batch(track(event=""), {"type": "track"}),
            await found.client.post("/e/", json={"api_key": found.key, "distinct_id": "u"}),
        ):
            assert answer.status_code == 400
            assert answer.json()["success"] is False
            assert answer.json()["faults"][0]["code"] == "capture.no_name"
        empty = await found.client.post("/v1/batch", json={"writeKey": found.key})
        assert (empty.status_code, empty.json()["code"]) == (400, "capture.malformed")
        assert (await found.batch()).json()["stored"] == 0

    in_shop(tmp_path, story)


@pytest.mark.parametrize("body", ['{"event": "a=1&data=2", "userId": "u"}', "event=a&userId=u"])
def test_what_comes_as_a_form_by_mistake_is_told_the_right_kind(tmp_path: Path, body: str) -> None:
    async def story(found: Shop) -> None:
        form = {"content-type": "application/x-www-form-urlencoded"}
        answer = await found.client.post("/v1/track", content=body, headers=form)
        assert (answer.status_code, answer.json()["code"]) == (400, "capture.malformed")
        assert "Content-Type: application/json" in answer.text
        assert "truncated" not in answer.text

    in_shop(tmp_path, story)


@pytest.mark.parametrize("key", ["", "mcw_nobody", "x" * 10_000, "\x00", "ключ"])
def test_a_key_that_is_not_known_opens_nothing(tmp_path: Path, key: str) -> None:
    async def story(found: Shop) -> None:
        coded = base64.b64encode(f"{key}:".encode()).decode()
        basic = {"authorization": f"Basic {coded}"}
        client = found.client
        for answer in (
            await client.post("/v1/track", json=track(), headers=basic),
            await client.post("/v1/batch", json={"batch": [track()], "writeKey": key}),
            await client.post("/e/", json=capture(key)),
            await client.post("/flags/", json={"token": key, "distinct_id": "u"}),
            await client.post(POSTHOG_RESULTS, json={"batch": [capture("")]}, headers=basic),
        ):
            assert answer.status_code == 401, answer.text
            assert answer.json()["code"] == "capture.unknown_key"
        assert not found.console.analytics.is_open

    in_shop(tmp_path, story)


def test_a_key_in_the_head_counts_and_not_the_one_in_the_body(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        for header in ("Basic %%%", "Basic " + base64.b64encode(b"no:").decode()):
            body = track(writeKey=found.key)
            answer = await found.client.post(
                "/v1/track", json=body, headers={"authorization": header}
            )
            assert answer.status_code == 401

    in_shop(tmp_path, story)


def test_a_source_that_was_revoked_sends_no_more(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        assert (await found.batch(track(messageId="1"))).status_code == 200
        async with found.door.house.client("admin") as admin:
            at = "/api/v1/products/shop/sources/web"
            assert (await admin.delete(at)).status_code in (200, 204)
        assert (await found.batch(track(messageId="2"))).status_code == 401
        assert [each.id for each in await found.kept()] == ["1"]

    in_shop(tmp_path, story)


def test_pages_of_anybody_may_send_events_and_are_nobody(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        client = found.client
        asks = {
            **PAGE,
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type",
        }
        for path in (*SEGMENT, *POSTHOG, POSTHOG_RESULTS, *POSTHOG_FLAGS):
            before = await client.options(path, headers=asks)
            assert before.status_code == 204
            assert before.headers["access-control-allow-origin"] == PAGE["origin"]
            assert before.headers["access-control-allow-headers"] == "authorization,content-type"
        # A user who is signed in at the console is anonymous here.
        await client.get(f"/sign-in/link?token={found.door.people.new_link()}")
        assert client.cookies
        beacon = {**PAGE, "content-type": "text/plain;charset=UTF-8"}
        packed = gzip.compress(msgspec.json.encode([capture(found.key, uuid="1")]))
        answer = await client.post("/i/v0/e/?compression=gzip-js", content=packed, headers=beacon)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE["origin"]
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers
        refused = await client.post("/e/", json=capture("no"), headers={**PAGE, **BROWSER})
        assert refused.status_code == 401  # There is no redirect to the sign-in.
        assert refused.headers["access-control-allow-origin"] == PAGE["origin"]
        coded = base64.b64encode(msgspec.json.encode(capture(found.key, uuid="2")))
        form = {"data": coded.decode()}
        answer = await client.post("/e/", data=form, headers=PAGE)
        assert answer.status_code == 200
        assert [each.id for each in await found.kept()] == ["1", "2"]
        assert [each.is_bot for each in await found.kept()] == [False, False]
        # Other addresses are as closed as before.
        assert (await client.post("/api/v1/me", headers=PAGE)).status_code == 403

    in_shop(tmp_path, story)


BROWSER = {"accept": "text/html,*/*", "sec-fetch-mode": "cors"}


def test_a_page_may_send_more_often_than_others_may_ask(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        often = found.door.gate._addresses
        often._burst = 1
        answers = [await found.batch(track(messageId=str(n))) for n in range(5)]
        assert {each.status_code for each in answers} == {200}

    in_shop(tmp_path, story)


def test_only_these_addresses_are_open() -> None:
    for path in (
        "/",
        "/v1",
        "/v1/other",
        "/v1/projects",
        "/batches",
        "/api/v1/me",
        "/e/x",
        "/array",
        "/v1/track/x",
    ):
        assert not is_capture(path)


def test_a_foreign_host_is_refused_here_too(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        answer = await found.client.post(
            "/v1/track", json=track(), headers={"host": "evil.example.com"}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "host.unknown")

    in_shop(tmp_path, story)


def test_more_than_may_be_sent_is_refused(tmp_path: Path, monkeypatch: Any) -> None:
    async def story(found: Shop) -> None:
        client, large = found.client, b" " * (BYTES_MAX + 1)
        bomb = {"content-encoding": "gzip"}
        for answer in (
            await client.post("/v1/batch", content=large),
            await client.post("/v1/batch", content=gzip.compress(large), headers=bomb),
            await found.batch(*[0] * 10_001),
        ):
            assert answer.status_code == 413
        odd = await client.post("/e/", content=b"x", headers={"content-encoding": "br"})
        assert (odd.status_code, odd.json()["code"]) == (415, "capture.packed")
        monkeypatch.setattr(intake, "HELD_MAX", 10)
        held = client_intake(found)
        held.hold(5)
        busy = await found.batch(track())
        assert (busy.status_code, busy.json()["code"]) == (429, "capture.busy")
        assert busy.headers["retry-after"] == "1"
        held.hold(-5)
        assert (await found.batch(track())).status_code == 200
        assert held._held == 0

    in_shop(tmp_path, story)


def client_intake(found: Shop) -> intake.Intake:
    held: intake.Intake = found.door.house.app.state["intake"]
    return held


def using(found: Shop, open_warehouse: Callable[[], Any]) -> None:
    found.console.analytics._open = open_warehouse


def test_where_too_much_waits_to_be_stored_it_is_said_when_to_come_again(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        warehouse = DuckDbWarehouse(None, waiting_max=2)
        using(found, lambda: warehouse)
        assert (await found.batch(track(messageId="0"))).status_code == 200
        go_on = threading.Event()
        busy = asyncio.create_task(
            asyncio.to_thread(warehouse._writer.run, lambda _: go_on.wait(30))
        )
        await asyncio.sleep(0.1)
        waiting = asyncio.create_task(found.batch(track(messageId="1"), track(messageId="2")))
        await asyncio.sleep(0.2)
        assert not waiting.done()  # Nothing is acknowledged before it is stored.
        full = await found.batch(track(messageId="3"))
        assert (full.status_code, full.json()["code"]) == (429, "analytics.full")
        assert int(full.headers["retry-after"]) >= 1
        go_on.set()
        assert (await waiting).json()["stored"] == 2
        await busy
        assert (await found.batch(track(messageId="3"))).status_code == 200
        found.console.analytics.close()

    in_shop(tmp_path, story)


def test_a_source_that_sends_too_fast_waits_and_another_does_not(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        now = [1_790_000_000.0]
        found.console.analytics.clock = SimpleNamespace(now=lambda: now[0])
        async with found.door.house.client("admin") as admin:
            slow = {"events_per_second": 1}
            await admin.put("/api/v1/products/shop/limits", json=slow)
            second = {"id": "app", "name": "App", "kind": "server"}
            made = await admin.post("/api/v1/products/shop/sources", json=second)
        events = [track(messageId=str(n)) for n in range(14)]
        assert (await found.batch(*events)).json()["stored"] == 14  # Ten are a burst.
        early = await found.batch(track(messageId="x"))
        assert (early.status_code, early.json()["code"]) == (429, "capture.too_fast")
        assert early.headers["retry-after"] == "5"
        assert "'web' of 'shop'" in early.json()["detail"]
        assert "settings shop --max-per-second" in early.json()["hint"]
        other = await found.batch(track(messageId="y"), writeKey=made.json()["key"])
        assert other.json()["stored"] == 1
        now[0] += 5.0
        assert (await found.batch(track(messageId="x"))).json()["stored"] == 1

    in_shop(tmp_path, story)


def test_a_product_without_room_is_named_and_nothing_of_a_batch_is_kept(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        async with found.door.house.client("admin") as admin:
            at = "/api/v1/products/shop"
            assert (await admin.get(f"{at}/use")).json()["events"] == 0
            await admin.put(f"{at}/limits", json={"events_max": 5})
            assert (await admin.put(f"{at}/limits", json={"events_max": 0})).status_code == 400
            assert (await found.batch(*(track(messageId=str(n)) for n in range(4)))).json()[
                "stored"
            ] == 4
            full = await found.batch(track(messageId="a"), track(messageId="b"))
            assert (full.status_code, full.json()["code"]) == (507, "analytics.no_room")
            assert "'shop' may have 5 events, and has 4" in full.json()["detail"]
            again = await found.batch(track(messageId="2"), track(messageId="3"))
            assert (again.status_code, again.json()["duplicates"]) == (200, 2)
            used = (await admin.get(f"{at}/use")).json()
            assert (used["events"], used["events_max"], used["is_nearly_full"]) == (4, 5, True)
            assert used["share"] == 0.8
            page = (await admin.get("/cockpit/products/shop")).text
            assert "80% of the storage limit of Web shop is used." in page
            await admin.put(f"{at}/limits", json={"events_max": 6})
        assert (await found.batch(track(messageId="a"))).json()["stored"] == 1
        assert len(await found.kept()) == 5

    in_shop(tmp_path, story)


def test_where_the_warehouse_can_not_be_reached_libraries_try_again(tmp_path: Path) -> None:
    def closed() -> Any:
        raise Unavailable("analytics.unavailable", "The disk is full.")

    async def story(found: Shop) -> None:
        using(found, closed)
        answer = await found.batch(track())
        assert (answer.status_code, answer.json()["code"]) == (503, "analytics.unavailable")
        assert int(answer.headers["retry-after"]) >= 1

    in_shop(tmp_path, story)


def test_what_became_of_each_event_is_told_by_its_id_where_that_is_asked(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        answer = await found.client.post(
            POSTHOG_RESULTS,
            headers={"authorization": f"Bearer {found.key}"},
            json={
                "created_at": "2026-11-20T12:00:00Z",
                "batch": [
                    {
                        "event": "a",
                        "uuid": "1",
                        "distinct_id": "u",
                        "options": {},
                        "session_id": "s",
                    },
                    {"event": "a", "uuid": "2", "options": {}},
                ],
            },
        )
        results = answer.json()["results"]
        assert results["1"] == {"result": "ok"}
        assert results["2"]["result"] == "drop"
        assert [(each.id, each.session) for each in await found.kept()] == [("1", "s")]

    in_shop(tmp_path, story)


def test_libraries_are_told_that_there_are_no_flags(tmp_path: Path) -> None:
    async def story(found: Shop) -> None:
        for path in ("/flags/?v=2", "/decide/?v=3"):
            answer = await found.client.post(path, json={"token": found.key, "distinct_id": "u"})
            assert answer.status_code == 200
            assert answer.json()["featureFlags"] == {}
            assert answer.json()["errorsWhileComputingFlags"] is False
        config = await found.client.get(f"/array/{found.key}/config", headers=PAGE)
        assert config.json()["sessionRecording"] is False
        assert (await found.client.get("/array/nobody/config")).status_code == 401
        settings = await found.client.get(f"/v1/projects/{found.key}/settings", headers=PAGE)
        assert settings.headers["access-control-allow-origin"] == PAGE["origin"]
        there = settings.json()["integrations"]["Segment.io"]
        here = f"{found.client.base_url.netloc.decode()}/v1"
        assert (there["apiKey"], there["apiHost"]) == (found.key, here)
        assert (await found.client.get("/v1/projects/nobody/settings")).status_code == 401
        assert not found.console.analytics.is_open

    in_shop(tmp_path, story)


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"\x00\xff",
    b"[" * 100_000,
    b'{"batch":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"batch":[{"a":' * 2_000,
    b'{"batch":{}}',
    b'{"batch":[1e999]}',
    b'{"batch":[],"batch":[null]}',
    b'{"api_key":{},"batch":[]}',
    b"data=",
    b"\x1f\x8b",
    b'{"api_key":"\xed\xa0\x80"}',
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_no_body_breaks_an_address(tmp_path: Path, body: bytes) -> None:
    async def story(found: Shop) -> None:
        for path in ("/v1/track", "/v1/batch", "/e/", "/batch/", POSTHOG_RESULTS, "/flags/"):
            for headers in ({}, {"content-encoding": "gzip"}, {"authorization": basic(found.key)}):
                answer = await found.client.post(path, content=body, headers=headers)
                assert answer.status_code in (200, 400, 401, 413), (path, answer.text)
                assert isinstance(answer, httpx.Response)

    in_shop(tmp_path, story)


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()
