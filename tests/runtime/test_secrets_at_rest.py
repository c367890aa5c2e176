"""What an engine keeps holds no secret of its home, also before anybody looks one up."""

import asyncio
from pathlib import Path

import missioncontrol as mc

SECRET = 'correct-horse & "battery"'
workflow = mc.Workflow("said")


@workflow.step()
async def only(_: mc.StepContext) -> str:
    return f"It was {SECRET}."


def run_in(home: Path) -> None:
    async def story() -> None:
        async with mc.Engine(home) as engine:
            await engine.run(workflow)

    asyncio.run(story())


def kept_in(home: Path) -> bytes:
    files = [path for path in home.rglob("*") if path.is_file() and path.name != "secrets.toml"]
    return b"".join(path.read_bytes() for path in files)


def test_a_secret_of_the_file_is_not_kept(tmp_path: Path) -> None:
    run_in(tmp_path / "without")
    assert b"correct-horse" in kept_in(tmp_path / "without")
    home = tmp_path / "with"
    home.mkdir()
    file = home / "secrets.toml"
    file.write_text(f"shop = '{SECRET}'\n")
    file.chmod(0o600)
    run_in(home)
    assert b"correct-horse" not in kept_in(home)
    assert b"It was [secret]." in kept_in(home)


def test_a_file_of_secrets_that_is_broken_stops_no_engine(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_text("this is not TOML")
    run_in(tmp_path)
    assert b"correct-horse" in kept_in(tmp_path)
