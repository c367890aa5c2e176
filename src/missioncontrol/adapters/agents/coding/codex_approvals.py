"""What Codex asks of a person, as actions of ours, and the answers in its words."""

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
    """Knows what the items are that Codex asks about: a request for a change names only its item.

    Directories are told relative to the tree, so that the same action in another attempt is the
    same action.
    """

    def __init__(self, cwd: Path) -> None:
        """Nothing was asked yet."""
        self._cwd = cwd
        self._changes: dict[str, list[dict[str, Any]]] = {}

    def about(self, item: dict[str, Any]) -> None:
        """Remember the changes that an item is to make."""
        changes = item.get("changes")
        if item.get("type") == "fileChange" and isinstance(changes, list):
            found = [self._change(each) for each in changes if isinstance(each, dict)]
            self._changes[str(item.get("id", ""))] = found

    def over(self, item: dict[str, Any]) -> None:
        """Forget an item that has come to its end."""
        self._changes.pop(str(item.get("id", "")), None)

    def action(self, method: str, params: dict[str, Any]) -> Action | None:
        """Return what is asked for; None where it is nothing that a person could answer."""
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
    told = params.get("questions")
    questions = [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    fields = {
        str(each.get("id", "")): {"type": "string", "description": str(each.get("question", ""))}
        for each in questions
    }
    title = str(questions[0].get("question", "")) if questions else "A question"
    form = {"type": "object", "properties": fields, "required": list(fields)}
    return Action("question", _title(title), {"questions": questions}, (), form)


def approval_response(method: str, verdict: Verdict, params: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a request, in Codex's words. Each holds for one time."""
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
