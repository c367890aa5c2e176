"""`mission gateway`: keys of tools that call models through here, and the calls they made."""

import argparse
import shlex
from collections.abc import Mapping
from typing import Any

import msgspec

from missioncontrol.cli import declarations
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.identity import IN_ATTEMPT
from missioncontrol.cli.output import columns, note, print_json, print_text
from missioncontrol.cli.text import moment
from missioncontrol.domain.budget.scopes import WORKSPACE, Scope
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.money import dollars
from missioncontrol.domain.visible import visible
from missioncontrol.ports.call_log import Call, CallQuery, Found


def gateway(arguments: argparse.Namespace, desk: Desk, *, environment: Mapping[str, str]) -> int:
    """Do what `mission gateway VERB` was asked for."""
    match arguments.gateway:
        case "keys":
            return declarations.run(arguments)
        case "calls":
            return _list_calls(arguments, desk)
        case "call":
            return _show_call(arguments, desk)
    if environment.get(IN_ATTEMPT):
        raise Rejected(
            "key.by_agent",
            f"This command was started by an agent at work ({IN_ATTEMPT} is set), "
            "and agents can't issue or revoke keys.",
            hint="A person does that, in a terminal of their own.",
        )
    code = declarations.run(arguments)
    if arguments.gateway == "issue":
        _warn_capless(arguments, desk)
    return code


def _warn_capless(arguments: argparse.Namespace, desk: Desk) -> None:
    """Say that calls will be refused, where no cap holds for the new key."""
    if arguments.run or _has_cap(desk.ledger() or Ledger(), arguments.agent):
        return
    where = f"agent {shlex.quote(arguments.agent)}" if arguments.agent else "workspace"
    note(
        visible(
            f"No cap holds for the key {arguments.name!r}, so its calls will be refused; "
            f"`mission budget set {where} --cost USD --reason TEXT` sets one.\n"
        )
    )


def _has_cap(ledger: Ledger, agent: str) -> bool:
    """Whether a cap holds for what a key without a run calls; that of a model is enough for it."""
    about = (WORKSPACE, Scope("agent", agent))
    return any(
        account.limits and (scope in about or scope.kind == "model")
        for scope, account in ledger.accounts.items()
    )


def _list_calls(arguments: argparse.Namespace, desk: Desk) -> int:
    query = CallQuery(
        run=desk.run(arguments.run) if arguments.run else "",
        step=arguments.step,
        agent=arguments.agent,
        model=arguments.model,
        limit=max(1, min(arguments.limit, 10_000)),
    )
    found = _with_calls(desk, lambda log: log.find(query), [])
    if arguments.json:
        print_json([{"number": each.number, **msgspec.to_builtins(each.call)} for each in found])
        return SUCCEEDED
    for each in found:
        print_text(visible(f"{_call_line(each)}"[: columns()]) + "\n")
    if not found:
        print_text("No call was made.\n")
    return SUCCEEDED


def _call_line(found: Found) -> str:
    call = found.call
    used = f"{call.usage.input_tokens:,} in, {call.usage.output_tokens:,} out"
    cost = f", {dollars(call.usage.cost)}" if call.usage.cost is not None else ""
    why = f" · {call.code}" if call.code else ""
    who = f"{call.run}/{call.step}" if call.run else call.caller
    return (
        f"{found.number:>6}  {moment(call.time / 1_000_000)}  {call.outcome:<9} "
        f"{call.model or call.asked}  {used}{cost}  {call.seconds:.1f} s  {who}{why}"
    )


def _show_call(arguments: argparse.Namespace, desk: Desk) -> int:
    found: Call | None = _with_calls(desk, lambda log: log.read(arguments.number), None)
    if found is None:
        raise NotFound(
            "call.unknown",
            f"No call {arguments.number} is stored here.",
            hint="`mission gateway calls` lists those that are.",
        )
    if arguments.json:
        print_json(msgspec.to_builtins(found))
        return SUCCEEDED
    print_text(visible(f"{_call_line(Found(arguments.number, found))}\n"))
    if found.reason:
        print_text(visible(f"  {found.reason}\n"))
    for title, text in (("prompt", found.prompt), ("answer", found.answer)):
        if text:
            print_text(visible(f"\n{title}\n{text}\n"))
    for tool in found.called:
        print_text(visible(f"\ntool {tool.name}\n{tool.arguments}\n"))
    return SUCCEEDED


def _with_calls(desk: Desk, look: Any, nothing: Any) -> Any:
    """Return what `look` finds in the log of calls, or `nothing` where there is none."""
    if not desk.directory.calls.exists():
        return nothing
    from missioncontrol.adapters.call_logs.sqlite import SqliteCallLog

    log = SqliteCallLog(desk.directory.calls)
    try:
        return look(log)
    finally:
        log.close()
