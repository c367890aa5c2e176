"""The kind `mcp`: calls one tool of an MCP server."""

import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.adapters.agents.command_inputs import Scrub
from missioncontrol.adapters.agents.kind_support import (
    BoundedLog,
    HealthCheckLine,
    health_check_assignment,
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
        """Return the card. A tool counts as writing unless its effects say otherwise."""
        # Annotations of the server may raise the risk of a call, but never lower it.
        settings = mcp_settings(declared)
        does = "runs_programs" if settings.argv else "writes_records"
        effects = declared.effects or (does,)
        return msgspec.structs.replace(card_of(declared), effects=effects, risk=tier(effects))

    def make(self, declared: Declaration, workshop: Workshop) -> Agent:
        return McpAgent(declared, mcp_settings(declared), self.card(declared), workshop)

    async def prove(self, declared: Declaration, workshop: Workshop, *, round_trip: bool) -> Proof:
        """Compare the tool with its declaration without calling it."""
        settings = mcp_settings(declared)
        line, assignment = HealthCheckLine(), health_check_assignment(declared.name)
        async with open_session(settings, workshop, assignment, line) as client:
            tool = await find_tool(client, settings.tool)
            info, protocol = client.server_info, client.protocol_version
        _refuse_difference(declared, settings, tool)
        version = f"{info.name} {info.version}"[:200] if info else ""
        report = f"The tool {tool.name!r} matches its declaration; the protocol is {protocol}."
        if _destroys(tool) and tier(self.card(declared).effects) != "irreversible":
            report += " Its server calls it destructive, so each call needs approval."
        return Proof(version, report)


class McpAgent:
    """Calls one tool."""

    def __init__(
        self, declared: Declaration, settings: McpSettings, card: AgentCard, workshop: Workshop
    ) -> None:
        self._declared = declared
        self._settings = settings
        self._card = card
        self._workshop = workshop

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        settings, shape = self._settings, output_shape(self._declared)
        scrub = self._workshop.scrub
        result = await self._call(assignment, line)
        refuse_failure(result, settings.tool, scrub)
        output = output_of(result, shape)
        who = f"The tool {settings.tool!r}"
        refuse_misfit(output, shape, code="mcp.bad_output", who=who, scrub=scrub)
        files = files_of(result, settings.tool, line)
        return Work(summary=f"{who} answered.", output=output, artifacts=files)

    async def _call(self, assignment: Assignment, line: Line) -> "CallToolResult":
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
            await self._require_permission(tool, arguments, line)
            return await client.call_tool(
                settings.tool,
                arguments,
                settings.seconds_max or None,
                _progress(line, self._workshop.scrub),
                meta=trace_meta(assignment),
            )

    async def _require_permission(
        self, tool: "Tool", arguments: dict[str, Any], line: Line
    ) -> None:
        """Ask for permission if the server calls its tool destructive and the card doesn't."""
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
                f"The tool {tool.name!r} was denied permission. {verdict.reason}".rstrip(),
                hint="Declare its effects, so that people approve its steps before they start.",
                retryable=False,
            )


class Questions:
    """Asks a person the questions of a server while its tool runs."""

    def __init__(self, line: Line, settings: McpSettings, workshop: Workshop) -> None:
        self._line = line
        self._tool = settings.tool
        self._scrub = workshop.scrub

    async def answer(self, context: Any, params: "ElicitRequestParams") -> "ElicitResult":
        """Ask a person to fill in a form; decline URLs, because no person may be present."""
        from mcp_types import ElicitRequestFormParams, ElicitResult

        if not isinstance(params, ElicitRequestFormParams):
            self._line.log(
                "warning", f"Declined the request of the server to open a URL: {params.message}"
            )
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
    async def handle(params: Any) -> None:
        text = params.data if isinstance(params.data, str) else _as_json(params.data)
        notes.log(LEVELS.get(params.level, "info"), text)

    return handle


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()


def _progress(line: Line, scrub: Scrub) -> "ProgressFnT":
    async def report(progress: float, total: float | None, message: str | None) -> None:
        # Some servers count from 0 to 1.
        factor = 100 if total is not None and 0 < total <= 1 else 1
        done, all_of_it = _counted(progress * factor), _counted((total or 0) * factor)
        line.progress(done, all_of_it, one_line(message or "", scrub))

    return report


def _counted(number: float) -> int:
    """Return a finite integer within bounds: a server may send any float."""
    return round(min(max(number, 0.0), COUNT_MAX)) if math.isfinite(number) else 0


def _destroys(tool: "Tool") -> bool:
    """Whether the server calls a tool destructive. The contrary is not trusted."""
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
    """Raise if the schemas of the server contradict the declaration.

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
            f"The tool {tool.name!r} contradicts the declaration of {declared.name!r}: {fault}.",
            hint=f"Its input schema is {takes}",
            retryable=False,
        )
