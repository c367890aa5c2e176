"""What the plan quotes as code: names, paths, and lines of files, in the order it names them."""

import re
from collections.abc import Iterable, Iterator

from missioncontrol.domain.plan import Plan, Task

_QUOTED = re.compile(r"`([^`\n]+)`")
_QUOTATION = re.compile(r"“([^”\n]+)”")
_LINE = re.compile(r"^(?P<path>[^\s:]+):(?P<line>\d+)(?:-\d+)?$")


def task_texts(task: Task, plan: Plan) -> list[str]:
    """Return everything a task says, and what the decisions behind it chose."""
    chosen = [each.choice for each in plan.decisions if each.id in task.decisions]
    return [task.title, task.detail, *task.acceptance, *task.risk_checks, *chosen]


def plan_texts(plan: Plan) -> list[str]:
    """Return what the handed-over tasks say, their decisions and the parts of the architecture."""
    tasks = [text for task in plan.tasks() if task.is_change for text in task_texts(task, plan)]
    return [*tasks, *(each.detail for each in plan.architecture.components)]


def quoted(texts: Iterable[str]) -> list[str]:
    """Return what stands between backticks, without repeats."""
    found = (name.strip().removesuffix("()") for text in texts for name in _QUOTED.findall(text))
    return list(dict.fromkeys(name for name in found if name))


def names(texts: Iterable[str]) -> list[str]:
    """Return the last names of what is quoted: `open_session` of `Session.open_session`."""
    last = (re.split(r"[.:#]", name)[-1] for name in quoted(texts))
    return list(dict.fromkeys(name for name in last if re.fullmatch(r"[\w$]+", name)))


def lines(texts: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield the paths with line numbers that are quoted."""
    for name in quoted(texts):
        match = _LINE.match(name)
        if match:
            yield match["path"], int(match["line"])


def paths(texts: Iterable[str]) -> list[str]:
    """Return what could be a path among what is quoted, without line numbers."""
    found = []
    for name in quoted(texts):
        match = _LINE.match(name)
        found.append(match["path"] if match else name)
    return list(dict.fromkeys(found))


def anchors(texts: Iterable[str]) -> list[str]:
    """Return all that is quoted in either way: words to look for in a file."""
    listed = list(texts)
    quotes = [text for each in listed for text in _QUOTATION.findall(each)]
    return list(dict.fromkeys([*quoted(listed), *quotes]))
