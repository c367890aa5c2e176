"""Reads the whole blueprint out of a surveyed tree, within a time limit."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from missioncontrol.specialists.manifests.stack import Stack, is_aside
from missioncontrol.specialists.packages import own_packages
from missioncontrol.specialists.surveyor.blueprint import data_model, deployment
from missioncontrol.specialists.surveyor.blueprint.entries import entries
from missioncontrol.specialists.surveyor.blueprint.practices import practices
from missioncontrol.specialists.surveyor.blueprint.shapes import (
    Blueprint,
    Entry,
    Folder,
    Practice,
    Stone,
    Tie,
    Unit,
)

if TYPE_CHECKING:
    from missioncontrol.specialists.surveyor.survey import Survey
    from missioncontrol.specialists.tree import Tree

UNITS_MAX, TIES_MAX, PRACTICES_MAX, ENTRIES_MAX = 200, 400, 80, 400
STONES_MAX, FOLDERS_MAX = 60, 40
PACKAGES_MAX, NEEDS_MAX = 12, 14
FILES_MAX = 400
DEPTH = 3
SHARE_MIN = 0.15
"""Of a directory's lines; a language with less of them is not named."""

ECOSYSTEM_NAMES = {
    "python": "Python",
    "javascript": "JavaScript",
    "go": "Go",
    "rust": "Rust",
    "java": "Java",
    "ruby": "Ruby",
    "php": "PHP",
    "dotnet": ".NET",
    "elixir": "Elixir",
}


def blueprint_of(tree: "Tree", survey: "Survey", is_late: Callable[[], bool]) -> Blueprint:
    """Return what `tree` says of how it is run, what it stores and how it is worked on."""
    left_out: list[str] = []
    found = list(_deployed(tree))
    files = tuple(dict.fromkeys(each.path for each in found if isinstance(each, Unit)))
    worked = list(practices(tree))
    found += [each for each in worked if not isinstance(each, Practice)]
    found += _delivered(survey.stack)
    units, ties = _joined(found)
    goal = {place.path for place in survey.places}
    tables, references = data_model.data_model(tree, goal, is_late)
    listed = [each for each in worked if isinstance(each, Practice)]
    ways = _once(entries(tree, survey.entry_points))
    if is_late():
        left_out.append("The time for reading the data model was used up; tables may be missing.")
    for what, items, most in (
        ("units of deployment", units, UNITS_MAX),
        ("practices", listed, PRACTICES_MAX),
        ("entry points", ways, ENTRIES_MAX),
    ):
        if len(items) > most:
            left_out.append(f"{len(items) - most} {what} beyond the limit of {most}.")
    return Blueprint(
        survey.stack.name,
        tree.commit,
        tuple(units[:UNITS_MAX]),
        tuple(ties[:TIES_MAX]),
        tables,
        references,
        (*_tested(survey.stack), *listed[:PRACTICES_MAX]),
        tuple(ways[:ENTRIES_MAX]),
        tuple(_foundation(survey.stack))[:STONES_MAX],
        tuple(_shape(tree)),
        files,
        tuple(dict.fromkeys(table.path for table in tables)),
        (deployment.LOOKED_FOR, data_model.LOOKED_FOR),
        tuple(left_out),
    )


def _deployed(tree: "Tree") -> Iterator[Unit | Tie]:
    count = 0
    for file in tree.files:
        if is_aside(file.path) or file.kind in ("binary", "vendored"):
            continue
        reader = deployment.reader_of(file.path)
        if reader is None:
            continue
        count += 1
        if count > FILES_MAX:
            return
        yield from reader(file.path, tree.text(file.path) or "")


def _delivered(stack: Stack) -> Iterator[Unit | Tie]:
    """Yield the packages that are published, what they need to run, and on what."""
    for package in own_packages(stack)[:PACKAGES_MAX]:
        if not package.name:
            continue
        unit = f"package {package.ecosystem} {package.name}"
        version = f" {package.version}" if package.version else ""
        line = package.line or 1
        words = f"{ECOSYSTEM_NAMES.get(package.ecosystem, package.ecosystem)} package{version}"
        yield Unit(unit, package.name, "package", package.manifest, line, words)
        if package.manifest.count("/") or package.ecosystem == "container":
            continue
        for runtime in stack.runtimes[:2]:
            name = f"{runtime.language} {runtime.requirement}".strip()
            place = runtime.line or 1
            yield Unit(f"on {name}", name, "platform", runtime.manifest, place, "The runtime.")
            yield Tie(unit, f"on {name}", "runs on", runtime.manifest, place)
        needs = [first for first, *_ in stack.own_needs("user")]
        needs = [need for need in needs if need.ecosystem == package.ecosystem]
        if len(needs) > NEEDS_MAX:
            rest, first = f"needs more of {package.name}", needs[NEEDS_MAX]
            names = ", ".join(need.name for need in needs[NEEDS_MAX:][:20])
            words = f"{len(needs) - NEEDS_MAX} more dependencies"
            yield Unit(rest, words, "outside", first.manifest, first.line or 1, names)
            yield Tie(unit, rest, "needs", first.manifest, first.line or 1)
        for need in needs[:NEEDS_MAX]:
            name = f"{need.name} {need.requirement}".strip()
            line = need.line or 1
            yield Unit(f"needs {need.name}", name, "outside", need.manifest, line, "A dependency.")
            yield Tie(unit, f"needs {need.name}", "needs", need.manifest, line)


def _joined(found: Iterable[Unit | Tie | Practice]) -> tuple[list[Unit], list[Tie]]:
    """Keep each unit once, and the ties between units that are there."""
    listed = list(found)
    units: dict[str, Unit] = {}
    for each in listed:
        if isinstance(each, Unit):
            units.setdefault(each.id, each)
    ties = {
        (each.source, each.target, each.label): each
        for each in reversed(listed)
        if isinstance(each, Tie) and each.source in units and each.target in units
    }
    return list(units.values()), list(reversed(ties.values()))


def _tested(stack: Stack) -> Iterator[Practice]:
    for command in stack.test_commands[:2]:
        words = " ".join(command.argv)
        text = f"Tests are run with `{words}`."
        yield Practice("test", text, command.manifest, command.line or 1)


def _once(found: Iterable[Entry]) -> Sequence[Entry]:
    unique: dict[tuple[str, str], Entry] = {}
    for each in found:
        unique.setdefault((each.kind, each.name), each)
    return list(unique.values())


def _foundation(stack: Stack) -> Iterator[Stone]:
    for runtime in stack.runtimes:
        if not is_aside(runtime.manifest):
            detail = runtime.requirement or "no version is asked for"
            yield Stone("language", runtime.language, detail, runtime.manifest, runtime.line)
    seen: set[str] = set()
    for item in stack.recognised:
        if is_aside(item.manifest) or item.name in seen or item.who == "developer":
            continue
        seen.add(item.name)
        yield Stone(item.what, item.name, "", item.manifest, item.line, item.word)
    for need, *_ in stack.own_needs("user"):
        detail = need.requirement or "any version"
        yield Stone("dependency", need.name, detail, need.manifest, need.line)


def _shape(tree: "Tree") -> Iterator[Folder]:
    """Yield directories, three levels deep, with what most of their lines are."""
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    languages: dict[str, Counter[str]] = defaultdict(Counter)
    for file in tree.files:
        parts = file.path.split("/")[:-1]
        for depth in range(min(len(parts), DEPTH) + 1):
            home = "/".join(parts[:depth]) or "."
            files[home] += 1
            lines[home] += file.lines
            kinds[home][file.kind] += max(file.lines, 1)
            if file.language:
                languages[home][file.language] += file.lines
    chosen = sorted(sorted(files, key=lambda home: (-lines[home], home))[:FOLDERS_MAX])
    for home in chosen:
        whole = sum(languages[home].values())
        top = [name for name, n in languages[home].most_common(2) if n >= SHARE_MIN * whole]
        holds = kinds[home].most_common(1)[0][0]
        yield Folder(home, files[home], lines[home], holds, tuple(top))
