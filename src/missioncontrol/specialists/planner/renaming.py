"""What a renaming has to reach: every place that says the old name, and whether it stays as one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.definition_names import (
    OVERLOAD,
    Named,
    definitions_called,
    is_file_name,
)
from missioncontrol.specialists.kinds import has_frozen_head
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.goal import Goal
from missioncontrol.specialists.planner.ground import CHANGES, Ground
from missioncontrol.specialists.planner.playbook import listed
from missioncontrol.specialists.planner.source import ASIDE
from missioncontrol.specialists.symbols import symbols

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import SourceFile

SHOWN_MAX = 6
"""Files of one kind that a sentence names; the rest is counted."""
FILES_MAX = 40
"""Files that one task is expected to change."""
_NAME = r"(?:`(?P<{0}>[^`\s]+)`|(?P<{0}_bare>(?:--)?[A-Za-z_][\w.-]*[\w-](?:\(\))?))"
_RENAME = re.compile(
    r"(?i)^rename\s+(?:(?:the|our)\s+)?(?:(?:public|private|class|function|method|module|option|flag"
    r"|parameter|argument|attribute|property|constant|variable|command|setting)\s+)*"
    + _NAME.format("old")
    + r"\s+(?:(?:of|in|on)\s+\S+\s+)?(?:to|into|as)\s+"
    + _NAME.format("new")
)
_ALIAS = re.compile(
    r"(?i)\balias\b|\bdeprecat|\b(?:old|former|previous|present) (?:name|spelling|one)\b.*\b(?:keep"
    r"|stay|work|remain|warn)|\bkeep\w*\b.*\b(?:old|former|previous) (?:name|spelling|one)\b"
)
_NO_ALIAS = re.compile(
    r"(?i)\b(?:no|without(?: an?)?|not keep(?: an?)?)\s+(?:deprecated\s+)?alias\b"
)


class Renaming(msgspec.Struct, frozen=True):
    """Which name is to become which."""

    old: str
    new: str

    @property
    def short_name(self) -> str:
        """The last part of the old name: what code that uses it says."""
        return self.old.rpartition(".")[2]

    @property
    def becomes(self) -> str:
        """The last part of the new name."""
        return self.new.rpartition(".")[2]

    @property
    def whole_new(self) -> str:
        """The new name with the class of the old one, where only the last part is given.

        “Rename `Signer.unsign` to `verify`” makes `Signer.verify`.
        """
        owner = self.old.rpartition(".")[0]
        return f"{owner}.{self.new}" if owner and "." not in self.new else self.new


def renaming(ask: Ask) -> Renaming | None:
    """Return which name an ask wants to become which; None for any other ask."""
    match = _RENAME.match(ask.text)
    if match is None:
        return None
    old, new = (
        (match[name] or match[f"{name}_bare"]).removesuffix("()") for name in ("old", "new")
    )
    is_name = old != new and not is_file_name(old)  # A file is moved.
    return Renaming(old, new) if is_name else None


def keeps_alias(goal: Goal) -> bool:
    """Whether a goal asks that the old name goes on working."""
    asked = [goal.text, *(ask.text for ask in goal.asks)]
    return any(_ALIAS.search(text) and not _NO_ALIAS.search(text) for text in asked)


class Uses(msgspec.Struct, frozen=True):
    """Where a name stands as a word: how often in each file, by kind of file."""

    code: Mapping[str, int]
    beside: Mapping[str, int]  # examples, benchmarks, scripts
    tests: Mapping[str, int]
    documents: Mapping[str, int]

    @property
    def files(self) -> tuple[str, ...]:
        """All of them, the product's code first."""
        return (*self.code, *self.tests, *self.documents, *self.beside)

    @property
    def count(self) -> int:
        """How often it stands in all of them."""
        kinds = (self.code, self.beside, self.tests, self.documents)
        return sum(count for files in kinds for count in files.values())


def uses_of(ground: Ground, name: str) -> Uses:
    """Look for a name in all that people edit: the record of releases and frozen files stay."""
    found: dict[str, dict[str, int]] = {"code": {}, "beside": {}, "test": {}, "document": {}}
    whole = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
    for file in ground.tree.files if ground.tree else ():
        text = (ground.tree.text(file.path) or "") if ground.tree else ""
        kind, count = _kind(file), len(whole.findall(text))
        is_frozen = CHANGES.match(file.path) or has_frozen_head(text)
        if count and kind in found and not is_frozen:
            found[kind][file.path] = count
    return Uses(found["code"], found["beside"], found["test"], found["document"])


def renaming_facts(
    ground: Ground, ask: Ask, named: Sequence[Named], known: Mapping[str, str]
) -> dict[str, str]:
    """Return what sentences may say of a renaming; nothing where the ask is none.

    "" removes what was guessed from the words: users of a public name learn of its new one.
    """
    change = renaming(ask)
    if change is None:
        return {}
    uses = uses_of(ground, change.short_name)
    assigned = "" if named else _assigned(ground, change.short_name, uses)
    home = named[0].path if named else assigned.strip("`").rpartition(":")[0]
    owner = change.old.rpartition(".")[0] if named else ""
    overrides = _overrides(ground, change, owner)
    others = {path: count for path, count in uses.code.items() if path != home}
    facts = {
        "old_name": f"`{change.old}`",
        "old_said": f"`{change.short_name}`",
        "new_said": f"`{change.becomes}`",
        "new_whole": f"`{change.whole_new}`",
        "old_place": f"`{named[0].place}`" if named else assigned,
        "old_value": f"`{change.old}`" if assigned else "",
        "old_count": _times(uses.count) if uses.count else "",
        "old_files": "1 file" if len(uses.files) == 1 else f"{len(uses.files)} files",
        "old_missing": "" if uses.count else f"`{change.short_name}`",
        "old_code": _shown(others),
        "old_tests": _shown(uses.tests),
        "old_test_files": _named(uses.tests),
        "old_documents": _shown({**uses.documents, **uses.beside}),
        "old_homes": _homes(ground, change.short_name, [*named, *overrides]),
        "handed_on": "" if owner else known.get("exported", ""),
        "old_owner": f"`{owner}`" if owner else "",
        "old_head": f"`{owner.rpartition('.')[2] or change.short_name}`",
        "old_overrides": listed([f"`{each.name}` (`{each.place}`)" for each in overrides]),
        "news": f"the renaming of `{change.old}` to `{change.whole_new}`",
        "agreeing": "",
        "no_announcement": "yes" if change.short_name.startswith("_") else "",
        "new_taken": _homes(ground, change.becomes, ()),
    }
    keeps = keeps_alias(ground.goal)
    facts["alias" if keeps else "no_alias"] = facts["old_name"]
    return facts


def renamed_files(ground: Ground, ask: Ask) -> tuple[str, ...]:
    """Return the files that a renaming changes; none where the ask is none."""
    change = renaming(ask)
    return uses_of(ground, change.short_name).files[:FILES_MAX] if change else ()


def _kind(file: "SourceFile") -> str:
    if file.kind in {"configuration", "data"}:
        return "beside"  # An entry point or a setting may say the name too.
    return "beside" if file.kind == "code" and ASIDE.search(file.path) else file.kind


def _homes(ground: Ground, name: str, but: Sequence[Named]) -> str:
    """Return where else the code defines something of that name, as `path:line`."""
    known = {each.place for each in but}
    places = [place for place in _defined(ground, name) if place not in known]
    return listed([f"`{place}`" for place in places[:SHOWN_MAX]])


def _overrides(ground: Ground, change: Renaming, owner: str) -> list[Named]:
    """Return the methods of derived classes that stand in for the renamed one."""
    if not (owner and ground.sources and ground.tree):
        return []
    kinds = ground.sources.derived_from(owner.rpartition(".")[2])
    found = [
        each
        for kind, path in kinds
        for each in definitions_called(ground.tree, f"{kind}.{change.short_name}")
        if each.path == path
    ]
    return found[:SHOWN_MAX]


def _assigned(ground: Ground, name: str, uses: Uses) -> str:
    """Return where a constant gets its value first, as `path:line`; "" where none is so called."""
    begins = rf"(?m)^[ \t]*(?:(?:const|let|var)\s+)?{re.escape(name)}"
    value = re.compile(rf"{begins}\s*(?::[^=\n]+)?=(?!=)")
    for path in uses.code:
        text = (ground.tree.text(path) or "") if ground.tree else ""
        if match := value.search(text):
            return f"`{path}:{text.count(chr(10), 0, match.start()) + 1}`"
    return ""


def _defined(ground: Ground, name: str) -> Iterator[str]:
    for file in ground.tree.files if ground.tree else ():
        if file.kind != "code" or ASIDE.search(file.path):
            continue
        text = (ground.tree.text(file.path) or "") if ground.tree else ""
        lines = text.split("\n") if name in text else []
        for each in symbols(text) if lines else ():
            if each.name == name and not OVERLOAD.match(lines[each.line - 2]):
                yield f"{file.path}:{each.line}"


def _shown(files: Mapping[str, int]) -> str:
    return _some([f"`{path}` ({_times(count)})" for path, count in files.items()])


def _named(files: Mapping[str, int]) -> str:
    return _some([f"`{path}`" for path in files])


def _some(names: Sequence[str]) -> str:
    more = [f"{len(names) - SHOWN_MAX} more"] if len(names) > SHOWN_MAX else []
    return listed([*names[:SHOWN_MAX], *more])


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")
