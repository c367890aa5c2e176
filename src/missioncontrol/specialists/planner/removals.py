"""What goes with a removed definition: its users, its tests, and warnings about it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from missioncontrol.specialists.definition_names import Named
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.playbook import listed
from missioncontrol.specialists.planner.source import ASIDE
from missioncontrol.specialists.symbols import deprecated_at, symbols

SHOWN_MAX = 4
USERS_MAX = 8
"""Files that use a name, beyond which others of that name are among them."""
DECORATED_MAX = 8
"""Lines above a definition in which a decorator of it begins."""
_DEPRECATES = re.compile(r"(?i)deprecate\b")
_WARNS = re.compile(
    r"(?i)^\s*(?:@\w*\.?deprecated\b|#\[deprecated|\[Obsolete|// deprecated:|@deprecated"
    r"|.*\b(?:\w*DeprecationWarning\b|trigger_deprecation|E_USER_DEPRECATED|warn_deprecat\w*))"
)
"""How code warns of what goes."""
TEXT_MAX = 80
_DECORATOR = re.compile(r"\s*@(?:\w+\.)*(?P<name>deprecat\w*)\b", re.IGNORECASE)


class _Gone(msgspec.Struct, frozen=True):
    """One definition that goes, with who will miss it."""

    named: Named
    users: tuple[str, ...]
    tests: tuple[str, ...]
    warning: str  # what warns of it today, or ""
    warned_line: int

    @property
    def name(self) -> str:
        """The last part of its name: what code that uses it says."""
        return self.named.name.rpartition(".")[2]

    @classmethod
    def read(cls, ground: Ground, named: Named) -> "_Gone":
        """Look for who uses it, who tests it and what warns of it."""
        assert ground.sources is not None
        assert ground.tree is not None
        name = named.name.rpartition(".")[2]
        owner, _, _ = named.name.rpartition(".")
        users = _of_owner(ground, ground.sources.users(name, "code"), owner)
        return cls(
            named,
            tuple(path for path in users if path != named.path and not ASIDE.match(path)),
            tuple(_of_owner(ground, ground.sources.users(name, "test"), owner)),
            *_warning(ground.tree.text(named.path) or "", named.line),
        )

    def sentence(self) -> str:
        """Say of it where it stands, and who uses and tests it."""
        used = f"used by {_shown(self.users)}" if self.users else "used nowhere else in the product"
        tested = f"tested by {_shown(self.tests)}" if self.tests else "named by no test"
        return f"`{self.named.name}` ({self.named.place}) is {used} and {tested}.".replace(
            f"({self.named.place})", f"(`{self.named.place}`)"
        )


def _of_owner(ground: Ground, users: Sequence[str], owner: str) -> list[str]:
    """Return those that name the class of a member too, where too many use a member called so."""
    if not owner or len(users) <= USERS_MAX:
        return list(users)
    assert ground.sources is not None
    naming = {*ground.sources.users(owner, "code"), *ground.sources.users(owner, "test")}
    return [path for path in users if path in naming]


def leaving_facts(
    ground: Ground, kind: str, named: Sequence[Named], facts: Mapping[str, str]
) -> dict[str, str]:
    """Return what is known of a removal; "" takes a fact away that was guessed from the words."""
    if kind != "removal":
        return {}
    if _DEPRECATES.match(facts["ask"]):
        return {"deprecates": "yes", "warned_like": _warned_like(ground)}
    found = {"goes": "yes", "taken_away": f"the tests of what {facts['it']} takes away"}
    if ground.sources is None or ground.tree is None:
        return found
    if not named:
        return found | _module_facts(ground, facts)
    gone = [_Gone.read(ground, each) for each in named]
    first = gone[0]
    silent = all(each.warning for each in gone)
    names = listed([f"`{each.name}`" for each in gone])
    found |= {
        "gone_name": names,
        "gone_whole": listed([f"`{each.named.name}`" for each in gone]),
        "gone_several": names if len(gone) > 1 else "",
        "outdated": facts.get("document", ""),
        "gone_each": " ".join(each.sentence() for each in gone) if len(gone) > 1 else "",
        "users": _shown(first.users),
        "unused": "" if first.users else f"outside `{first.named.path}`",
        "named_tests": _shown(first.tests),
        "untested": "" if first.tests else f"`{first.named.name}`",
        "warned": first.warning if silent else "",
        "warned_place": f"`{first.named.path}:{first.warned_line}`" if silent else "",
    }
    return found


def _warned_like(ground: Ground) -> str:
    """Return the newest kind of line by which the code warns of a deprecation, with its place."""
    if ground.sources is None or ground.tree is None:
        return ""
    for file in ground.sources.naming("code", ["deprecated"]):
        for number, line in enumerate((ground.tree.text(file.path) or "").split("\n"), 1):
            if _WARNS.search(line) and "import" not in line and not ASIDE.match(file.path):
                text = " ".join(line.split()).replace("`", "'")
                return f"`{text[:TEXT_MAX]}` (`{file.path}:{number}`)"
    return ""


def _module_facts(ground: Ground, facts: Mapping[str, str]) -> dict[str, str]:
    """Return what a module that goes is called, where the ask names it: `package.module`."""
    place = PurePosixPath(facts.get("place", "").strip("`"))
    pattern = re.compile(rf"(?:[\w-]+[./])+{re.escape(place.stem)}(?:\.\w+)?(?!\w)")
    is_named = place.stem and pattern.search(facts["ask"]) and pattern.search(ground.goal.text)
    return {"gone_name": f"`{place.stem}`", "gone_place": facts["place"]} if is_named else {}


def _shown(paths: Sequence[str]) -> str:
    more = [f"{len(paths) - SHOWN_MAX} more"] if len(paths) > SHOWN_MAX else []
    return listed([*(f"`{path}`" for path in paths[:SHOWN_MAX]), *more])


def _warning(text: str, line: int) -> tuple[str, int]:
    """Return what warns of the definition at `line` of being deprecated, and where it stands."""
    lines = text.split("\n")
    for number in range(line - 1, max(0, line - 1 - DECORATED_MAX), -1):
        decorator = _DECORATOR.match(lines[number - 1])
        if decorator:
            return f"`@{decorator['name']}`", number
        if not lines[number - 1].strip():
            break
    start = next((each for each in symbols(text) if each.line == line), None)
    end = next(
        (
            each.line
            for each in symbols(text)
            if start and each.line > line and each.indent <= start.indent
        ),
        len(lines) + 1,
    )
    for number in range(line, end):
        warning = re.search(r"\b\w*DeprecationWarning\b", lines[number - 1])
        if warning:
            return f"`{warning.group()}`", number
    marked_at = deprecated_at(lines, line)
    return ("its own text", marked_at) if marked_at else ("", 0)
