"""`mission gateway`: keys of tools that call models through here, and the calls they made."""

import argparse
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from missioncontrol.application.gateway_keys import KeyAsked
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.identity import IN_ATTEMPT
from missioncontrol.cli.output import columns, note, print_json, print_text
from missioncontrol.cli.text import moment
from missioncontrol.domain.budget.scopes import WORKSPACE, Scope
from missioncontrol.domain.budget.states import Ledger
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.gateway_key import KeyIssued
from missioncontrol.domain.money import dollars
from missioncontrol.domain.visible import visible
from missioncontrol.ports.call_log import Call, CallQuery, Found


class GatewayDesk(Protocol):
    """What these verbs need of a home, whether or not an engine holds it."""

    @property
    def calls(self) -> Path:
        """The file in which calls are stored."""
        ...

    def keys(self) -> Sequence[KeyIssued]:
        """Return the keys that were not revoked, by name."""
        ...

    def ledger(self) -> Ledger | None:
        """Fold the ledger that holds from the log; None where there is none yet."""
        ...

    def run(self, text: str) -> str:
        """Return the id of the run that `text` means."""
        ...

    def deliver(self, ask: KeyAsked) -> Any:
        """Send `ask` to `GatewayKeys.take`; return once it is on disk."""
        ...


def gateway(
    arguments: argparse.Namespace, desk: GatewayDesk, *, environment: Mapping[str, str]
) -> int:
    """Do what `mission gateway VERB` was asked for."""
    match arguments.gateway:
        case "keys":
            return _list_keys(arguments, desk)
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
    return _issue(arguments, desk) if arguments.gateway == "issue" else _revoke(arguments, desk)


def _issue(arguments: argparse.Namespace, desk: GatewayDesk) -> int:
    seconds = seconds_of(arguments.expires) if arguments.expires else 0.0
    if isinstance(seconds, str):
        raise Rejected("key.bad_time", f"--expires is {arguments.expires[:60]!r}.", hint=seconds)
    answer = desk.deliver(
        KeyAsked(
            arguments.name,
            agent=arguments.agent,
            run=desk.run(arguments.run) if arguments.run else "",
            models=tuple(arguments.model),
            seconds=seconds,
            calls_per_minute=arguments.calls_per_minute,
        )
    )
    _warn_capless(arguments, desk)
    if arguments.json:
        print_json(answer)
        return SUCCEEDED
    print_text(f"{answer['key']}\n")
    until = f" until {moment(answer['until'])}" if answer["until"] else ""
    note(visible(f"This is the key {arguments.name!r}{until}. It is not shown again.\n"))
    return SUCCEEDED


def _warn_capless(arguments: argparse.Namespace, desk: GatewayDesk) -> None:
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


def _revoke(arguments: argparse.Namespace, desk: GatewayDesk) -> int:
    desk.deliver(KeyAsked(arguments.name, revoke=True, reason=arguments.reason))
    if arguments.json:
        print_json({"name": arguments.name, "revoked": True})
    else:
        print_text(
            visible(f"The key {arguments.name!r} is void; calls that go on with it are cut.\n")
        )
    return SUCCEEDED


def _list_keys(arguments: argparse.Namespace, desk: GatewayDesk) -> int:
    keys = desk.keys()
    if arguments.json:
        print_json([_key_view(key) for key in keys])
        return SUCCEEDED
    for key in keys:
        print_text(visible(f"{_key_line(key)}\n"))
    if not keys:
        print_text("No key was issued.\n")
    return SUCCEEDED


def _key_view(key: KeyIssued) -> dict[str, Any]:
    return {
        "name": key.name,
        "agent": key.agent,
        "run": key.run,
        "models": list(key.models),
        "until": key.until or None,
        "calls_per_minute": key.calls_per_minute or None,
    }


def _key_line(key: KeyIssued) -> str:
    about = [f"agent {key.agent}"] if key.agent else []
    about += [f"run {key.run}"] if key.run else []
    about += [f"models {', '.join(key.models)}"] if key.models else []
    about += [f"until {moment(key.until)}"] if key.until else []
    return f"{key.name}{': ' if about else ''}{', '.join(about)}"


def _list_calls(arguments: argparse.Namespace, desk: GatewayDesk) -> int:
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


def _show_call(arguments: argparse.Namespace, desk: GatewayDesk) -> int:
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


def _with_calls(desk: GatewayDesk, look: Any, nothing: Any) -> Any:
    """Return what `look` finds in the log of calls, or `nothing` where there is none."""
    if not desk.calls.exists():
        return nothing
    from missioncontrol.adapters.call_logs.sqlite import SqliteCallLog

    log = SqliteCallLog(desk.calls)
    try:
        return look(log)
    finally:
        log.close()
