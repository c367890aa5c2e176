"""What is printed when a run has ended."""

import sys

from missioncontrol.adapters.home import Home
from missioncontrol.bootstrap import Reading
from missioncontrol.cli import exit_codes
from missioncontrol.cli.files import whole_file
from missioncontrol.cli.output import columns, note, say, say_exactly, say_json
from missioncontrol.cli.reading import record_of, report
from missioncontrol.cli.sheets import wrapped
from missioncontrol.cli.text import dollars, visible
from missioncontrol.domain.execution import PLAN_STEP
from missioncontrol.domain.run.states import Failed, Run, Succeeded
from missioncontrol.settings import Settings


def tell_plan(settings: Settings, name: str, run: Run, *, as_json: bool) -> int:
    """Print the plan that a run made: exactly the plan on standard output, the rest beside it."""
    state = run.states[PLAN_STEP]
    if not isinstance(state, Succeeded):
        reason = state.failure if isinstance(state, Failed) else None
        said = f"{reason.reason} {reason.hint}".rstrip() if reason else "The run was cancelled."
        note(f"mission: no plan: {visible(said)}\n")
        return exit_codes.OF_STATUS[run.status]
    reading = Reading(Home(settings.home))
    try:
        wanted = "plan.json" if as_json else "plan.md"
        digest = next(ref.digest for ref in state.work.artifacts if ref.name == wanted)
        content = reading.artifacts.get(digest)
    finally:
        reading.close()
    if as_json or not sys.stdout.isatty():
        say_exactly(content if content.endswith(b"\n") else content + b"\n")
    else:
        _show_markdown(content.decode())
    note(f"Kept as {run.mission}, {name}.\n")
    return exit_codes.SUCCEEDED


def _show_markdown(content: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(visible(content)))


def tell_outcome(settings: Settings, name: str, run: Run, *, as_json: bool) -> int:
    """Write the report, and say how the run ended and where the report is."""
    from missioncontrol.documents.report import outcome_sentence

    home = Home(settings.home)
    reading = Reading(home)
    try:
        path = home.reports / f"{name}.html"
        content = report(reading, name, "html")
        with whole_file(str(path), option="the report") as file:
            file.write(content)
        record = record_of(reading, name)
    finally:
        reading.close()
    if as_json:
        line = {"mission": run.mission, "run": name, "status": run.status, "report": str(path)}
        say_json(line)
    else:
        tokens = record.usage.input_tokens + record.usage.output_tokens
        said = "\n".join(wrapped(outcome_sentence(record), columns()))
        say(
            f"\n{said}\n\n"
            f"  run     {name} ({run.status})\n"
            f"  cost    {tokens:,} tokens, {dollars(record.usage.cost)}\n"
            f"  report  {visible(str(path))}\n"
            f"  more    mission show {name} · mission audit verify\n"
        )
    return exit_codes.OF_STATUS[run.status]
