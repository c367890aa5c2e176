"""The agent that calls one tool of an MCP server."""

import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.adapters.agents.command_inputs import Scrub
from missioncontrol.adapters.agents.health_check import HealthCheckLine, health_check_assignment
from missioncontrol.adapters.agents.kind_support import (
    BoundedLog,
    one_line,
    output_shape,
    refuse_misfit,
)
from missioncontrol.adapters.agents.mcp.results import files_of, output_of, refuse_failure
from missioncontrol.adapters.agents.mcp.session import find_tool, open_session, trace_meta
from missioncontrol.adapters.agents.mcp.settings import (
    McpSettings,
    argument_shape,
    arguments_of,
    mcp_settings,
)
from missioncontrol.adapters.agents.schemas import shape_of
from missioncontrol.domain.agent import ANYTHING, AgentCard, fits, misfit, tier
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Action, Agent, Assignment, AttemptFailed, Line, LogLevel
from missioncontrol.ports.agent_kind import Proof, Workshop

if TYPE_CHECKING:
    from mcp.shared.dispatcher import ProgressFnT
    from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, Tool

LEVELS: dict[str, LogLevel] = {"warning": "warning", "error": "error", "critical": "error"}
TITLE_MAX = 200
COUNT_MAX = 10**12


class McpKind:
    """Makes agents of tools."""

    name = "mcp"

    def card(self, declared: Declaration) -> AgentCard:
        """See `AgentKind.card`.

        A tool is taken to write unless the declaration says otherwise. What the server says of
        its tool can raise that, and never lower it.
        """
        settings = mcp_settings(declared)
        does = "runs_programs" if settings.argv else "writes_records"
        effects = declared.effects or (does,)
        return msgspec.structs.replace(card_of(declared), effects=effects, risk=tier(effects))

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        return McpAgent(declared, mcp_settings(declared), self.card(declared), workshop)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """See `AgentKind.prove`: asks for the tool and compares it; steps call it."""
        settings = mcp_settings(declared)
        line, assignment = HealthCheckLine(), health_check_assignment(declared.name)
        async with open_session(settings, workshop, assignment, line) as client:
            tool = await find_tool(client, settings.tool)
            info, protocol = client.server_info, client.protocol_version
        _refuse_difference(declared, settings, tool)
        version = f"{info.name} {info.version}"[:200] if info else ""
        said = f"The tool {tool.name!r} takes what is declared; the protocol is {protocol}."
        if _destroys(tool) and tier(self.card(declared).effects) != "irreversible":
            said += " Its server calls it destructive: each call will be asked for."
        return Proof(version, said)


class McpAgent:
    """Calls one tool."""

    def __init__(
        self, declared: Declaration, settings: McpSettings, card: AgentCard, workshop: Workshop
    ) -> None:
        """Nothing is started yet."""
        self._declared = declared
        self._settings = settings
        self._card = card
        self._workshop = workshop

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        settings, shape = self._settings, output_shape(self._declared)
        scrub = self._workshop.scrub
        result = await self._called(assignment, line)
        refuse_failure(result, settings.tool, scrub)
        output = output_of(result, shape)
        who = f"The tool {settings.tool!r}"
        refuse_misfit(output, shape, code="mcp.bad_output", who=who, scrub=scrub)
        files = files_of(result, settings.tool, line)
        return Work(summary=f"{who} answered.", output=output, artifacts=files)

    async def _called(self, assignment: Assignment, line: Line) -> "CallToolResult":
        settings = self._settings
        arguments = arguments_of(settings, assignment.inputs)
        questions = Questions(line, settings, self._workshop)
        async with open_session(
            settings,
            self._workshop,
            assignment,
            line,
            elicitation_callback=questions.answer if settings.questions == "ask" else None,
            logging_callback=_log_handler(BoundedLog(line)),
            log_level="info",
        ) as client:
            tool = await find_tool(client, settings.tool)
            _refuse_arguments(arguments, tool)
            await self._permitted(tool, arguments, line)
            return await client.call_tool(
                settings.tool,
                arguments,
                settings.seconds_max or None,
                _progress(line, self._workshop.scrub),
                meta=trace_meta(assignment),
            )

    async def _permitted(self, tool: "Tool", arguments: dict[str, Any], line: Line) -> None:
        """Ask first where the server calls its tool more dangerous than it was declared."""
        if not _destroys(tool) or self._card.risk == "irreversible":
            return
        action = Action(
            "tool",
            f"Call the tool {tool.name}, which its server calls destructive",
            {"tool": tool.name, "arguments": arguments},
            ("deletes",),
        )
        verdict = await line.permit(action)
        if not verdict.is_allowed:
            raise AttemptFailed(
                "mcp.not_permitted",
                f"The tool {tool.name!r} was not allowed to run. {verdict.reason}".rstrip(),
                hint="Declare its effects, so that its steps are approved before they start.",
                retryable=False,
            )


class Questions:
    """What the server asks a person while its tool works."""

    def __init__(self, line: Line, settings: McpSettings, workshop: Workshop) -> None:
        """Nobody is asked yet."""
        self._line = line
        self._tool = settings.tool
        self._scrub = workshop.scrub

    async def answer(self, context: Any, params: "ElicitRequestParams") -> "ElicitResult":
        """Ask a person for the form; an address to go to is declined, for nobody may be there."""
        from mcp_types import ElicitRequestFormParams, ElicitResult

        if not isinstance(params, ElicitRequestFormParams):
            self._line.log("warning", f"The server asks to open an address: {params.message}")
            return ElicitResult(action="decline")
        form = msgspec.json.decode(msgspec.json.encode(_plain(params.requested_schema)))
        title = one_line(params.message, self._scrub, TITLE_MAX)
        detail = {"tool": self._tool, "message": params.message}
        verdict = await self._line.permit(Action("question", title, detail, (), form))
        if not verdict.is_allowed:
            return ElicitResult(action="decline")
        if fault := misfit(verdict.answer, shape_of(form)):
            self._line.log("warning", f"The answer to the tool does not fit: {fault}")
            return ElicitResult(action="cancel")
        return ElicitResult(action="accept", content=verdict.answer)


def _plain(schema: Any) -> Any:
    dump = getattr(schema, "model_dump", None)
    return dump(mode="json", by_alias=True, exclude_none=True) if dump else schema


def _log_handler(notes: BoundedLog) -> Callable[[Any], Awaitable[None]]:
    async def hear(params: Any) -> None:
        words = params.data if isinstance(params.data, str) else _written(params.data)
        notes.log(LEVELS.get(params.level, "info"), words)

    return hear


def _written(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


def _progress(line: Line, scrub: Scrub) -> "ProgressFnT":
    async def moved(progress: float, total: float | None, message: str | None) -> None:
        # Some count in parts of one.
        factor = 100 if total is not None and 0 < total <= 1 else 1
        done, all_of_it = _counted(progress * factor), _counted((total or 0) * factor)
        line.progress(done, all_of_it, one_line(message or "", scrub))

    return moved


def _counted(number: float) -> int:
    """Return a number that everybody can hold, whatever the server counts."""
    return round(min(max(number, 0.0), COUNT_MAX)) if math.isfinite(number) else 0


def _destroys(tool: "Tool") -> bool:
    """Whether the server says so. That it is silent, or says the contrary, means nothing."""
    return bool(tool.annotations and tool.annotations.destructive_hint)


def _refuse_arguments(arguments: dict[str, Any], tool: "Tool") -> None:
    if fault := misfit(arguments, shape_of(tool.input_schema)):
        raise AttemptFailed(
            "mcp.bad_input",
            f"The tool {tool.name!r} cannot take these arguments: {fault}.",
            hint="Change the inputs of the step, or `arguments` in the settings of the agent.",
            retryable=False,
        )


def _refuse_difference(declared: Declaration, settings: McpSettings, tool: "Tool") -> None:
    """Refuse a declaration that what the server says contradicts.

    Raises:
        AttemptFailed: `mcp.differs`.
    """
    fault = fits(argument_shape(declared, settings), shape_of(tool.input_schema), "arguments")
    if not fault and tool.output_schema is not None and declared.output != ANYTHING:
        fault = fits(shape_of(tool.output_schema), output_shape(declared), "output")
    if fault:
        takes = msgspec.json.encode(tool.input_schema).decode()[:1_000]
        raise AttemptFailed(
            "mcp.differs",
            f"The tool {tool.name!r} is not what agent {declared.name!r} declares: {fault}.",
            hint=f"The server says that it takes {takes}",
            retryable=False,
        )
