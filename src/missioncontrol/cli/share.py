"""`mission document share`: links that show the report of one run to their holders, for a time."""

import argparse
import asyncio
import os

import msgspec

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.application.journal import fold
from missioncontrol.application.queries.shares import ShareView, shares
from missioncontrol.application.shares import SHARES, STREAM, ShareAsked
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.text import moment
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible


def share(arguments: argparse.Namespace) -> int:
    """Do what `mission document share VERB` was asked for."""
    desk = Desk(arguments, os.environ)
    try:
        match arguments.share:
            case "list":
                return _list(arguments, desk)
            case "new":
                return _new(arguments, desk)
        return _revoke(arguments, desk)
    finally:
        desk.close()


def _new(arguments: argparse.Namespace, desk: Desk) -> int:
    seconds = seconds_of(arguments.expires)
    if isinstance(seconds, str):
        raise Rejected("share.bad_time", f"--expires is {arguments.expires[:60]!r}.", hint=seconds)
    run = desk.run(arguments.run)
    answer = desk.deliver(ShareAsked("new", run, seconds=seconds, note=arguments.note))
    link = f"{desk.console(arguments.url)}/shared/{answer['token']}"
    if arguments.json:
        shown = ("id", "mission", "run", "until")
        print_json({**{name: answer[name] for name in shown}, "link": link})
        return SUCCEEDED
    print_text(f"{link}\n")
    until = moment(answer["until"])
    message = f"This link shows anyone the report of {run}, and nothing else, until {until}."
    note(visible(f"{message} It is not shown again; its id is {answer['id']}.\n"))
    return SUCCEEDED


def _revoke(arguments: argparse.Namespace, desk: Desk) -> int:
    desk.deliver(ShareAsked("revoke", share=arguments.id, reason=arguments.reason))
    if arguments.json:
        print_json({"id": arguments.id, "revoked": True})
    else:
        print_text(visible(f"The link {arguments.id!r} shows nothing any more.\n"))
    return SUCCEEDED


def _list(arguments: argparse.Namespace, desk: Desk) -> int:
    known, _ = asyncio.run(fold(desk.store, SHARES, STREAM))
    found = shares(known, SystemClock().now())
    if arguments.json:
        print_json(msgspec.to_builtins(found))
        return SUCCEEDED
    for each in found:
        print_text(visible(f"{_line(each)}\n"))
    if not found:
        note("No link to a report holds; `mission document share new RUN` makes one.\n")
    return SUCCEEDED


def _line(each: ShareView) -> str:
    about = f": {each.note}" if each.note else ""
    return f"{each.id}  {each.run}, until {moment(each.until)}{about}"
