"""Which workspace a request reaches, with what, and how its answer leads back."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.workers.tokens import TokenFile
from missioncontrol.application.gateway_keys import IssueKeyFor
from missioncontrol.application.operations import OPERATION, STREAM
from missioncontrol.domain.operation import Operation
from missioncontrol.interfaces.base_path import based, headers_based, page_based
from missioncontrol.interfaces.workspaces import parted
from tests.console.doors import BROWSER, PASSWORD
from tests.console.houses import ORIGIN
from tests.console.test_routes_by_role import expected, routes_of
from tests.workspaces.pair import Pair
from tests.workspaces.test_isolation import LASTING, filled, seeded, with_pair

FORM = {"origin": ORIGIN, **BROWSER}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/w/sales/", ("sales", "/")),
        ("/w/sales/runs/x", ("sales", "/runs/x")),
        ("/w/sales", ("sales", "")),
        ("/w/sales/../ops/api/v1/me", ("sales", "/../ops/api/v1/me")),
        ("/w/../ops/", ("", "")),
        ("/w//ops/", ("", "")),
        ("/w/./ops/", ("", "")),
        ("//w/ops/", ("", "")),
        ("/W/ops/", ("", "")),
        ("/w/OPS/", ("", "")),
        ("/w/ops\x00/", ("", "")),
        ("/w/ops\n/", ("", "")),
        ("/w/sales;ops/", ("", "")),
        ("/w/sales\\ops/", ("", "")),
        ("/w/óps/", ("", "")),
        ("/x/w/ops/", ("", "")),
    ],
)
def test_a_path_leads_to_the_workspace_that_it_names(path: str, found: tuple[str, str]) -> None:
    assert parted(path) == found


async def raw(both: Pair, path: str, *headers: tuple[bytes, bytes]) -> tuple[int, bytes]:
    """Send a path exactly as it is, which clients would tidy up before."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode("utf-8", "replace"),
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(b"host", b"127.0.0.1:8700"), *headers],
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 8700),
    }
    await both.router(scope, receive, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


def test_no_path_and_no_cookie_of_one_workspace_opens_another(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        await both.doors["ops"].add("bob", "admin")
        async with both.client() as browser:
            await both.sign_in(browser, "sales")
            secret = browser.cookies[both.cookie("sales")]
        mine, theirs = both.cookie("sales"), both.cookie("ops")
        jars = (
            f"{mine}={secret}",
            f"{theirs}={secret}",
            f"{theirs}={secret}; {mine}={secret}",
            f"{theirs}=; {theirs}={secret}",
            f'{theirs}="{secret}"',
        )
        paths = (
            "/w/ops/api/v1/me",
            "/w/sales/../ops/api/v1/me",
            "/w/sales/..%2fops/api/v1/me",
            "/w/sales//w/ops/api/v1/me",
            "/w/sales/w/ops/api/v1/me",
            "//w/ops/api/v1/me",
            "/w/./ops/api/v1/me",
            "/api/v1/me",
        )
        for jar in jars:
            for path in paths:
                status, body = await raw(both, path, (b"cookie", jar.encode()))
                # Two slashes count as one for pages for all, which lead to the workspace's gate.
                is_led = status == 303 and not body
                assert is_led or status in (401, 403, 404), (path, jar, status, body)
        status, body = await raw(both, "/w/sales/api/v1/me", (b"cookie", jars[0].encode()))
        assert status == 200
        assert b"ada" in body

    with_pair(tmp_path, story)


def test_a_workspace_sees_its_own_cookies_alone(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        seen: list[Any] = []

        async def spy(scope: Any, receive: Any, send: Any) -> None:
            seen.append(scope)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        both.router.served["ops"] = both.router.served["ops"]._replace(gate=spy)
        mine, theirs = both.cookie("ops"), both.cookie("sales")
        jar = f"other=1; {theirs}=secret; {mine}=own; {mine}-oidc=flow; {theirs}-oidc=x"
        await raw(both, "/w/ops/runs", (b"cookie", jar.encode()), (b"cookie", b"more=2"))
        (scope,) = seen
        cookies = [value for name, value in scope["headers"] if name == b"cookie"]
        assert cookies == [f"{mine}=own; {mine}-oidc=flow".encode()]
        assert scope["path"] == "/runs"
        assert "raw_path" not in scope

    with_pair(tmp_path, story)


def test_the_word_of_a_page_is_good_in_its_own_workspace_alone(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        async with both.client(headers={"origin": ORIGIN}) as browser:
            await both.sign_in(browser, "sales")
            await both.sign_in(browser, "ops")
            ask = {"reason": "drill"}
            word = both.doors["sales"].csrf(browser)
            answer = await browser.post("/w/ops/api/v1/operation/stop", json=ask, headers=word)
            assert (answer.status_code, answer.json()["code"]) == (403, "request.forged")
            word = both.doors["ops"].csrf(browser)
            answer = await browser.post("/w/ops/api/v1/operation/stop", json=ask, headers=word)
            assert answer.is_success, answer.text
        assert await stage(both, "ops") == "stopped"
        assert await stage(both, "sales") == "all"

    with_pair(tmp_path, story)


async def stage(both: Pair, name: str) -> str:
    """Return how far work may go in a workspace."""
    present = both.doors[name].house.console.present
    await present.catch_up()
    found: Operation | None = await present.find(OPERATION, STREAM)
    return found.stage if found else "all"


def test_each_sees_the_workspaces_that_they_are_signed_in_to(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        async with both.client(headers=BROWSER) as browser:
            assert "Sign in to a workspace" in (await browser.get("/")).text
            await both.sign_in(browser, "sales")
            for place in ("/", "/w/", "/w/sales/", "/w/sales/palette", "/w/sales/shell"):
                text = (await browser.get(place)).text
                assert "sales" in text or place.endswith("palette"), place
                assert "ops" not in re.sub(r"[a-z]ops|ops[a-z]", "", text), place
            there = await browser.get("/w/ops/runs")
            assert there.headers["location"] == "/w/ops/sign-in?next=%2Fruns"
            await both.sign_in(browser, "ops", "bob")
            home = (await browser.get("/")).text
            assert "/w/ops/" in home
            assert ">bob<" in home
            assert "Switch to ops" in (await browser.get("/w/sales/palette")).text
            assert 'href="/w/ops/"' in (await browser.get("/w/sales/inbox")).text
            out = await browser.post(
                "/w/ops/sign-out", headers=FORM | both.doors["ops"].csrf(browser)
            )
            assert out.status_code == 200
            assert (await browser.get("/w/sales/inbox")).status_code == 200
            assert "/w/ops/" not in (await browser.get("/")).text

    with_pair(tmp_path, story)


def test_a_password_is_good_in_its_own_workspace_alone(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        await both.doors["sales"].add("ada", "admin")
        form = {"name": "ada", "password": PASSWORD, "next": "/"}
        async with both.client() as browser:
            answer = await browser.post("/w/ops/sign-in", data=form, headers=FORM)
            assert answer.status_code == 401
            assert not browser.cookies

    with_pair(tmp_path, story)


def test_one_link_signs_the_owner_in_to_all_once(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        for door in both.doors.values():
            door.people.keep_link("the-secret")
        async with both.client(headers=BROWSER) as browser:
            foreign = {"sec-fetch-site": "cross-site"}
            asked = await browser.get("/sign-in/link?token=the-secret", headers=foreign)
            assert "signs you in once" in asked.text
            assert not browser.cookies
            answer = await browser.get("/sign-in/link?token=the-secret")
            assert answer.headers["location"] == "/w/"
            assert set(browser.cookies) == {both.cookie("sales"), both.cookie("ops")}
        async with both.client(headers=BROWSER) as other:
            assert (await other.get("/sign-in/link?token=the-secret")).status_code == 401
            assert not other.cookies

    with_pair(tmp_path, story)


def words_of(text: str) -> dict[str, str]:
    """Return what the form of the emergency stop sends along."""
    return dict(re.findall(r'name="(csrf-[a-z]+)" value="([0-9a-f]+)"', text))


def test_all_is_stopped_where_the_person_may_and_nowhere_else(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        await both.doors["ops"].add("vera", "viewer")
        async with both.client(headers=FORM) as browser:
            await both.sign_in(browser, "sales")
            await both.sign_in(browser, "ops", "vera")
            form = {"reason": "drill", **words_of((await browser.get("/")).text)}
            assert set(form) == {"reason", "csrf-sales"}
            forged = {"reason": "drill", "csrf-sales": "0" * 64, "csrf-ops": "0" * 64}
            assert (await browser.post("/stop", data=forged)).status_code == 403
            assert await stage(both, "sales") == "all"
            crossed = {"reason": "drill", "csrf-ops": form["csrf-sales"]}
            assert (await browser.post("/stop", data=crossed)).status_code == 403
            done = await browser.post("/stop", data=form)
            assert "Everything is stopped in sales." in done.text
        assert await stage(both, "sales") == "stopped"
        assert await stage(both, "ops") == "all"

    with_pair(tmp_path, story)


def test_tokens_are_good_in_their_own_workspace_alone(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        token = await both.token("sales")
        async with both.client(headers=token) as client:
            assert (await client.get("/w/sales/api/v1/me")).status_code == 200
            for place in ("/w/ops/api/v1/me", "/", "/w/", "/api/v1/me"):
                assert (await client.get(place)).status_code == 401, place

    with_pair(tmp_path, story)


def test_one_that_is_broken_leaves_the_others_alone(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        async with both.client(headers=BROWSER) as browser:
            await both.sign_in(browser, "sales")
            await both.sign_in(browser, "ops")
            broken = both.doors["ops"].house.console.present
            broken.catch_up = None  # type: ignore[method-assign, assignment]
            text = (await browser.get("/w/sales/inbox")).text
            assert "Inbox" in text
            both.router.served.pop("ops")
            both.router.faults["ops"] = "damaged"
            assert (await browser.get("/w/ops/inbox")).status_code == 503
            assert (await browser.get("/w/nothing/inbox")).status_code == 404
            assert "damaged" not in (await browser.get("/w/ops/inbox")).text
            assert (await browser.get("/")).status_code == 200

    with_pair(tmp_path, story)


def test_every_link_of_every_page_stays_in_its_workspace(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        values = await seeded(both)
        async with both.client(headers=BROWSER) as browser:
            await both.sign_in(browser, "ops")
            pages = 0
            for method, path, _ in routes_of(both.app):
                is_page = method == "GET" and not path.startswith(("/api/v1", "/static", "/array"))
                if not is_page or path in LASTING or expected(method, path) == "nothing":
                    continue
                answer = await browser.get(f"/w/ops{filled(path, values)}")
                for name in ("location", "hx-redirect", "hx-push-url"):
                    assert answer.headers.get(name, "/w/ops/").startswith("/w/ops/"), path
                if not answer.headers.get("content-type", "").startswith("text/html"):
                    continue
                pages += 1
                strays = set(re.findall(r'\s([a-z-]+="/(?!w/|static/)[^"]+)"', answer.text))
                strays = {each for each in strays if not each.startswith("placeholder=")}
                assert strays == set(), path
        assert pages > 60, pages

    with_pair(tmp_path, story)


def test_a_page_and_its_headers_get_their_base() -> None:
    page = '<a href="/runs">x</a><script src="/static/a.js"></script><a href="/w/ops/">y</a>'
    assert page_based(page, "/w/sales") == page.replace('"/runs', '"/w/sales/runs')
    assert page_based(page, "") == page
    escaped = "<p>href=&#34;/runs&#34; and href='/runs'</p>"
    assert page_based(escaped, "/w/sales") == escaped
    assert based("//elsewhere.example", "/w/sales") == "//elsewhere.example"
    assert based("https://idp.example/auth", "/w/sales") == "https://idp.example/auth"
    given = [
        (b"location", b"/runs"),
        (b"set-cookie", b"a=b; Path=/; HttpOnly"),
        (b"set-cookie", b"a-oidc=b; Path=/sign-in/oidc; HttpOnly"),
        (b"etag", b"/x"),
    ]
    assert headers_based(given, "/w/sales") == [
        (b"location", b"/w/sales/runs"),
        given[1],
        (b"set-cookie", b"a-oidc=b; Path=/w/sales/sign-in/oidc; HttpOnly"),
        given[3],
    ]


def test_a_console_of_one_workspace_has_no_base_and_no_switcher(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        door = both.doors["sales"]
        await door.add("ada", "admin")
        async with door.client(headers=BROWSER) as browser:
            await door.sign_in(browser, "ada")
            text = (await browser.get("/inbox")).text
            assert 'href="/workflows"' in text
            assert "/w/" not in text
            assert "Switch workspace" not in text
            assert "Workspaces" not in (await browser.get("/palette")).text

    with_pair(tmp_path, story)


def test_a_stream_is_closed_to_who_belongs_to_another_workspace(tmp_path: Path) -> None:
    async def story(both: Pair) -> None:
        token = await both.token("sales")
        async with both.client(headers=token) as client:
            for place in LASTING:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await client.get(f"/w/sales{place}?topics=runs")
                answer = await client.get(f"/w/ops{place}?topics=runs")
                assert answer.status_code == 401, place

    with_pair(tmp_path, story)


def test_keys_of_the_gateway_and_of_workers_are_good_in_their_own_workspace_alone(
    tmp_path: Path,
) -> None:
    async def story(both: Pair) -> None:
        mine, theirs = (both.doors[name].house.held for name in ("sales", "ops"))
        await mine.keys.open()
        await theirs.keys.open()
        issued = await mine.keys.issue(IssueKeyFor("laptop"), actor="user:ada")
        assert mine.keys.find(str(issued.key)) is not None
        assert theirs.keys.find(str(issued.key)) is None
        token = TokenFile(mine.home.workers).make("box")
        assert TokenFile(mine.home.workers).who(token) == "box"
        assert TokenFile(theirs.home.workers).who(token) == ""

    with_pair(tmp_path, story)
