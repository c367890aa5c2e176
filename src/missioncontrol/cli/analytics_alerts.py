"""`mission analytics acknowledge` and `resolve`: what people do about alerts."""

import argparse
from typing import Any

from missioncontrol.application.analytics.alerts import AlertAsked
from missioncontrol.cli import exit_codes
from missioncontrol.cli.declarations import item_of
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.output import columns, print_json, print_text
from missioncontrol.domain.visible import visible
from missioncontrol.queries.alert import ALERT, GET, alert_lines


def acknowledge(arguments: argparse.Namespace, desk: Desk) -> int:
    """Acknowledge an alert."""
    return _done("acknowledge", arguments, desk)


def resolve(arguments: argparse.Namespace, desk: Desk) -> int:
    """Resolve an alert."""
    return _done("resolve", arguments, desk)


def _done(verb: Any, arguments: argparse.Namespace, desk: Desk) -> int:
    desk.deliver(AlertAsked(verb, arguments.product, arguments.alert, arguments.note))
    found = item_of(desk, GET, ALERT.join([arguments.product, arguments.alert]))
    if arguments.json:
        print_json(found)
    else:
        print_text(visible("\n".join(alert_lines(found, columns()))) + "\n")
    return exit_codes.SUCCEEDED
