"""Writes the survey as the page that a person reads."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from missioncontrol.domain.work import Finding
from missioncontrol.specialists.manifests.stack import Dependency, is_aside, is_beside
from missioncontrol.specialists.markdown import code, counted, listed, plain, prose, table
from missioncontrol.specialists.path_list import LeftOut
from missioncontrol.specialists.surveyor.survey import DirectorySize, Survey

DIRECTORIES_MAX = 12
DEPENDENCIES_MAX = 40
LEFT_OUT_MAX = 20
MANIFESTS_NAMED_MAX = 6


def page(survey: Survey, found: Iterable[Finding]) -> str:
    """Return the Markdown text."""
    title = f"# Survey of {plain(_name(survey))}" if survey.stack.name else "# Survey"
    lines = [title, "", *_opening(survey), ""]
    for title, body in (
        ("What is wrong", _findings(found)),
        ("What this means for the goal", _goal(survey)),
        ("Code", _code(survey)),
        ("Where things are", _layout(survey)),
        ("Where it starts", _starts(survey)),
        ("What it stands on", _dependencies(survey)),
        ("Tests and CI", _tests(survey)),
        ("Licence", _licence(survey)),
        ("Left out", _left_out(survey)),
    ):
        written = list(body)
        if written:
            lines += [f"## {title}", "", *written, ""]
    return "\n".join(lines).rstrip() + "\n"


def sentence(survey: Survey) -> str:
    """Return the survey in one sentence."""
    if not survey.total.files:
        left = f" ({_left(survey)} left out)" if survey.left_out_count else ""
        return f"The repository holds no file that could be surveyed{left}."
    languages = [
        f"{item.language} ({_share(item.lines + item.test_lines, survey)})"
        for item in survey.languages[:3]
        if 100 * (item.lines + item.test_lines) >= survey.code_lines + survey.test_lines
    ]
    tests = sum(item.test_files for item in survey.languages)
    parts = [
        f"{_name(survey)}: {counted(survey.total.files, 'file')}",
        counted(survey.code_lines, "line of code", "lines of code")
        + (f" in {listed(languages)}" if languages else ""),
        f"{counted(survey.test_lines, 'line')} in {counted(tests, 'test file')}"
        if tests
        else "no tests",
    ]
    runtime = survey.stack.own_needs("user")
    if survey.stack.packages:
        parts.append(counted(len(runtime), "runtime dependency", "runtime dependencies"))
    parts.append(f"licence {survey.licences.name}" if survey.licences.name else "no licence")
    return ", ".join(parts) + "."


def _name(survey: Survey) -> str:
    return f"{survey.stack.name} {survey.stack.version}".strip() or "A repository without a name"


def _opening(survey: Survey) -> Iterator[str]:
    if not survey.total.files:
        yield sentence(survey)
        return
    package = next((p for p in survey.stack.packages if p.name == survey.stack.name), None)
    if package and package.summary:
        yield f"“{plain(package.summary)}” ({code(package.manifest)})"
        yield ""
    total = survey.total
    where = f"at commit {code(survey.commit[:12])}" if survey.commit else "without a commit"
    yield (
        f"{counted(total.files, 'file')} with {counted(total.lines, 'line')} "
        f"({_megabytes(total.bytes)}) {where}, found by {survey.listed}."
    )
    if package and package.version_source:
        yield ""
        where, manifest = code(package.version_source), code(package.manifest)
        yield f"The version stands in {where}, not in {manifest}."


def _findings(found: Iterable[Finding]) -> Iterator[str]:
    for item in found:
        place = f"{item.path}:{item.line}" if item.line else item.path
        parts = [prose(item.title) + (f" ({code(place)})" if place else "") + "."]
        parts += [prose(text) for text in (item.detail, item.remedy) if text]
        yield f"- **{item.severity}**: {' '.join(parts)}"


def _goal(survey: Survey) -> Iterator[str]:
    if not survey.goal.strip():
        return
    if not survey.places:
        if survey.total.files:
            yield f"No file mentions the words of “{plain(survey.goal)}”."
        return
    yield f"The words of “{plain(survey.goal)}” lead to these files, the most telling first:"
    yield ""
    rows = (
        (
            code(item.path),
            item.kind,
            f"{item.lines:,}",
            prose("; ".join(item.reasons)),
        )
        for item in survey.places
    )
    yield from table(["File", "Kind", "Lines:", "Why"], rows)


def _code(survey: Survey) -> Iterator[str]:
    if survey.languages:
        rows = (
            (
                item.language,
                f"{item.files:,}",
                f"{item.lines:,}",
                f"{item.test_files:,}",
                f"{item.test_lines:,}",
            )
            for item in survey.languages
        )
        yield from table(["Language", "Files:", "Lines:", "Test files:", "Test lines:"], rows)
        yield ""
    others = [
        f"{counted(item.files, 'file')} of {_kind_name(item.name)} ({counted(item.lines, 'line')})"
        if item.name != "binary"
        else f"{counted(item.files, 'binary file')} ({_megabytes(item.bytes)})"
        for item in survey.kinds
        if item.name not in ("code", "test")
    ]
    if others:
        yield f"Beside code: {listed(others)}."
    if survey.largest and survey.largest[0].lines >= 300:
        yield ""
        yield (
            "The longest code files: "
            + listed([f"{code(item.path)} ({item.lines:,})" for item in survey.largest[:5]])
            + "."
        )


def _layout(survey: Survey) -> Iterator[str]:
    if len(survey.directories) < 2:
        return
    rows = [
        (
            code(item.path if item.path != "." else "(top)"),
            f"{item.files:,}",
            f"{item.lines:,}",
            listed(_main_kinds(item)),
        )
        for item in survey.directories[:DIRECTORIES_MAX]
    ]
    yield from table(["Directory", "Files:", "Lines:", "Mostly"], rows)
    if len(survey.directories) > DIRECTORIES_MAX:
        yield ""
        yield f"{len(survey.directories) - DIRECTORIES_MAX} smaller directories are in survey.json."


def _main_kinds(directory: DirectorySize) -> list[str]:
    """Return up to two kinds that make up a tenth of the lines or more."""
    common = Counter(directory.kinds).most_common(2)
    return [kind for kind, lines in common if 10 * lines >= directory.lines]


def _starts(survey: Survey) -> Iterator[str]:
    for item in survey.entry_points[:20]:
        place = f"{item.manifest}:{item.line}" if item.line else item.manifest
        if item.target == item.manifest:
            yield f"- {code(place)}"
        else:
            yield f"- {item.kind} {code(item.name)} → {code(item.target)} ({code(place)})"


def _dependencies(survey: Survey) -> Iterator[str]:
    stack = survey.stack
    asked = [
        f"{item.language} {code(item.requirement)}"
        for item in stack.runtimes
        if item.requirement and not is_aside(item.manifest)
    ]
    if asked:
        yield f"Asks for {listed(list(dict.fromkeys(asked)))}."
        yield ""
    for label, known in (
        ("Known frameworks and libraries", stack.frameworks),
        ("Talks to", stack.services),
        ("Built and checked with", stack.tools),
    ):
        if known:
            yield f"{label}: {listed([plain(name) for name in known])}."
            yield ""
    runtime = survey.stack.own_needs("user")
    if runtime:
        names = [code(f"{item.name} {item.requirement}".strip()) for item, *_ in runtime]
        amount = counted(len(runtime), "runtime dependency", "runtime dependencies")
        yield f"{amount} ({_declared(runtime)}): {listed(names, limit=DEPENDENCIES_MAX)}."
        yield ""
    elif stack.packages:
        yield "No runtime dependency."
        yield ""
    yield from _other_groups(survey)


def _declared(needs: Sequence[Sequence[Dependency]]) -> str:
    """Name the manifests that declare packages, each with how many where there are several."""
    counts = Counter(path for need in needs for path in {item.manifest for item in need})
    if len(counts) == 1:
        return code(next(iter(counts)))
    amounts = [f"{count} in {code(path)}" for path, count in sorted(counts.items())]
    return listed(amounts, limit=MANIFESTS_NAMED_MAX)


def _other_groups(survey: Survey) -> Iterator[str]:
    groups: dict[tuple[str, str], int] = Counter(
        found
        for who in ("extra", "developer")
        for need in survey.stack.own_needs(who)
        for found in {(item.who, item.group) for item in need}
    )
    for who, label in (("extra", "Extras"), ("developer", "For developers")):
        names = [
            f"{code(group)} ({count})" for (kind, group), count in groups.items() if kind == who
        ]
        if names:
            yield f"{label}: {listed(sorted(names))}."
    beside = Counter(
        each.manifest for each in survey.stack.dependencies if is_beside(each.manifest)
    )
    if beside:
        named = [f"{code(path)} ({count})" for path, count in sorted(beside.items())]
        listing = listed(named, limit=MANIFESTS_NAMED_MAX)
        yield f"Not counted, as tools, tests, documents or examples ask for it: {listing}."


def _tests(survey: Survey) -> Iterator[str]:
    for item in survey.stack.test_commands[:6]:
        says = f" — {code(item.text)}" if item.text else ""
        yield f"- {code(' '.join(item.argv))}, from {code(item.source)}{says}"
    for ci in survey.stack.ci:
        jobs = f": {listed([plain(job) for job in ci.jobs], limit=8)}" if ci.jobs else ""
        yield f"- {ci.system}, {code(ci.path)}{jobs}"


def _licence(survey: Survey) -> Iterator[str]:
    for file in survey.licences.files:
        names = listed(file.licences) if file.licences else "not a licence text that is known here"
        yield f"- {code(file.path)}: {names}"
    for word in survey.licences.words:
        place = f"{word.manifest}:{word.line}" if word.line else word.manifest
        yield f"- {code(place)} says {code(word.word)}"


def _left_out(survey: Survey) -> Iterator[str]:
    if not survey.left_out_count:
        return
    reasons = Counter(_reason(item) for item in survey.left_out)
    for reason, count in sorted(reasons.items()):
        paths = [code(item.path) for item in survey.left_out if _reason(item) == reason]
        yield f"- {reason}: {listed(paths, limit=LEFT_OUT_MAX if count < 50 else 5)}"
    more = survey.left_out_count - len(survey.left_out)
    if more > 0:
        yield f"- {more:,} more that are not listed"


def _reason(item: LeftOut) -> str:
    """Return the reason without the size of the one file."""
    return item.reason.partition(" (")[0]


def _share(lines: int, survey: Survey) -> str:
    whole = survey.code_lines + survey.test_lines
    return f"{100 * lines / whole:.0f} %" if whole else "0 %"


def _kind_name(kind: str) -> str:
    names = {"document": "documents", "generated": "generated text", "vendored": "vendored code"}
    return names.get(kind, kind)


def _left(survey: Survey) -> str:
    return counted(survey.left_out_count, "entry", "entries")


def _megabytes(size: int) -> str:
    return f"{size / 1024:,.0f} KB" if size < 1024 * 1024 else f"{size / 1024 / 1024:,.1f} MB"
