"""Selects the patterns that are relevant to a goal, as items for a planner."""

import re
from collections.abc import Iterable

from missioncontrol.domain.estimates import Recalled
from missioncontrol.domain.learned import Learned, LibraryPattern

ITEMS_MAX = 6
COMMANDS_MAX = 2
WORDS_MIN = 2
PATTERN = "pattern"
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_STOP_WORDS = """
    and are because been before but can come back does each every file files for from has have how
    import into must none not one only other replaced say says self stands statement test tests
    that the their them then there they this told true false type use used using was what when
    where which with work write you
"""
_SILENT = frozenset(_STOP_WORDS.split())


def bearing(library: Iterable[LibraryPattern], goal: str, repository: str) -> tuple[Recalled, ...]:
    """Return at most `ITEMS_MAX` patterns that are relevant to a goal, best first.

    A codemod is relevant to a goal that shares words with its title. Commands and templates of the
    repository itself are relevant if the goal shares one word with them.
    """
    wanted = words(goal)
    scored = []
    for stored in library:
        pattern = stored.pattern
        if stored.state != "active" or _is_twin(pattern):
            continue
        is_own = bool(repository) and pattern.repository == repository
        if not is_own and pattern.kind != "codemod":
            continue  # Settings and commands of another repository say nothing about this one.
        shared = wanted & words(pattern.title)
        least = 1 if is_own else WORDS_MIN
        if len(shared) >= least:
            scored.append((len(shared) + is_own + stored.passed / (stored.used + 1), stored))
    scored.sort(key=lambda each: (-each[0], each[1].pattern.id))
    return tuple(_item(stored) for _, stored in scored[:ITEMS_MAX])


def _is_twin(pattern: Learned) -> bool:
    """Whether a codemod with the same title stands for this rule."""
    return pattern.kind == "rule" and pattern.title.endswith("must not come back")


def words(text: str) -> set[str]:
    """Return the names that a text is about; `assertEquals` as it is, and in small letters."""
    found = {each for each in _WORD.findall(text) if each.lower() not in _SILENT}
    return {each.lower() for each in found}


def _item(stored: LibraryPattern) -> Recalled:
    pattern = stored.pattern
    times = "once" if stored.used == 1 else f"{stored.used} times"
    used = f", applied {times}, {stored.passed} with success" if stored.used else ""
    source = (
        f"pattern {pattern.id}, version {stored.version}, seen at {pattern.count} "
        f"{'place' if pattern.count == 1 else 'places'}{used}"
    )
    how = ""
    if pattern.kind in ("codemod", "template"):
        how = f" `mission pattern apply {pattern.id} --repo .` shows what it would change."
    return Recalled(pattern.id, PATTERN, pattern.title, pattern.statement + how, source)
