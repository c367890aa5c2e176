"""Files of a mission's repository in the console, as they stood when it was planned."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.console.hostile import assert_harmless
from tests.console.houses import House, console_house
from tests.console.mission_house import GOAL, ended, small_repository

EVIL = "<script>alert(1)</script>\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with one mission on a repository that has changed since; the mission's id."""
    root = tmp_path_factory.mktemp("code")
    repository = small_repository(root)
    (repository / "evil.py").write_text(EVIL * 900)
    (repository / "picture.png").write_bytes(b"\x89PNG\0\0")
    (repository / "secret").symlink_to("/etc/passwd")
    for words in (
        ["add", "-A"],
        ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "More"],
    ):
        subprocess.run(["git", *words], cwd=repository, check=True)

    async def work() -> str:
        async with console_house(root) as house, house.client("operator") as client:
            asked = {"goal": GOAL, "repository": str(repository), "execute": False}
            begun = (await client.post("/api/v1/missions", json=asked)).json()
            await ended(house, begun["run"])
            return str(begun["mission"])

    found = root, asyncio.run(work())
    (repository / "README.md").write_text("It says something else now.")
    (repository / "uncommitted.txt").write_text("nobody committed it")
    return found


async def shown(client: Any, mission: str, path: str, **more: Any) -> Any:
    answer = await client.get(f"/missions/{mission}/code", params={"path": path, **more})
    if answer.status_code == 200:
        assert_harmless(answer.text)
    return answer


def look(home: tuple[Path, str], check: Any) -> None:
    root, mission = home

    async def ask() -> None:
        async with console_house(root) as house, house.client("viewer") as client:
            await check(house, client, mission)

    asyncio.run(ask())


def test_a_file_is_shown_as_it_stood_around_the_line_that_is_asked_for(
    home: tuple[Path, str],
) -> None:
    async def check(house: House, client: Any, mission: str) -> None:
        readme = await shown(client, mission, "README.md", line=1)
        assert 'id="L1" class="on"' in readme.text
        assert "something else now" not in readme.text
        long = await shown(client, mission, "evil.py", line=500)
        assert 'id="L500" class="on"' in long.text
        assert 'id="L480"' in long.text
        assert 'id="L479"' not in long.text
        assert "Later lines" in long.text
        assert "Lines 80 to 479" in long.text
        rest = await shown(client, mission, "evil.py", **{"from": 880})
        assert 'id="L900"' in rest.text
        assert "Later lines" not in rest.text

    look(home, check)


def test_directories_are_listed_and_what_is_no_text_is_said_to_be_none(
    home: tuple[Path, str],
) -> None:
    async def check(house: House, client: Any, mission: str) -> None:
        root = await shown(client, mission, "")
        assert "README.md" in root.text
        assert "uncommitted.txt" not in root.text
        assert "Binary file" in (await shown(client, mission, "picture.png")).text
        link = await shown(client, mission, "secret")
        assert "It points to /etc/passwd and is not followed" in link.text
        assert "root:" not in link.text

    look(home, check)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("../shop/README.md", 422),
        ("/etc/passwd", 422),
        ("a/../../README.md", 422),
        ("./README.md", 422),
        ("src//x", 422),
        (".git/config", 404),
        ("uncommitted.txt", 404),
        (":(glob)*", 404),
        ("--help", 404),
        ("*", 404),
    ],
)
def test_nothing_but_files_of_the_commit_is_shown(
    home: tuple[Path, str], path: str, status: int
) -> None:
    async def check(house: House, client: Any, mission: str) -> None:
        assert (await shown(client, mission, path)).status_code == status

    look(home, check)


def test_a_repository_that_is_gone_is_told_of(home: tuple[Path, str]) -> None:
    root, _ = home

    async def check(house: House, client: Any, mission: str) -> None:
        (root / "shop").rename(root / "moved")
        try:
            answer = await shown(client, mission, "README.md")
            assert answer.status_code == 503
            assert "can't be read at that commit" in answer.text
        finally:
            (root / "moved").rename(root / "shop")

    look(home, check)


def test_what_the_plan_names_leads_to_its_file(home: tuple[Path, str]) -> None:
    async def check(house: House, client: Any, mission: str) -> None:
        places = await client.get(f"/missions/{mission}?view=plan&show=requirements")
        assert f"/missions/{mission}/code?path=" in places.text
        code = await shown(client, mission, "README.md")
        assert code.status_code == 200

    look(home, check)
