"""What else of a repository a change has to agree with: callers, baselines, lists of versions."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from missioncontrol.specialists.definition_names import ASIDE, Named
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.definitions import without_prose
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.places import text_of_main
from missioncontrol.specialists.planner.playbook import listed
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.planner.source import Place
from missioncontrol.specialists.ranking.cited_commits import cited
from missioncontrol.specialists.ranking.terms import title

CALLS_MAX = 6
"""Lines that use a definition which are all named; of more, none is."""
FILES_MAX, TITLE_MAX, LINE_MAX, NAME_LENGTH_MIN = 5, 70, 90, 4
ENTRIES_MAX = 2
_DATA = (".yml", ".yaml", ".json", ".toml")
_MARKED = re.compile(r"`([A-Za-z][\w./-]{4,60})`")
_BASELINE = re.compile(
    r"(?i)(?:^|/)(?:[\w.-]*baseline[\w.-]*\.(?:neon|xml|json|ya?ml|toml|php|txt)|\.rubocop_todo\.yml"
    r"|\.standard_todo\.yml|\.erb_lint_todo\.yml)$"
)
"""Files in which a checker records, by path, the findings that it tolerates."""
_SETS_UP = re.compile(
    r"(?i)^(?:migrate|configure|reconfigure|set ?up|enable|disable|adopt|switch|move|ignore|exclude"
    r"|tune)\b"
    r"|\b(?:config(?:uration)?|settings)\b"
)
_RUNS = re.compile(
    r"(?i)^(?:makefile|justfile|taskfile\.ya?ml|package\.json|tox\.ini|noxfile\.py|composer\.json"
    r"|\.github/workflows/[^/]+\.ya?ml)$"
)
_VERSIONED = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z+#]{1,15}?)[\s_-]?(?:version\s)?v?(?P<number>\d+(?:\.\d+){0,2})(?![\w.])"
)
_ALIASES = {
    "jdk": ("jdk", "java"),
    "java": ("jdk", "java"),
    "py": ("python", "py"),
    "node": ("node",),
    "nodejs": ("node",),
    "golang": ("go",),
    "cpython": ("python",),
}
"""By what names a list of versions may go, beside the one that the goal uses."""


def surrounding_facts(
    ground: Ground, ask: Ask, named: Sequence[Named], places: Sequence[Place]
) -> dict[str, str]:
    """Return what the sentences about the surroundings of a change are filled with."""
    if ground.tree is None or ground.sources is None or not places:
        return {}
    facts = _calls(ground, named) | _baselines(ground, places[0]) | _settings_of(ground, ask)
    if places[0].kind not in {"code", "test"}:
        facts["fault"] = ""  # No test of the repository runs what is set there.
    if ask is ground.goal.main:
        facts |= _cited(ground) | _versions(ground, ask, places)
        facts |= _tool_facts(ground, ask, places[0].path)
    return facts


def _calls(ground: Ground, named: Sequence[Named]) -> dict[str, str]:
    """Return the lines of the product that use the first definition named, where they are few."""
    if not named:
        return {}
    first, name = named[0], named[0].name.rpartition(".")[2]
    if len(name) < NAME_LENGTH_MIN:
        return {}
    assert ground.sources is not None
    users = [path for path in ground.sources.users(name, "code") if not ASIDE.search(path)]
    others = {each.path for each in named[1:]}
    found = [(path, line) for path in users for line in _uses(ground, path, name, first)]
    inside = [(path, line) for path, line in found if path in others]
    found = inside or _of_owner(ground, first.name, found)
    if not 0 < len(found) <= CALLS_MAX:
        return {}
    return {"called": f"`{first.name}`", "calls": listed([f"`{p}:{line}`" for p, line in found])}


def _of_owner(ground: Ground, name: str, found: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the uses of a method whose receiver is called like its class: `config.clamp`.

    Other classes may have a method of that name.
    """
    outer, _, inner = name.lower().rpartition(".")
    if not outer:
        return found
    assert ground.tree is not None
    called = re.compile(rf"(?i)(\w+)(?:\(\))?(?:\?|&)?(?:\.|->|::){re.escape(inner)}\b")
    owned = []
    for path, number in found:
        line = (ground.tree.text(path) or "").split("\n")[number - 1]
        receivers = (each.strip("_") for each in called.findall(line.lower()))
        if any(len(each) >= NAME_LENGTH_MIN and each in outer for each in receivers):
            owned.append((path, number))
    return owned


def _uses(ground: Ground, path: str, name: str, defined: Named) -> Iterator[int]:
    """Yield the lines of a file, outside of comments and texts, where a name is used."""
    assert ground.tree is not None
    whole = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
    defines = re.compile(
        rf"\b(?:def|class|func|fn|function|interface|struct|import|use|from)\b[^=(]*{re.escape(name)}"
    )
    text = without_prose(ground.tree.text(path) or "", strings=True)
    for number, line in enumerate(text.split("\n"), 1):
        is_own = path == defined.path and number == defined.line
        if whole.search(line) and not (is_own or defines.search(line)):
            yield number


def _settings_of(ground: Ground, ask: Ask) -> dict[str, str]:
    """Return where the settings have an entry of the name that the ask writes as code."""
    assert ground.tree is not None
    for name in _MARKED.findall(ask.text):
        entry = re.compile(rf"(?m)^[ \t]*[\"']?{re.escape(name)}[\"']?[ \t]*:(?=\s|$)")
        found = [
            f"`{file.path}:{text.count(chr(10), 0, match.start()) + 1}`"
            for file in ground.tree.files
            if file.path.endswith(_DATA) and not ASIDE.search(file.path)
            for text in [ground.tree.text(file.path) or ""]
            for match in [entry.search(text)]
            if match
        ]
        if 0 < len(found) <= ENTRIES_MAX:
            return {"entry_of": f"`{name}`", "entries": listed(found)}
    return {}


def _baselines(ground: Ground, place: Place) -> dict[str, str]:
    """Return the baselines that record findings in the file where the work begins."""
    if place.kind not in {"code", "test"}:
        return {}
    assert ground.tree is not None
    found = []
    for file in ground.tree.files:
        text = (ground.tree.text(file.path) or "") if _BASELINE.search(file.path) else ""
        if place.path in text:
            line = text.count("\n", 0, text.index(place.path)) + 1
            found.append(f"`{file.path}:{line}`")
    return {"baselines": listed(found)} if found else {}


def _cited(ground: Ground) -> dict[str, str]:
    """Return the commit that the goal speaks of or goes on from, and which files it changed."""
    index = ground.index
    found = cited(index.past, text_of_main(ground)) if index else []
    if index is None or not found:
        return {}
    change = index.past.changes[found[0].place]
    paths = [f"`{index.paths[number]}`" for number in index.past.files[found[0].place]]
    if not paths:
        return {}
    more = [f"{len(paths) - FILES_MAX} more"] if len(paths) > FILES_MAX else []
    name = shortened(title(change.message).replace("`", "'"), TITLE_MAX)
    is_named = found[0].is_named
    return {
        "cited": f"“{name}” ({change.id[:7]})",
        "cited_how": "is the commit that the goal speaks of"
        if is_named
        else "is the last change of the same thing",
        "cited_files": listed([*paths[:FILES_MAX], *more]),
    }


def _versions(ground: Ground, ask: Ask, places: Sequence[Place]) -> dict[str, str]:
    """Return the line that lists versions of what the ask adds one of: “Add JDK 21 to CI”."""
    assert ground.tree is not None
    settings = [place for place in places if place.kind not in {"code", "test", "document"}]
    for match in _VERSIONED.finditer(ask.text):
        name, number = match["name"].lower(), match["number"]
        names = "|".join(re.escape(each) for each in _ALIASES.get(name, (name,)))
        lists = re.compile(rf"(?i)^\s*-?\s*[\w.-]*(?:{names})[\w.-]*\s*[:=]\s*\[[^\]]*\d")
        for place in settings:
            lines = (ground.tree.text(place.path) or "").split("\n")
            for at, line in enumerate(lines, 1):
                if lists.match(line):
                    return {
                        "versions_place": f"`{place.path}:{at}`",
                        "versions_today": f"`{shortened(line.strip().lstrip('- '), LINE_MAX)}`",
                        "version_asked": f"{match['name']} {number}",
                    }
    return {}


def _tool_facts(ground: Ground, ask: Ask, path: str) -> dict[str, str]:
    """Return how the project runs the tool that the ask sets up, and which files name it."""
    if path != tool_settings(ground, ask.text):
        return {}
    assert ground.tree is not None
    tool = _tool_of(PurePosixPath(path).name)
    whole = re.compile(rf"(?i)(?<![\w-]){re.escape(tool)}(?![a-z])")
    uses = [
        f"`{file.path}:{text.count(chr(10), 0, match.start()) + 1}`"
        for file in ground.tree.files
        if _RUNS.search(file.path)
        for text in [ground.tree.text(file.path) or ""]
        for match in [whole.search(text)]
        if match
    ]
    facts = {"tool_settings": f"`{path}`", "tool_uses": listed(uses[:FILES_MAX])}
    return facts | _tool_run(ground, tool)


def _tool_run(ground: Ground, tool: str) -> dict[str, str]:
    """Return the command that runs a tool, with the line of a script or a workflow that has it."""
    assert ground.tree is not None
    pattern = re.compile(rf"(?m)(?<![\w./-])({re.escape(tool)}[\w-]*(?: [\w-]+)?)(?= |$|[\"'])")
    for file in ground.tree.files:
        text = (ground.tree.text(file.path) or "") if _RUNS.search(file.path) else ""
        for number, line in enumerate(text.split("\n"), 1):
            match = pattern.search(line)
            if match and re.search(r"(?:cmds?:|run:|script|^\s*-\s|^\t|\":\s*\")", line):
                command = match[1].strip()
                if " " in command:
                    return {"tool_run": f"`{command}` (`{file.path}:{number}`)"}
    return {}


def tool_settings(ground: Ground, text: str) -> str:
    """Return the settings of the tool that an ask sets up: `.golangci.yml` of golangci-lint."""
    if ground.tree is None or not _SETS_UP.search(text):
        return ""
    words = {_tool_name(word) for word in re.findall(r"[A-Za-z][\w-]{3,}", text.lower())}
    words -= {_tool_name(ground.name), ""}
    for file in ground.tree.files:
        path = PurePosixPath(file.path)
        is_root = len(path.parts) == 1 or path.parts[:-1] in {(".github",), (".config",)}
        if is_root and file.kind == "configuration" and _tool_name(_tool_of(path.name)) in words:
            return file.path
    return ""


def _tool_of(name: str) -> str:
    """Return whose settings a file holds by its name: `eslint` for `.eslintrc.json`."""
    stem = name.lstrip(".").lower().partition(".")[0]
    return re.sub(r"(?:rc|[-_]?config)$", "", stem)


def _tool_name(word: str) -> str:
    """Return the name of a tool without what says that it is one."""
    return re.sub(r"[-_](?:lint|cli|js|action|bot)$", "", word.lower()).replace("-", "")
