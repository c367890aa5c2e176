"""`mission analytics alerts`: changes that are not resolved yet, and their handling."""

import argparse
import asyncio
from collections.abc import Iterator
from typing import Any

from missioncontrol.analytics.narrative import THIN
from missioncontrol.application.analytics.alerts import AlertAsked, AlertReader
from missioncontrol.application.journal import fold
from missioncontrol.cli import exit_codes
from missioncontrol.cli.analytics_places import shelf_of
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.output import columns, note, print_json, print_text
from missioncontrol.domain.alert import Alert
from missioncontrol.domain.visible import visible


def alerts(arguments: argparse.Namespace, desk: Desk) -> int:
    """List what is not resolved, or all."""
    asyncio.run(shelf_of(desk).find(arguments.product))
    known = asyncio.run(_shelf(desk).all(arguments.product))
    found = [each for each in known if arguments.all or each.state != "resolved"]
    if arguments.json:
        print_json(found)
        return exit_codes.SUCCEEDED
    if not found:
        note("No alert is open.\n")
    print_text("".join(f"{line}\n" for each in found for line in _lines(each)))
    return exit_codes.SUCCEEDED


def acknowledge(arguments: argparse.Namespace, desk: Desk) -> int:
    """Acknowledge an alert."""
    return _done("acknowledge", arguments, desk)


def resolve(arguments: argparse.Namespace, desk: Desk) -> int:
    """Resolve an alert."""
    return _done("resolve", arguments, desk)


def _done(verb: Any, arguments: argparse.Namespace, desk: Desk) -> int:
    desk.deliver(AlertAsked(verb, arguments.product, arguments.alert, arguments.note))
    found = asyncio.run(_shelf(desk).find(arguments.product, arguments.alert))
    if arguments.json:
        print_json(found)
    else:
        print_text("".join(f"{line}\n" for line in _lines(found)))
    return exit_codes.SUCCEEDED


def _shelf(desk: Desk) -> AlertReader:
    async def find(concept: Any, stream: str) -> Any:
        return (await fold(desk.store, concept, stream))[0]

    return AlertReader(find)


def _lines(alert: Alert) -> Iterator[str]:
    # Words that come from outside are made visible here, the text with its thin spaces there.
    note = f": {visible(alert.note)}" if alert.note else ""
    yield f"{alert.id}  {alert.reading.severity}, {alert.state}{note}"
    yield from wrapped(alert.reading.text.replace(THIN, ","), columns(), "    ", "    ")
    for mission, run in alert.missions:
        yield f"    {mission} sees to it ({run})"
