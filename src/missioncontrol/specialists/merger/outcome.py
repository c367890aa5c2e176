"""How a merge ended, what is handed in of it, and its page for people and builders."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from missioncontrol.domain.work import ArtifactRef, Evidence, FilesRead, Work
from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.file_changes import ChangedFile, changed_files, patch, shown
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.markdown import code, counted, listed, plain
from missioncontrol.specialists.merger.composing import Clashing, Composed, Same, Straying
from missioncontrol.specialists.merger.conflicts import Conflict, Hunk
from missioncontrol.specialists.merger.merge_request import Wanted
from missioncontrol.specialists.merger.merge_tests import Proved, not_run
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester.results import File
from missioncontrol.specialists.tester.test_comparison import named

State = Literal["merged", "returned", "level", "updated", "clashing", "red"]
FILES_MAX = 200
TITLES: Mapping[State, str] = {
    "merged": "Merged",
    "returned": "Returned",
    "level": "Nothing to bring in",
    "updated": "Brought up to date",
    "clashing": "Left as it was",
    "red": "Red",
}


class Outcome(msgspec.Struct, frozen=True):
    """How it ended."""

    state: State
    said: str  # one sentence that a person reads first
    onto: str
    reason: str = ""
    commit: str = ""
    rebased: bool = False
    conflicts: tuple[Conflict, ...] = ()
    checks: dict[str, Any] = msgspec.field(default_factory=not_run)
    findings: tuple[Found, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    files: tuple[File, ...] = ()  # of which the evidence speaks


def merged(what: Wanted, found: Composed, proof: Proved) -> Outcome:
    """It is in the branch now."""
    way = f"rebased onto {found.onto[:12]}" if found.rebased else f"on {found.onto[:12]}"
    message = f"{what.into} is {found.commit[:12]} now: the change {way}. {proof.now.said}"
    reason = f"No test could say anything: {proof.now.said}" if proof.now.is_blind else ""
    return Outcome(
        "merged",
        message,
        found.onto,
        reason,
        found.commit,
        found.rebased,
        checks=proof.now.told,
        evidence=proof.now.evidence,
        files=proof.now.files,
    )


def already(lent: Lent, what: Wanted, commit: str) -> Outcome:
    """An attempt that could not report any more has merged it."""
    onto = lent.text("rev-parse", f"{commit}^")
    reason = "An earlier attempt of this step had merged it, and ended before it reported that."
    fork = lent.text("merge-base", onto, what.commit, fine=(0, 1))
    message = f"{what.into} has the change as {commit[:12]}. {reason}"
    return Outcome("merged", message, onto, reason, commit, fork != onto)


def same(what: Wanted, found: Same) -> Outcome:
    """There was nothing to merge."""
    if found.is_empty:
        return unchanged(what, found.onto)
    reason = f"{what.into} has all of the change already."
    return Outcome("merged", reason, found.onto, reason, found.onto)


def unchanged(what: Wanted, onto: str) -> Outcome:
    """Nothing was changed at all."""
    reason = "Nothing was changed, so there is nothing to merge."
    remedy = "Do what the task asks for, or say why there is nothing to do."
    finding = Found("merger.nothing_changed", reason, remedy=remedy)
    return Outcome("returned", reason, onto, reason, findings=(finding,))


def departed(what: Wanted, onto: str, paths: tuple[str, ...]) -> Outcome:
    """It was made and judged by documents that say something else by now."""
    names = listed([shown(each) for each in paths], limit=5)
    verb = "is" if len(paths) == 1 else "are"
    reason = f"{names} {verb} not the text that the change was made and judged by."
    remedy = "`mission repo sync` takes an edit in; sign it, and run the task again."
    findings = [
        Found("merger.other_version", f"{shown(each)} was edited since", shown(each), 0, remedy)
        for each in paths[:100]
    ]
    return Outcome("returned", reason, onto, reason, findings=tuple(findings))


def straying(what: Wanted, found: Straying) -> Outcome:
    """It changes files that it may not."""
    count = counted(len(found.paths), "file")
    names = listed([shown(each) for each in found.paths], limit=5)
    reason = f"The change touches {count} outside of its scope: {names}."
    remedy = "Leave them as they are, or have the scope of the task widened."
    findings = [
        Found("merger.out_of_scope", f"{shown(e)} is outside of the scope", shown(e), 0, remedy)
        for e in found.paths[:100]
    ]
    return Outcome("returned", reason, found.onto, reason, findings=tuple(findings))


def clashing(what: Wanted, found: Clashing) -> Outcome:
    """It does not fit on top."""
    count = counted(len(found.conflicts), "file")
    names = listed([each.shown for each in found.conflicts], limit=5)
    reason = f"The change does not fit on {what.into}, in {count}: {names}."
    remedy = f"Begin again at {found.onto}, keep what it has, and make the change there."
    findings = [
        Found(
            "merger.conflict",
            f"{each.reason}{f'; there by: {each.ours}' if each.ours else ''}",
            each.shown,
            each.hunks[0].first if each.hunks else 0,
            remedy,
        )
        for each in found.conflicts
    ]
    return Outcome(
        "returned",
        reason,
        found.onto,
        reason,
        rebased=True,
        conflicts=found.conflicts,
        findings=tuple(findings),
    )


def breaking(what: Wanted, found: Composed, proof: Proved) -> Outcome:
    """It fits as text, and breaks something."""
    names = listed([each.test or each.message for each in proof.broken], limit=5)
    where = f"on {what.into} ({found.onto[:12]})" if found.rebased else "with the change"
    count = counted(len(proof.broken), "test or check", "tests or checks")
    reason = f"{count} that held before would fail {where}: {names}."
    remedy = f"Begin again at {found.onto}, and look at what has changed there."
    findings = [
        Found(
            "merger.broken", f"{e.test or 'The tests'}: {e.message}"[:500], e.path, e.line, remedy
        )
        for e in proof.broken
    ]
    return Outcome(
        "returned",
        reason,
        found.onto,
        reason,
        rebased=found.rebased,
        checks=proof.now.told,
        findings=tuple(findings),
        evidence=proof.now.evidence,
        files=proof.now.files,
    )


def rigged(what: Wanted, found: Composed, proof: Proved, findings: tuple[Found, ...]) -> Outcome:
    """Return a change that passes only by its own tests and settings, or without approval."""
    names = listed([each.message for each in findings], limit=3)
    reason = f"The change is not to be judged by what it changes itself: {names}."
    return Outcome(
        "returned",
        reason,
        found.onto,
        reason,
        rebased=found.rebased,
        checks=proof.now.told,
        findings=findings,
        evidence=proof.now.evidence,
        files=proof.now.files,
    )


def still_red(what: Wanted, found: Composed, proof: Proved) -> Outcome:
    """Return a change that was to mend the branch, and leaves something failing."""
    failing = proof.now.failing
    reason = f"{what.into} would still be red: {named(failing)}"
    remedy = "Mend it: the branch moves only to a commit whose tests pass."
    findings = [
        Found(
            "merger.still_red",
            f"{e.test or 'The tests'}: {e.message}"[:500],
            e.path,
            e.line,
            remedy,
        )
        for e in failing
    ]
    return Outcome(
        "returned",
        reason,
        found.onto,
        reason,
        rebased=found.rebased,
        checks=proof.now.told,
        findings=tuple(findings),
        evidence=proof.now.evidence,
        files=proof.now.files,
    )


def outrun(what: Wanted, onto: str, tries: int) -> Outcome:
    """Others were faster each time."""
    reason = f"{what.into} went on {tries} times while the change was composed and tested."
    remedy = "Merge one after the other: a `concurrency` key of the step does that."
    finding = Found("merger.outrun", reason, remedy=remedy)
    return Outcome("returned", reason, onto, reason, rebased=True, findings=(finding,))


def handed_in(lent: Lent, what: Wanted, found: Outcome, desk: Desk) -> Work:
    """Keep what there is to read of it, and return it as work."""
    is_new = found.commit not in ("", found.onto)
    files = changed_files(lent, found.onto, found.commit) if is_new else ()
    output = _output(what, found, len(files))
    data = msgspec.json.format(msgspec.json.encode(output), indent=2) + b"\n"
    how = "git merge-tree, and the tests in a tree of what it composed"
    stored: list[File] = [
        ("merge.json", data, "application/json", "How the merge ended"),
        ("merge.md", merge_page(what, found, files), "text/markdown", "How the merge ended"),
    ]
    if is_new:
        content = patch(lent, found.onto, found.commit)
        stored.append(("changes.patch", content, "text/x-diff", "What was merged"))
    if found.conflicts:
        text = conflicts_page(what, found.onto, found.conflicts)
        stored.append(("conflict.md", text, "text/markdown", "Where the change does not fit"))
    stored += found.files
    artifacts: tuple[ArtifactRef, ...] = tuple(
        desk.keep(name, content, media_type=media, title=title, obtained=how)
        for name, content, media, title in stored
    )
    return Work(
        summary=found.said,
        output=output,
        findings=tuple(each.as_finding() for each in found.findings[:100]),
        artifacts=artifacts,
        evidence=found.evidence or (FilesRead(len(files), 0, found.commit or found.onto),),
    )


def _output(what: Wanted, found: Outcome, files: int) -> dict[str, Any]:
    return {
        "state": found.state,
        "reason": found.reason,
        "commit": found.commit,
        "onto": found.onto,
        "into": what.into,
        "head": what.head,
        "mend": what.mend,
        "rebased": found.rebased,
        "conflicts": [
            {
                "path": each.shown,
                "reason": each.reason,
                "ours": each.ours,
                "commit": each.commit,
                "lines": [{"first": hunk.first, "last": hunk.last} for hunk in each.hunks],
            }
            for each in found.conflicts
        ],
        "checks": found.checks,
        "findings": [each.as_json() for each in found.findings],
        "files": files,
    }


def merge_page(what: Wanted, found: Outcome, files: Sequence[ChangedFile]) -> str:
    """Return merge.md."""
    title = TITLES[found.state]
    lines = [f"# {title}", "", plain(found.said), ""]
    lines += [f"- Branch: {code(what.into)}", f"- On top of: {code(found.onto)}"]
    if found.commit:
        lines.append(f"- Commit: {code(found.commit)}")
    lines.append(f"- The change: {code(what.commit or 'none')}, begun at {code(what.base)}")
    lines += list(_checks(found.checks))
    if found.findings:
        lines += ["", "## Why", ""]
        lines += [
            f"- {_place(each)}{plain(each.message)}. {plain(each.remedy)}"
            for each in found.findings
        ]
    if files:
        lines += ["", f"## {counted(len(files), 'file')}", ""]
        lines += [f"- {each.kind} {code(each.shown)}" for each in files[:FILES_MAX]]
        if len(files) > FILES_MAX:
            lines.append(f"- and {len(files) - FILES_MAX:,} more, in changes.patch")
    return "\n".join(lines) + "\n"


def _place(each: Found) -> str:
    if not each.path:
        return ""
    return f"{code(f'{each.path}:{each.line}' if each.line else each.path)}: "


def _checks(report: dict[str, Any]) -> Iterator[str]:
    counts = report["counts"]
    if report["command"]:
        words = f"{counts['passed']} passed, {counts['failed'] + counts['errors']} failed"
        command = code(" ".join(report["command"]))
        yield f"- Tests of the composed tree: {command} {report['status']}, {words}"
    for each in report["checks"]:
        yield f"- Check {code(' '.join(each['command']))}: {each['status']}"


def conflicts_page(what: Wanted, onto: str, found: Sequence[Conflict]) -> str:
    """Return conflict.md: what each side did, and what to do now."""
    into, now = code(what.into), code(onto)
    begun = f"It was made on {code(what.base)}. {into} has gone on to {now} since"
    apart = f"they do not agree about {counted(len(found), 'file')}. Nothing was written."
    todo = f"Begin again at {now}. Read what the branch has there, keep it, and make the change"
    lines = ["# The change does not fit", "", f"{begun}, and {apart}", "", f"{todo} on top of it."]
    for each in found:
        lines += ["", f"## {code(each.shown)}", "", f"{each.reason[:1].upper()}{each.reason[1:]}."]
        if each.ours:
            whose = f"{plain(each.ours)} ({each.commit[:12]})"
            lines += ["", f"In {into} it was changed by: {whose}."]
        for hunk in each.hunks:
            lines += list(_hunk(what.into, hunk))
    return "\n".join(lines) + "\n"


def _hunk(into: str, hunk: Hunk) -> Iterator[str]:
    first, last = hunk.first, hunk.last
    where = f"Line {first}" if first == last else f"Lines {first} to {last}"
    fence = "`" * max(3, 1 + max((_ticks(each) for each in (*hunk.ours, *hunk.change)), default=0))
    yield from ("", f"{where} of {code(into)}:", "", fence, *hunk.ours, fence)
    yield from ("", "The change has in their place:", "", fence, *hunk.change, fence)


def _ticks(line: str) -> int:
    """Return how many backticks begin a line: a fence has to be longer."""
    bare = line.lstrip()
    return len(bare) - len(bare.lstrip("`"))
