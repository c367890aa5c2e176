"""Translates requests of Codex for approval into actions, and verdicts into its answers."""

import shlex
from pathlib import Path
from typing import Any

from missioncontrol.adapters.agents.coding.session import strip_controls
from missioncontrol.ports.agent import Action, Verdict

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
