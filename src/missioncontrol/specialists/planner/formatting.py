"""Goals to run a formatter over the code: which tool, and what changed since it last ran."""

import re

import msgspec

from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.places import text_of_main
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.ranking.terms import title

FILES_MAX, TITLE_MAX = 6, 70
_TOOLS = (
    "black|prettier|gofmt|gofumpt|rustfmt|cargo fmt|isort|autopep8|yapf|ruff format|php-cs-fixer"
    "|clang-format|google-java-format|spotless|ktlint|standardrb|dotnet format|mix format|dprint"
    "|biome"
)
_GOAL = re.compile(
    r"(?i)^(?:(?:re)?format(?:ted|ting)?|apply|run|fix|correct|clean ?up|normali[sz]e)\b"
    rf"[^.;:]{{0,60}}?\b(?P<tool>{_TOOLS})\b"
)
_ADDS = re.compile(r"(?i)\b(?:add|support|plugin|rule|option|config\w*|hook|crash|bug|error)\b")
_SETTINGS = re.compile(
    r"(?i)(?:^|/)(?:\.pre-commit-config\.yaml|package\.json|pyproject\.toml|tox\.ini|makefile"
    r"|justfile|taskfile\.ya?ml|composer\.json|pom\.xml|build\.gradle(?:\.kts)?)$"
)


class Formatting(msgspec.Struct, frozen=True):
    """A run of a formatter."""

    tool: str
    place: str  # `path:line` of the settings that name it; "" without any
    since: str  # “title” (commit) that formatted the code last; "" where none is known
    files: tuple[tuple[str, int], ...]  # code that changed since, with in how many commits


def formatting(ground: Ground) -> Formatting | None:
    """Return what the main ask wants formatted, or None where it asks for anything else."""
    match = _GOAL.search(ground.goal.main.text)
    if match is None or ground.index is None or _ADDS.search(text_of_main(ground)):
        return None
    tool = match["tool"].lower()
    since, files = _changed_since(ground, tool)
    return Formatting(tool, _settings(ground, tool), since, files)


def formatting_facts(found: Formatting) -> dict[str, str]:
    """Return what the sentences about such a run are filled with."""
    facts = {
        "formatter": f"`{found.tool}`",
        "formatter_place": f"`{found.place}`" if found.place else "",
        "formatted_by": found.since,
        "format_only": "yes",
        "evidence": "yes",
        "no_announcement": "yes",
        "belongs": "",
        "new_thing": "",
    }
    return facts


def _settings(ground: Ground, tool: str) -> str:
    assert ground.tree is not None
    whole = re.compile(rf"(?i)(?<![\w./-]){re.escape(tool)}(?![\w/-])")
    for file in ground.tree.files:
        text = (ground.tree.text(file.path) or "") if _SETTINGS.search(file.path) else ""
        if match := whole.search(text):
            return f"{file.path}:{text.count(chr(10), 0, match.start()) + 1}"
    return ""


def _changed_since(ground: Ground, tool: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """Return the newest commit that names the tool, and the code that changed most since."""
    assert ground.index is not None
    past, paths, counts = ground.index.past, ground.index.paths, dict[int, int]()
    ran = re.compile(rf"(?i)\b(?:format\w*|reformat\w*|run|apply|style)\b.*\b{re.escape(tool)}\b")
    for place, change in enumerate(past.changes):
        if ran.search(title(change.message)):
            name = shortened(title(change.message).replace("`", "'"), TITLE_MAX)
            order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            files = ((paths[number], count) for number, count in order[:FILES_MAX])
            return f"“{name}” ({change.id[:7]})", tuple(files)
        for number in past.files[place]:
            if ground.index.files[number].kind in {"code", "test"}:
                counts[number] = counts.get(number, 0) + 1
    return "", ()
