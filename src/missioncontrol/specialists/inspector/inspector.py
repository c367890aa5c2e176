"""The inspector: holds a commit against its scope, its tests, and rules that need no model."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.domain.work import Fact, FilesRead, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.spec_guard import SpecGuard
from missioncontrol.specialists.auditor.secrets import FILE_BYTES_MAX, secrets
from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.file_changes import patch
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.commits.step_scope import (
    bad_patterns,
    found_repository,
    named_commit,
)
from missioncontrol.specialists.commits.test_changes import test_changes
from missioncontrol.specialists.inspector.files import of_files, of_lines
from missioncontrol.specialists.inspector.seen import Change, Seen, seen
from missioncontrol.specialists.inspector.test_result import (
    ReviewedTests,
    of_altered,
    of_tests,
    read_test_output,
)
from missioncontrol.specialists.markdown import code, counted, plain
from missioncontrol.specialists.specialist import Brief, Desk, Submitted, repository_of
from missioncontrol.specialists.tree import SourceFile, Tree

# What the rules of the repository say of a change: those that ask for a spec.

EACH_MAX = 50
WORDS_MAX = 600
"""Letters of a message or a remedy: a line that is quoted there may be long."""

BETTER = "Do without that where it can be; else a person decides, and never who builds. "


def of_rules(guard: SpecGuard, lent: Lent, change: Change, seconds: float) -> Iterator[Found]:
    """Tell where a rule asks for a spec that there is not; what is an error has to be mended.

    Raises:
        AttemptFailed: `guard.…`, where rules can't be read: what was not judged is not merged.
    """
    try:
        found = guard.objections(lent.path, change.base, change.commit, seconds=seconds)
    except (Rejected, NotFound) as error:
        raise AttemptFailed(error.code, error.reason, hint=error.hint, retryable=False) from None
    except Unavailable as error:
        raise AttemptFailed(error.code, error.reason, hint=error.hint) from None
    first = sorted(found, key=lambda each: not each.is_error)
    for each in first[:EACH_MAX]:
        remedy = (BETTER if each.is_error else "") + each.remedy
        yield Found(
            f"guard.{each.rule}",
            each.message[:WORDS_MAX].rstrip("."),
            each.path,
            each.line,
            remedy[:WORDS_MAX],
            each.is_error,
        )
    if rest := first[EACH_MAX:]:
        yield Found(
            "guard.more",
            f"{counted(len(rest), 'more finding', 'more findings')} of `mission guard`",
            remedy=f"`mission guard --range {change.base[:12]}..{change.commit[:12]}` tells all.",
            blocking=rest[0].is_error,
        )


# Secrets in the lines that a change adds; a found secret is never repeated itself.


def of_secrets(change: Change, place: Path, *, is_late: Callable[[], bool]) -> Iterator[Found]:
    """Tell of secrets among what was added; `place` is where the files may be written to."""
    written = {each.file.shown: each for each in change.files if _is_read(each)}
    files = tuple(_written(each, place) for each in written.values())
    tree = Tree(place, files, (), 0, change.commit, (), False, "the changed files of a commit")
    issues, unread = secrets(tree, place, is_late=is_late)
    for issue in issues:
        if issue.line in {line.number for line in written[issue.path].lines.added}:
            blocking = issue.severity != "low"
            title = f"{issue.title} ({issue.rule})"
            yield Found("inspector.secret", title, issue.path, issue.line, issue.remedy, blocking)
    unread += sum(1 for each in change.files if _has_text(each) and not _is_read(each))
    if unread:
        message = f"Secrets were not looked for in {counted(unread, 'changed file')}"
        remedy = "Look yourself: it was too large or its name no text, or the time was up."
        yield Found("inspector.secret", message, remedy=remedy, blocking=False)


def _has_text(each: Seen) -> bool:
    return each.is_regular and each.kind != "binary" and bool(each.lines.added)


def _is_read(each: Seen) -> bool:
    # A name that is not UTF-8 is reported as such, and the file with it.
    is_named = each.file.shown == each.file.path
    return _has_text(each) and each.size <= FILE_BYTES_MAX and is_named


def _written(each: Seen, place: Path) -> SourceFile:
    target = place / each.file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(each.content)
    return SourceFile(each.file.path, each.size, "", each.content.count(b"\n"), each.kind)


# Writes a review for a person.


def markdown(statement: str, output: dict[str, Any]) -> str:
    """Return review.md."""
    lines = [f"# Review: {output['verdict']}", "", plain(statement), ""]
    lines += [f"- Commit: {code(output['commit'])}", f"- Base: {code(output['base'])}"]
    for head, blocking in (("To be mended first", True), ("Notes", False)):
        lines += _section(
            head, [each for each in output["findings"] if each["blocking"] is blocking]
        )
    if output["not_judged"]:
        lines += ["", "## What has to hold, and no rule can judge", ""]
        lines += [f"- [ ] {plain(each)}" for each in output["not_judged"]]
    return "\n".join(lines) + "\n"


def _section(head: str, findings: Sequence[dict[str, Any]]) -> list[str]:
    if not findings:
        return []
    return ["", f"## {head}", "", *(_line(each) for each in findings)]


def _line(each: dict[str, Any]) -> str:
    place = f"{each['path']}:{each['line']}" if each["line"] else each["path"]
    where = f"{code(place)}: " if place else ""
    return f"- {where}{plain(each['message'])}. {plain(each['remedy'])} ({code(each['rule'])})"


FINDINGS_MAX = 200
LISTED_MAX = 50
SECONDS_RESERVED = 5.0
PATCH = "change.patch"
OBTAINED = "git's own account of what differs, and rules without a model"


class Inspector:
    """Says the same of the same change, each time, as long as the specs of its repository hold."""

    def __init__(self, guard: SpecGuard | None = None) -> None:
        """`guard` holds a change against rules and specs, where a step asks for that."""
        self._guard = guard

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Look at the change.

        Raises:
            AttemptFailed: `inspector.no_repository`, `inspector.no_commit`,
                `inspector.bad_input` or `inspector.failed`; `guard.bad_rules` and others of the
                guard, where it can't judge.
        """
        what = brief.submitted
        root = repository_of(brief, "inspector", "review").resolve()
        if what.commit is None or not what.base:
            missing = "commit" if what.commit is None else "base"
            raise _bad(f"`{missing}` is missing.", "Give `commit` and `base`, as a builder does.")
        if unread := bad_patterns(what.scope):
            raise _bad(f"{unread[0]!r} is no pattern of `scope`.", "Write it as in `.gitignore`.")
        theirs = found_repository(root, "inspector")
        base = named_commit(theirs, what.base, "inspector")
        commit = named_commit(theirs, what.commit, "inspector") if what.commit else base
        try:
            lent = Lent(theirs, desk.scratch / "lent.git")
            change = seen(lent, base, commit)
            ruled = self._ruled(lent, change, desk) if what.guard and change.files else []
            whole = patch(lent, base, commit) if change.files else b""
            changes = test_changes(lent, base, commit)
        except Unavailable as error:
            raise AttemptFailed("inspector.failed", error.reason, hint=error.hint) from error
        tests = read_test_output(what.tests)
        named_ = (*changes.findings, *of_altered(tests, change.commit))
        judging = [_to_accept(each, accepting=what.accepting) for each in named_]
        seen_alone = _findings(change, what.scope, tests, desk)
        findings = _ordered(chain(seen_alone, judging, ruled))
        digest = changes.digest if what.accepting else ""
        accepting = {
            "digest": digest,
            "findings": [each.as_json() for each in judging[:LISTED_MAX]],
        }
        return _handed_in(change, findings, what, (whole, accepting), desk)

    def _ruled(self, lent: Lent, change: Change, desk: Desk) -> list[Found]:
        """Return findings by the repository's rules; rules that hold are left out."""
        if self._guard is None:
            raise _bad("`guard` is true, and nothing here knows rules.", "Leave it out.")
        return list(of_rules(self._guard, lent, change, desk.seconds_left() - SECONDS_RESERVED))


def _bad(reason: str, hint: str) -> AttemptFailed:
    return AttemptFailed("inspector.bad_input", reason, hint=hint, retryable=False)


def _to_accept(found: Found, *, accepting: bool) -> Found:
    return replace(found, rule=f"inspector.{found.rule}", blocking=not accepting)


def _findings(
    change: Change, scope: Sequence[str], tests: ReviewedTests | None, desk: Desk
) -> Iterator[Found]:
    if not change.files:
        remedy = "Do what the task asks for, or say why there is nothing to do."
        yield Found("inspector.nothing_changed", "Nothing was changed", remedy=remedy)
        return
    yield from of_tests(tests, change.commit)
    yield from of_files(change, scope)
    yield from of_lines(change)
    place = desk.scratch / "changed"
    yield from of_secrets(change, place, is_late=lambda: desk.seconds_left() < SECONDS_RESERVED)
    if change.unread:
        message = f"{counted(change.unread, 'file')} were not read: the change has too many"
        remedy = "Have people look at it, or make it in parts."
        yield Found("inspector.too_many", message, remedy=remedy)


def _ordered(findings: Iterator[Found]) -> list[Found]:
    """Put what blocks first; of each rule and place only one."""
    single = list(dict.fromkeys(findings))
    return sorted(single, key=lambda each: not each.blocking)


def _handed_in(
    change: Change,
    findings: Sequence[Found],
    what: Submitted,
    shown: tuple[bytes, dict[str, Any]],
    desk: Desk,
) -> Work:
    whole, test_changes_ = shown
    blocking = [each for each in findings if each.blocking]
    output: dict[str, Any] = {
        "verdict": "rework" if blocking else "approve",
        "findings": [each.as_json() for each in findings[:FINDINGS_MAX]],
        "counts": {
            "files": len(change.files),
            "added": change.added,
            "removed": change.removed,
            "findings": len(findings),
            "blocking": len(blocking),
        },
        "commit": change.commit if what.commit else "",
        "base": change.base,
        "not_judged": list(what.acceptance),
        "test_changes": test_changes_,
    }
    statement = _statement(change, findings, blocking)
    desk.log("warning" if blocking else "success", statement)
    data = msgspec.json.format(msgspec.json.encode(output), indent=2) + b"\n"
    text = markdown(statement, output)
    files: list[tuple[str, bytes | str, str, str]] = [
        ("review.json", data, "application/json", "Review"),
        ("review.md", text, "text/markdown", "Review"),
    ]
    if whole:  # For the next reader of the change: of all rounds together.
        files.append((PATCH, whole, "text/x-diff", "The change"))
    artifacts = tuple(
        desk.keep(name, content, media_type=media, title=title, obtained=OBTAINED)
        for name, content, media, title in files
    )
    fact = Fact(
        "Findings that block", len(blocking), "", "review.json", "/counts/blocking", OBTAINED
    )
    return Work(
        summary=statement,
        output=output,
        facts=(fact,),
        findings=tuple(each.as_finding() for each in findings[:FINDINGS_MAX]),
        artifacts=artifacts,
        evidence=(FilesRead(len(change.files) - change.unread, change.unread, change.commit),),
    )


def _statement(change: Change, findings: Sequence[Found], blocking: Sequence[Found]) -> str:
    files = counted(len(change.files), "file")
    size = f"{files}, {change.added} lines added, {change.removed} removed"
    if not blocking:
        notes = f"; {counted(len(findings), 'note')}" if findings else ""
        return f"Nothing stands against the change ({size}){notes}."
    first = blocking[0]
    place = f" in {first.path}" if first.path else ""
    count = counted(len(blocking), "finding has", "findings have")
    return f"{count} to be mended first ({size}). The first: {first.message}{place}."
