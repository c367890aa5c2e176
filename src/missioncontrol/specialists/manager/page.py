"""The page that a builder works by: the task, what was agreed, and what the last round found."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from missioncontrol.specialists.manager.commission import Commission, Former, Line
from missioncontrol.specialists.markdown import code, plain

DOCUMENT_CHARACTERS_MAX = 60_000
FINDINGS_MAX = 50
TITLES = {"prd": "What is wanted", "spec": "Spec", "plan": "Plan", "tasks": "Parts of the work"}


def page(
    commission: Commission, texts: Mapping[str, str], former: Former, redone: str, line: Line
) -> str:
    """Return the page as Markdown; `redone` is the change to redo, as a patch, or ""."""
    parts = [f"# Task {commission.number}: {plain(commission.title)}"]
    if former.rounds:
        parts.append("\n".join(_round(former, is_redone=bool(redone))))
    if line.state == "red":
        parts.append(f"## The tests fail as you begin\n\n{plain(line.reason)} Make them pass.")
    if commission.brief and not texts:
        parts.append(commission.brief)
    if redone:
        parts.append("## The change as it was")
        parts.append(_diff(redone))
    parts.append("\n".join(_bounds(commission)))
    for kind, text in texts.items():
        place = f"{commission.folder}/{kind}.md"
        parts.append(f"## {TITLES.get(kind, kind)} ({code(place)})")
        parts.append(_fenced(_bounded(text, place)))
    return "\n\n".join(parts) + "\n"


def _round(former: Former, *, is_redone: bool) -> Iterator[str]:
    yield f"## Round {former.rounds + 1}: what to mend"
    yield ""
    if is_redone:
        yield (
            "Others have changed the repository meanwhile, and the change as it was does not hold "
            f"there. It stands below as it was made at {code(former.onto[:12])}. You begin at what "
            "the repository is now: make the change anew, so that both hold."
        )
    elif former.commit:
        yield "What you built so far is in the tree. Mend what was found; leave what is right."
    else:
        yield "Nothing was changed in the round before."
    yield ""
    for finding in former.findings[:FINDINGS_MAX]:
        yield f"- {_finding(finding)}"
    if len(former.findings) > FINDINGS_MAX:
        yield f"- and {len(former.findings) - FINDINGS_MAX} more"


def _finding(finding: Mapping[str, Any]) -> str:
    path, line = str(finding.get("path") or ""), finding.get("line") or 0
    place = f"{code(f'{path}:{line}' if line else path)}: " if path else ""
    rule = str(finding.get("rule") or "")
    remedy = str(finding.get("remedy") or "")
    words = plain(str(finding.get("message") or rule or "something"))
    named = f" ({plain(rule)})" if rule else ""
    return f"{place}{words}{named}{f' {plain(remedy)}' if remedy else ''}"


def _bounds(commission: Commission) -> Iterator[str]:
    yield "## What to keep to"
    yield ""
    if commission.scope:
        yield f"- Change only {_codes(commission.scope)}."
        yield "- What else would have to change is to be said at the end, not made."
    if commission.likely:
        yield f"- These are the likely places: {_codes(commission.likely)}."
    yield "- `tasks/`, `.mission/` and `docs/tasks.md` are the record, and stay as they are."
    yield "- Every test that holds now holds at the end, and what is new has a test."
    yield from (f"- {code(' '.join(check))} ends with 0." for check in commission.checks)
    yield "- Don't commit: what lies in the tree at the end is what is handed in."


def _codes(words: Sequence[str]) -> str:
    return ", ".join(map(code, words))


def _bounded(text: str, place: str) -> str:
    if len(text) <= DOCUMENT_CHARACTERS_MAX:
        return text
    return f"{text[:DOCUMENT_CHARACTERS_MAX]}\n… cut here; the whole is in {place}"


def _diff(patch: str) -> str:
    """Return a patch as code, whatever stands in it."""
    ticks = max((len(run) for run in re.findall("`+", patch)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}diff\n{_bounded(patch.rstrip(), 'former.patch of this step')}\n{fence}"


def _fenced(text: str) -> str:
    """Return a document as a quotation: its headings are none of this page."""
    return "\n".join(f"> {line}" if line.strip() else ">" for line in text.strip().splitlines())
