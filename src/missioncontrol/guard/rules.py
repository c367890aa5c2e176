"""Rules as data: the built-in ones, and those of a repository in `.mission/guard.toml`."""

import re
import tomllib
from importlib.resources import files
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.pattern import pattern_fault
from missioncontrol.guard.globs import bad_pattern

PLACE = ".mission/guard.toml"
RULES_MAX = 100
FRESH_DAYS = 30
FRESH_DAYS_MAX = 3_650

T = TypeVar("T")

_KEY = re.compile(r"[a-z][a-z0-9-]{0,39}")

Severity = Literal["error", "warning", "note"]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
Few = Annotated[tuple[Text, ...], msgspec.Meta(max_length=200)]


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The conditions on a change of one file; all that are set have to hold."""

    paths: Few = ()  # patterns; the file is one of them
    added: Few = ()  # regular expressions; one finds something in a line that came in
    spared: Few = ()  # likewise; a line in which one finds something is none that came in
    removed: Few = ()  # likewise, in a line that went out
    imports: Few = ()  # modules; the file imports one that it did not import before
    imported_by: Few = ()  # patterns; a file that imports this one is among them
    is_new_import: bool = False  # it imports a package that nothing in the repository did
    changes_interface: bool = False  # it takes away or changes what others can call
    crosses: bool = False  # it reaches from one service into another

    @property
    def is_empty(self) -> bool:
        """Whether it has no condition."""
        return self == When()


class Rule(msgspec.Struct, frozen=True):
    """What kind of change needs a spec, and why."""

    key: str
    title: str
    why: str
    severity: Severity
    when: tuple[When, ...]  # one of them has to hold
    outside: tuple[str, ...] = ()  # patterns of files that it does not look at
    is_of_work: bool = False  # a Python file that does what it did is not looked at


class Rules(msgspec.Struct, frozen=True):
    """All rules and settings of a repository."""

    rules: tuple[Rule, ...]
    specs: tuple[str, ...]  # patterns of the files that are specs
    services: tuple[str, ...]  # patterns of directories, each a service of its own
    fresh_days: int  # after so long a spec is looked at again where something near it moved
    signers: tuple[str, ...] = ()  # keys whose acceptances count; all where it is empty


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule in a file; fields left out keep their value."""

    title: Text | None = None
    why: Text | None = None
    severity: Severity | None = None
    when: Annotated[tuple[When, ...], msgspec.Meta(min_length=1, max_length=50)] | None = None
    outside: Few | None = None
    is_of_work: bool | None = None
    is_off: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    specs: Few | None = None
    services: Few | None = None
    signers: Few | None = None
    fresh_days: Annotated[int, msgspec.Meta(ge=1, le=FRESH_DAYS_MAX)] | None = None
    rules: dict[str, Any] = {}


def own_text() -> str:
    """Return the text of the built-in rules."""
    return files("missioncontrol.guard").joinpath("rules.toml").read_text("utf-8")


def rules_text(rules: Rules) -> str:
    """Return rules in the form of the file that says them."""
    lines = [
        f"specs = {_toml(rules.specs)}",
        f"services = {_toml(rules.services)}",
        f"fresh_days = {rules.fresh_days}",
    ]
    lines += [f"signers = {_toml(rules.signers)}"] if rules.signers else []
    for rule in rules.rules:
        lines += ["", f"[rules.{rule.key}]", f"title = {_toml(rule.title)}"]
        lines += [f"why = {_toml(rule.why)}", f"severity = {_toml(rule.severity)}"]
        lines += [f"outside = {_toml(rule.outside)}"] if rule.outside else []
        lines += ["is_of_work = true"] if rule.is_of_work else []
        for when in rule.when:
            conditions = msgspec.structs.asdict(when).items()
            lines += [f"[[rules.{rule.key}.when]]"]
            lines += [f"{name} = {_toml(value)}" for name, value in conditions if value]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """Return a value as TOML; its texts are written as those of JSON are."""
    return msgspec.json.encode(value).decode()


def rules_of(text: str = "") -> Rules:
    """Read the rules of a repository, on top of the built-in ones.

    Raises:
        Rejected: `guard.bad_rules`, naming the place in the file and what is wrong with it.
    """
    (own, ours), (file, theirs) = _read(own_text()), _read(text)
    merged = {key: _rule(key, each, None) for key, each in ours.items()}
    for key, each in theirs.items():
        if each.is_off:
            merged.pop(key, None)
        else:
            merged[key] = _rule(key, each, merged.get(key))
    if len(merged) > RULES_MAX:
        raise _bad(f"it has {len(merged)} rules; at most {RULES_MAX} are looked at")
    services = own.services if file.services is None else file.services
    return Rules(
        tuple(merged.values()),
        file.specs or own.specs or (),
        services or (),
        file.fresh_days or own.fresh_days or FRESH_DAYS,
        file.signers or (),
    )


def _read(text: str) -> tuple[_File, dict[str, _Rule]]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad(str(error)) from None
    found = _converted(content, _File, "")
    rules = {
        key: _converted(rule_text, _Rule, f"rules.{key}") for key, rule_text in found.rules.items()
    }
    for key, rule in rules.items():
        if not _KEY.fullmatch(key):
            raise _bad(f"{key!r} is no key for a rule: small letters, digits and hyphens are")
        for when in rule.when or ():
            _refuse_bad_when(key, when)
        _refuse_bad_patterns(f"rules.{key}.outside", rule.outside or ())
    _refuse_bad_patterns("specs", found.specs or ())
    _refuse_bad_patterns("services", found.services or ())
    return found, rules


def _converted(content: Any, kind: type[T], place: str) -> T:
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        fault, _, where = str(error).partition(" - at ")
        where = f"{place}{where.strip('`').removeprefix('$')}".strip(".")
        raise _bad(f"{f'{where}: ' if where else ''}{fault[:1].lower()}{fault[1:]}") from None


def _refuse_bad_when(key: str, when: When) -> None:
    if when.is_empty:
        raise _bad(f"rules.{key}.when: is empty, so it would hold for every file")
    for name in ("added", "removed"):
        for pattern in getattr(when, name):
            fault = pattern_fault(pattern)
            if fault:
                raise _bad(
                    f"rules.{key}.when.{name}: {pattern!r} is no regular expression: {fault}"
                )
    _refuse_bad_patterns(f"rules.{key}.when.paths", when.paths)
    _refuse_bad_patterns(f"rules.{key}.when.imported_by", when.imported_by)


def _refuse_bad_patterns(place: str, patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        if bad_pattern(pattern):
            raise _bad(f"{place}: {pattern!r} names no path")


def _rule(key: str, changes: _Rule, before: Rule | None) -> Rule:
    if before is None:
        for name in ("title", "why", "when"):
            if getattr(changes, name) is None:
                raise _bad(f"rules.{key}: `{name}` is missing")
        before = Rule(key, "", "", "error", ())
    fresh: dict[str, Any] = {
        name: getattr(changes, name)
        for name in ("title", "why", "severity", "when", "outside", "is_of_work")
        if getattr(changes, name) is not None
    }
    return msgspec.structs.replace(before, **fresh)


def _bad(reason: str) -> Rejected:
    return Rejected(
        "guard.bad_rules",
        f"{PLACE} can't be used: {reason}.",
        hint="`mission guard rules` prints the rules that hold, in the form of that file.",
    )
