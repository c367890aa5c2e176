"""What goes along with a definition that moves to another file, or is drawn out of another one."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from missioncontrol.specialists.definition_names import Named
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.playbook import listed
from missioncontrol.specialists.planner.renaming import FILES_MAX, uses_of

FILES_SHOWN = 6
"""Files that a sentence names."""
_MOVE = re.compile(
    r"(?i)^move\s+(?:the\s+)?(?:(?:class|function|definition)\s+)?`(?P<name>[\w.]+)(?:\(\))?`"
    r"(?:\s+(?:out\s+of|from)\s+`(?P<source>[^`]+)`)?"
    r"\s+(?:in)?to\s+(?:(?:an?|the|its own)\s+)?(?:new\s+)?(?:(?:module|file)\s+)?`(?P<to>[^`]+)`"
)
_EXTRACT = re.compile(
    r"(?i)^(?:extract|pull|factor|split)\s+(?:out\s+)?(?P<what>[^`]{3,60}?|`[^`]+`)"
    r"\s+(?:out\s+)?(?:from|of)\s+`(?P<source>[\w.]+)(?:\(\))?`"
    r"\s+(?:in)?to\s+(?:(?:an?|the)\s+)?(?:new\s+)?(?:\w+\s+){0,2}?`(?P<to>[\w.]+)(?:\(\))?`"
)


def is_move(text: str) -> bool:
    """Whether a text asks that a definition goes elsewhere and stays what it is."""
    return _MOVE.match(text) is not None


def moving_facts(ground: Ground, ask: Ask, named: Sequence[Named]) -> dict[str, str]:
    """Return what sentences may say of a move or an extraction; nothing of anything else."""
    move = _MOVE.match(ask.text)
    if move and named:
        users = [path for path in _users(ground, named[0]) if path != named[0].path]
        return {
            "goes_to": f"`{move['to']}`",
            "goes_as": f"`{named[0].name}`",
            "goes_from": f"`{named[0].place}`",
            "goes_path": f"`{move['source'] or named[0].path}`",
            "goes_users": listed([f"`{path}`" for path in users[:FILES_SHOWN]]),
            "goes_home": f"`{_file(ground, move['to'], named[0].path)}`",
        }
    drawn = _EXTRACT.match(ask.text)
    if drawn and named:
        return {
            "drawn": drawn["what"].removeprefix("the ").strip(),
            "drawn_from": f"`{named[0].name}`",
            "drawn_place": f"`{named[0].place}`",
            "drawn_to": f"`{drawn['to']}`",
        }
    return {}


def moved_files(ground: Ground, ask: Ask, named: Sequence[Named]) -> tuple[str, ...]:
    """Return the files that a move changes; none where the ask is none."""
    if not (named and is_move(ask.text)):
        return ()
    users = [path for path in _users(ground, named[0]) if path != named[0].path]
    return (named[0].path, *users)[:FILES_MAX]


def _users(ground: Ground, named: Named) -> tuple[str, ...]:
    return uses_of(ground, named.name.rpartition(".")[2]).files


def _file(ground: Ground, to: str, beside: str) -> str:
    """Return the file that a module named `to` is: its path, or that of `package.module`."""
    if "/" in to or PurePosixPath(to).suffix == PurePosixPath(beside).suffix:
        return to
    home = PurePosixPath(beside)
    last = to.rpartition(".")[2]
    path = str(home.with_name(last + home.suffix))
    known = [file.path for file in ground.tree.files] if ground.tree else []
    front = str(home.with_name(last) / "__init__.py")
    return front if front in known else path
