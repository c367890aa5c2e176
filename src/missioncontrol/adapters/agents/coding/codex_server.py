"""`codex app-server`: a conversation over stdin and stdout, with approvals by people."""

import asyncio
import shlex
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.agents.attempt_process import run_program
from missioncontrol.adapters.agents.coding.codex_events import (
    ItemRecorder,
    add_missing_commands,
    reason_of,
    status_of,
    usage_of,
)
from missioncontrol.adapters.agents.coding.codex_exec import CodexExec
from missioncontrol.adapters.agents.coding.codex_home import (
    CodexSettings,
    conversation,
    has_conversation,
    prepare,
    sandbox_of,
)
from missioncontrol.adapters.agents.coding.failures import no_result, tool_refusal
from missioncontrol.adapters.agents.coding.order import Order
from missioncontrol.adapters.agents.coding.session import (
    ERROR_LINE_BYTES_MAX,
    ToolSession,
    strip_controls,
)
from missioncontrol.adapters.agents.output import OutputReader
from missioncontrol.adapters.processes import LINE_BYTES_MAX, Program
from missioncontrol.domain.declaration import Declaration
from missioncontrol.ports.agent import Action, Verdict

# Translates requests of Codex for approval into actions, and verdicts into its answers.

TITLE_MAX = 200
COMMAND = "item/commandExecution/requestApproval"
CHANGE = "item/fileChange/requestApproval"
QUESTION = "item/tool/requestUserInput"


class ApprovalRequests:
    """Translates requests, with the changes of their items: a request names only the item.

    Paths are relative to the tree, so that the same action in another attempt is equal.
    """

    def __init__(self, cwd: Path) -> None:
        self._cwd = cwd
        self._changes: dict[str, list[dict[str, Any]]] = {}

    def remember(self, item: dict[str, Any]) -> None:
        """Store the changes that an item is about to make."""
        changes = item.get("changes")
        if item.get("type") == "fileChange" and isinstance(changes, list):
            found = [self._change(each) for each in changes if isinstance(each, dict)]
            self._changes[str(item.get("id", ""))] = found

    def forget(self, item: dict[str, Any]) -> None:
        """Drop an item that has ended."""
        self._changes.pop(str(item.get("id", "")), None)

    def action(self, method: str, params: dict[str, Any]) -> Action | None:
        """Return the requested action; None for a request that no person can answer."""
        if method == COMMAND:
            return self._command(params)
        if method == CHANGE:
            return self._changing(params)
        return _question(params) if method == QUESTION else None

    def _command(self, params: dict[str, Any]) -> Action:
        command = str(params.get("command") or "")
        detail: dict[str, Any] = {
            "argv": _split(command),
            "directory": self._relative(str(params.get("cwd") or "")),
        }
        for name in ("reason", "networkApprovalContext", "additionalPermissions"):
            if params.get(name):
                detail[name] = params[name]
        if params.get("kind") not in (None, "command"):
            detail["kind"] = params["kind"]
        title = f"Run `{detail['argv'][-1] if detail['argv'] else command}`"
        return Action("command", _title(title), detail, ("runs_programs",))

    def _changing(self, params: dict[str, Any]) -> Action:
        changes = self._changes.get(str(params.get("itemId", "")), [])
        detail: dict[str, Any] = {"changes": changes}
        for name in ("reason", "grantRoot"):
            if params.get(name):
                detail[name] = params[name]
        names = ", ".join(str(change["path"]) for change in changes) or "files"
        return Action("change", _title(f"Change {names}"), detail, ("writes_files",))

    def _change(self, change: dict[str, Any]) -> dict[str, Any]:
        return {**change, "path": self._relative(str(change.get("path", "")))}

    def _relative(self, path: str) -> str:
        try:
            return str(Path(path).relative_to(self._cwd)) if path else "."
        except ValueError:
            return path


def _question(params: dict[str, Any]) -> Action:
    given = params.get("questions")
    entries = given if isinstance(given, list) else []
    questions = [each for each in entries if isinstance(each, dict)]
    fields = {
        str(each.get("id", "")): {"type": "string", "description": str(each.get("question", ""))}
        for each in questions
    }
    title = str(questions[0].get("question", "")) if questions else "A question"
    form = {"type": "object", "properties": fields, "required": list(fields)}
    return Action("question", _title(title), {"questions": questions}, (), form)


def approval_response(method: str, verdict: Verdict, params: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request in Codex's protocol. It applies once."""
    if method != QUESTION:
        return {"decision": "accept" if verdict.is_allowed else "decline"}
    given = verdict.answer if verdict.is_allowed and isinstance(verdict.answer, dict) else {}
    return {"answers": {name: {"answers": [str(value)]} for name, value in given.items()}}


def _title(text: str) -> str:
    line = " ".join(strip_controls(text).split())
    return line if len(line) <= TITLE_MAX else f"{line[: TITLE_MAX - 1]}…"


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return [command]


POLICY = "untrusted"
"""Codex asks before each command and change. Its settings file does not accept this value."""

EXIT_SECONDS = 5.0
"""From the end of a turn until a server that does not exit is terminated."""

INTERRUPT_SECONDS = 1.0
"""For the server to stop a cancelled turn, before it is terminated."""

INITIALIZE, THREAD, TURN, INTERRUPT = 1, 2, 3, 4


class CodexServer:
    """Codex with approvals."""

    title = "Codex"

    def __init__(self, declared: Declaration, settings: CodexSettings) -> None:
        self._declared = declared
        self._settings = settings

    async def converse(self, session: ToolSession, prompt: str, order: Order) -> None:
        if session.reading is not None:
            # It only reads, so no approval is needed, and only `exec` takes a schema.
            await CodexExec(self._declared, self._settings).converse(session, prompt, order)
            return
        wider = order.elevation
        program = await prepare(session, self._declared, self._settings, "on-request", wider)
        argv = [program, "app-server"]
        async with run_program(
            argv,
            cwd=session.cwd,
            environment=session.environment,
            line=session.line,
            rules=session.rules,
        ) as process:
            await _Conversation(process, session, prompt, order).run()
        await add_missing_commands(session)

    def has_conversation(self, home: Path, thread: str) -> bool:
        return has_conversation(home, thread)

    def conversation(self, session: ToolSession, thread: str, record: bytes) -> tuple[str, bytes]:
        return conversation(thread, record)


class _Conversation:
    """One turn, from the first message to the exit of the server."""

    def __init__(self, program: Program, session: ToolSession, prompt: str, order: Order) -> None:
        self._program = program
        self._session = session
        self._prompt = prompt
        self._order = order
        self._items = ItemRecorder(session)
        self._approvals = ApprovalRequests(session.cwd)
        self._turn = ""
        self._ended: dict[str, Any] | None = None
        self._refusal = ""  # of a request of ours
        self._answering: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None

    async def run(self) -> None:
        """Run one turn.

        Raises:
            AttemptFailed: as `tool_refusal`; `codex.no_result`; or as `Line.permit`.
        """
        stdout, stderr = self._program.process.stdout, self._program.process.stderr
        client = {"name": "missioncontrol", "title": "Mission Control", "version": "1"}
        self._request(INITIALIZE, "initialize", {"clientInfo": client})
        reader = OutputReader(self._program)
        try:
            code = await reader.wait_for_exit(
                reader.read_lines(stdout, self._handle_line, bytes_max=LINE_BYTES_MAX),
                reader.read_lines(
                    stderr, self._session.record_error, bytes_max=ERROR_LINE_BYTES_MAX
                ),
            )
        except asyncio.CancelledError:
            await self._interrupt()
            raise
        finally:
            for task in self._answering:
                task.cancel()
        self._check_result(code)

    # Requests to the server.

    def _request(self, number: int, method: str, params: dict[str, Any]) -> None:
        self._send({"id": number, "method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        stdin = self._program.process.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(msgspec.json.encode(message) + b"\n")

    def _open_thread(self) -> None:
        """Start a conversation, or resume the existing one."""
        self._send({"method": "initialized"})
        params: dict[str, Any] = {
            "cwd": str(self._session.cwd),
            "approvalPolicy": POLICY,
            "sandbox": sandbox_of(self._order, self._session.rules),
        }
        if self._session.model:
            params["model"] = self._session.model
        if self._session.thread:
            self._request(THREAD, "thread/resume", {**params, "threadId": self._session.thread})
        else:
            self._request(THREAD, "thread/start", params)

    def _start_turn(self, thread: str) -> None:
        self._session.thread = thread
        inputs = [{"type": "text", "text": self._prompt}]
        self._request(TURN, "turn/start", {"threadId": thread, "input": inputs})

    def _close(self) -> None:
        """Close standard input, at which the server exits; terminate it if it does not."""
        stdin = self._program.process.stdin
        if stdin is not None:
            stdin.close()
        loop = asyncio.get_running_loop()
        loop.call_later(EXIT_SECONDS, self._end_process)

    def _end_process(self) -> None:
        if self._program.process.returncode is None:
            self._program.process.terminate()

    async def _interrupt(self) -> None:
        turn = {"threadId": self._session.thread, "turnId": self._turn}
        self._request(INTERRUPT, "turn/interrupt", turn)
        self._close()
        exited = asyncio.ensure_future(self._program.exited())
        await asyncio.wait((exited,), timeout=INTERRUPT_SECONDS)
        exited.cancel()

    # Messages from the server.

    def _handle_line(self, raw: bytes, is_cut: bool) -> None:
        message = self._session.decode_event(raw, "Codex")
        if message is None:
            return
        params = message.get("params")
        params = params if isinstance(params, dict) else {}
        if "method" not in message:
            self._handle_response(message)
        elif "id" in message:
            self._handle_request(message["id"], str(message["method"]), params)
        else:
            self._handle_notification(str(message["method"]), params)

    def _handle_response(self, message: dict[str, Any]) -> None:
        """Handle the response to one of our requests."""
        if "error" in message:
            error = message["error"]
            reason = error.get("message") if isinstance(error, dict) else error
            if message.get("id") != INTERRUPT:
                self._refusal = str(reason)
                self._close()
            return
        result = message.get("result")
        result = result if isinstance(result, dict) else {}
        number = message.get("id")
        if number == INITIALIZE:
            self._open_thread()
        elif number == THREAD:
            self._start_turn(_id_in(result, "thread"))
        elif number == TURN:
            self._turn = _id_in(result, "turn")

    def _handle_notification(self, method: str, params: dict[str, Any]) -> None:
        item = params.get("item")
        match method:
            case "item/started" if isinstance(item, dict):
                self._approvals.remember(item)
                self._items.started(item)
            case "item/completed" if isinstance(item, dict):
                self._approvals.forget(item)
                self._items.completed(item)
            case "thread/tokenUsage/updated":
                used = params.get("tokenUsage")
                total = used.get("total") if isinstance(used, dict) else None
                self._session.record_total_usage(usage_of(total, self._session))
            case "turn/completed":
                turn = params.get("turn")
                self._ended = turn if isinstance(turn, dict) else {}
                self._close()
            case "error":
                self._session.log("warning", _message_of(params.get("error")))
            case "warning" | "configWarning":
                text = params.get("message") or params.get("summary")
                self._session.log("warning", str(text or ""))

    # Approvals.

    def _handle_request(self, number: Any, method: str, params: dict[str, Any]) -> None:
        task = asyncio.ensure_future(self._answer(number, method, params))
        self._answering.add(task)
        task.add_done_callback(self._finish_answer)

    async def _answer(self, number: Any, method: str, params: dict[str, Any]) -> None:
        action = self._approvals.action(method, params)
        if action is None:
            error = {"code": -32601, "message": f"{method} is not supported."}
            self._send({"id": number, "error": error})
            return
        verdict = await self._session.line.permit(action)
        if not verdict.is_allowed:
            because = f": {verdict.reason}" if verdict.reason else ""
            self._session.log("warning", f"Refused{because}: {action.title}")
        self._send({"id": number, "result": approval_response(method, verdict, params)})

    def _finish_answer(self, task: "asyncio.Task[None]") -> None:
        self._answering.discard(task)
        if not task.cancelled() and (fault := task.exception()):
            self._fault = fault
            self._close()
            self._end_process()

    def _check_result(self, code: int) -> None:
        self._items.end()
        if self._fault is not None:
            raise self._fault
        if self._refusal:
            raise tool_refusal(self._session, "Codex", strip_controls(self._refusal))
        if self._ended is None:
            raise no_result(self._session, "Codex", code)
        if self._ended.get("status") != "completed":
            error = _message_of(self._ended.get("error")) or str(self._ended.get("status"))
            raise tool_refusal(
                self._session, "Codex", reason_of(strip_controls(error)), status_of(error)
            )


def _id_in(result: dict[str, Any], name: str) -> str:
    found = result.get(name)
    return str(found.get("id", "")) if isinstance(found, dict) else ""


def _message_of(error: Any) -> str:
    return str(error.get("message", "")) if isinstance(error, dict) else str(error or "")
