"""The kind `claude`: Claude Code without a terminal."""

import re
from pathlib import Path

import msgspec

from missioncontrol.adapters.agents.attempt_process import otlp_receiver
from missioncontrol.adapters.agents.coding.agent import CodingAgent, Source, refuse_bad_source
from missioncontrol.adapters.agents.coding.claude_events import Turn
from missioncontrol.adapters.agents.coding.health_check import check_tool
from missioncontrol.adapters.agents.coding.order import Order, coding_card
from missioncontrol.adapters.agents.coding.programs import Installed
from missioncontrol.adapters.agents.coding.session import ToolSession
from missioncontrol.adapters.agents.files import write_below
from missioncontrol.adapters.agents.kind_support import bad_settings, settings_of
from missioncontrol.domain.agent import ANYTHING, AgentCard
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.elevation import Elevated, opens
from missioncontrol.ports.agent_kind import Proof, Workshop

VERSION = "2.1.329"
CLAUDE = Installed(
    "claude",
    f"@anthropic-ai/claude-code@{VERSION}",
    (
        "@anthropic-ai/claude-code/node_modules/@anthropic-ai/claude-code-*/claude",
        "@anthropic-ai/claude-code-*/claude",
    ),
)
SERVERS = "servers.json"
READING = ("Glob", "Grep", "Read")
WRITING = ("Bash", "Edit", "Glob", "Grep", "Read", "Write")
WEB = ("WebFetch", "WebSearch")
"""Tools that reach the network."""

ELEVATIONS = {
    "network": "it has the tools WebFetch and WebSearch, and its shell reaches the network",
    "outside": "its tools for files and its shell write in the named directories as well",
    "full": "it has all its tools, and they write everywhere but in the data directory",
}
SWITCHES = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_ERROR_REPORTING": "1",
    # Retries are up to the step: a refused call must not be repeated ten times.
    "CLAUDE_CODE_MAX_RETRIES": "0",
}

TELEMETRY = {
    "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
    "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",  # spans, beside logs
    "CLAUDE_CODE_PROPAGATE_TRACEPARENT": "1",  # with its calls of models
    "CLAUDE_CODE_OTEL_SHUTDOWN_TIMEOUT_MS": "5000",  # enough for the last spans on a busy machine
    "OTEL_LOG_USER_PROMPTS": "0",
    "OTEL_LOG_ASSISTANT_RESPONSES": "0",
    "OTEL_LOG_TOOL_DETAILS": "0",
    "OTEL_LOG_TOOL_CONTENT": "0",
}
"""Variables while telemetry is collected: names, numbers and times, but no contents."""


class ClaudeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an agent of kind `claude`."""

    program: str = "claude"
    version: str = VERSION  # "any" accepts every version
    tools: tuple[str, ...] = WRITING  # of steps that write; others only read
    base_url: str = ""  # without `/v1`; used where no gateway is open
    key_variable: str = ""


class ClaudeKind:
    """Makes agents that run Claude Code."""

    name = "claude"

    def card(self, declared: Declaration) -> AgentCard:
        settings = _settings(declared)
        standing = _standing(settings)
        card = coding_card(declared, continues_sessions=True)
        return msgspec.structs.replace(card, elevations=ELEVATIONS, standing=standing)

    def make(self, declared: Declaration, workshop: Workshop) -> CodingAgent:
        settings = _settings(declared)
        source = Source(settings.base_url, settings.key_variable)
        tool = ClaudeCode(declared, settings)
        standing = _standing(settings)
        network = "network" in standing
        return CodingAgent(declared, workshop, tool, source, standing=standing, network=network)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        settings = _settings(declared)
        plain = msgspec.structs.replace(declared, output=ANYTHING, capabilities=())
        agent = self.make(plain, workshop)
        wanted = settings.program, settings.version
        return await check_tool(agent, declared, workshop, CLAUDE, wanted, round_trip=round_trip)


class ClaudeCode:
    """Claude Code, unattended."""

    title = "Claude Code"

    def __init__(self, declared: Declaration, settings: ClaudeSettings) -> None:
        self._declared = declared
        self._settings = settings

    async def converse(self, session: ToolSession, prompt: str, order: Order) -> None:
        program = CLAUDE.find(self._settings.program, session.environment)
        session.environment = _environment(session)
        version = await CLAUDE.version(program, session)
        CLAUDE.refuse_other(version, self._settings.version, self._declared.name)
        turn = Turn(session)
        code = await session.run(
            self._argv(program, session, order), prompt.encode(), turn.handle_line
        )
        turn.check_result(code)

    def has_conversation(self, home: Path, thread: str) -> bool:
        return any((home / "claude" / "projects").glob(f"*/{thread}.jsonl"))

    def conversation(self, session: ToolSession, thread: str, record: bytes) -> tuple[str, bytes]:
        # It looks for a conversation by the directory in which it is started.
        folder = re.sub(r"[^A-Za-z0-9]", "-", str(session.cwd))
        return f"claude/projects/{folder}/{thread}.jsonl", record

    def _argv(self, program: str, session: ToolSession, order: Order) -> list[str]:
        """Return the command line; the prompt goes to standard input.

        `--restricted` ignores the settings, hooks and servers of the repository, and keeps the file
        tools within the tree. Our confinement limits the shell.
        """
        is_reading = order.risk == "read"
        tools = ",".join(READING if is_reading else self._tools(order.elevation))
        places = _places(order.elevation)
        return [
            program,
            "--print",
            "--verbose",
            *("--output-format", "stream-json"),
            "--restricted",
            "--strict-mcp-config",
            *("--permission-prompts", "none"),
            *("--permission-mode", "dontAsk" if is_reading else "acceptEdits"),
            *("--tools", tools),
            *("--allowedTools", ",".join((tools, *_servers(session)))),
            *_form(session),
            *(("--add-dir", *places) if places else ()),
            *(("--model", session.model) if session.model else ()),
            *(("--resume", session.thread) if session.thread else ()),
        ]

    def _tools(self, elevation: Elevated | None) -> tuple[str, ...]:
        more: tuple[str, ...] = WEB if opens(elevation, "network") else ()
        if opens(elevation, "full"):
            more = (*WRITING, *WEB)
        return tuple(dict.fromkeys((*self._settings.tools, *more)))


def _servers(session: ToolSession) -> tuple[str, ...]:
    """Return the permission for the tools of the MCP server, which only read."""
    return (f"mcp__{session.reading.name}",) if session.reading is not None else ()


def _form(session: ToolSession) -> list[str]:
    """Return the options for the MCP server and the schema of the answer."""
    reading = session.reading
    if reading is None:
        return []
    server = {"type": "stdio", "command": reading.argv[0], "args": reading.argv[1:]}
    settings = msgspec.json.encode({"mcpServers": {reading.name: server}})
    write_below(session.home, SERVERS, settings)
    schema = msgspec.json.encode(reading.schema).decode()
    return ["--mcp-config", str(session.home / SERVERS), "--json-schema", schema]


def _places(elevation: Elevated | None) -> tuple[str, ...]:
    """Return the directories that its file tools may use besides the tree."""
    if elevation is None:
        return ()
    return ("/",) if elevation.opens("full") else elevation.paths


def _environment(session: ToolSession) -> dict[str, str]:
    return {
        **(TELEMETRY if otlp_receiver(session.environment) is not None else {}),
        **session.environment,
        **SWITCHES,
        "CLAUDE_CONFIG_DIR": str(session.home / "claude"),
        "ANTHROPIC_BASE_URL": session.access.url,
        "ANTHROPIC_API_KEY": session.access.key,
    }


def _standing(settings: ClaudeSettings) -> dict[str, str]:
    web = [tool for tool in WEB if tool in settings.tools]
    return {"network": f"tools with {' and '.join(web)}"} if web else {}


def _settings(declared: Declaration) -> ClaudeSettings:
    settings = settings_of(declared, ClaudeSettings)
    refuse_bad_source(declared, Source(settings.base_url, settings.key_variable))
    if not settings.tools or any(not tool or "," in tool for tool in settings.tools):
        raise bad_settings(declared, "`tools` is empty, or names a tool with a comma.")
    return settings
