"""`mission document share`: what is declared of links to reports, and a new link."""

import argparse
import os

import msgspec

from missioncontrol.cli.declarations import run
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.cli.text import moment
from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.share import refuse_bad_time
from missioncontrol.domain.visible import visible
from missioncontrol.operations.share import MAKE


def share(arguments: argparse.Namespace) -> int:
    """Do what `mission document share VERB` was asked for."""
    if arguments.share != "new":
        return run(arguments)
    desk = Desk(arguments, os.environ)
    try:
        return _new(arguments, desk)
    finally:
        desk.close()


def _new(arguments: argparse.Namespace, desk: Desk) -> int:
    seconds = seconds_of(arguments.expires)
    if isinstance(seconds, str):
        raise Rejected("share.bad_time", f"--expires is {arguments.expires[:60]!r}.", hint=seconds)
    refuse_bad_time(seconds)
    given = {"run": desk.run(arguments.run), "seconds": seconds, "note": arguments.note}
    made = desk.execute(MAKE, "", given)
    link = f"{desk.console(arguments.url)}{made.path}"
    if arguments.json:
        shown: dict[str, object] = {**msgspec.to_builtins(made), "link": link}
        del shown["path"]
        print_json(shown)
        return SUCCEEDED
    print_text(f"{link}\n")
    seen = f"Whoever has this link sees the report of {made.run}, and nothing else"
    until = moment(made.until)
    note(visible(f"{seen}, until {until}. It is not shown again; its id is {made.id}.\n"))
    return SUCCEEDED
