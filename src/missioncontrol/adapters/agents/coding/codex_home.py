"""Sets up Codex: its program, its settings, and a home directory for one attempt."""

import json
from pathlib import Path
from typing import Literal

import msgspec

from missioncontrol.adapters.agents.attempt_process import OtlpReceiver, otlp_receiver
from missioncontrol.adapters.agents.coding.order import Order
from missioncontrol.adapters.agents.coding.programs import Installed
from missioncontrol.adapters.agents.coding.session import ReadOnlyTask, ToolSession
from missioncontrol.adapters.agents.files import write_below
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.elevation import Elevated, opens
from missioncontrol.ports.confinement import Rules

VERSION = "0.169.0"
SERVER_SECONDS_MAX = 600
"""For a tool call of the planning server, which may rank a large repository or run a test."""

PROVIDER = "mission"
KEY_VARIABLE = "MISSION_MODEL_KEY"
CODEX = Installed(
    "codex",
    f"@openai/codex@{VERSION}",
    (
        "@openai/codex/node_modules/@openai/codex-*/vendor/*/bin/codex",
        "@openai/codex-*/vendor/*/bin/codex",
    ),
)

Sandbox = Literal["read-only", "workspace-write", "danger-full-access"]
ELEVATIONS = {
    "network": "its commands reach the network",
    "outside": "its commands write in the named directories as well",
    "full": "its commands write everywhere but in the data directory",
}


class CodexSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an agent of kind `codex`."""

    program: str = "codex"
    version: str = VERSION  # "any" accepts every version
    approvals: Literal["never", "ask"] = "never"  # ask: people approve its actions
    network: bool = False  # whether its commands may use the network
    effort: Literal["", "minimal", "low", "medium", "high", "xhigh"] = ""
    base_url: str = ""  # with `/v1`; used where no gateway is open
    key_variable: str = ""


def sandbox_of(order: Order, rules: Rules) -> Sandbox:
    """Return the sandbox in which Codex runs commands; they write nothing in a reading step."""
    # A confined Codex needs no sandbox of its own: its commands inherit our rules. It couldn't
    # build one either, because the kernel lets no confined program mount, and Codex 0.169.0
    # then refuses every command.
    if rules.means != "none":
        return "danger-full-access"
    if order.risk == "read":
        return "read-only"
    return "danger-full-access" if opens(order.elevation, "full") else "workspace-write"


def base_url(session: ToolSession) -> str:
    """Return the base URL of the models; the URL of a gateway lacks `/v1`."""
    return f"{session.access.url.rstrip('/')}/v1" if session.is_metered else session.access.url


async def prepare(
    session: ToolSession,
    declared: Declaration,
    settings: CodexSettings,
    approval_policy: str,
    elevation: Elevated | None,
) -> str:
    """Set up the home of Codex and check its version; return the path of its program.

    Raises:
        AttemptFailed: `codex.not_found` or `codex.wrong_version`.
    """
    program = CODEX.find(settings.program, session.environment)
    session.environment = set_up(session, settings, approval_policy, elevation)
    version = await CODEX.version(program, session)
    CODEX.refuse_other(version, settings.version, declared.name)
    return program


def has_conversation(home: Path, thread: str) -> bool:
    """Whether Codex has a conversation stored in its home."""
    return any((home / "sessions").rglob(f"*{thread}.jsonl"))


def conversation(thread: str, record: bytes) -> tuple[str, bytes]:
    """Return the file of a conversation of another home, below its own, and what it holds here.

    Codex finds it by its id, under any date. It resumes a conversation with the provider of models
    and the settings that its record names, which would lead around ours.
    """
    lines = b"".join(_of_ours(line) for line in record.splitlines(keepends=True))
    return f"sessions/2026/01/01/rollout-2026-01-01T00-00-00-{thread}.jsonl", lines


def _of_ours(line: bytes) -> bytes:
    if b"model_provider" not in line and b"\\u" not in line:  # A name may be written in escapes.
        return line
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return line
    payload = found.get("payload") if isinstance(found, dict) else None
    if not isinstance(payload, dict):
        return line
    if payload.get("type") == "thread_settings_applied":
        return b""
    if "model_provider" not in payload:
        return line
    own = {**found, "payload": {**payload, "model_provider": PROVIDER}}
    return msgspec.json.encode(own) + b"\n"


def set_up(
    session: ToolSession,
    settings: CodexSettings,
    approval_policy: str,
    elevation: Elevated | None = None,
) -> dict[str, str]:
    """Write the settings of Codex into its home; return its environment."""
    # Codex contacts hosts on the internet unless plugins, apps and the rest of [features] are off.
    effort = f'model_reasoning_effort = "{settings.effort}"\n' if settings.effort else ""
    listener = otlp_receiver(session.environment)
    network = settings.network or opens(elevation, "network")
    roots = elevation.paths if elevation is not None else ()
    # Holds the key for telemetry, so `write_below` makes it private.
    settings_text = f"""\
model_provider = "{PROVIDER}"
approval_policy = "{approval_policy}"
check_for_update_on_startup = false
web_search = "disabled"
{effort}
[model_providers.{PROVIDER}]
name = "Mission Control"
base_url = {json.dumps(base_url(session))}
env_key = "{KEY_VARIABLE}"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0

[sandbox_workspace_write]
network_access = {json.dumps(network)}
writable_roots = {json.dumps(roots, ensure_ascii=False)}
exclude_slash_tmp = true

[shell_environment_policy]
inherit = "all"
ignore_default_excludes = false
exclude = ["{KEY_VARIABLE}", "CODEX_HOME", "OTEL_*"]

[analytics]
enabled = false
[feedback]
enabled = false
[history]
persistence = "none"
[features]
plugins = false
remote_plugin = false
apps = false
daemon_auto_start = false
{_server(session.reading) if session.reading is not None else ""}
{_otel(listener) if listener is not None else ""}"""
    write_below(session.home, "config.toml", settings_text.encode())
    return {
        **session.environment,
        "CODEX_HOME": str(session.home),
        KEY_VARIABLE: session.access.key,
    }


def _server(reading: ReadOnlyTask) -> str:
    """Return the settings of a server whose tools only read, and so need no approval."""
    # Without `required`, Codex starts the first turn before the server is ready.
    return f"""\
[mcp_servers.{reading.name}]
command = {json.dumps(reading.argv[0], ensure_ascii=False)}
args = {json.dumps(reading.argv[1:], ensure_ascii=False)}
startup_timeout_sec = {SERVER_SECONDS_MAX}
tool_timeout_sec = {SERVER_SECONDS_MAX}
required = true
default_tools_approval_mode = "approve"
"""


def _otel(listener: OtlpReceiver) -> str:
    """Return the settings for telemetry, without prompts and answers."""

    def exporter(path: str) -> str:
        headers = ", ".join(
            f"{json.dumps(name)} = {json.dumps(value)}" for name, value in listener.headers.items()
        )
        address = json.dumps(f"{listener.endpoint}/v1/{path}")
        protocol = "json" if listener.is_json else "binary"
        options = f'endpoint = {address}, protocol = "{protocol}", headers = {{ {headers} }}'
        return f"{{ otlp-http = {{ {options} }} }}"

    return f"""\
[otel]
log_user_prompt = false
log_agent_responses = false
log_sse_deltas = false
exporter = {exporter("logs")}
trace_exporter = {exporter("traces")}
metrics_exporter = "none"
"""
