"""What comes through the gate, what does not, and what every answer carries."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from missioncontrol.domain.access.events import PasswordChanged, UserAdded
from missioncontrol.domain.access.evolve import evolve
from missioncontrol.domain.access.states import INITIAL_ACCESS
from missioncontrol.domain.errors import Unavailable
from missioncontrol.interfaces.listeners import LINES_MAX, FewLines
from missioncontrol.interfaces.sign_in.gate import Gate, refuse_exposure
from missioncontrol.interfaces.sign_in.origins import local_path, sender
from missioncontrol.interfaces.sign_in.refusals import KEYS_MAX, Buckets
from missioncontrol.ports.console_settings import ConsoleSettings, Limits, Provider
from tests.console.doors import BROWSER, Door, closed_door
from tests.console.houses import ORIGIN

FORM = {"content-type": "application/x-www-form-urlencoded"}
CANCEL = "/api/v1/runs/run-none/cancel"


def with_door(
    root: Path, story: Callable[[Door], Awaitable[None]], settings: ConsoleSettings | None = None
) -> None:
    async def run_story() -> None:
        async with closed_door(root, settings) as door:
            await story(door)

    asyncio.run(run_story())


async def signed_in(door: Door) -> httpx.AsyncClient:
    client = door.client()
    await client.get(f"/sign-in/link?token={door.people.new_link()}")
    return client


def test_nobody_gets_in_and_people_are_sent_to_sign_in(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        async with door.client() as client:
            program = await client.get("/api/v1/me")
            assert program.status_code == 401
            assert program.headers["www-authenticate"].startswith("Bearer")
            assert program.json()["code"] == "sign_in.needed"
            person = await client.get("/settings/tokens?everybody=true", headers=BROWSER)
            assert person.status_code == 303
            to = person.headers["location"]
            assert to == "/sign-in?next=%2Fsettings%2Ftokens%3Feverybody%3Dtrue"
            part = await client.get("/settings/tokens", headers={"hx-request": "true"})
            assert part.headers["hx-redirect"].startswith("/sign-in")

    with_door(tmp_path, story)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "127.0.0.1.evil.example.com",
        "localhost@evil.example.com",
        "evil.example.com, localhost",
        "",
        "[::1",
        "localhost:99999",
    ],
)
def test_a_foreign_host_is_refused(tmp_path: Path, host: str) -> None:
    async def story(door: Door) -> None:
        async with door.client() as client:
            answer = await client.get("/sign-in", headers={"host": host})
            assert answer.status_code == 403
            assert answer.json()["code"] == "host.unknown"

    with_door(tmp_path, story)


@pytest.mark.parametrize(
    "host", ["localhost:8700", "127.0.0.1", "[::1]:9000", "LOCALHOST", "mission.example.com"]
)
def test_our_own_hosts_are_let_in(tmp_path: Path, host: str) -> None:
    async def story(door: Door) -> None:
        async with door.client() as client:
            assert (await client.get("/sign-in", headers={"host": host})).status_code == 200

    with_door(tmp_path, story, ConsoleSettings(hosts=("Mission.example.com",)))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example.com"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://[::1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": ORIGIN},
    ],
)
def test_a_change_from_somebody_elses_page_is_refused(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async def story(door: Door) -> None:
        client = await signed_in(door)
        answer = await client.post(CANCEL, headers={**door.csrf(client), **headers})
        assert (answer.status_code, answer.json()["code"]) == (403, "origin.foreign")
        token = {"authorization": f"Bearer {await door.token('operate')}"}
        async with door.client() as program:
            answer = await program.post(CANCEL, headers={**token, **headers})
            assert answer.json()["code"] == "origin.foreign"
        await client.aclose()

    with_door(tmp_path, story)


def test_pages_elsewhere_may_link_to_us_and_embed_nothing(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        async with door.client() as client:
            site = {"sec-fetch-site": "cross-site"}
            link = await client.get("/sign-in", headers={**site, "sec-fetch-mode": "navigate"})
            assert link.status_code == 200
            image = await client.get("/sign-in", headers={**site, "sec-fetch-mode": "no-cors"})
            assert image.status_code == 403
            framed = {**site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "object"}
            assert (await client.get("/sign-in", headers=framed)).status_code == 403

    with_door(tmp_path, story)


def test_a_session_changes_something_only_with_the_word_of_its_page(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        client = await signed_in(door)
        other = await signed_in(door)
        for headers in ({}, {"x-csrf-token": "wrong"}, {"x-csrf-token": "é"}, door.csrf(other)):
            encoded = [(key.encode(), value.encode()) for key, value in headers.items()]
            answer = await client.post(CANCEL, headers=encoded)
            assert (answer.status_code, answer.json()["code"]) == (403, "request.forged")
        assert (await client.post(CANCEL, headers=door.csrf(client))).status_code == 404
        await client.aclose()
        await other.aclose()

    with_door(tmp_path, story)


def test_a_plain_form_carries_the_word_as_a_field(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        client = await signed_in(door)
        word = door.csrf(client)["x-csrf-token"]
        without = await client.post("/settings/workspace", data={"name": "Payments"})
        assert without.json()["code"] == "request.forged"
        named = await client.post("/settings/workspace", data={"csrf": word, "name": "Payments"})
        assert named.status_code == 303
        assert (await client.get("/api/v1/workspace")).json()["name"] == "Payments"
        as_json = await client.post("/settings/workspace", json={"csrf": word, "name": "x"})
        assert as_json.json()["code"] == "request.forged"
        await client.aclose()

    with_door(tmp_path, story)


def test_a_token_needs_no_word_and_an_unknown_one_is_told(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        token = await door.token("operate")
        async with door.client() as client:
            good = await client.post(CANCEL, headers={"authorization": f"bearer {token}"})
            assert good.status_code == 404
            for header in (
                f"Bearer {token}x",
                f"Bearer {token[:-1]}",
                "Bearer ",
                "Bearer mct_",
                "Basic YTpi",
                f"Bearer {token}, Bearer {token}",
            ):
                bad = await client.get("/api/v1/me", headers={"authorization": header})
                assert (bad.status_code, bad.json()["code"]) == (401, "token.unknown")

    with_door(tmp_path, story)


def test_every_answer_carries_the_headers_that_keep_browsers_in_bounds(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        client = await signed_in(door)
        for path in ("/sign-in", "/settings/tokens", "/api/v1/me", "/nowhere", "/api/v1/users/x"):
            answer = await client.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert "camera=()" in answer.headers["permissions-policy"]
            assert "strict-transport-security" not in answer.headers
            assert len(answer.headers["x-request-id"]) == 32
            assert "no-" in answer.headers["cache-control"]
        refused = await client.get("/", headers={"host": "evil.example.com"})
        assert "default-src 'none'" in refused.headers["content-security-policy"]
        await client.aclose()

    with_door(tmp_path, story)


def test_a_policy_of_a_handler_stands(tmp_path: Path) -> None:
    async def artifact(scope: Any, receive: Any, send: Any) -> None:
        del scope, receive
        headers = [(b"Content-Security-Policy", b"sandbox"), (b"Cache-Control", b"immutable")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    async def story(door: Door) -> None:
        door.gate = Gate(artifact, door.people, ConsoleSettings())
        async with door.client() as client:
            answer = await client.get("/")
            assert answer.headers["content-security-policy"] == "sandbox"
            assert answer.headers["cache-control"] == "immutable"
            assert "x-frame-options" not in answer.headers

    with_door(tmp_path, story)


def test_the_application_hears_who_comes_and_by_which_id(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def listens(scope: Any, receive: Any, send: Any) -> None:
        del receive
        seen.append((scope["user"], dict(scope["state"])))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def story(door: Door) -> None:
        client = await signed_in(door)
        door.gate._app = listens
        answer = await client.get("/", headers={"x-request-id": "mine"})
        user, state = seen[-1]
        assert user.actor == f"user:{door.people.owner}"
        assert user.roles == ("admin",)
        assert (user.way, user.address) == ("link", "127.0.0.1")
        assert state["request_id"] == answer.headers["x-request-id"] != "mine"
        assert state["csrf"] == door.csrf(client)["x-csrf-token"]
        await client.aclose()

    with_door(tmp_path, story)


def test_a_proxy_is_believed_only_where_it_is_named(tmp_path: Path) -> None:
    forwarded = {"x-forwarded-for": "198.51.100.1, 203.0.113.9", "x-forwarded-proto": "https"}

    async def story(door: Door) -> None:
        named = ConsoleSettings(proxies=("10.0.0.1",))
        door.gate = Gate(door.house.app, door.people, named)
        for address, is_believed in (("10.0.0.1", True), ("10.0.0.2", False)):
            async with door.client(address=address) as client:
                link = f"/sign-in/link?token={door.people.new_link()}"
                answer = await client.get(link, headers=forwarded)
                assert ("Secure" in answer.headers["set-cookie"]) == is_believed
                assert ("strict-transport-security" in answer.headers) == is_believed
                last = door.people.store.arrivals(limit=1)[0]
                assert last.address == ("203.0.113.9" if is_believed else address)

    with_door(tmp_path, story)


@pytest.mark.parametrize("way", ["session", "token"])
def test_a_stream_ends_with_what_let_it_begin(tmp_path: Path, way: str) -> None:
    async def story(door: Door) -> None:
        time, sent = 0.0, 0

        async def streams(scope: Any, receive: Any, send: Any) -> None:
            nonlocal time, sent
            del scope, receive
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for number in range(10):
                time += 11.0
                if number == 5 and way == "session":
                    door.people.store.end(user=door.people.owner)
                elif number == 5:
                    given, owner = {"token": token.split("_")[1]}, f"user:{door.people.owner}"
                    await door.house.held.executor.perform("token.revoke", given, owner)
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                sent += 1
            await send({"type": "http.response.body", "body": b"x"})

        client, token = await signed_in(door), await door.token("read")
        door.gate = Gate(streams, door.people, ConsoleSettings(), now=lambda: time)
        async with door.client(cookies=client.cookies if way == "session" else None) as viewer:
            if way == "token":
                viewer.headers["authorization"] = f"Bearer {token}"
            assert (await viewer.get("/live")).content == b"xxxxx"
        await client.aclose()

    with_door(tmp_path, story)


# Limits.


def test_a_body_that_is_too_long_is_refused_before_or_while_it_comes(tmp_path: Path) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    async def story(door: Door) -> None:
        token = {"authorization": f"Bearer {await door.token('administer')}"}
        async with door.client() as client:
            for body in (b"x" * 2_000, parts()):
                answer = await client.post("/api/v1/users", content=body, headers=token)
                assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")

    with_door(tmp_path, story, ConsoleSettings(limits=Limits(body_bytes=1_000)))


def test_who_is_not_signed_in_may_send_no_more_than_a_form(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        async with door.client() as client:
            answer = await client.post("/sign-in", content="a=1&" * 20_000, headers=FORM)
            assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")

    with_door(tmp_path, story)


@pytest.mark.parametrize("has_word", [False, True])
def test_a_form_of_many_fields_is_refused_also_of_who_sends_the_word_in_a_header(
    tmp_path: Path, has_word: bool
) -> None:
    async def story(door: Door) -> None:
        client = await signed_in(door)
        word = door.csrf(client)["x-csrf-token"]
        headers = {**FORM, **({"x-csrf-token": word} if has_word else {})}
        many = f"name=x&csrf={word}" + "&a=1" * 1_000
        found = await client.post("/settings/workspace", content=many, headers=headers)
        assert (found.status_code, found.json()["code"]) == (413, "request.too_many_fields")
        few = f"name=x&csrf={word}" + "&a=1" * 900
        found = await client.post("/settings/workspace", content=few, headers=headers)
        assert found.status_code in (200, 303)

    with_door(tmp_path, story)


def test_strangers_write_a_few_lines_a_minute_and_are_counted() -> None:
    now = 0.0
    few = FewLines(lambda: now)

    def logged() -> list[str]:
        record = logging.LogRecord("x", logging.WARNING, "", 1, "%s is none", ("a",), None)
        return [record.getMessage()] if few.filter(record) else []

    assert len([line for _ in range(10_000) for line in logged()]) == LINES_MAX
    now = 61.0
    assert logged() == ["a is none (9,990 more before were left out.)"]
    assert logged() == ["a is none"]


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        sent: list[Any] = []

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        token = await door.token("administer")
        headers = [
            (b"host", b"localhost"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
        ]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/api/v1/users",
            "raw_path": b"/api/v1/users",
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8700),
        }
        await door.gate(scope, receive, send)
        assert sent[0]["status"] == 408

    with_door(tmp_path, story, ConsoleSettings(limits=Limits(body_seconds=0.05)))


def test_who_asks_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        token = {"authorization": f"Bearer {await door.token('read')}"}
        async with door.client(address="192.0.2.1") as client:
            codes = [(await client.get("/api/v1/me", headers=token)) for _ in range(5)]
            assert [each.status_code for each in codes] == [200, 200, 200, 429, 429]
            assert codes[-1].json()["code"] == "request.too_often"
            assert int(codes[-1].headers["retry-after"]) >= 1
        async with door.client(address="192.0.2.2") as other:
            assert (await other.get("/sign-in")).status_code == 200
            assert (await other.get("/api/v1/me", headers=token)).status_code == 429

    limits = Limits(address_burst=10, token_per_second=0.001, token_burst=3)
    with_door(tmp_path, story, ConsoleSettings(limits=limits))


def test_addresses_are_bounded_each_and_together(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        async with door.client(address="2001:db8::1") as client:
            assert (await client.get("/sign-in")).status_code == 200
            assert (await client.get("/sign-in")).status_code == 200
        async with door.client(address="2001:db8::2") as neighbour:
            assert (await neighbour.get("/sign-in")).status_code == 429

    limits = Limits(address_per_second=0.001, address_burst=2)
    with_door(tmp_path, story, ConsoleSettings(limits=limits))


def test_a_bucket_fills_again_and_no_more_than_full() -> None:
    buckets = Buckets(per_second=2.0, burst=2)
    assert [buckets.take("a", 0.0) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert buckets.take("a", 0.5) == 0.0
    assert [buckets.take("a", 1e6) for _ in range(3)] == [0.0, 0.0, 0.5]
    assert buckets.take("a", 0.0) > 0.0  # a clock that goes back gives nothing


def test_buckets_of_strangers_are_forgotten() -> None:
    buckets = Buckets(per_second=0.001, burst=1)
    for number in range(KEYS_MAX + 1):
        buckets.take(str(number), 0.0)
    assert len(buckets._levels) == KEYS_MAX
    assert buckets.take("0", 0.0) == 0.0


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::"),
        ("local", "local"),
    ],
)
def test_a_household_counts_once(address: str, counts_as: str) -> None:
    assert sender(address) == counts_as


# Where people go on, and where a console may listen.


@pytest.mark.parametrize(
    ("target", "there"),
    [
        ("/runs?status=failed", "/runs?status=failed"),
        ("/", "/inbox"),
        ("", "/inbox"),
        ("//evil.example.com", "/inbox"),
        ("/\\evil.example.com", "/inbox"),
        ("\\\\evil.example.com", "/inbox"),
        ("https://evil.example.com/", "/inbox"),
        ("javascript:alert(1)", "/inbox"),
        ("/a\nlocation: x", "/inbox"),
        ("/\t/evil.example.com", "/inbox"),
        ("/ok\\..\\", "/inbox"),
        ("/sign-out", "/inbox"),
        ("/" + "x" * 3_000, "/inbox"),
        ("runs", "/inbox"),
    ],
)
def test_signing_in_goes_on_only_here(target: str, there: str) -> None:
    assert local_path(target) == there


def test_a_console_is_not_exposed_without_users_and_a_name() -> None:
    refuse_exposure("127.0.0.1", ConsoleSettings(), INITIAL_ACCESS)
    refuse_exposure("::1", ConsoleSettings(), INITIAL_ACCESS)
    named = ConsoleSettings(hosts=("mission.example.com",))
    invited = evolve(None, UserAdded("bob", ("admin",)), 0.0)
    users = evolve(invited, PasswordChanged("bob"), 1.0)
    for address in ("0.0.0.0", "::", "192.0.2.1", "not an address"):
        for settings, access in (
            (named, INITIAL_ACCESS),
            (named, invited),
            (ConsoleSettings(), users),
        ):
            with pytest.raises(Unavailable) as no:
                refuse_exposure(address, settings, access)
            assert no.value.code == "console.exposed"
        refuse_exposure(address, named, users)
    provider = Provider("corp", "https://id.example.com", "console")
    refuse_exposure("::", ConsoleSettings(("a.example.com",), oidc=(provider,)), INITIAL_ACCESS)
