"""Artifacts through the console: whole, in parts, and shown without running anything of them."""

import asyncio
import hashlib
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.interfaces.web import artifact_view
from missioncontrol.interfaces.web.mission_tabs import Place, query_of
from missioncontrol.interfaces.web.mission_views import VIEWS
from missioncontrol.interfaces.web.sanitising import sanitised
from tests.console.hostile import PAYLOADS, assert_harmless
from tests.console.hostile_mission import CONTENTS, MISSION, RUN, write_hostile_mission
from tests.console.houses import console_house

API = "/api/v1/artifacts"
Home = tuple[Path, dict[str, str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    root = tmp_path_factory.mktemp("artifacts")
    return root, write_hostile_mission(root)


def look(home: Home, check: Any, *roles: Any) -> None:
    """Have `check(client, digests)` look at the home."""

    async def ask() -> None:
        async with (
            console_house(home[0]) as house,
            house.client(*(roles or ("operator",))) as client,
        ):
            client.headers["accept"] = "text/html"
            await check(client, home[1])

    asyncio.run(ask())


def test_parts_of_an_artifact_are_those_of_its_bytes(home: Home) -> None:
    async def check(client: Any, digests: dict[str, str]) -> None:
        content = CONTENTS["bytes.bin"][1]
        url, size = f"{API}/{digests['bytes.bin']}", len(content)
        chance = random.Random(7)
        wanted = [(0, 0), (0, size - 1), (size - 1, size - 1), (5, size + 100)]
        pairs = [sorted(chance.sample(range(size), 2)) for _ in range(20)]
        wanted += [(first, last) for first, last in pairs]
        for first, last in wanted:
            answer = await client.get(url, headers={"Range": f"bytes={first}-{last}"})
            assert answer.status_code == 206
            assert answer.content == content[first : last + 1]
            end = min(last, size - 1)
            assert answer.headers["content-range"] == f"bytes {first}-{end}/{size}"
            assert answer.headers["content-length"] == str(end - first + 1)
        assert (await client.get(url, headers={"Range": "bytes=-10"})).content == content[-10:]
        assert (await client.get(url, headers={"Range": "bytes=100-"})).content == content[100:]
        for nonsense in ("bytes=9-3", "bytes=a-b", "lines=1-2", "bytes=1-2,5-6", "bytes=-"):
            answer = await client.get(url, headers={"Range": nonsense})
            assert (answer.status_code, answer.content) == (200, content), nonsense
        for beyond in (f"bytes={size}-", "bytes=-0"):
            answer = await client.get(url, headers={"Range": beyond})
            assert answer.status_code == 416
            assert answer.headers["content-range"] == f"bytes */{size}"

    look(home, check)


def test_what_is_known_is_not_sent_again(home: Home) -> None:
    async def check(client: Any, digests: dict[str, str]) -> None:
        digest = digests["bytes.bin"]
        url = f"{API}/{digest}"
        whole = await client.get(url)
        assert whole.headers["etag"] == f'"{digest}"'
        assert hashlib.sha256(whole.content).hexdigest() == digest
        head = await client.head(url)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(whole.content))
        known = await client.get(url, headers={"If-None-Match": f'W/"x", "{digest}"'})
        assert (known.status_code, known.content) == (304, b"")
        other = await client.get(url, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
        assert other.status_code == 200
        same = await client.get(url, headers={"Range": "bytes=0-1", "If-Range": f'"{digest}"'})
        assert same.status_code == 206

    look(home, check)


def test_bytes_that_have_changed_are_not_sent(tmp_path: Path) -> None:
    digests = write_hostile_mission(tmp_path)
    digest = digests["notes.md"]
    path = tmp_path / "home" / "artifacts" / digest[:2] / digest[2:]
    path.chmod(0o600)
    path.write_bytes(b"something else")

    async def check(client: Any, _: dict[str, str]) -> None:
        answer = await client.get(f"{API}/{digest}", headers={"accept": "*/*"})
        assert (answer.status_code, answer.json()["code"]) == (500, "artifact.corrupt")

    look((tmp_path, digests), check)


def test_unknown_artifacts_are_told_as_such(home: Home) -> None:
    async def check(client: Any, digests: dict[str, str]) -> None:
        client.headers["accept"] = "application/json"
        for name in ("f" * 64, "no-digest", "A" * 64):
            answer = await client.get(f"{API}/{name}")
            assert (answer.status_code, answer.json()["code"]) == (404, "artifact.unknown"), name
        digest = digests["notes.md"]
        answer = await client.get(f"{API}/{digest}", params={"run": RUN, "name": "other"})
        assert answer.status_code == 404
        assert (await client.get(f"{API}/{digest}", params={"run": "run-x"})).status_code == 404
        assert (await client.get(API)).status_code == 400
        assert (await client.get(API, params={"run": MISSION})).json()["code"] == "run.unknown"

    look(home, check)


def test_every_artifact_of_a_run_is_listed_once(home: Home) -> None:
    async def check(client: Any, digests: dict[str, str]) -> None:
        client.headers["accept"] = "application/json"
        seen: list[str] = []
        cursor = ""
        while True:
            params = {"run": RUN, "limit": 4, "cursor": cursor}
            page = (await client.get(API, params=params)).json()
            assert len(page["items"]) <= 4
            seen += [each["name"] for each in page["items"]]
            cursor = page["next"]
            if not cursor:
                break
        assert seen == list(digests)

    look(home, check)


def test_a_browser_never_runs_an_artifact(home: Home) -> None:
    async def check(client: Any, digests: dict[str, str]) -> None:
        for name, digest in digests.items():
            answer = await client.get(f"{API}/{digest}", params={"run": RUN, "name": name})
            assert answer.status_code == 200, name
            headers = answer.headers
            assert headers["x-content-type-options"] == "nosniff"
            assert "sandbox" in headers["content-security-policy"]
            assert "default-src 'none'" in headers["content-security-policy"]
            kind = headers["content-type"].partition(";")[0]
            assert kind not in {"text/html", "application/xml", "text/xml", "image/svg+xml"} or (
                headers["content-disposition"].startswith("attachment")
            ), name
            assert kind not in {"text/html", "application/xhtml+xml", "text/javascript"}
            assert "\r" not in headers["content-disposition"]
            assert "<" not in headers["content-disposition"]

    look(home, check)


@pytest.mark.parametrize("source", ["", "source"])
def test_no_viewer_runs_what_it_shows(home: Home, source: str) -> None:
    async def check(client: Any, digests: dict[str, str]) -> None:
        for name, digest in digests.items():
            params = {"run": RUN, "step": "task-1", "name": name, "as": source}
            answer = await client.get(f"/artifacts/{digest}", params=params)
            assert answer.status_code == 200, (name, answer.text[:300])
            assert len(answer.content) < 3_000_000, name
            assert_harmless(answer.text)

    look(home, check)


@pytest.mark.parametrize("place", VIEWS, ids="-".join)
def test_no_view_of_a_mission_runs_what_it_shows(home: Home, place: Place) -> None:
    async def check(client: Any, _: dict[str, str]) -> None:
        answer = await client.get(f"/missions/{MISSION}", params=query_of(place))
        assert answer.status_code == 200, answer.text[:300]
        assert_harmless(answer.text)

    look(home, check)


def test_no_other_page_runs_what_it_shows(home: Home) -> None:
    async def check(client: Any, _: dict[str, str]) -> None:
        for url in ("/", "/missions", f"/missions/new?from={MISSION}", "/missions?q=<script>"):
            answer = await client.get(url)
            assert answer.status_code == 200, (url, answer.text[:300])
            assert_harmless(answer.text)
        form = {"goal": "", "repository": PAYLOADS[2], "cost": PAYLOADS[0], "tokens": PAYLOADS[1]}
        answer = await client.post("/missions", data=form)
        assert answer.status_code == 422
        assert_harmless(answer.text)
        assert "&lt;script&gt;" in answer.text

    look(home, check)


def test_parts_of_a_document_are_shown_when_they_are_asked_for(home: Home) -> None:
    async def check(client: Any, digests: dict[str, str]) -> None:
        url = f"/artifacts/{digests['data.json']}/tree"
        params = {"run": RUN, "name": "data.json"}
        answer = await client.get(url, params={**params, "pointer": "", "after": 3})
        assert answer.status_code == 200
        assert_harmless(answer.text)
        for pointer in ("/nowhere", "nonsense", "/0/1/2"):
            answer = await client.get(url, params={**params, "pointer": pointer})
            assert answer.status_code == 404, pointer

    look(home, check)


@pytest.mark.parametrize("text", PAYLOADS)
def test_the_sieve_lets_nothing_through_that_runs(text: str) -> None:
    found = str(sanitised(f"<p>{text}</p>"))
    assert_harmless(found)


def test_the_sieve_keeps_what_is_harmless() -> None:
    html = '<p class="h h2 evil">A <a href="https://example.org/?a=1&amp;b=2">link</a></p>'
    assert str(sanitised(html)) == (
        '<p class="h h2">A <a href="https://example.org/?a=1&amp;b=2" '
        'rel="nofollow noopener noreferrer" target="_blank">link</a></p>'
    )
    assert str(sanitised("<ul><li>a<li>b</ul>")) == "<ul><li>a<li>b</li></li></ul>"


@pytest.mark.parametrize("seed", range(8))
def test_windows_of_a_text_hold_every_line_once(seed: int) -> None:
    chance = random.Random(seed)
    words = ["é", "def f():", "", "x" * 90, "'''", "€uro", "\t#"]
    text = "\n".join(chance.choice(words) for _ in range(400)) + "\n" * chance.randrange(2)
    content, start, first = text.encode(), 0, 1
    shown: list[str] = []
    while True:
        part = content[start : start + 700]
        found = artifact_view.window(part, "a.py", start=start, first=first, size=len(content))
        shown += ["".join(piece for _, piece in line.pieces) for line in found.lines]
        assert [line.number for line in found.lines] == list(range(first, found.next_line))
        start, first = found.end, found.next_line
        if found.is_last:
            break
    wanted = text.split("\n")
    assert shown == (wanted[:-1] if text.endswith("\n") else wanted)


def test_a_tree_is_bounded_whatever_the_document() -> None:
    def size(node: artifact_view.Node) -> int:
        return 1 + sum(map(size, node.children or []))

    wide = artifact_view.tree([[number] * 50 for number in range(10_000)])
    assert size(wide) <= artifact_view.NODES_MAX + artifact_view.CHILDREN_MAX
    assert wide.left_out == 10_000 - len(wide.children or [])
    rest = artifact_view.tree(list(range(1_000)), after=990)
    assert [each.text for each in rest.children or []] == [str(n) for n in range(990, 1_000)]
    inner = artifact_view.tree({"a/b": {"~": [1, 2]}}, "/a~1b/~0")
    assert [each.text for each in inner.children or []] == ["1", "2"]
    with pytest.raises(ValueError, match="deep"):
        artifact_view.read_json(b"[" * 100_000 + b"]" * 100_000)
    assert msgspec.json.decode(b"[1]") == artifact_view.read_json(b"[1]")


def test_a_language_whose_reader_can_be_stopped_by_plain_words_is_shown_as_plain_text() -> None:
    content = (b"a " * 900 + b"\n") * 30
    found = artifact_view.window(content, "Plain.java", start=0, first=1, size=len(content))
    assert {kind for line in found.lines for kind, _ in line.pieces} == {""}
