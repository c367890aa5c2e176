"""Reads scenario files, TOML of a published schema, and reports the first fault with its place."""

import tomllib
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import msgspec

from missioncontrol.domain.definition.quantities import seconds_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.money import micro_dollars
from missioncontrol.evaluation.scenario import Caps, Scenario
from missioncontrol.guard.globs import bad_pattern
from missioncontrol.ports.trials import Check, File, Files

FILES_MAX = 5_000
BYTES_MAX = 64 * 1024 * 1024
SECONDS_MAX = 24 * 3600.0

Bring = Callable[[str], Files]
"""Returns the files of a directory, tar or bundle that lies beside the scenario, by its name."""

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
Few = Annotated[tuple[Text, ...], msgspec.Meta(max_length=200)]
Duration = str | float


class _Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command that says whether the task was done: it ends with status 0 where it was."""

    name: Text
    run: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=200)]
    before: Literal["fails", "passes"] = "fails"  # what it does on the snapshot
    says: Annotated[str, msgspec.Meta(max_length=1_000)] = ""  # text that it has to print
    time: Duration = "1m"


class _Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The most that one trial may take."""

    time: Duration = "10m"
    quiet: Duration = "2m"  # without a word from the agent
    tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    cost: Text | None = None  # US dollars


class ScenarioFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario as its file says it."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    language: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    task: Annotated[str, msgspec.Meta(min_length=1, max_length=50_000)]
    check: Annotated[tuple[_Check, ...], msgspec.Meta(min_length=1, max_length=50)]
    snapshot: str = ""  # a directory, .tar, .tar.gz or git bundle beside this file
    files: dict[str, str] = {}  # by path; they stand over those of the snapshot
    executable: Few = ()  # paths of `files` that may be executed
    hidden: str = ""  # as `snapshot`; laid over what the agent left, for the checks alone
    hidden_files: dict[str, str] = {}
    allowed: Few = ()  # patterns as in .gitignore; nothing else may change
    forbidden: Few = ()  # patterns as in .gitignore; these may not change
    caps: _Caps = _Caps()


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files."""
    schema = msgspec.json.schema(ScenarioFile)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def scenario_of(text: str, name: str, bring: Bring) -> Scenario:
    """Read a scenario file; `name` is what people know it by.

    Raises:
        Rejected: `scenario.malformed`, naming the place; what `bring` raises.
    """
    content = _parsed(text, name)
    try:
        files = _files(content.snapshot, content.files, content.executable, bring)
        hidden = _files(content.hidden, content.hidden_files, (), bring)
        _refuse_unfit(content, files, hidden)
        checks = tuple(_check(each, place) for place, each in enumerate(content.check))
        caps = _caps(content.caps)
    except _Fault as fault:
        raise _malformed(name, str(fault)) from None
    return Scenario(
        content.id,
        content.title,
        content.language,
        content.task.strip() + "\n",
        files,
        checks,
        caps,
        hidden,
        content.allowed,
        content.forbidden,
    )


class _Fault(Exception):
    """What is wrong with a scenario, in words."""


def _malformed(name: str, fault: str) -> Rejected:
    return Rejected(
        "scenario.malformed",
        f"{name}: {fault}",
        hint="docs/guides/evaluation.md describes the fields.",
    )


def _parsed(text: str, name: str) -> ScenarioFile:
    try:
        return msgspec.convert(tomllib.loads(text), ScenarioFile)
    except tomllib.TOMLDecodeError as error:
        raise _malformed(name, f"it is no TOML: {error}.") from None
    except msgspec.ValidationError as error:
        raise _malformed(name, f"{error}.") from None


def _files(source: str, inline: dict[str, str], executable: Iterable[str], bring: Bring) -> Files:
    found = dict(bring(source)) if source else {}
    runs = set(executable)
    if strange := sorted(runs - inline.keys()):
        raise _Fault(f"executable names {strange[0]!r}, which is none of `files`.")
    for path, text in inline.items():
        found[path] = File(text.encode(), path in runs)
    _refuse_places(found)
    return found


def _refuse_places(files: Files) -> None:
    if len(files) > FILES_MAX:
        raise _Fault(f"it has {len(files):,} files; at most {FILES_MAX:,} fit.")
    size = sum(len(file.content) for file in files.values())
    if size > BYTES_MAX:
        raise _Fault(f"its files have {size:,} bytes; at most {BYTES_MAX:,} fit.")
    for path in files:
        parts = PurePosixPath(path).parts
        is_plain = path == "/".join(parts) and "\0" not in path and ".." not in parts
        if not parts or path.startswith("/") or not is_plain:
            raise _Fault(f"{path!r} is no plain relative path of a file.")
        if any(part.lower() == ".git" for part in parts):
            raise _Fault(f"{path!r} lies in .git, which every trial creates itself.")
        for parent in PurePosixPath(path).parents:
            if str(parent) in files:
                raise _Fault(f"{str(parent)!r} is both a file and a directory.")


def _refuse_unfit(content: ScenarioFile, files: Files, hidden: Files) -> None:
    if not files:
        raise _Fault("it has no files to begin with: set `snapshot` or `files`.")
    for pattern in (*content.allowed, *content.forbidden):
        if bad_pattern(pattern):
            raise _Fault(f"{pattern!r} is no pattern of paths.")
    names = [each.name for each in content.check]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise _Fault(f"two checks are called {twice!r}.")
    if all(each.before == "passes" for each in content.check):
        raise _Fault(
            "every check passes before the task is done, so that none shows that it was: "
            'set before = "fails" in one.'
        )
    if not hidden and not content.forbidden and not content.allowed:
        raise _Fault(
            "an agent could pass by changing what checks it: name `hidden` files, or what is "
            "`forbidden` or `allowed` to change."
        )


def _check(check: _Check, place: int) -> Check:
    seconds = _seconds(check.time, f"check[{place}].time")
    return Check(check.name, check.run, seconds, check.before == "passes", check.says)


def _caps(caps: _Caps) -> Caps:
    cost = None
    if caps.cost is not None:
        try:
            cost = micro_dollars(caps.cost, "caps.cost")
        except Rejected as fault:
            raise _Fault(fault.reason) from None
        if not cost:
            raise _Fault("caps.cost is nothing at all; leave it out where there is no cap.")
    return Caps(
        _seconds(caps.time, "caps.time"), _seconds(caps.quiet, "caps.quiet"), caps.tokens, cost
    )


def _seconds(value: Duration, place: str) -> float:
    seconds = seconds_of(value)
    if isinstance(seconds, str):
        raise _Fault(f"{place} is {value!r}. {seconds}")
    if not 0 < seconds <= SECONDS_MAX:
        raise _Fault(f"{place} is {seconds:g} s; more than 0, at most {SECONDS_MAX / 3600:g} h.")
    return seconds
