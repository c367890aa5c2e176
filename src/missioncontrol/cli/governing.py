"""The verbs of workflows, approvals, budgets and prices, each with the home it needs."""

import argparse
import os
from contextlib import suppress

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.cli.desk import Desk
from missioncontrol.domain.errors import NotFound


def workflow(arguments: argparse.Namespace) -> int:
    """Do what `mission workflow` was asked for."""
    from missioncontrol.cli import workflow as verbs

    if arguments.workflow == "schema":
        return verbs.schema(arguments)
    if arguments.workflow == "run":
        from missioncontrol.cli import work

        return work.begin_workflow(arguments)
    desk = Desk(arguments, os.environ)
    try:
        return verbs.workflow(arguments, desk)
    finally:
        desk.close()


def approvals(arguments: argparse.Namespace) -> int:
    """Do what `mission approvals` was asked for."""
    from missioncontrol.cli import approvals as verbs

    desk = Desk(arguments, os.environ)
    try:
        return verbs.approvals(arguments, desk, environment=os.environ, now=SystemClock().now())
    finally:
        desk.close()


def budget(arguments: argparse.Namespace) -> int:
    """Do what `mission budget` was asked for."""
    from missioncontrol.adapters.prices import GenaiPrices
    from missioncontrol.cli import budget as verbs

    desk = Desk(arguments, os.environ)
    now = SystemClock().now()
    try:
        _name_the_last_run(arguments, desk)
        return verbs.budget(arguments, desk, GenaiPrices(), environment=os.environ, now=now)
    finally:
        desk.close()


def _name_the_last_run(arguments: argparse.Namespace, desk: Desk) -> None:
    """Read `last` and `last/STEP` as the newest run, and the beginning of an id as that run.

    A run that the board does not know is left to the ledger, which knows those that may spend.
    """
    if arguments.budget != "list" and arguments.scope in ("run", "step"):
        run, mark, step = arguments.name.partition("/")
        if run == "last":
            arguments.name = f"{desk.run(run)}{mark}{step}"
        elif run and desk.home.exists:
            with suppress(NotFound):
                arguments.name = f"{desk.run(run)}{mark}{step}"


def price(arguments: argparse.Namespace) -> int:
    """Do what `mission budget price` was asked for."""
    from missioncontrol.adapters.prices import GenaiPrices
    from missioncontrol.cli import budget as verbs

    desk = Desk(arguments, os.environ)
    now = SystemClock().now()
    try:
        return verbs.price(arguments, desk, GenaiPrices(), environment=os.environ, now=now)
    finally:
        desk.close()


def agent(arguments: argparse.Namespace) -> int:
    """Do what `mission agent` was asked for."""
    if arguments.agent in ("run", "list", "sessions", "session", "adopt"):
        from missioncontrol.cli.declarations import run

        return run(arguments)
    if arguments.agent in ("watch", "hooks", "event"):
        from missioncontrol.cli.agent_sessions import agent_sessions

        return agent_sessions(arguments)
    from missioncontrol.cli import agent as verbs
    from missioncontrol.cli.agent_desk import RosterDesk

    desk = RosterDesk(arguments, os.environ)
    try:
        return verbs.agent(arguments, desk, now=SystemClock().now())
    finally:
        desk.close()


def gateway(arguments: argparse.Namespace) -> int:
    """Do what `mission gateway` was asked for."""
    if not arguments.gateway:
        from missioncontrol.cli import server_commands

        return server_commands.serve_gateway(arguments)
    from missioncontrol.cli import gateway as verbs

    desk = Desk(arguments, os.environ)
    try:
        return verbs.gateway(arguments, desk, environment=os.environ)
    finally:
        desk.close()


def questions(arguments: argparse.Namespace) -> int:
    """Do what `mission questions` was asked for."""
    from missioncontrol.cli import questions as verbs
    from missioncontrol.cli.agent_desk import RosterDesk

    desk = RosterDesk(arguments, os.environ)
    try:
        return verbs.questions(arguments, desk, environment=os.environ, now=SystemClock().now())
    finally:
        desk.close()
