"""Documents through the console: written, read with sources, edited, and conflicts decided."""

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.application.render_queue import AT_ONCE, render_queue_of
from missioncontrol.application.studio import ReviseDocument, brought_together
from missioncontrol.documents import merge
from missioncontrol.documents.studio.export import MEDIA_TYPES as FORMS
from missioncontrol.domain.document import KINDS, Dispute
from missioncontrol.interfaces.web.conflicts import sides
from tests.console.houses import House, console_house
from tests.console.mission_house import GOAL, ended, small_repository

API = "/api/v1"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home in which one mission was planned and carried out; its id."""
    root = tmp_path_factory.mktemp("documents")
    repository = small_repository(root)

    async def work() -> str:
        async with console_house(root) as house, house.client("operator") as client:
            asked = {"goal": GOAL, "repository": str(repository)}
            begun = (await client.post(f"{API}/missions", json=asked)).json()
            await ended(house, begun["run"])
            return str(begun["mission"])

    return root, asyncio.run(work())


def look(home: tuple[Path, str], check: Any, *roles: Any) -> None:
    """Have `check(house, client, address)` look at the documents."""
    root, mission = home

    async def ask() -> None:
        async with console_house(root) as house, house.client(*(roles or ("operator",))) as client:
            await check(house, client, f"{API}/missions/{mission}/documents")

    asyncio.run(ask())


def test_a_document_goes_from_written_to_edited_to_merged(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        lines = (await client.get(at)).json()
        assert [each["kind"] for each in lines] == list(KINDS)
        draft = (await client.get(f"{at}/prd")).json()
        assert (draft["version"], draft["versions"]) == (0, [])
        for form in FORMS:
            answer = await client.get(f"{at}/prd/file?format={form}")
            assert answer.status_code == 200
            assert f'-prd-draft.{form}"' in answer.headers["content-disposition"]
        assert "\n> **Draft.**" in (await client.get(f"{at}/prd/file")).text
        assert (await client.get(f"{at}/prd?version=1")).status_code == 404
        assert (await client.get(f"{at}/prd/diff")).status_code == 404
        written = await client.post(f"{at}/prd")
        assert (written.status_code, written.json()["version"]) == (200, 1)
        view = (await client.get(f"{at}/prd")).json()
        assert all(each["kind"] for each in view["sources"])
        text = view["text"].replace("## What is asked", "## What the shop asks")
        put = {"text": text, "base": 1, "note": "our words"}
        assert (await client.put(f"{at}/prd", json=put)).json()["version"] == 2
        stale = await client.put(f"{at}/prd", json={**put, "text": text + "\nmore\n"})
        assert stale.status_code == 409
        assert stale.json()["code"] == "document.stale"
        again = (await client.post(f"{at}/prd")).json()
        assert (again["version"], again["is_new"]) == (2, False)
        diff = (await client.get(f"{at}/prd/diff")).json()
        assert "+## What the shop asks" in diff["diff"]
        assert (await client.get(f"{at}/prd/diff?older=2&newer=2")).json()["diff"] == ""
        first = (await client.get(f"{at}/prd?version=1")).json()
        assert first["text"] == view["text"] == draft["text"]
        assert "**Draft.**" not in (await client.get(f"{at}/prd/file")).text

    look(home, check)


def test_pages_never_wait_for_what_is_printed_and_who_must_wait_too_long_hears_so(
    home: tuple[Path, str],
) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        await client.post(f"{at}/brief")
        gate, room = threading.Event(), render_queue_of(house.console.present)
        room._wait_seconds = 0.05
        others = [
            asyncio.create_task(room.printed(f"other {number}", "user:bob", gate_of(gate)))
            for number in range(AT_ONCE)
        ]
        await asyncio.sleep(0)
        for form in ("md", "html"):
            assert (await client.get(f"{at}/brief/file?format={form}")).status_code == 200
        late = await client.get(f"{at}/brief/file?format=pdf")
        assert (late.status_code, late.json()["code"]) == (503, "printing.busy")
        assert int(late.headers["retry-after"]) > 0
        gate.set()
        room._wait_seconds = 60.0
        await asyncio.gather(*others, return_exceptions=True)
        printed = await client.get(f"{at}/brief/file?format=pdf")
        assert printed.content.startswith(b"%PDF")
        assert (await client.get(f"{at}/brief/file?format=pdf")).content == printed.content
        known = {"If-None-Match": printed.headers["etag"]}
        again = await client.get(f"{at}/brief/file?format=pdf", headers=known)
        assert again.status_code == 304
        word = await client.get(f"{at}/brief/file?format=docx")
        assert word.content.startswith(b"PK")

    look(home, check)


def gate_of(gate: threading.Event) -> Callable[[], bytes]:
    """Return a printer that prints nothing before the gate is open."""

    def make() -> bytes:
        gate.wait()
        return b""

    return make


def test_if_match_is_honoured(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        await client.post(f"{at}/design")
        answer = await client.get(f"{at}/design")
        tag, text = answer.headers["etag"], answer.json()["text"]
        known = await client.get(f"{at}/design", headers={"If-None-Match": tag})
        assert known.status_code == 304
        put = {"text": text + "\nMine.\n", "base": 1}
        other = await client.put(f"{at}/design", json=put, headers={"If-Match": 'W/"other"'})
        assert other.status_code == 412
        same = await client.put(f"{at}/design", json=put, headers={"If-Match": tag})
        assert same.status_code == 200

    look(home, check)


def test_sections_come_typed_with_the_sources_of_each_statement(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        await client.post(f"{at}/brief")
        body = (await client.get(f"{at}/brief/sections")).json()
        statement = body["sections"][0]["blocks"][0]["statements"][0]
        assert statement["sources"][0]["kind"] == "goal"
        file = await client.get(f"{at}/brief/file?format=md")
        assert file.headers["content-disposition"].startswith("attachment")
        assert file.text == (await client.get(f"{at}/brief")).json()["text"]

    look(home, check)


def test_a_viewer_reads_and_changes_nothing(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        assert (await client.get(at)).status_code == 200
        assert (await client.post(f"{at}/prd")).status_code == 403
        assert (await client.get(f"{at}/poem")).status_code == 404
        mission = at.removeprefix(API).removesuffix("/documents")
        page = await client.get(f"{mission}?view=documents&document=test-plan")
        assert '<span class="note">draft</span>' in page.text
        assert "Save as version 1" not in page.text
        assert "Save all" not in page.text

    look(home, check, "viewer")


def test_the_page_keeps_what_was_typed_beside_what_is_newer(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        page = at.removeprefix(API)
        assert (await client.post(f"{page}/plan/write")).status_code == 303
        view = (await client.get(f"{at}/plan")).json()
        form = {"text": view["text"] + "\nFirst.\n", "base": "1", "note": ""}
        saved = await client.post(f"{page}/plan/edit", data=form)
        assert saved.status_code == 303
        stale = {**form, "text": view["text"] + "\nSecond <b>.\n"}
        response = await client.post(f"{page}/plan/edit", data=stale)
        assert response.status_code == 422
        assert "Not saved." in response.text
        assert "Second &lt;b&gt;." in response.text
        assert "First." in response.text

    look(home, check)


def test_a_conflict_is_shown_until_it_is_decided(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        await client.post(f"{at}/adrs")
        view = (await client.get(f"{at}/adrs")).json()
        studio = house.held.command_bus.studio
        assert studio is not None
        built = studio._built

        def otherwise(record: Any, kind: Any, logged: Any) -> Any:
            made = built(record, kind, logged)
            return type(made)(made.text.replace(line, "Said anew."), made.typed)

        line = next(each for each in view["text"].split("\n") if each and each[0] not in "#|")
        mine = view["text"].replace(line, "Our words.")
        await client.put(f"{at}/adrs", json={"text": mine, "base": 1})
        studio._built = otherwise  # type: ignore[method-assign]
        body = (await client.post(f"{at}/adrs")).json()
        (conflict,) = body["conflicts"]
        both = (await client.get(f"{at}/adrs")).json()["text"]
        assert "Our words." in both
        assert "Said anew." in both
        lines = (await client.get(at)).json()
        assert next(each for each in lines if each["kind"] == "adrs")["conflicts"] == 1
        unheard = await client.post(f"{at}/adrs/conflicts/none", json={"choice": "mine"})
        assert unheard.status_code == 404
        page = at.removeprefix(API)
        form = {"conflict": conflict, "choice": "theirs"}
        assert (await client.post(f"{page}/adrs/settle", data=form)).status_code == 303
        after = (await client.get(f"{at}/adrs")).json()
        assert after["conflicts"] == []
        assert "Our words." not in after["text"]

    look(home, check)


def test_all_are_written_at_once_from_what_specialists_handed_in(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        page = at.removeprefix(API)
        assert (await client.post(f"{page}/all/write")).status_code == 303
        lines = (await client.get(at)).json()
        assert all(each["version"] for each in lines)
        for kind in KINDS:
            shown = await client.get(
                f"{page.removesuffix('/documents')}?view=documents&document={kind}"
            )
            assert shown.status_code == 200
            assert "[^" not in shown.text.partition("paper-text")[2]
        design = (await client.get(f"{at}/design")).json()
        assert "src/shop/cart.py" in design["text"]
        assert {"artifact", "tests"} & {each["kind"] for each in design["sources"]}

    look(home, check)


def test_what_somebody_changes_while_it_is_written_is_in_it(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        await client.post(f"{at}/test-plan")
        view = (await client.get(f"{at}/test-plan")).json()
        studio = house.held.command_bus.studio
        assert studio is not None
        merge = studio._merged
        run = view["run"]
        loop = asyncio.get_running_loop()
        asked: list[int] = []

        def late(made: Any, mission: str, ask: Any, state: Any) -> Any:
            asked.append(state.newest.number)
            command = merge(made, mission, ask, state)
            if len(asked) == 1:
                text = view["text"] + "\nFirst.\n"
                edit = ReviseDocument(id=run, kind="test-plan", text=text, base=view["newest"])
                asyncio.run_coroutine_threadsafe(
                    studio.change(edit, actor="user:bo"), loop
                ).result()
            return command

        studio._merged = late  # type: ignore[method-assign]
        assert (await client.post(f"{at}/test-plan")).status_code == 200
        now = (await client.get(f"{at}/test-plan")).json()
        assert "First." in now["text"]
        assert "user:bo" in {each["by"] for each in now["versions"]}
        assert len(asked) == 2

    look(home, check)


def test_what_cannot_be_kept_is_refused(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        page = at.removeprefix(API)
        await client.post(f"{at}/brief")
        empty = await client.put(f"{at}/brief", json={"text": " \n", "base": 1})
        assert empty.json()["code"] == "document.empty"
        none = await client.post(f"{page}/poem/write")
        assert none.status_code == 404
        house.held.command_bus.studio = None
        assert (await client.post(f"{at}/brief")).json()["code"] == "document.closed"

    look(home, check)


def test_the_list_of_sources_is_nobodys_conflict() -> None:
    base = "# T\n\nOne.[^a]\n\n## Sources\n\n[^a]: first\n"
    mine = base.replace("One.", "Mine.")
    theirs = "# T\n\nOne.[^a]\n\n## More\n\nTwo.[^b]\n\n## Sources\n\n[^a]: changed\n[^b]: second\n"
    text, conflicts = brought_together(base, mine, theirs)
    assert conflicts == ()
    assert text.count("[^a]: changed") == 1
    assert "[^a]: first" not in text
    assert "Mine.[^a]" in text
    assert not merge.merged(text, text, text).conflicts


def test_lists_that_are_known_are_not_sent_again(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        packs = at.removesuffix("/documents") + "/packs"
        for url in (at, packs, f"{API}/decisions", f"{API}/memory", f"{API}/templates"):
            tag = (await client.get(url)).headers["etag"]
            again = await client.get(url, headers={"If-None-Match": tag})
            assert (again.status_code, again.content) == (304, b""), url
        page = (await client.get(f"{API}/templates?limit=1")).json()
        assert page["next"]

    look(home, check)


def test_a_kind_may_be_called_by_its_other_names_and_the_nearest_is_told(
    home: tuple[Path, str],
) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        await client.post(f"{at}/design")
        assert (await client.get(f"{at}/TDD")).json()["kind"] == "design"
        wrong = await client.get(f"{at}/desing")
        assert wrong.status_code == 404
        assert wrong.json()["hint"].startswith("Did you mean 'design'? There are prd,")

    look(home, check)


def test_the_scope_that_a_person_gives_a_task_is_in_its_pack_and_in_documents(
    home: tuple[Path, str],
) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        mission = at.removesuffix("/documents")
        task = next(
            each["task"] for each in (await client.get(f"{mission}/packs")).json() if each["task"]
        )
        scope = f"{mission}/tasks/{task}/scope"
        changed = await client.put(scope, json={"files": ["shop/brand_new.py"]})
        assert (changed.status_code, changed.json()["is_new"]) == (200, True), changed.text
        assert changed.json()["absent"] == ["shop/brand_new.py"]
        assert not (await client.put(scope, json={"files": ["./shop/brand_new.py"]})).json()[
            "is_new"
        ]
        for form in ("md", "json"):
            pack = await client.get(f"{mission}/pack?task={task}&format={form}")
            assert "shop/brand_new.py" in pack.text
        for kind in ("plan", "pack", "design"):
            await client.post(f"{at}/{kind}")
            text = (await client.get(f"{at}/{kind}")).json()["text"]
            assert "shop/brand_new.py" in text
            assert f"[^scope:{task}]: alice, on the files of task" in text
        for files, status in ((["../x"], 422), ([""], 400)):
            assert (await client.put(scope, json={"files": files})).status_code == status
        unknown = await client.put(f"{mission}/tasks/none/scope", json={"files": []})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "task.unknown")

    look(home, check)


def test_a_form_changes_the_scope_of_a_task_and_says_who_did_and_why(
    home: tuple[Path, str],
) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        packs = (await client.get(f"{at.removesuffix('/documents')}/packs")).json()
        task = next(each["task"] for each in packs if each["task"])
        page = at.removesuffix("/documents").removeprefix(API)
        shown = (await client.get(f"{page}?view=plan&scope={task}")).text
        [seen] = re.findall(r'name="shown" value="([0-9a-f]{64})"', shown)
        assert re.findall(r'name="file" value="[^"]+"', shown), "the files it has are offered"
        typed = {"task": task, "shown": seen, "file": "shop/cart.py", "reason": "It sells <b>"}
        for wrong, word in (
            ({"others": "../outside.py"}, "is no file of the repository"),
            ({"reason": " "}, "Give a reason"),
            ({"shown": "0" * 64}, "were changed meanwhile"),
        ):
            refused = await client.post(f"{page}/tasks/scope", data={**typed, **wrong})
            assert refused.status_code == 422
            assert word in refused.text
            assert 'value="shop/cart.py" checked' in refused.text, "what was ticked stays"
        others = {"others": "shop/new_one.py\r\n\r\n./shop/till.py"}
        changed = await client.post(f"{page}/tasks/scope", data={**typed, **others})
        assert changed.status_code == 303, changed.text
        after = (await client.get(f"{page}?view=plan")).text
        for path in ("shop/cart.py", "shop/new_one.py", "shop/till.py"):
            assert path in after
        assert "said" in after
        assert after.count("(not in the repository: new file or wrong path)") == 3
        assert "“It sells &lt;b&gt;”" in after
        assert 'id="scope"' not in after
        pack = await client.get(f"{at.removesuffix('/documents')}/pack?task={task}")
        assert "It sells" in pack.text

    look(home, check)


def test_whoever_only_reads_has_no_form_to_change_a_scope(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, at: str) -> None:
        page = at.removesuffix("/documents").removeprefix(API)
        packs = (await client.get(f"{at.removesuffix('/documents')}/packs")).json()
        task = next(each["task"] for each in packs if each["task"])
        shown = (await client.get(f"{page}?view=plan&scope={task}")).text
        assert 'id="scope"' not in shown
        assert "Change…" not in shown
        refused = await client.post(f"{page}/tasks/scope", data={"task": task, "reason": "no"})
        assert refused.status_code == 403

    look(home, check, "viewer")


def test_a_conflict_marks_the_words_that_differ_and_runs_nothing() -> None:
    text = "Expected to change: `a.py` <script>.[^R1]"
    both = sides(Dispute("x", "", text, text.replace("`a.py`", "`b.py` and more")))
    assert both.mine == "Expected to change: <mark>`a.py`</mark> &lt;script&gt;."
    assert both.theirs == "Expected to change: <mark>`b.py` and more</mark> &lt;script&gt;."
    assert sides(Dispute("x", "", "Said.[^R1]", "Said.[^R2]")).mine == "<mark>Said.[^R1]</mark>"
    assert sides(Dispute("x", "", "", "New.")) == ("", "New.")
    long = "word " * 5_000
    assert sides(Dispute("x", "", long, long + "x")).mine == long
