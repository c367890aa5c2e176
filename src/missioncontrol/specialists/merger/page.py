"""Writes how a merge ended for a person, and a conflict so that a builder can act on it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from missioncontrol.specialists.commits.file_changes import ChangedFile
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.markdown import code, counted, plain
from missioncontrol.specialists.merger.conflicts import Conflict, Hunk
from missioncontrol.specialists.merger.merge_request import Wanted
from missioncontrol.specialists.merger.outcomes import Outcome, State

FILES_MAX = 200
TITLES: Mapping[State, str] = {
    "merged": "Merged",
    "returned": "Returned",
    "level": "Nothing to bring in",
    "updated": "Brought up to date",
    "clashing": "Left as it was",
    "red": "Red",
}


def markdown(what: Wanted, found: Outcome, files: Sequence[ChangedFile]) -> str:
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


def conflicts(what: Wanted, onto: str, found: Sequence[Conflict]) -> str:
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
