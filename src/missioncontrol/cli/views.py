"""How a run is shown while it goes on: live on a terminal, line by line elsewhere, as JSON."""

from collections.abc import Sequence
from itertools import islice
from typing import IO, Protocol, cast

import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from missioncontrol.application.journal import Entry
from missioncontrol.cli.formatters import WIDE
from missioncontrol.cli.output import Screen, note, print_json
from missioncontrol.cli.progress_log import Activity, Milestone, ProgressLog
from missioncontrol.cli.text import dollars, duration
from missioncontrol.domain.money import of_which_estimated, tokens
from missioncontrol.domain.register import NAMES
from missioncontrol.domain.visible import one_line, visible
from missioncontrol.ports.clock import Clock
from missioncontrol.ports.output_store import OutputLine

MARKS = {
    "ok": "✓",
    "bad": "✗",
    "gone": "!",
    "held": "◆",
    "past": "■",
    "skip": "⊘",
    "live": "·",
}
STYLES = {
    "ok": "green",
    "bad": "red",
    "gone": "yellow",
    "held": "magenta",
    "past": "blue",
    "skip": "dim",
    "live": "cyan",
}
STAGES = {
    "done": ("●", "green"),
    "running": ("◐", "cyan"),
    "failed": ("✗", "red"),
    "waiting": ("○", "dim"),
    "handed over": ("◇", "yellow"),
    "held": ("◇", "yellow"),
    "skipped": ("⊘", "dim"),
    "gone on from": ("!", "yellow"),
}
DESKS_MAX = 16
"""Steps at work that are drawn, each on a line of its own."""


class View(Protocol):
    """Shows a run to the user."""

    def take(self, entries: Sequence[Entry]) -> None:
        """Show what became durable."""
        ...

    def on_output(self, line: OutputLine) -> None:
        """Show a line of output."""
        ...

    def moved(self, run: str, step: str, done: int, total: int, note: str) -> None:
        """Show progress."""
        ...

    def notice(self, text: str) -> None:
        """Say something about the run that is no event of it."""
        ...

    def close(self) -> None:
        """Leave the screen in order."""
        ...


class PlainView:
    """Lines, for files and pipes."""

    def __init__(self, story: ProgressLog) -> None:
        """Writes to standard error: standard output is for results."""
        self._progress_log = story

    def take(self, entries: Sequence[Entry]) -> None:
        """See `View.take`."""
        for entry in entries:
            self._print(self._progress_log.take(entry))

    def on_output(self, line: OutputLine) -> None:
        """See `View.said`."""
        self._print(self._progress_log.on_output(line))

    def moved(self, run: str, step: str, done: int, total: int, note: str) -> None:
        """See `View.moved`: a file need not have every percent."""

    def notice(self, text: str) -> None:
        """See `View.notice`."""
        note(visible(text) + "\n")

    def close(self) -> None:
        """See `View.close`."""

    def _print(self, milestones: list[Milestone]) -> None:
        for milestone in milestones:
            who = f"{one_line(milestone.who):<{self._progress_log.room}}"
            line = f"{MARKS[milestone.mark]} {who} {one_line(milestone.text)}"
            note(line + "\n")


class JsonView:
    """One JSON object a line: every event of the run, and what agents say."""

    def take(self, entries: Sequence[Entry]) -> None:
        """See `View.take`."""
        for entry in entries:
            name, _ = NAMES[type(entry.event)]
            print_json(
                {
                    "event": name,
                    "position": entry.position,
                    "stream": entry.stream,
                    "time": entry.time / 1_000_000,
                    "data": msgspec.to_builtins(entry.event),
                }
            )

    def on_output(self, line: OutputLine) -> None:
        """See `View.said`."""
        print_json({"log": line.message, "level": line.level, "step": line.step})

    def moved(self, run: str, step: str, done: int, total: int, note: str) -> None:
        """See `View.moved`."""
        print_json({"progress": {"step": step, "done": done, "total": total, "note": note}})

    def notice(self, text: str) -> None:
        """See `View.notice`."""
        note(visible(text) + "\n")

    def close(self) -> None:
        """See `View.close`."""


class QuietView:
    """Shows nothing but notices, for programs that want the result alone."""

    def take(self, entries: Sequence[Entry]) -> None:
        """See `View.take`."""

    def on_output(self, line: OutputLine) -> None:
        """See `View.said`."""

    def moved(self, run: str, step: str, done: int, total: int, note: str) -> None:
        """See `View.moved`."""

    def notice(self, text: str) -> None:
        """See `View.notice`."""
        note(visible(text) + "\n")

    def close(self) -> None:
        """See `View.close`."""


class LiveView:
    """A stepper, the specialists at work, and the numbers, on a terminal."""

    def __init__(self, story: ProgressLog, clock: Clock, console: Console) -> None:
        """The screen is redrawn four times a second."""
        self._progress_log = story
        self._clock = clock
        self._started = clock.now()
        self._console = console
        self._live = Live(
            console=console, refresh_per_second=4, get_renderable=self._screen, transient=True
        )
        self._live.start()

    def take(self, entries: Sequence[Entry]) -> None:
        """See `View.take`."""
        for entry in entries:
            self._print(self._progress_log.take(entry))

    def on_output(self, line: OutputLine) -> None:
        """See `View.said`."""
        self._print(self._progress_log.on_output(line))

    def moved(self, run: str, step: str, done: int, total: int, note: str) -> None:
        """See `View.moved`."""
        self._progress_log.moved(step, done, total, note)

    def notice(self, text: str) -> None:
        """See `View.notice`."""
        self._console.print(Text(visible(text), style="yellow"))

    def close(self) -> None:
        """See `View.close`."""
        self._live.stop()

    def _print(self, milestones: list[Milestone]) -> None:
        for milestone in milestones:
            style = STYLES[milestone.mark]
            line = Table.grid(padding=(0, 1))  # Long lines go on below their own beginning.
            line.add_column(width=2)
            line.add_column(width=self._progress_log.room, overflow="fold")
            line.add_column(ratio=1)
            line.add_row(
                Text(f" {MARKS[milestone.mark]}", style=style),
                Text(one_line(milestone.who), style="dim" if milestone.mark == "live" else style),
                Text(one_line(milestone.text)),
            )
            self._console.print(line)

    def _screen(self) -> Group:
        return Group(Text(), self._stepper(), self._desks(), self._numbers())

    def _stepper(self) -> Text:
        line = Text(" ")
        for number, (title, state) in enumerate(self._progress_log.phases()):
            mark, style = STAGES.get(state, STAGES["waiting"])
            line.append(" ─ " if number else "", style="dim")
            line.append(f"{mark} {one_line(title)}", style=style)
        return line

    def _desks(self) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        roomy = self._console.width >= WIDE
        table.add_column(width=1)
        table.add_column(
            width=self._progress_log.room, style="cyan", no_wrap=True, overflow="ellipsis"
        )
        table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
        if roomy:
            table.add_column(width=12)
            table.add_column(ratio=2, no_wrap=True, overflow="ellipsis", style="dim")
        table.add_column(width=10, justify="right", style="dim")
        working = self._progress_log.working
        for activity in islice(working.values(), DESKS_MAX):
            lasted = duration(max(0.0, self._clock.now() - activity.since))
            extra = (_bar(activity), Text(one_line(activity.note))) if roomy else ()
            table.add_row("", *self._work_labels(activity), *extra, lasted)
        if len(working) > DESKS_MAX:
            table.add_row("", "", f"and {len(working) - DESKS_MAX:,} more")
        return table

    def _work_labels(self, activity: Activity) -> tuple[Text, Text]:
        """Return who works on what: an agent of a mission on a task, else a step's agent."""
        if self._progress_log.is_mission:
            return Text(activity.agent), Text(one_line(activity.title))
        what = " · ".join(filter(None, (activity.title, activity.agent)))
        return Text(one_line(activity.step)), Text(one_line(what))

    def _numbers(self) -> Text:
        done, total = self._progress_log.counts()
        bill = self._progress_log.bill
        kind = "tasks" if self._progress_log.is_mission else "steps"
        begun = "planning" if self._progress_log.is_mission else ""
        parts = [
            self._progress_log.status,
            f"{done}/{total} {kind}" if total else begun,
            duration(self._clock.now() - self._started),
            tokens(self._progress_log.tokens),
            dollars(bill.cost, None if bill.is_whole else bill.unpriced_tokens)
            + of_which_estimated(bill.estimated_tokens, bill.estimated_cost),
            f"log #{self._progress_log.position}",
        ]
        return Text("  " + "  ·  ".join(filter(None, parts)), style="dim")


def _bar(activity: Activity) -> ProgressBar | Text:
    if activity.total <= 0:
        return Text()
    return ProgressBar(
        activity.total,
        min(activity.done, activity.total),
        width=12,
        complete_style="cyan",
        finished_style="cyan",
    )


def choose(story: ProgressLog, clock: Clock, *, as_json: bool) -> View:
    """Return the view that fits where standard error goes."""
    if as_json:
        return JsonView()
    console = Console(file=cast(IO[str], Screen()), highlight=False)
    redraws = console.is_terminal and not console.is_dumb_terminal
    return LiveView(story, clock, console) if redraws else PlainView(story)
