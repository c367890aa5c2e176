"""The last lines of a mission on the terminal: what it came to, and the command that goes on."""

import argparse
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from missioncontrol.documents.record import MissionRecord
from missioncontrol.domain.building import KINDS_THAT_BUILD, proves
from missioncontrol.domain.estimates import LikelyFile
from missioncontrol.domain.lifecycle.states import AgentLife
from missioncontrol.domain.plan import Plan
from missioncontrol.domain.scaffolding import is_begun
from missioncontrol.domain.visible import visible

FILES_MAX = 3
UNSURE = 0.3
"""The chance of the likeliest file below which the next step is to say more."""
LABEL_WIDTH = 7
CODING_PROGRAMS = {"codex": "codex", "claude": "claude", "opencode": "opencode run"}
"""Programs that change code, in the order of how well they are known to us, and what begins one.

opencode takes a lone argument for the directory to work in.
"""


def change_line(plan: Plan) -> str:
    """Return where the change will be: the likeliest files with their lines and chances."""
    files = [file for each in plan.likely[:1] for file in each.files if file.is_expected]
    files.sort(key=lambda file: f"begins at `{file.path}`" not in plan.summary)
    return ", ".join(map(_place, files[:FILES_MAX]))


def _place(file: LikelyFile) -> str:
    spot = file.spots[0] if file.spots else None
    where = f"{file.path}:{spot.lines}" if spot else file.path
    name = f" in {spot.name}" if spot and spot.name else ""
    return f"{where}{name} ({file.chance:.0%})" if file.chance else f"{where}{name}"


def tests_line(record: MissionRecord) -> str:
    """Return what the tests showed before the change, as the tester reported it."""
    summaries = [
        one.work.summary
        for one in record.tasks
        if one.task.role == "tester" and not proves(one.task, record.plan) and one.work.summary
    ]
    return summaries[-1] if summaries else ""


def is_handed_over(record: MissionRecord) -> bool:
    """Whether a part of the work is handed over."""
    return any(one.state == "handed_over" for one in record.tasks)


def first_criterion(record: MissionRecord) -> str:
    """Return what has to hold first of a change that is handed over: what is red today, if it is.

    The tester knows it where the goal allows a test or an example to be run before the change.
    """
    if not is_handed_over(record):
        return ""
    for one in record.tasks:
        output = one.work.output
        tried = output.get("criterion") if isinstance(output, dict) else None
        if isinstance(tried, dict) and tried.get("state") == "red":
            return str(tried.get("sentence", ""))
    changes = [task for task in record.plan.tasks() if task.is_change and task.acceptance]
    return changes[0].acceptance[0] if changes else ""


def next_command(
    record: MissionRecord,
    builders: Sequence[str],
    programs: Sequence[str],
    action: str = "",
    *,
    where: str = "",
    directory: str = "",
) -> str:
    """Return the command that goes on with a mission; "" where there is none.

    `action` is what the status of the mission suggests: it comes first where the run has failed.
    `builders` are the declared agents that change code, `programs` those that are installed here.
    `where` are the options that lead to the same data, as `given_place` returns them, and
    `directory` is where the command will be typed: a program works in the repository.
    """
    if not record.tasks or record.status != "succeeded":
        action = action or _retry(record)
        return f"{action}{where}" if action.startswith("mission ") else action
    if not is_handed_over(record):
        if is_begun(record.plan):
            return f"cd {shlex.quote(record.repository)} && cat README.md"
        return f"mission runs artifacts {record.run} --output DIR{where}"
    if builders and record.plan.work == "change":
        design = record.plan.design
        goal = shlex.quote(" ".join(record.goal.split()))
        place = f" --repo {shlex.quote(record.repository)}" if record.repository else ""
        begun = f" --scaffold {design.scaffold}" if design and design.scaffold else ""
        return f"mission run {goal}{begun}{place} --builder {builders[0]}{where}"
    pack = f"mission runs pack {record.run} --output PACK.md{where}"
    if not programs:
        return pack
    begins = f'{CODING_PROGRAMS[programs[0]]} "Do what PACK.md says"'
    if not record.repository or record.repository == directory:
        return f"{pack} && {begins}"
    return f"cd {shlex.quote(record.repository)} && {pack} && {begins}"


def given_place(arguments: argparse.Namespace) -> str:
    """Return the options of a command line that say which data it is about, to be put behind it."""
    home, server = getattr(arguments, "home", None), getattr(arguments, "server", None)
    found = f" --home {shlex.quote(str(Path(home).absolute()))}" if home else ""
    return f"{found} --server {shlex.quote(server)}" if server else found


def _retry(record: MissionRecord) -> str:
    failed = [one.task.key for one in record.tasks if one.state == "failed"]
    return f"mission runs retry {record.run} {failed[0]}" if failed else ""


def question(record: MissionRecord) -> str:
    """Return what to ask before building; where no file is likely, which one is meant."""
    plan = record.plan
    if not is_handed_over(record):
        return ""
    if plan.design is not None:
        left = [each for each in plan.design.questions if not each.answer]
        return f"{left[0].text} (assumed: {left[0].default})" if left else ""
    if record.repository and plan.work == "change" and not plan.likely:
        return "Which file, option or message is it about? No file of the repository stands out."
    best = max((file.chance for each in plan.likely for file in each.files), default=0.0)
    if 0 < best < UNSURE:
        return "Which file, option or message is it about? No file is likelier than 30%."
    return plan.questions[0] if plan.questions else ""


def builders_of(lives: Iterable[AgentLife]) -> list[str]:
    """Return the declared agents that change code, by name."""
    return sorted(each.name for each in lives if each.declared.kind in KINDS_THAT_BUILD)


def installed(environment: Mapping[str, str]) -> list[str]:
    """Return the coding programs that are found on this machine."""
    path = environment.get("PATH")
    return [name for name in CODING_PROGRAMS if shutil.which(name, path=path)]


def lines(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a line for each pair that says something; it is not wrapped, so that it is copied."""
    for label, text in pairs:
        if text:
            yield f"  {label:<{LABEL_WIDTH}} {' '.join(visible(text).split())}"
