"""The real Codex, set up to tell what it does: its tools' arguments and outputs stay outside."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from missioncontrol.adapters.agents.workplace import told
from missioncontrol.interfaces.telemetry.policy import TelemetryPolicy
from missioncontrol.testing.scripted_models import Reply, serving
from missioncontrol.testing.scripted_models.tools import codex_command
from tests.telemetry.collector import run
from tests.telemetry.listening import BUILD, PROMPT, RUN, SECRET, Listening, listening

pytestmark = pytest.mark.journey
SECONDS_MAX = 60


def settings(model_url: str, telemetry_url: str, key: str) -> str:
    """Return a `config.toml` that asks our models and tells our receiver."""

    def exporter(path: str) -> str:
        address = json.dumps(f"{telemetry_url}/v1/{path}")
        headers = f'{{ authorization = "Bearer {key}" }}'
        told = f'endpoint = {address}, protocol = "binary", headers = {headers}'
        return f"{{ otlp-http = {{ {told} }} }}"

    return f"""\
model_provider = "scripted"
approval_policy = "never"
check_for_update_on_startup = false
web_search = "disabled"
[model_providers.scripted]
name = "Scripted"
base_url = {json.dumps(model_url)}
env_key = "MODEL_KEY"
wire_api = "responses"
[otel]
log_user_prompt = false
exporter = {exporter("logs")}
trace_exporter = {exporter("traces")}
metrics_exporter = "none"
[analytics]
enabled = false
[feedback]
enabled = false
[features]
plugins = false
remote_plugin = false
apps = false
"""


async def asked(found: Listening, program: Path, folder: Path, model_url: str) -> None:
    """Let Codex answer one prompt, with a command on the way."""
    variables = found.server.variables(BUILD)
    key = variables["OTEL_EXPORTER_OTLP_HEADERS"].removeprefix("authorization=Bearer%20")
    home = folder / "home"
    home.mkdir()
    (home / "config.toml").write_text(settings(model_url, found.url, key))
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "MODEL_KEY": "a-key-of-the-model",
        **told(BUILD),
    }
    argv = [str(program), "exec", "--json", "-s", "read-only", "--skip-git-repo-check", "-m", "m"]
    done = await asyncio.to_thread(
        subprocess.run,
        [*argv, "-"],
        input=PROMPT.encode(),
        env=environment,
        cwd=folder,
        capture_output=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def heard(program: Path, folder: Path, policy: TelemetryPolicy) -> Listening:
    async def story(model_url: str) -> Listening:
        async with listening(policy) as found:
            await asked(found, program, folder, model_url)
            return found

    script = (Reply(calls=(codex_command(f"echo {SECRET}"),)), Reply("Done."))
    with serving(*script) as server:
        return run(story(server.url))


def test_what_codex_tells_is_kept_without_contents(tmp_path: Path, codex_program: Path) -> None:
    found = heard(codex_program, tmp_path, TelemetryPolicy())
    assert {(line.run, line.step) for line in found.lines} == {(RUN, "build")}
    assert "log codex.tool_result" in found.said
    assert "input_token_count=100" in found.said
    # It goes on with the trace that its variables name: its outermost span is below the attempt.
    assert "span codex.exec" in found.said
    assert len(found.lines) < 50 < found.receiver.heard.passed_over
    assert PROMPT not in found.said
    assert "echo" not in found.said
    assert SECRET not in found.said


def test_in_full_it_is_all_there_but_for_secrets(tmp_path: Path, codex_program: Path) -> None:
    found = heard(codex_program, tmp_path, TelemetryPolicy("full"))
    assert "echo [secret]" in found.said
    assert SECRET not in found.said
