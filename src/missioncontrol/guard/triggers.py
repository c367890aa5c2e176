"""Finds the rules that a change triggers, where, and why."""

from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.pattern import finds
from missioncontrol.guard.equivalence import is_equivalent
from missioncontrol.guard.facts import Facts, Fresh, outer, service_of
from missioncontrol.guard.globs import matches, matching
from missioncontrol.guard.imports import Import, dropped_reexports, package_of
from missioncontrol.guard.rules import Rule, Rules, When
from missioncontrol.guard.surface import changes_of, is_public, module_of
from missioncontrol.ports.changes import Change, FileChange, Line

TEXT_MAX = 4_096
"""Characters of a line that patterns look at."""

SHOWN_MAX = 80


class Trigger(msgspec.Struct, frozen=True):
    """A rule holds for a file."""

    rule: Rule
    path: str
    line: int  # from 1; 0 where it is about the whole file
    reason: str


def triggers(change: Change, rules: Rules, facts: Facts, fresh: Fresh) -> list[Trigger]:
    """Return every file for which a rule holds, once for each rule."""
    looks = [_File(file, change, rules, facts, fresh.get(file.path, ())) for file in change.files]
    return [trigger for rule in rules.rules for look in looks for trigger in _of_rule(rule, look)]


class _File(msgspec.Struct, frozen=True):
    """One file, and what there is to know around it."""

    file: FileChange
    change: Change
    rules: Rules
    facts: Facts
    fresh: Sequence[Import]  # what it imports that it did not import before


Found = tuple[int, str]
"""The line, or 0, and the words of why something holds."""


def _of_rule(rule: Rule, look: _File) -> Iterator[Trigger]:
    if all(matches(rule.outside, path) for path in look.file.paths):
        return
    if rule.is_of_work and _does_the_same(look.file):
        return
    for when in rule.when:
        found = _why(when, look)
        if found is not None:
            yield Trigger(rule, look.file.path, *found)
            return


def _does_the_same(file: FileChange) -> bool:
    is_python = file.path.endswith(".py") and file.status == "changed" and bool(file.before)
    return is_python and file.is_text and is_equivalent(file.before, file.after)


def _why(when: When, look: _File) -> Found | None:
    """Return why all of `when` holds; None where something of it does not."""
    reasons: list[Found] = []
    for is_set, check in (
        (when.paths, _by_path),
        (when.added, _by_added),
        (when.removed, _by_removed),
        (when.imports, _by_import),
        (when.is_new_import, _by_new_import),
        (when.imported_by, _by_importers),
        (when.crosses, _by_crossing),
        (when.changes_interface, _by_interface),
    ):
        if not is_set:
            continue
        found = check(when, look)
        if found is None:
            return None
        reasons.append(found)
    line = next((line for line, _ in reasons if line), 0)
    return line, "; ".join(words for _, words in reasons)


def _by_path(when: When, look: _File) -> Found | None:
    found = matching(when.paths, look.file.paths)
    return (0, f"{look.file.status} at a place that the rule names") if found else None


def _by_added(when: When, look: _File) -> Found | None:
    lines = look.file.added
    if when.spared:
        spared = "|".join(f"(?:{pattern})" for pattern in when.spared)
        lines = tuple(each for each in lines if not finds(spared, each.text[:TEXT_MAX]))
    line = _first(when.added, lines)
    return (line.number, f"adds `{_shown(line)}`") if line else None


def _by_removed(when: When, look: _File) -> Found | None:
    line = _first(when.removed, look.file.removed)
    return (0, f"takes out `{_shown(line)}`") if line else None


def _first(patterns: Sequence[str], lines: Sequence[Line]) -> Line | None:
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    if not lines or not finds(f"(?m:{joined})", "\n".join(line.text for line in lines)):
        return None  # Most changes have no match, and one search shows that.
    for pattern in patterns:
        for line in lines:
            if finds(pattern, line.text[:TEXT_MAX]):
                return line
    return None


def _shown(line: Line) -> str:
    text = line.text.strip()
    return text if len(text) <= SHOWN_MAX else f"{text[: SHOWN_MAX - 1]}…"


def _by_import(when: When, look: _File) -> Found | None:
    for each in (each for each in look.fresh if not each.is_for_types):
        for module in when.imports:
            if each.module == module or each.module.startswith((f"{module}.", f"{module}/")):
                return each.line, f"imports `{each.module}`"
    return None


def _by_importers(when: When, look: _File) -> Found | None:
    found = matching(when.imported_by, look.facts.importers.get(look.file.path, ()))
    return (0, f"is imported by {found[0]}") if found else None


def _by_new_import(when: When, look: _File) -> Found | None:
    del when
    for each in outer(look.file.path, look.fresh):
        package = package_of(each.module)
        if package not in look.facts.known and package not in look.facts.own:
            return each.line, f"imports `{package}`, as nothing here did"
    return None


def _by_interface(when: When, look: _File) -> Found | None:
    del when
    file = look.file
    is_open = is_public(file.came_from or file.path)
    exported = look.facts.exported.get(file.path, frozenset())
    if file.status == "added" or not (is_open or exported):
        return None
    if file.status == "deleted":
        return (0, "is gone") if file.before.strip() else None
    beside = (other.after for other in look.change.files if other.path.endswith(".py"))
    lost = changes_of(file.before, file.after, beside, only=None if is_open else exported)
    if is_open and file.path.endswith("__init__.py"):
        gone = dropped_reexports(file.path, file.before, file.after)
        lost += [(f"`{name}` is no longer re-exported", 0) for name in gone]
    if is_open and file.came_from and module_of(file.came_from) != module_of(file.path):
        lost.insert(0, (f"is no more at {file.came_from}", 0))
    if not lost:
        return None
    more = f", and {len(lost) - 1} more" if len(lost) > 1 else ""
    return lost[0][1], f"{lost[0][0]}{more}"


def _by_crossing(when: When, look: _File) -> Found | None:
    del when
    here = service_of(look.file.path, look.rules)
    if not here:
        return None
    for each in look.fresh:
        there = service_of(f"{each.module}/", look.rules) if each.is_own else ""
        if there and there != here:
            return each.line, f"imports `{each.module}` of {there}"
    for path in look.facts.importers.get(look.file.path, ()):
        there = service_of(path, look.rules)
        if there and there != here:
            return 0, f"is imported by {path} of {there}"
    for other in look.change.files:
        there = service_of(other.path, look.rules)
        if there and there != here:
            return 0, f"changes together with {other.path} of {there}"
    return None
