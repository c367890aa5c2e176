"""Makes patterns of what was found: each with an id, a sentence, its places and its fixtures."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from missioncontrol.domain.canonical import canonical
from missioncontrol.domain.learned import (
    Body,
    Codemod,
    Command,
    Fixture,
    Pattern,
    PatternKind,
    Place,
    Rule,
)
from missioncontrol.learning import declared_settings, skeletons
from missioncontrol.learning.codemods import FIXTURES_MAX, Found, holds
from missioncontrol.learning.tree import language_of
from missioncontrol.ports.history import TextFile

PLACES_MAX = 40
COMMITS_MAX = 20
TEXT_MAX = 160
NEVER_AGAIN = "never-again"


def id_of(kind: PatternKind, *key: str) -> str:
    """Return the id of what is known by `key`: the same thing has the same id for ever."""
    return f"{kind}-{hashlib.sha256(canonical([kind, *key])).hexdigest()[:12]}"


def from_history(found: Iterable[Found], repository: str) -> list[Pattern]:
    """Return the codemods that commits taught, and for each the rule that keeps it so."""
    patterns = []
    for each in _together(found):
        body = each.codemod
        places = tuple(fixture.place for fixture in each.fixtures)
        commits = tuple(dict.fromkeys(place.commit for place in places))[:COMMITS_MAX]
        one, other = _cut(body.before), _cut(body.after)
        parts = (each.language, body.form, body.before, body.after)
        shared = (repository, commits, places[:PLACES_MAX], each.count)
        codemod = _pattern(
            id_of("codemod", *parts),
            "codemod",
            each.language,
            f"{one} → {other}",
            f"Where `{one}` stands, write `{other}`.",
            shared,
            each.fixtures[:FIXTURES_MAX],
            body,
        )
        rule = _pattern(
            id_of("rule", *parts),
            "rule",
            each.language,
            f"{one} must not come back",
            f"`{one}` was replaced by `{other}` and must not come back.",
            shared,
            each.fixtures[:FIXTURES_MAX],
            Rule(NEVER_AGAIN, codemod=body),
        )
        patterns += [codemod, rule]
    return patterns


def _together(found: Iterable[Found]) -> list[Found]:
    """Join what several commits teach; what a more general codemod does is a case of it."""
    by_codemod: dict[tuple[str, Codemod], Found] = {}
    for each in found:
        key = (each.language, each.codemod)
        known = by_codemod.get(key)
        by_codemod[key] = _joined(known, each) if known else each
    distinct: list[Found] = []
    for each in sorted(by_codemod.values(), key=lambda one: (len(one.codemod.before), -one.count)):
        wider = next((one for one in distinct if _is_case(each, one)), None)
        if wider is None:
            distinct.append(each)
        else:
            distinct[distinct.index(wider)] = _joined(wider, each)
    return sorted(distinct, key=lambda one: (-one.count, one.codemod.before))


def _is_case(narrow: Found, wide: Found) -> bool:
    return wide.language == narrow.language and all(
        holds(wide.codemod, wide.language, fixture) for fixture in narrow.fixtures
    )


def _joined(one: Found, other: Found) -> Found:
    fixtures = tuple({each.place: each for each in (*one.fixtures, *other.fixtures)}.values())
    counts = one.count + other.count, one.rewrites + other.rewrites
    return msgspec.structs.replace(one, fixtures=fixtures, count=counts[0], rewrites=counts[1])


def from_files(files: Sequence[TextFile], repository: str, commit: str) -> Iterator[Pattern]:
    """Yield what the files of a checkout teach: settings of linters and agents, and templates."""
    for rule, line in declared_settings.declared(files):
        where = f"[{rule.section}] of {rule.path}" if rule.section else rule.path
        yield _of_file(
            id_of("rule", repository, rule.path, rule.section),
            "rule",
            f"{rule.tool}: {where}",
            f"{rule.tool} is configured by {where}.",
            (repository, commit, rule.path, line),
            rule.text,
            rule,
        )
    for found in declared_settings.agent_settings(files):
        count = f"{found.left_out} value{'' if found.left_out == 1 else 's'}"
        left = f" ({count} left out)" if found.left_out else ""
        yield _of_file(
            id_of("settings", repository, found.path),
            "settings",
            f"{found.tool}: {found.path}",
            f"{found.tool} is configured by {found.path}{left}.",
            (repository, commit, found.path, 1),
            found.text,
            found,
        )
    for template, sources in skeletons.templates(files):
        whole = [file for n, file in enumerate(sources) if skeletons.is_whole(template, n, file)]
        if len(whole) < len(sources):
            continue
        places = tuple(Place(file.path, 1, commit) for file in sources)
        folder = "" if template.folder == "." else f"{template.folder}/"
        fixtures = tuple(
            Fixture(place, file.text, file.text)
            for place, file in zip(places, sources, strict=True)
        )[:FIXTURES_MAX]
        yield _pattern(
            id_of("template", repository, template.folder, template.suffix),
            "template",
            language_of(f"x{template.suffix}"),
            f"a file {folder}*{template.suffix}",
            f"The {len(sources)} files {folder}*{template.suffix} share "
            f"{sum(part.count(chr(10)) for part in template.parts)} lines.",
            (repository, (commit,) if commit else (), places[:PLACES_MAX], len(sources)),
            fixtures,
            msgspec.structs.replace(template, holes=template.holes[:FIXTURES_MAX]),
        )


def of_command(command: Command, repository: str, commit: str) -> Pattern:
    """Return the pattern of a command that was run."""
    path, _, line = command.source.partition(":")
    words = " ".join(command.argv)
    shown = f", {command.shown}" if command.shown else ""
    return _pattern(
        id_of("command", repository, *command.argv),
        "command",
        "",
        f"{command.purpose}: {_cut(words)}",
        f"`{_cut(words)}` ({command.purpose}) ended with exit code {command.exit_code} in "
        f"{command.seconds:g} s{shown}.",
        (
            repository,
            (commit,) if commit else (),
            (Place(path, int(line) if line.isdigit() else 0, commit),),
            1,
        ),
        (),
        command,
    )


def _of_file(
    id_: str,
    kind: PatternKind,
    title: str,
    statement: str,
    where: tuple[str, str, str, int],
    text: str,
    body: Body,
) -> Pattern:
    repository, commit, path, line = where
    place = Place(path, line, commit)
    shared = (repository, (commit,) if commit else (), (place,), 1)
    return _pattern(id_, kind, "", title, statement, shared, (Fixture(place, text, text),), body)


def _pattern(
    id_: str,
    kind: PatternKind,
    language: str,
    title: str,
    statement: str,
    shared: tuple[str, tuple[str, ...], tuple[Place, ...], int],
    fixtures: tuple[Fixture, ...],
    body: Body,
) -> Pattern:
    repository, commits, places, count = shared
    return Pattern(
        id_,
        kind,
        language,
        title,
        statement,
        repository,
        commits,
        places,
        count,
        fixtures,
        body,
    )


def _cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= TEXT_MAX else f"{plain[: TEXT_MAX - 2]} …"
