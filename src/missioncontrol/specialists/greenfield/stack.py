"""The stack of a product: what the goal names, else what its kind recommends."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import msgspec

from missioncontrol.domain.product_design import PlannedFile, Source, StackChoice
from missioncontrol.specialists.greenfield.catalogue import (
    Kind,
    Layout,
    StackEntry,
    Technology,
    layouts,
    technologies,
)
from missioncontrol.specialists.greenfield.selection import Named

ON_PHONES = frozenset({"mobile-backend", "game"})
_PARTS = {
    "language": "Language", "framework": "Framework", "database": "Database", "queue": "Queue",
    "cache": "Cache", "search": "Search", "interface": "Interface", "protocol": "Protocol",
    "model": "Model", "device": "Device", "mail": "Messages", "payment": "Payments",
    "storage": "Storage", "hosting": "Hosting", "tests": "Tests", "build": "Build",
    "format": "Format",
}  # fmt: skip
FILES_MAX = 40


class Stack(msgspec.Struct, frozen=True):
    """The choices, and where files stand with them."""

    choices: tuple[StackChoice, ...]
    named: tuple[Technology, ...]
    language: str
    tree: tuple[str, ...]
    modules: str
    tests: str


def stack_of(kind: Kind, spoken: Sequence[Named]) -> Stack:
    """Return the stack; what the goal names stands, and the rest fits to it."""
    named = [each.technology for each in spoken]
    by_key = {each.key: each for each in technologies()}
    languages = {each.key for each in technologies() if each.part == "language"}
    language = next((t.key for t in named if t.part == "language" and t.key in languages), "")
    language = language or next(
        (t.language for t in named if t.part == "framework" and t.language), ""
    )
    language = _SAME_LANGUAGE.get(language, language)
    if language == "kotlin" and kind.key not in ON_PHONES:
        language = "kotlin-server"
    own = next((each for each in kind.stacks if _speaks(each, language)), None)
    layout = _layout(named, language)
    goes_with = own if own and not (layout and layout.key != layout.language) else None
    choices: list[StackChoice] = []
    choices += [_named(each) for each in spoken]
    choices += [
        _brought(by_key[key], each)
        for each in named
        for key in each.brings
        if key in by_key and by_key[key].language in {"", language}
    ]
    base = goes_with or (None if layout else kind.stacks[0])
    if base is not None:
        choices += _recommended(base, choices, named)
    elif language and not any(each.part == "Language" for each in choices) and language in by_key:
        choices.insert(0, _brought(by_key[language], named[0]))
    if layout is not None and base is None:
        choices += _filled_up(layout, kind, choices)
    choices = _once(choices)
    if base is not None:
        return Stack(
            tuple(choices), tuple(named), base.language, base.tree, base.modules, base.tests
        )
    assert layout is not None, "a kind recommends a stack where there is no layout"
    return Stack(
        tuple(choices), tuple(named), layout.language, layout.tree, layout.modules, layout.tests
    )


_SAME_LANGUAGE = {"dotnet": "csharp", "nodejs": "typescript", "javascript": "typescript"}


def _speaks(stack: StackEntry, language: str) -> bool:
    return not language or stack.language == language


def _layout(named: Sequence[Technology], language: str) -> Layout | None:
    """Return the layout of a named framework, else that of a language."""
    frameworks = {each.key for each in named} | {key for each in named for key in each.brings}
    for each in layouts():
        if each.key in frameworks and each.key != each.language:
            return each
    by_key = {each.key: each for each in layouts()}
    return by_key.get(language)


def _named(spoken: Named) -> StackChoice:
    each = spoken.technology
    own = spoken.words.replace("-", " ") in each.name.lower().replace("-", " ")
    why = "The goal names it." if own else f"The goal says “{spoken.words}”."
    return StackChoice(
        _PARTS[each.part],
        each.name,
        f"{why} {each.reason}",
        Source("goal", spoken.words, "high" if own else "medium"),
        each.instead,
    )


def _brought(each: Technology, by: Technology) -> StackChoice:
    source = Source("experience", f"goes with {by.name}")
    return StackChoice(_PARTS[each.part], each.name, each.reason, source, each.instead)


def _recommended(
    base: StackEntry, choices: Sequence[StackChoice], named: Sequence[Technology]
) -> Iterable[StackChoice]:
    taken = {each.part for each in choices}
    has_database = "Database" in taken
    for part, choice, reason in base.choices:
        if part in taken or (has_database and part in {"Store", "Storage"}):
            continue
        others = tuple((name, why) for for_part, name, why in base.alternatives if for_part == part)
        yield StackChoice(
            part, choice, reason, Source("experience", "reference architecture"), others
        )


def _filled_up(layout: Layout, kind: Kind, choices: Sequence[StackChoice]) -> Iterable[StackChoice]:
    """Yield what a stack lacks: the usual framework and tests of its language, and a database."""
    taken = {each.part for each in choices}
    source = Source("experience", f"usual with {layout.key}")
    for part, choice, reason in layout.choices:
        if part not in taken:
            yield StackChoice(part, choice, reason, source)
    recommended = next((each for each in kind.stacks[0].choices if each[0] == "Database"), None)
    if recommended and "Database" not in taken:
        yield StackChoice(*recommended, source=Source("experience", "reference architecture"))


def _once(choices: Sequence[StackChoice]) -> list[StackChoice]:
    found: dict[str, StackChoice] = {}
    for each in choices:
        found.setdefault(each.choice, each)
    return list(found.values())


def path_of(stem: str, stack: Stack, package: str) -> str:
    """Return the path of a planned file: `calendar/free_days`, `calendar/free_days_test`."""
    name = PurePosixPath(stem).name
    if name.endswith("_test"):
        base = name.removesuffix("_test")
        folder = stem.rsplit("/", 1)[0] if "/" in stem else ""
        if stack.language == "go":
            return stack.modules.format(package=package, stem=stem, name=name)
        if stack.language in {"csharp", "java", "kotlin", "swift", "php"}:
            base = _pascal(base)
        return stack.tests.format(package=package, stem=f"{folder}/{base}".strip("/"), name=base)
    if stack.language in {"csharp", "java", "kotlin", "swift", "php"}:
        *folders, last = stem.split("/")
        joined = [
            _pascal(each) if stack.language in {"csharp", "php"} else each for each in folders
        ]
        stem = "/".join([*joined, _pascal(last)])
    return stack.modules.format(package=package, stem=stem, name=name)


def _pascal(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def files_of(
    stack: Stack, package: str, tasks_files: Sequence[tuple[str, str]]
) -> tuple[PlannedFile, ...]:
    """Return the tree of files: those of the stack and those that the tasks make."""
    found: dict[str, str] = {}
    for line in stack.tree:
        path, _, purpose = line.partition(": ")
        found.setdefault(path.format(package=package), purpose)
    for path, purpose in tasks_files:
        found.setdefault(path, purpose)
    ordered = sorted(found, key=lambda path: ("/" in path, path))
    return tuple(PlannedFile(path, found[path]) for path in ordered[: FILES_MAX * 2])
