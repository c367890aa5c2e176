"""Events, logs, audit and search: what is there is found, what is hostile is shown as text."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from missioncontrol.ports.output_store import OutputLine
from tests.console.houses import House, console_house
from tests.console.streams import begin
from tests.console.test_live import busy

HTML = {"accept": "text/html"}


@asynccontextmanager
async def worked_in(root: Path) -> AsyncIterator[tuple[House, httpx.AsyncClient, str]]:
    """Give a house in which a run has ended with some output, and an admin's client."""
    async with console_house(root) as house, house.client("admin") as client:
        run = await begin(house, busy(4, seconds=0))
        await house.held.engine.settled(run)
        lines = [
            OutputLine(run, "s1", 1, 1_000_000 * number, level, text, agent="smith")
            for number, (level, text) in enumerate(
                [
                    ("info", "reading the map"),
                    ("error", "<script>alert(1)</script> broke"),
                    ("info", '{"model": "m", "tokens": 7}'),
                ],
                1,
            )
        ]
        house.held.output_store.write(lines)
        yield house, client, run


def test_events_come_newest_first_page_by_page_without_a_gap(tmp_path: Path) -> None:
    async def ask() -> None:
        async with worked_in(tmp_path) as (house, client, _):
            head = (await house.held.store.head()).position
            found, cursor = [], ""
            while True:
                path = f"/api/v1/events?limit=3&cursor={cursor}"
                page = (await client.get(path)).json()
                found += [each["position"] for each in page["items"]]
                cursor = page["next"]
                if not cursor:
                    break
            assert found == list(range(head, 0, -1))

    asyncio.run(ask())


def test_events_are_found_by_type_run_and_words(tmp_path: Path) -> None:
    async def ask() -> None:
        async with worked_in(tmp_path) as (_, client, run):
            settled = (await client.get(f"/api/v1/events?type=run_settled&run={run}")).json()
            assert [each["type"] for each in settled["items"]] == ["run_settled"]
            assert settled["items"][0]["workflow"] == "busy"
            nothing = (await client.get("/api/v1/events?text=nobodysaidthis")).json()
            assert nothing["items"] == []
            bad = await client.get("/api/v1/events?since=yesterday")
            assert (bad.status_code, bad.json()["code"]) == (422, "search.bad_time")
            assert (await client.get("/api/v1/events?cursor=WzBd")).status_code == 400

    asyncio.run(ask())


def test_events_are_found_by_stream_by_mission_and_by_the_name_of_a_person(tmp_path: Path) -> None:
    async def ask() -> None:
        async with worked_in(tmp_path) as (_, client, run):
            every = (await client.get("/api/v1/events?limit=200")).json()["items"]

            async def found(query: str) -> list[int]:
                positions: list[int] = []
                cursor = ""
                while True:
                    path = f"/api/v1/events?limit=3&cursor={cursor}&{query}"
                    answer = (await client.get(path)).json()
                    positions += [each["position"] for each in answer["items"]]
                    cursor = answer["next"]
                    if not cursor:
                        return positions

            of_run = [each["position"] for each in every if each["stream"] == run]
            assert await found(f"stream={run}") == of_run
            settled = [each["position"] for each in every if each["type"] == "run_settled"]
            assert await found(f"stream={run}&type=run_settled") == settled
            assert await found(f"stream={run}&type=step_failed") == []
            assert await found("stream=nothing-1") == []
            mixed = await client.get(f"/api/v1/events?stream={run}&workflow=busy")
            assert (mixed.status_code, mixed.json()["code"]) == (422, "search.two_places")
            by_alice = [each["position"] for each in every if each["actor"] == "user:alice"]
            assert by_alice
            assert await found("actor=alice") == await found("actor=user:alice") == by_alice
            assert await found("mission=mission-none") == []

    asyncio.run(ask())


def test_an_event_is_told_with_its_hash_its_neighbours_and_what_it_led_to(tmp_path: Path) -> None:
    async def ask() -> None:
        async with worked_in(tmp_path) as (house, client, _):
            rows = await house.held.store.read(limit=100)
            second = (await client.get("/api/v1/events/2")).json()
            assert second["hash"] == rows[1].hash.hex()
            assert second["previous_hash"] == rows[0].hash.hex()
            assert second["is_chained"]
            assert second["body"].encode() == rows[1].body
            led = [row for row in rows if row.cause == 2]
            assert [each["position"] for each in second["followers"]] == [r.position for r in led]
            assert (await client.get("/api/v1/events/99999")).status_code == 404
            assert (await client.get("/api/v1/events/0")).status_code == 404

    asyncio.run(ask())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["reading", "<script>", '{"model"']),
        ("level=error", ["<script>"]),
        ("agent=smith&text=MAP", ["reading"]),
        ("agent=jones", []),
        ("step=s1&oldest=true&limit=1", ["reading"]),
        ("limit=1", ['{"model"']),
        ("since=2020-01-01", []),
    ],
)
def test_lines_are_found_by_every_filter(tmp_path: Path, query: str, expected: list[str]) -> None:
    async def ask() -> None:
        async with worked_in(tmp_path) as (_, client, run):
            found = (await client.get(f"/api/v1/logs?run={run}&{query}")).json()
            texts = [line["message"] for line in found["items"]]
            assert len(texts) == len(expected)
            assert all(text.startswith(start) for text, start in zip(texts, expected, strict=True))

    asyncio.run(ask())


def test_a_structured_line_is_told_with_its_fields_and_all_lines_as_a_file(tmp_path: Path) -> None:
    async def ask() -> None:
        async with worked_in(tmp_path) as (_, client, run):
            detail = (await client.get("/api/v1/logs/3")).json()
            assert detail["fields"] == {"model": "m", "tokens": 7}
            assert (await client.get("/api/v1/logs/4")).status_code == 404
            answer = await client.get(f"/api/v1/logs/download?run={run}")
            assert answer.headers["content-disposition"] == f'attachment; filename="{run}.log"'
            assert len(answer.text.splitlines()) == 3
            reply = await client.get("/api/v1/logs/download?form=jsonl&level=error")
            assert [msgspec.json.decode(line)["number"] for line in reply.text.splitlines()] == [2]

    asyncio.run(ask())


def test_the_log_is_verified_beside_everything_else_and_exported(tmp_path: Path) -> None:
    async def ask() -> None:
        async with worked_in(tmp_path) as (house, client, run):
            assert (await client.get("/api/v1/audit/verification")).json()["state"] == "never"
            begun = await client.post("/api/v1/audit/verification")
            assert (begun.status_code, begun.json()["state"]) == (202, "running")
            await house.console.verifying.ended()
            status = (await client.get("/api/v1/audit/verification")).json()
            head = (await house.held.store.head()).position
            assert (status["state"], status["verdict"]["state"]) == ("done", "unproven")
            assert "no external head was given" in status["verdict"]["summary"]
            assert status["verdict"]["events"] == head
            lines = (await client.get("/api/v1/audit/export")).text.splitlines()
            assert len(lines) == head
            runs = (await client.get("/api/v1/audit/runs?workflow=busy")).json()["items"]
            assert [each["run"] for each in runs] == [run]
            assert (await client.get("/api/v1/audit/runs?workflow=other")).json()["items"] == []
            assert (await client.get("/api/v1/audit/heads")).json()["sent"] is None
            assert (await client.get("/api/v1/audit/requests")).json()["items"] == []

    asyncio.run(ask())


def test_one_question_finds_things_by_name_and_events_by_what_they_say(tmp_path: Path) -> None:
    async def ask() -> None:
        async with worked_in(tmp_path) as (_, client, run):
            found = (await client.get("/api/v1/search?q=busy")).json()
            assert [(hit["kind"], hit["id"]) for hit in found["hits"]] == [("run", run)]
            assert found["events"]
            assert (await client.get("/api/v1/search")).json()["hits"] == []

    asyncio.run(ask())


PAGES = (
    "/events",
    "/events?type=run_settled&before=5",
    "/events?upto=3",
    "/events?since=nonsense",
    "/events/2",
    "/logs",
    "/logs?level=error&text=broke",
    "/logs?until=nonsense",
    "/audit",
    "/audit?workflow=busy",
    "/audit?since=nonsense",
    "/search",
    "/search?q=busy",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_answers_and_shows_what_is_hostile_as_text(tmp_path: Path, path: str) -> None:
    async def ask() -> None:
        async with worked_in(tmp_path) as (_, client, _):
            answer = await client.get(path, headers=HTML)
            assert answer.status_code == 200, answer.text
            assert "<script>alert(1)" not in answer.text

    asyncio.run(ask())


@pytest.mark.parametrize("path", ["/audit", "/api/v1/audit/export", "/api/v1/audit/heads"])
def test_only_auditors_look_at_the_audit(tmp_path: Path, path: str) -> None:
    async def ask() -> None:
        async with console_house(tmp_path) as house:
            async with house.client("operator") as client:
                assert (await client.get(path)).status_code == 403
            async with house.client("auditor") as client:
                assert (await client.get(path)).status_code == 200

    asyncio.run(ask())


def test_what_somebody_wrote_is_text_in_lists_and_details(tmp_path: Path) -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>'

    async def ask() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            run = await begin(house, busy(30, seconds=0.05))
            house.held.engine.cancel(run, hostile, actor="user:alice")
            await house.held.engine.settled(run)
            found = (await client.get(f"/api/v1/events?type=cancel_requested&run={run}")).json()
            position = found["items"][0]["position"]
            for path in (
                "/events",
                f"/events/{position}",
                "/audit?text=script",
                "/search?q=script",
                "/logs?text=%3Cscript%3Ealert(1)",
                "/events?actor=%3Cscript%3Ealert(1)",
            ):
                text = (await client.get(path, headers=HTML)).text
                assert "<script>alert(1)" not in text, path
                assert "<img src=x" not in text, path

    asyncio.run(ask())
