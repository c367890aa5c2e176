"""The inspector: holds a commit against its scope, its tests, and rules that need no model."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec
from msgspec.structs import replace

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.work import Fact, FilesRead, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.spec_guard import SpecGuard
from missioncontrol.specialists.commits.asked import found, named
from missioncontrol.specialists.commits.changed import patch
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.commits.lent import Lent
from missioncontrol.specialists.commits.scope import bad_patterns
from missioncontrol.specialists.commits.test_changes import test_changes
from missioncontrol.specialists.inspector.files import of_files
from missioncontrol.specialists.inspector.lines import of_lines
from missioncontrol.specialists.inspector.page import markdown
from missioncontrol.specialists.inspector.ruled import of_rules
from missioncontrol.specialists.inspector.secret import of_secrets
from missioncontrol.specialists.inspector.seen import Change, seen
from missioncontrol.specialists.inspector.told import Told, of_altered, of_tests, told
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.repository import repository_of
from missioncontrol.specialists.specialist import Brief, Desk, Submitted

FINDINGS_MAX = 200
LISTED_MAX = 50
SECONDS_KEPT = 5.0
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
        theirs = found(root, "inspector")
        base = named(theirs, what.base, "inspector")
        commit = named(theirs, what.commit, "inspector") if what.commit else base
        try:
            lent = Lent(theirs, desk.scratch / "lent.git")
            change = seen(lent, base, commit)
            ruled = self._ruled(lent, change, desk) if what.guard and change.files else []
            whole = patch(lent, base, commit) if change.files else b""
            changes = test_changes(lent, base, commit)
        except Unavailable as error:
            raise AttemptFailed("inspector.failed", error.reason, hint=error.hint) from error
        tests = told(what.tests)
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
        return list(of_rules(self._guard, lent, change, desk.seconds_left() - SECONDS_KEPT))


def _bad(reason: str, hint: str) -> AttemptFailed:
    return AttemptFailed("inspector.bad_input", reason, hint=hint, retryable=False)


def _to_accept(found: Found, *, accepting: bool) -> Found:
    return replace(found, rule=f"inspector.{found.rule}", blocking=not accepting)


def _findings(
    change: Change, scope: Sequence[str], tests: Told | None, desk: Desk
) -> Iterator[Found]:
    if not change.files:
        remedy = "Do what the task asks for, or say why there is nothing to do."
        yield Found("inspector.nothing_changed", "Nothing was changed", remedy=remedy)
        return
    yield from of_tests(tests, change.commit)
    yield from of_files(change, scope)
    yield from of_lines(change)
    place = desk.scratch / "changed"
    yield from of_secrets(change, place, is_late=lambda: desk.seconds_left() < SECONDS_KEPT)
    if change.unread:
        message = f"{counted(change.unread, 'file')} were not read: the change has too many"
        remedy = "Let people look at it, or make it in parts."
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
