"""`mission agent watch` and `mission agent hooks`: sessions of agent programs that people start."""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

import msgspec

from missioncontrol.adapters.agent_sessions import hooks
from missioncontrol.adapters.agent_sessions.spool import event, spool_of
from missioncontrol.adapters.agent_sessions.watcher import SessionWatcher, roots_of
from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.open_home import not_here
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.domain.agent_session import TITLES
from missioncontrol.domain.errors import MissionControlError, Unavailable
from missioncontrol.domain.secrets import Scrubber, secret_values
from missioncontrol.operations.agent_session import REPORT
from missioncontrol.ports.agent_sessions import Activity

LOOK_SECONDS = 1.0
REPORTS_EACH = 5
"""Looks after which a report goes out that has no rows: a wait that lasts becomes known by it."""


def agent_sessions(arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    match arguments.agent:
        case "watch":
            return _watch(arguments)
        case "hooks":
            return _hooks(arguments)
        case _:
            return event(["claude"])


def _watch(arguments: argparse.Namespace) -> int:
    """Report sessions until Ctrl-C; an engine that goes away is waited for.

    Raises:
        Rejected: `server.not_here`.
        Unavailable: `agent_session.no_engine`, where none is there at the start.
    """
    desk = Desk(arguments, os.environ)
    try:
        if desk.line is not None:
            raise not_here(str(desk.home.root))
        if not desk.is_served:
            raise Unavailable(
                "agent_session.no_engine",
                "No engine is at work here that sessions could be reported to.",
                hint="Start one with `mission up`.",
            )
        scrub = Scrubber(secret_values(os.environ)).text
        clock = SystemClock()
        watcher = SessionWatcher(roots_of(os.environ), spool_of(os.environ), clock.now, scrub=scrub)
        Watch(desk, watcher).run()
    except KeyboardInterrupt:
        note("Sessions are not reported any more.\n")
    finally:
        desk.close()
    return SUCCEEDED


class Watch:
    """Looks, and reports what changed."""

    def __init__(self, desk: Desk, watcher: SessionWatcher) -> None:
        """Start with nothing to report."""
        self._desk = desk
        self._watcher = watcher
        self._left: dict[str, Activity] = {}  # not reported yet, by session
        self._open: tuple[str, ...] = ()
        self._is_away = False

    def run(self) -> None:
        """Look and report until Ctrl-C."""
        self._report()  # It answers which sessions were open before.
        count = 0
        while True:
            for row in self._watcher.look(self._open):
                self._print(row)
                self._left[row.session] = row
            if self._left or count % REPORTS_EACH == 0:
                self._report()
            count += 1
            time.sleep(LOOK_SECONDS)

    def _print(self, row: Activity) -> None:
        if row.session not in self._open and row.session not in self._left:
            print_text(f"{TITLES[row.program]} in {row.directory}: {row.title or row.session}\n")

    def _report(self) -> None:
        rows = msgspec.to_builtins(tuple(self._left.values())[:REPORTED_MAX])
        try:
            self._open = self._desk.execute(REPORT, "", {"rows": rows}).open
        except Unavailable as error:
            if not self._is_away:
                note(f"The engine is away: {error.reason} Sessions are reported when it is back.\n")
            self._is_away = True
        except MissionControlError as error:
            self._left.clear()
            note(f"{error.reason}\n")
        else:
            self._is_away = False
            for row in rows:
                self._left.pop(row["session"], None)


REPORTED_MAX = 100
"""Rows of one report; the rest goes with the next ones."""


def _hooks(arguments: argparse.Namespace) -> int:
    roots = roots_of(os.environ)
    programs = tuple(each for each in TITLES if each in (arguments.program or TITLES))
    if arguments.change == "install":
        done = hooks.install(roots, programs, _own_command())
    else:
        done = hooks.remove(roots, programs)
    if arguments.json:
        print_json(msgspec.to_builtins(done))
        return SUCCEEDED
    for each in done:
        state = "tells its sessions" if each.is_installed else "tells nothing any more"
        how = state if each.is_changed else "is as it was"
        print_text(f"{TITLES[each.program]} {how}: {each.file}\n")
    if arguments.change == "install":
        note("`mission agent watch` reports what they tell, or `mission up` with\n")
        note("`watch_sessions = true` in console.toml.\n")
    return SUCCEEDED


def _own_command() -> tuple[str, ...]:
    """Return the command line of this program, by which hooks find it from anywhere."""
    beside = Path(sys.executable).with_name("mission")
    found = str(beside) if beside.exists() else shutil.which("mission")
    return (found,) if found else (sys.executable, "-P", "-m", "missioncontrol")
