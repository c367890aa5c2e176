"""The real Codex and Claude Code work through the gateway, and show its refusals to their user."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from missioncontrol.domain.errors import Unavailable
from missioncontrol.interfaces.gateway.settings import Upstream
from missioncontrol.testing.real_tools import CLAUDE, CODEX, RealTool, installed
from missioncontrol.testing.scripted_models import Reply, serving
from tests.gateway.house import House, house, run

pytestmark = pytest.mark.journey

CODEX_SETTINGS = """
model_provider = "mc"
approval_policy = "never"
check_for_update_on_startup = false
web_search = "disabled"
[model_providers.mc]
name = "Gateway"
base_url = "http://127.0.0.1:{port}/v1"
env_key = "MC_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
[analytics]
enabled = false
[feedback]
enabled = false
[features]
plugins = false
remote_plugin = false
apps = false
daemon_auto_start = false
"""


def program(tool: RealTool) -> Path:
    try:
        return installed(tool)
    except Unavailable as error:
        pytest.skip(f"{tool.title} is not installed here: {error}")


async def said(argv: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run a tool as its user would, and return how it ended and what it showed."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        shown, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, 9)
            await process.wait()
    return process.returncode or 0, shown.decode()


@asynccontextmanager
async def between(reply: Reply) -> AsyncIterator[House]:
    with serving(reply) as models:
        async with house(
            Upstream("openai", models.url, "openai"),
            Upstream("anthropic", models.origin, "anthropic"),
        ) as ours:
            yield ours


async def codex(ours: House, folder: Path) -> tuple[int, str]:
    settings = folder / "codex" / "config.toml"
    settings.parent.mkdir()
    settings.write_text(CODEX_SETTINGS.format(port=ours.port))
    argv = [str(program(CODEX)), "exec", "--json", "-s", "read-only", "--skip-git-repo-check"]
    environment = {"CODEX_HOME": str(settings.parent), "MC_KEY": ours.key}
    return await said([*argv, "-m", "gpt-5.5", "Say hello."], folder, environment)


async def claude(ours: House, folder: Path) -> tuple[int, str]:
    argv = [str(program(CLAUDE)), "-p", "--output-format", "stream-json", "--verbose"]
    environment = {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{ours.port}",
        "ANTHROPIC_API_KEY": ours.key,
        "CLAUDE_CONFIG_DIR": str(folder / "claude"),
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
    }
    return await said([*argv, "--model", "claude-sonnet-4-5", "Say hello."], folder, environment)


@pytest.mark.parametrize("tool", [codex, claude])
def test_a_real_tool_is_answered_and_metered(tool: object, tmp_path: Path) -> None:
    async def main() -> None:
        async with between(Reply("Hello from the script.")) as ours:
            code, shown = await tool(ours, tmp_path)  # type: ignore[operator]
            assert code == 0, shown
            assert "Hello from the script." in shown
            calls = await ours.written()
            assert {call.outcome for call in calls} == {"answered"}
            assert all(call.usage.input_tokens == 100 for call in calls if call.api != "count")
            assert not any(call.is_estimated for call in calls)
            assert any(call.answer == "Hello from the script." for call in calls)

    run(main())


@pytest.mark.parametrize("tool", [codex, claude])
def test_a_real_tool_shows_a_refusal_and_does_not_try_again(tool: object, tmp_path: Path) -> None:
    async def main() -> None:
        async with between(Reply("Never said.")) as ours:
            ours.account.tokens = 0
            _, shown = await tool(ours, tmp_path)  # type: ignore[operator]
            assert "The call may need " in shown, shown
            assert "Raise the cap." in shown
            calls = await ours.written()
            assert {call.status for call in calls} == {402}
            assert len(calls) <= 3, [json.dumps(call.reason) for call in calls]

    run(main())
