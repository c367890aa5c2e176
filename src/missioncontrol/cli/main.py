"""`mission`: reads the command line, does what it says, and answers with an exit code."""

import gc
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from missioncontrol.cli import output
from missioncontrol.cli.exit_codes import CANCELLED, FAILED, of_error
from missioncontrol.domain.errors import MissionControlError

VERBS = {
    "plan": ("work", "plan"),
    "run": ("work", "run"),
    "locate": ("likely", "places"),
    "eval backtest": ("backtest", "backtest"),
    "execute": ("work", "carry_plan_out"),
    "runs resume": ("work", "resume"),
    "runs retry": ("work", "retry"),
    "runs fork": ("work", "fork"),
    "watch": ("work", "watch"),
    "workflow": ("governing", "workflow"),
    "approvals": ("governing", "approvals"),
    "budget": ("governing", "budget"),
    "budget price": ("governing", "price"),
    "schedule": ("schedule", "schedule"),
    "agent": ("governing", "agent"),
    "worker": ("worker", "worker"),
    "questions": ("governing", "questions"),
    "gateway": ("governing", "gateway"),
    "knowledge memory": ("memory", "memory"),
    "knowledge": ("declarations", "run"),
    "decision": ("decision", "decision"),
    "inbox": ("declarations", "run"),
    "task item": ("declarations", "run"),
    "task board": ("declarations", "run"),
    "workflow template": ("declarations", "run"),
    "guard": ("guard", "guarded"),
    "pattern learn": ("learn", "learn"),
    "pattern": ("pattern", "pattern"),
    "mcp": ("mcp", "mcp"),
    "repo": ("repo", "repo"),
    "task": ("task", "task"),
    "task review": ("declarations", "run"),
    "eval": ("evaluation", "evaluation"),
    "user": ("access", "user"),
    "user token": ("declarations", "run"),
    "up": ("server_commands", "up"),
    "workspace": ("workspace", "workspace"),
    "engine halt": ("server_commands", "stop"),
    "engine resume": ("server_commands", "start"),
    "engine rate-limit": ("server_commands", "limit"),
    "list": ("run_lists", "list_missions"),
    "runs": ("run_lists", "declared"),
    "show": ("run_lists", "show"),
    "runs replay": ("run_lists", "replay"),
    "runs output": ("results", "output"),
    "runs artifacts": ("results", "artifacts"),
    "runs export": ("results", "export"),
    "runs pack": ("pack", "pack"),
    "runs plan": ("declarations", "run"),
    "document": ("document", "document"),
    "document share": ("share", "share"),
    "runs summary": ("summary", "summary"),
    "runs diagram": ("diagram", "diagram"),
    "audit": ("audit", "audit"),
    "runs trace": ("tracing", "trace"),
    "analytics": ("analytics", "analytics"),
}
"""The module and the function of each command; a noun has one function for all of its own."""

HOOK = ["agent", "event"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit code; never a traceback for a person's mistake."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:2] == HOOK:  # An agent waits for it, and the parser alone takes a tenth of a second.
        from missioncontrol.adapters.agent_sessions.spool import event

        return event(given[2:])
    from missioncontrol.cli.arguments import parse

    output.prepare()
    try:
        chosen = parse(arguments)
    except SystemExit:
        output.finish()
        raise
    code = _answer(chosen.verb, lambda: _verb(chosen.verb)(chosen))
    failure = output.finish()
    if failure is None:
        return code
    output.note(f"mission: standard output can't be written: {failure.strerror}.\n")
    return code or FAILED


def _answer(verb: str, act: Callable[[], int]) -> int:
    from missioncontrol.domain.visible import visible

    try:
        return act()
    except MissionControlError as error:
        output.note(f"mission: {visible(str(error))}\n")
        return of_error(error)
    except KeyboardInterrupt:
        output.note("mission: interrupted. `mission runs` names what can be resumed.\n")
        return CANCELLED
    except _outside_faults() as error:
        output.note(f"mission: `mission {verb}` broke off: {visible(_reason(error))}.\n")
        return FAILED


def _outside_faults() -> tuple[type[Exception], ...]:
    """Return what files and databases fail with where nothing better is known to say."""
    from sqlite3 import Error

    return OSError, Error


def _reason(error: Exception) -> str:
    if not isinstance(error, OSError):
        return f"a database of the home is damaged or busy ({error})"
    place = f"{str(error.filename)!r}: " if error.filename else ""
    return place + (error.strerror or str(error))


def _verb(name: str) -> Callable[..., int]:
    """Import only what the verb needs: `mission --help` should not wait for the rest."""
    module, function = VERBS[name]
    # Modules stay to the end: to look through them for garbage is a tenth of the time of a start.
    gc.disable()
    try:
        found: Callable[..., int] = getattr(import_module(f"missioncontrol.cli.{module}"), function)
    finally:
        gc.enable()
    return found
