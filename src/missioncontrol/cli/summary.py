"""`mission runs summary`: the results of a mission's run, its cost, open work and next steps."""

import argparse
from collections.abc import Iterator

import msgspec

from missioncontrol.application.queries.summaries import summary as view_of
from missioncontrol.cli.exit_codes import SUCCEEDED
from missioncontrol.cli.formatters import wrapped
from missioncontrol.cli.open_home import AnyReading
from missioncontrol.cli.output import colour, columns, print_json, print_text
from missioncontrol.cli.results import about, record_of
from missioncontrol.documents.anchors import plain_text
from missioncontrol.documents.report_data import Reading
from missioncontrol.domain.visible import visible

BOLD = "1"


def summary(arguments: argparse.Namespace) -> int:
    """Show the cockpit of a run."""

    def look(reading: AnyReading, run: str) -> int:
        found = Reading(record_of(reading, run))
        if arguments.json:
            print_json(msgspec.to_builtins(view_of(found)))
        else:
            for line in _lines(found, columns()):
                print_text(f"{line}\n")
        return SUCCEEDED

    return about(arguments, look)


def _lines(found: Reading, width: int) -> Iterator[str]:
    yield from wrapped(plain_text(found.verdict), width, "")
    pit = found.cockpit
    if pit.path:
        yield from ("", colour("Next", BOLD))
    for number, step in enumerate(pit.path, 1):
        yield from wrapped(f"{number}. {step.text}", width, "  ", "     ")
        yield from (f"     $ {visible(command)}" for command in step.commands)
    if pit.compared or pit.unestimated:
        yield from ("", colour("Estimated and actual", BOLD))
    for one in pit.compared:
        of = f"{one.what}: " if one.task else ""
        outcome = f"{one.words}, " if one.actual is not None else ""
        held = {True: "inside of", False: "outside of", None: "foreseen"}[one.is_inside]
        likely = f" (likely {one.likely})" if one.likely else ""
        line = f"{of}{one.title.lower()} {outcome}{held} {one.span}{likely}"
        yield from wrapped(line, width, "  ", "    ")
    for why in pit.unestimated:
        yield from wrapped(why, width, "  ", "    ")
    if pit.undone:
        yield from ("", colour("Not done", BOLD))
    for left in pit.undone:
        yield from wrapped(f"{left.what}: {left.how}. {left.why}", width, "  ", "    ")
