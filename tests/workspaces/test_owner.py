"""The owner of a root creates, archives, restores and names workspaces in the browser."""

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from missioncontrol.adapters.os_user import os_user
from missioncontrol.adapters.workspaces_file import WorkspacesFile
from missioncontrol.app.container import holding
from missioncontrol.app.new_workspace import begin
from missioncontrol.app.settings import Settings
from missioncontrol.application.access import digest
from missioncontrol.application.redaction import shown_data
from missioncontrol.domain import workspace
from missioncontrol.domain.access.commands import UNKNOWN, Invite
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.workspace import Workspace
from tests.workspaces.pair import Pair, pair
from tests.workspaces.test_router import FORM, words_of

OWNER = os_user()


def with_root(
    tmp_path: Path, story: Callable[[Pair, WorkspacesFile, httpx.AsyncClient], Awaitable[None]]
) -> None:
    """Serve `sales` and `ops` of one root to a browser in which nobody is signed in."""

    async def run_story() -> None:
        async with pair(tmp_path) as both, both.client(headers=FORM) as browser:
            file = WorkspacesFile(tmp_path / "root")
            for name in ("sales", "ops"):
                file.change(lambda found, name=name: workspace.create(found, name))  # type: ignore[misc]
            for door in both.doors.values():
                door.house.console.workspaces = file
                service = door.house.held.command_bus.workspaces
                service.list = file
                service.begin = lambda name, person: begin(file.home(name), person, OWNER)
            await story(both, file, browser)

    asyncio.run(run_story())


async def posted(browser: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    """Send a form of the page with what proves its sessions."""
    words = words_of((await browser.get("/")).text)
    return await browser.post(path, data={**words, **form})


def test_the_owner_creates_archives_and_restores(tmp_path: Path) -> None:
    async def story(both: Pair, file: WorkspacesFile, browser: httpx.AsyncClient) -> None:
        await both.sign_in(browser, "sales", OWNER)
        made = await posted(browser, "/workspaces", name="lab", person="carla")
        (link,) = set(re.findall(r"http[^<\"]*/w/lab/sign-in/invited\?token=[\w-]+", made.text))
        assert Workspace("lab") in file.read()
        async with holding(Settings(file.home("lab").root), {}) as held:
            await held.work()
            rows = await held.store.read(after=0, limit=100)
            kinds = [row.type for row in rows][:2]
            assert kinds == ["user_added", "user_invited"]
            assert digest(html.unescape(link).partition("token=")[2]).encode() in rows[1].body
            assert b"admin" in rows[0].body
        await posted(browser, "/workspaces/lab/archive")
        assert Workspace("lab", archived=True) in file.read()
        shown = (await browser.get("/")).text
        assert "Open lab again" in shown
        assert (file.home("lab").root / "log.db").exists()
        await posted(browser, "/workspaces/lab/restore")
        assert Workspace("lab") in file.read()
        log = await both.doors["sales"].house.held.store.read(after=0, limit=1_000)
        noted = [(row.type, row.actor) for row in log if row.type.startswith("workspace_")]
        changes = ("workspace_created", "workspace_archived", "workspace_restored")
        assert noted == [(each, f"user:{OWNER}") for each in changes]
        causes = [row.cause for row in log if row.type == "workspace_created"]
        assert [row.type for row in log if row.position in causes] == ["request_taken"]

    with_root(tmp_path, story)


def test_only_auditors_of_a_workspace_read_the_names_of_others_in_its_log() -> None:
    for name, _ in workspace.EVENTS.values():
        read = shown_data(name, {"workspace": "sales", "person": "ann"})
        assert "sales" not in read.values(), name
        assert name != "workspace_created" or "ann" not in read.values()


def test_what_can_not_be_is_refused_with_its_reason(tmp_path: Path) -> None:
    async def story(both: Pair, file: WorkspacesFile, browser: httpx.AsyncClient) -> None:
        await both.sign_in(browser, "sales", OWNER)
        before = file.read()
        for name, reason in (("ops", "There is a workspace"), ("../x", "1 to 40 characters")):
            answer = await posted(browser, "/workspaces", name=name, person="carla")
            assert reason in answer.text
        assert file.read() == before
        assert not (file.root / "x").exists()
        await posted(browser, "/workspaces/ops/archive")
        answer = await posted(browser, "/workspaces/sales/archive")
        assert "only workspace that is served" in html.unescape(answer.text)
        assert [each.name for each in workspace.served(file.read())] == ["sales"]
        assert (await posted(browser, "/workspaces/ops/delete")).status_code == 404

    with_root(tmp_path, story)


def test_an_admin_of_a_workspace_names_it_and_changes_no_other(tmp_path: Path) -> None:
    async def story(both: Pair, file: WorkspacesFile, browser: httpx.AsyncClient) -> None:
        await both.sign_in(browser, "sales", "ada")
        before = file.read()
        shown = (await browser.get("/")).text
        assert "New workspace" not in shown
        assert "ops" not in shown
        for path in ("/workspaces", "/workspaces/ops/archive", "/workspaces/ops/rename"):
            answer = await posted(browser, path, name="lab", person="", title="Mine")
            assert answer.status_code == 403, path
        token = await both.token("sales")
        csrf = {**both.doors["sales"].csrf(browser), "accept": "application/json"}
        api = "/w/sales/api/v1/workspaces"
        for method, path in (("GET", api), ("POST", api), ("POST", f"{api}/ops/archive")):
            body = {"name": "lab"} if path == api and method == "POST" else None
            answer = await browser.request(method, path, json=body, headers=csrf)
            assert (answer.status_code, answer.json()["code"]) == (403, "workspace.not_owner")
        assert file.read() == before
        listed = await browser.get(api, headers={**csrf, **token})
        names = [each["name"] for each in listed.json()["items"]]
        assert names == ["ops", "sales"]  # A token of the owner.
        await posted(browser, "/workspaces/sales/rename", title="Sales team")
        page = (await browser.get("/")).text
        assert ">Sales team</a>" in page

    with_root(tmp_path, story)


def test_a_form_without_its_proof_changes_nothing(tmp_path: Path) -> None:
    async def story(both: Pair, file: WorkspacesFile, browser: httpx.AsyncClient) -> None:
        await both.sign_in(browser, "sales", OWNER)
        before = file.read()
        forged = {"csrf-sales": "0" * 64, "name": "lab", "person": "", "title": "x"}
        for path in ("/workspaces", "/workspaces/ops/archive", "/workspaces/sales/rename"):
            assert (await browser.post(path, data=forged)).status_code == 403
        assert file.read() == before

    with_root(tmp_path, story)


def test_no_admin_chooses_the_password_of_the_owner(tmp_path: Path) -> None:
    async def story(both: Pair, file: WorkspacesFile, browser: httpx.AsyncClient) -> None:
        del file, browser
        door = both.doors["sales"]
        await door.add("ada", "admin")
        access = door.house.held.command_bus.access
        await access.invite(Invite(UNKNOWN, OWNER, "", 0.0), actor=f"user:{OWNER}")
        with pytest.raises(Rejected) as refused:
            await access.invite(Invite(UNKNOWN, OWNER, "", 0.0), actor="user:ada")
        assert refused.value.code == "user.is_owner"

    with_root(tmp_path, story)
