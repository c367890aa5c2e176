"""Consoles that open and close as the file of the workspaces changes."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from missioncontrol.adapters.workspaces_file import WorkspacesFile
from missioncontrol.app.container import holding
from missioncontrol.app.served_workspaces import ServedWorkspaces
from missioncontrol.app.settings import Settings
from missioncontrol.domain import workspace


async def made(file: WorkspacesFile, *names: str) -> None:
    """Create workspaces, each with the log that its engine makes when it starts."""
    for name in names:
        file.change(lambda found, name=name: workspace.create(found, name))  # type: ignore[misc]
        async with holding(Settings(file.home(name).root), {}) as held:
            await held.work()


@asynccontextmanager
async def opened(root: Path) -> AsyncIterator[tuple[WorkspacesFile, ServedWorkspaces]]:
    file = WorkspacesFile(root)
    url, address = "http://127.0.0.1:8700", "127.0.0.1"
    found = ServedWorkspaces(file, supervisor=os.getpid(), url=url, address=address)
    try:
        yield file, found
    finally:
        await found.close()


def test_workspaces_come_and_go_while_the_console_runs(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as (file, consoles):
            await consoles.look()
            assert consoles.router.served == {}
            await made(file, "sales", "ops")
            await consoles.look()
            served = consoles.router.served
            assert sorted(served) == ["ops", "sales"]
            assert served["ops"].console.home == tmp_path / "ops"
            assert served["ops"].console.line.start == "mission workspace start ops"
            assert served["ops"].console.notifier.url == "http://127.0.0.1:8700/w/ops"
            file.change(lambda found: workspace.archive(found, "ops"))
            await consoles.look()
            assert sorted(consoles.router.served) == ["sales"]
            file.change(lambda found: workspace.restore(found, "ops"))
            await consoles.look()
            assert sorted(consoles.router.served) == ["ops", "sales"]

    asyncio.run(story())


def test_a_damaged_workspace_takes_no_other_down(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as (file, consoles):
            await made(file, "bad", "sales")
            (tmp_path / "bad" / "access.db").write_bytes(b"no database at all" * 1_000)
            file.change(lambda found: workspace.create(found, "new"))  # no engine has made its log
            await consoles.look()
            assert list(consoles.router.served) == ["sales"]
            assert "access.db" in consoles.router.faults["bad"]
            assert "new" in consoles.router.faults

    asyncio.run(story())


def test_settings_that_can_not_be_read_take_no_other_down(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as (file, consoles):
            await made(file, "bad", "sales")
            (tmp_path / "bad" / "console.toml").write_text("hosts = 7")
            (tmp_path / "sales" / "console.toml").write_text('hosts = ["sales.example.com"]')
            await consoles.look()
            assert list(consoles.router.served) == ["sales"]
            assert consoles.router.served["sales"].hosts == ("sales.example.com",)

    asyncio.run(story())


def test_a_copy_with_the_sessions_of_another_is_not_served(tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path) as (file, consoles):
            await made(file, "sales")
            await consoles.look()
            shutil.copytree(tmp_path / "sales", tmp_path / "twin")
            file.change(lambda found: workspace.create(found, "twin"))
            await consoles.look()
            assert list(consoles.router.served) == ["sales"]
            assert "copy of 'sales'" in consoles.router.faults["twin"]

    asyncio.run(story())
