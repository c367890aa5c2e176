"""`mission workspace` and `mission up --root`: several workspaces in one console."""

import argparse
import asyncio
import os
import signal
from typing import Any

from missioncontrol.adapters.os_user import os_user
from missioncontrol.adapters.workspaces_file import WorkspacesFile
from missioncontrol.app.console_process import ConsoleProcess
from missioncontrol.app.new_workspace import begin
from missioncontrol.app.settings import root_directory
from missioncontrol.app.workspaces_server import WorkspacesServer
from missioncontrol.cli.desk import Desk
from missioncontrol.cli.exit_codes import FAILED, SUCCEEDED
from missioncontrol.cli.output import note, print_json, print_text
from missioncontrol.domain import workspace as domain
from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.visible import visible
from missioncontrol.domain.workspace import Workspace
from missioncontrol.operations.user import NAME_WORKSPACE

CHANGES = {
    "create": (domain.create, "created"),
    "archive": (domain.archive, "archived; its data directory stays"),
    "restore": (domain.restore, "served again"),
    "start": (domain.start, "started within a second, where its engine is down"),
}
OF_ONE_HOME = ("workers", "heads_to", "no_console", "home")
"""Options of `mission up` that are about one data directory."""


def workspace(arguments: argparse.Namespace) -> int:
    """Do what a verb of `mission workspace` says."""
    file = WorkspacesFile(root_directory(arguments.root))
    if arguments.workspace == "list":
        return _list(file, is_json=arguments.json)
    if arguments.workspace == "halt":
        return _halt(file, arguments)
    if arguments.workspace == "rename":
        return _rename(file, arguments)
    change, done = CHANGES[arguments.workspace]
    invitation = ""
    if arguments.workspace == "create":
        domain.create(file.read(), arguments.name)  # Refused before anything is made.
        home = file.home(arguments.name)
        invitation = asyncio.run(begin(home, arguments.person or "", os_user()))
    found = file.change(lambda all_: change(all_, arguments.name))
    if arguments.json:
        print_json(_view(file, domain.find(found, arguments.name)))
    else:
        print_text(f"Workspace {arguments.name}: {done}.\n")
        if arguments.workspace == "create":
            print_text(f"`mission up --root {file.root}` serves it at /w/{arguments.name}/.\n")
        if invitation:
            path = f"/w/{arguments.name}/sign-in/invited?token={invitation}"
            print_text(f"{arguments.person} chooses a password there, once: {path}\n")
    return SUCCEEDED


def _list(file: WorkspacesFile, *, is_json: bool) -> int:
    found = [_view(file, each) for each in sorted(file.read(), key=lambda each: each.name)]
    if is_json:
        print_json({"root": str(file.root), "workspaces": found})
        return SUCCEEDED
    for each in found:
        print_text(visible(f"{each['name']:<40}  {each['state']:<9}  {each['home']}") + "\n")
    if not found:
        print_text(f"No workspaces in {file.root}; `mission workspace create NAME` makes one.\n")
    return SUCCEEDED


def _view(file: WorkspacesFile, each: Workspace) -> dict[str, Any]:
    home = file.home(each.name)
    state = "archived" if each.archived else "at work" if home.holder() else "down"
    return {"name": each.name, "state": state, "home": str(home.root)}


def _rename(file: WorkspacesFile, arguments: argparse.Namespace) -> int:
    """Give a workspace another title, in its own log."""
    domain.find(file.read(), arguments.name)
    desk = Desk(_of(file, arguments, arguments.name), os.environ)
    try:
        desk.execute(NAME_WORKSPACE, "", {"name": arguments.title})
    finally:
        desk.close()
    print_text(visible(f"Workspace {arguments.name}: called {arguments.title}.") + "\n")
    return SUCCEEDED


def _of(file: WorkspacesFile, arguments: argparse.Namespace, name: str) -> argparse.Namespace:
    """Return the arguments of a command for the data directory of one workspace."""
    return argparse.Namespace(**{**vars(arguments), "home": str(file.home(name).root)})


def _halt(file: WorkspacesFile, arguments: argparse.Namespace) -> int:
    """Stop all work in each workspace; what fails in one does not spare the others."""
    from missioncontrol.application.asks import StopAll

    results = []
    for each in domain.served(file.read()):
        one = _of(file, arguments, each.name)
        results.append({"name": each.name, "refusal": _refusal(one, StopAll(arguments.reason))})
    if arguments.json:
        print_json({"workspaces": results})
    else:
        for found in results:
            print_text(visible(f"{found['name']}: {found['refusal'] or 'everything stops'}") + "\n")
    return FAILED if any(found["refusal"] for found in results) else SUCCEEDED


def _refusal(arguments: argparse.Namespace, ask: Any) -> str:
    try:
        desk = Desk(arguments, os.environ)
        try:
            desk.deliver(ask)
        finally:
            desk.close()
    except MissionControlError as error:
        return str(error)
    return ""


def up(arguments: argparse.Namespace) -> int:
    """Start the engines of all workspaces and one console, until Ctrl-C.

    Raises:
        Rejected: `workspace.bad_option`.
        Unavailable: `workspace.held`, `console.port_taken`, or `console.broken`.
    """
    for name in OF_ONE_HOME:
        value = getattr(arguments, name, None)
        if value is not None and value is not False:  # 0 is a port.
            raise Rejected(
                "workspace.bad_option",
                f"--{name.replace('_', '-')} is about one data directory, and --root about all.",
                hint="`mission up --home DIR` serves one of them by itself.",
            )
    file = WorkspacesFile(root_directory(arguments.root))
    file.read()
    handle = file.hold()
    try:
        console = ConsoleProcess(
            file.root,
            port=arguments.port,
            address=arguments.address,
            is_root=True,
            environment=os.environ,
        )
        return asyncio.run(_serve(WorkspacesServer(file, console, os.environ, _say)))
    finally:
        os.close(handle)


async def _serve(server: WorkspacesServer) -> int:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, ended.set)
    await server.run(ended)
    note("Ended; what was at work can go on with the next `mission up --root`.\n")
    return SUCCEEDED


def _say(line: str) -> None:
    note(f"{visible(line)}\n")
