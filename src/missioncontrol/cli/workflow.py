"""`mission workflow`: check, save, list, show, compare, and exchange workflows."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from missioncontrol.adapters.expressions.cel import CelExpressions
from missioncontrol.adapters.workflow_files.reader import BYTES_MAX, decoded, read_all
from missioncontrol.app.builtin_agents import AGENT_CARDS
from missioncontrol.application.workflows import Library, Saved, Version
from missioncontrol.cli import workflow_formatters as formatters
from missioncontrol.cli.exit_codes import BAD_INPUT, SUCCEEDED
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.output import colour, columns, note, print_bytes, print_json, print_text
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.definition import Malformed
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.step import Risk
from missioncontrol.domain.visible import visible
from missioncontrol.ports.event_store import EventStore

A_FILE = "Name a workflow in YAML or JSON."
COLOURS = {"+": "32", "-": "31", "~": "33"}


class WorkflowDesk(Protocol):
    """What these verbs need of a home, whether or not an engine holds it."""

    @property
    def library(self) -> Library:
        """Reads what is saved; a home in which nothing is recorded yet has an empty one."""
        ...

    def save(self, text: str, file: str) -> Saved:
        """Send to `Workflows.save`, and return what it returns; raises what it raises."""
        ...


def library_of(store: EventStore, cards: Mapping[str, AgentCard] = AGENT_CARDS) -> Library:
    """Return the saved workflows of a log, checked against the agents there are."""
    return Library(
        store,
        read=read_all,
        expressions=CelExpressions(),
        cards=cards,
    )


def workflow(arguments: argparse.Namespace, desk: WorkflowDesk) -> int:
    """Do what `mission workflow` was asked for."""
    verbs = {
        "check": _check,
        "save": _save,
        "list": _list,
        "show": _show,
        "diff": _diff,
        "export": _export,
        "import": _import,
    }
    return verbs[arguments.workflow](arguments, desk)


def schema(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of workflow files, or write it; needs no home."""
    from missioncontrol.adapters.workflow_files.schema import json_schema_text

    return _hand_over(json_schema_text(), arguments.output)


def _check(arguments: argparse.Namespace, desk: WorkflowDesk) -> int:
    name, text = _file(arguments.file)
    try:
        definition = asyncio.run(desk.library.check(text, name))
    except Malformed as error:
        if arguments.json:
            print_json({"file": name, "faults": error.faults})
        else:
            _print_faults(error)
        return BAD_INPUT
    if arguments.json:
        print_json({"file": name, "faults": [], "name": definition.name})
    else:
        count = len(definition.steps)
        steps = f"{count} step{'s' if count != 1 else ''}"
        print_text(f"{visible(name)}: nothing is wrong with {definition.name!r}, {steps}.\n")
    return SUCCEEDED


def _print_faults(error: Malformed) -> None:
    """Print faults as compilers do, so that editors can jump to them."""
    print_text("".join(f"{line}\n" for line in visible(error.reason).splitlines()))
    count = len(error.faults)
    note(f"{count} fault{'s' if count != 1 else ''} in {visible(error.filename)}.\n")


def _save(arguments: argparse.Namespace, desk: WorkflowDesk) -> int:
    name, text = _file(arguments.file)
    return _keep(text, name, arguments, desk)


def _keep(text: str, file: str, arguments: argparse.Namespace, desk: WorkflowDesk) -> int:
    try:
        saved = desk.save(text, file)
    except Malformed as error:
        if arguments.json:
            print_json({"file": file, "faults": error.faults})
        else:
            _print_faults(error)
            note("Nothing was saved.\n")
        return BAD_INPUT
    if arguments.json:
        print_json(saved)
    else:
        print_text(_format_saved(saved))
    return SUCCEEDED


def _format_saved(saved: Saved) -> str:
    if saved.is_new:
        return f"{saved.name} is saved as version {saved.version}.\n"
    text = f"{saved.name} version {saved.version} says the same already; nothing was saved.\n"
    if saved.version == saved.newest:
        return text
    return (
        f"{text}The newest is version {saved.newest}. To make this the newest again, "
        f"write `version: {saved.newest + 1}` into the file.\n"
    )


def _list(arguments: argparse.Namespace, desk: WorkflowDesk) -> int:
    listed = asyncio.run(desk.library.listed())
    if arguments.json:
        print_json(list(listed.values()))
        return SUCCEEDED
    if not listed:
        print_text("No workflows yet. `mission workflow save FILE` saves one.\n")
    for line in formatters.list_lines(listed.values(), columns()):
        print_text(f"{line}\n")
    return SUCCEEDED


def _show(arguments: argparse.Namespace, desk: WorkflowDesk) -> int:
    library = desk.library

    async def look() -> tuple[Version, dict[str, Risk]]:
        found = await library.get(arguments.name, arguments.version)
        return found, await library.tiers(found.definition)

    version, tiers = asyncio.run(look())
    if arguments.json:
        print_json(formatters.view(version, tiers))
        return SUCCEEDED
    title, *lines = formatters.sheet(version, tiers, columns())
    print_text(colour(title, "1") + "\n" + "".join(f"{line}\n" for line in lines))
    return SUCCEEDED


def _diff(arguments: argparse.Namespace, desk: WorkflowDesk) -> int:
    changes = asyncio.run(desk.library.diff(arguments.name, arguments.older, arguments.newer))
    if arguments.json:
        print_json(changes)
        return SUCCEEDED
    if not changes:
        print_text(f"Versions {arguments.older} and {arguments.newer} say the same.\n")
    for sign, line in formatters.change_lines(changes, columns()):
        print_text(colour(line, COLOURS[sign]) + "\n")
    return SUCCEEDED


def _export(arguments: argparse.Namespace, desk: WorkflowDesk) -> int:
    version = asyncio.run(desk.library.get(arguments.name, arguments.version))
    return _hand_over(version.source, arguments.output)


def _hand_over(text: str, output: str | None) -> int:
    content = text.encode()
    if output is None:
        print_bytes(content)
        return SUCCEEDED
    with whole_file(output) as file:
        file.write(content)
    note(f"Written to {visible(output)}.\n")
    return SUCCEEDED


def _import(arguments: argparse.Namespace, desk: WorkflowDesk) -> int:
    from missioncontrol.adapters.workflow_files.importer import OWN_KIND, import_workflow

    name, text = _file(arguments.file)
    found = import_workflow(text, name)
    for left in found.left_out:
        note(visible(f"{name}:{left.line}: {left.thing}: {left.reason}") + "\n")
    if found.left_out:
        count = len(found.left_out)
        note(f"{count} thing{'s' if count != 1 else ''} of {visible(name)} left out.\n")
    if arguments.output is not None:
        return _hand_over(found.text, arguments.output)
    is_ours = found.kind == OWN_KIND
    code = _keep(found.text, name if is_ours else f"{name} (as imported)", arguments, desk)
    if code != SUCCEEDED and not is_ours:
        note("`mission workflow import FILE --output F` writes it for you to mend.\n")
    return code


def _file(name: str) -> tuple[str, str]:
    """Return the name of a file for people, and its text.

    Raises:
        Malformed: `workflow.malformed`, where it is too large or no UTF-8.
        NotFound: `workflow.no_file`.
    """
    if name == "-":
        return "standard input", decoded(sys.stdin.buffer.read(BYTES_MAX + 1), "standard input")
    path = Path(name)
    if not name or not path.exists():
        raise NotFound("workflow.no_file", f"There is no file {name!r}.", hint=A_FILE)
    if path.is_dir():
        raise Rejected("workflow.no_file", f"{name!r} is a directory.", hint=A_FILE)
    with path.open("rb") as file:
        return name, decoded(file.read(BYTES_MAX + 1), name)
