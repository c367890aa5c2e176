"""The manager: hands a task to its builder, at the right commit, with what was agreed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.work import FilesRead, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.git import git, head_commit
from missioncontrol.specialists.markdown import code, counted, plain
from missioncontrol.specialists.signed_documents import agreed_text
from missioncontrol.specialists.specialist import Agreed, Brief, Desk, repository_of

# The page that a builder works by: the task, what was agreed, and what the last round found.

DOCUMENT_CHARACTERS_MAX = 60_000
FINDINGS_MAX = 50
TITLES = {"prd": "What is wanted", "spec": "Spec", "plan": "Plan", "tasks": "Parts of the work"}


class Commission(msgspec.Struct, frozen=True):
    """A task of a repository, as it is to be carried out."""

    number: int
    title: str
    brief: str = ""
    acceptance: tuple[str, ...] = ()  # what has to hold, besides what its documents say
    folder: str = ""  # of its documents, from the top of the repository
    documents: dict[str, str] = {}  # SHA-256 by kind: what was signed
    scope: tuple[str, ...] = ()  # patterns of the files that may be changed; none: any
    likely: tuple[str, ...] = ()  # files that are likely to change
    checks: tuple[tuple[str, ...], ...] = ()  # programs that have to end with 0
    into: str = ""  # the branch that what is approved goes into; "" for what is checked out
    head: str = ""  # the commit that was checked out when the run began; "" where not given
    begins: str = ""  # the commit that the change begins at; "" for that of the branch


class Former(msgspec.Struct, frozen=True):
    """How the round before ended."""

    commit: str = ""  # what was built; "" where nothing was changed
    onto: str = ""  # where the change began
    findings: tuple[dict[str, Any], ...] = ()  # why it was not merged
    returned: bool = False  # by the merge queue: what it goes onto is another commit by now
    rounds: int = 0  # until then
    conflicts: int = 0  # rounds of these that ended in a conflict, or that a person asked for


class Line(msgspec.Struct, frozen=True):
    """How the branch of a task was brought up to date before the task began."""

    state: str = ""  # red: the composition of both fails, and the task is to mend it
    commit: str = ""  # that composition
    onto: str = ""  # what the branch named then
    reason: str = ""  # what fails


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
    if commission.acceptance:
        points = (f"- {plain(each)}" for each in commission.acceptance)
        parts.append("\n".join(["## Done when", "", *points]))
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
            "the repository is now: make the change again, so that both hold."
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
    quote = str(finding.get("quote") or "").strip()
    line_now = f" The line is {code(quote)}." if quote else ""
    return f"{place}{words}{named}{line_now}{f' {plain(remedy)}' if remedy else ''}"


def _bounds(commission: Commission) -> Iterator[str]:
    yield "## What to keep to"
    yield ""
    if commission.scope:
        yield f"- Change only {_codes(commission.scope)}."
        yield "- Report at the end what else would have to change, and do not change it."
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


# Reads the documents of a task as they were signed, and what they ask for.

ORDER = ("prd", "spec", "plan", "tasks")
ITEMS_MAX = 200
ITEM_CHARACTERS_MAX = 1_000
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*")
_FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
_ITEM = re.compile(r"\s{0,8}(?:[-*+]|\d+[.)])\s+(?:\[(?P<done>[ xX])\]\s+)?(?P<text>\S.*)")


def signed_texts(commission: Commission, repository: Path) -> dict[str, str]:
    """Return the documents of a task by kind.

    Raises:
        AttemptFailed: `manager.other_version`, where a file is not what was signed.
    """
    kinds = (kind for kind in ORDER if kind in commission.documents)
    return {kind: _text(kind, commission, repository) for kind in kinds}


def _text(kind: str, commission: Commission, repository: Path) -> str:
    place = f"{commission.folder}/{kind}.md"
    text = agreed_text(repository, Agreed(place, commission.documents[kind]))
    if text is None:
        raise AttemptFailed(
            "manager.other_version",
            f"{place} is not the text that was agreed to when task {commission.number} was given "
            "out.",
            hint="`mission repo sync` takes an edit in; then the task can be run again.",
            retryable=False,
        )
    return text


def sections(text: str) -> dict[str, str]:
    """Return what stands below each heading, by its words in small letters; code is no heading."""
    found: dict[str, list[str]] = {}
    name, fence = "", ""
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
        heading = None if fence else _HEADING.fullmatch(line)
        if heading:
            name = heading[2].lower()
            found.setdefault(name, [])
        else:
            found.setdefault(name, []).append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def items(texts: Mapping[str, str], kind: str, heading: str) -> list[str]:
    """Return the items of a list below a heading of a document; of a paragraph, the whole."""
    below = sections(texts.get(kind, "")).get(heading, "")
    listed = [match["text"] for line in below.splitlines() if (match := _ITEM.fullmatch(line))]
    found = listed or ([" ".join(below.split())] if below else [])
    return [each[:ITEM_CHARACTERS_MAX] for each in found[:ITEMS_MAX]]


def open_items(texts: Mapping[str, str]) -> list[str]:
    """Return the parts into which the task list splits the work, without those checked off."""
    below = sections(texts.get("tasks", "")).get("tasks", "")
    found = (_ITEM.fullmatch(line) for line in below.splitlines())
    left = [match["text"] for match in found if match and (match["done"] or " ") == " "]
    return [each[:ITEM_CHARACTERS_MAX] for each in left[:ITEMS_MAX]]


PAGE, DATA, FORMER = "work.md", "work.json", "former.patch"
PATCH_BYTES_MAX = 4_000_000
T = TypeVar("T")


class Manager:
    """Says where a round of a task begins, what is to be done in it, and what it is held to."""

    def work(self, brief: Brief, desk: Desk) -> Work:
        """Read what was signed, and hand in work.md and work.json.

        Raises:
            AttemptFailed: `manager.bad_input`, `manager.no_repository`, `manager.no_commit`,
                `manager.other_version`.
        """
        repository = repository_of(brief, "manager", "change").resolve()
        commission = _as("commission", brief.commission, Commission)
        former = _as("former", brief.former or {}, Former)
        texts = signed_texts(commission, repository)
        line = _as("line", brief.line or {}, Line)
        onto = former.onto
        if not former.rounds or former.returned:
            onto = commission.begins if not former.rounds else ""
            onto = onto or _tip(repository, commission)
            if line.state == "red" and onto == line.onto:
                onto = line.commit
        redo = former.returned and bool(former.commit)
        base = onto if redo or not former.commit else former.commit
        patch = _patch(repository, former) if redo else ""
        text = page(commission, texts, former, patch, line)
        acceptance = [*items(texts, "spec", "acceptance"), *commission.acceptance]
        parts = open_items(texts)
        output: dict[str, Any] = {
            "base": base,
            "onto": onto,
            "round": former.rounds + 1,
            "conflicts": former.conflicts,
            "redo": redo,
            "acceptance": acceptance,
            "parts": parts,
        }
        how = f"the documents of {commission.folder or 'the task'} as they were signed"
        artifacts = [
            desk.keep(PAGE, text, media_type="text/markdown", title="The work", obtained=how),
            desk.keep(
                DATA,
                msgspec.json.format(msgspec.json.encode({**output, "task": commission}), indent=2),
                media_type="application/json",
                title="The work as data",
                obtained=how,
            ),
        ]
        if redo:
            made = f"git diff {former.onto[:12]} {former.commit[:12]}"
            artifacts.append(
                desk.keep(
                    FORMER,
                    patch,
                    media_type="text/x-diff",
                    title="The change as it was",
                    obtained=made,
                )
            )
        asked = counted(len(acceptance), "point of acceptance", "points of acceptance")
        found = f", {counted(len(former.findings), 'finding')} to mend" if former.rounds else ""
        return Work(
            summary=f"Round {output['round']} of task {commission.number} begins at {base[:12]}: "
            f"{counted(len(parts), 'part')}, {asked}{found}.",
            output=output,
            artifacts=tuple(artifacts),
            evidence=(FilesRead(len(texts), 0, onto),),
        )


def _as(name: str, given: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        reason = f"The input `{name}` of the manager does not fit: {error}."
        raise AttemptFailed("manager.bad_input", reason, retryable=False) from None


def _tip(repository: Path, commission: Commission) -> str:
    """Return the commit that a change goes onto: that of the branch, or what was checked out.

    Where there is no branch yet, it begins at what was checked out when the run did: by now it may
    be another branch, whose commits are not to be merged.
    """
    if commission.into:
        try:
            asked = ("rev-parse", "--verify", "--quiet", f"refs/heads/{commission.into}^{{commit}}")
            return git(repository, *asked).strip()
        except Unavailable as error:
            if error.code != "git.failed":
                raise
    commit = commission.head or head_commit(repository)
    if commit is None:
        raise AttemptFailed(
            "manager.no_commit",
            f"Nothing is committed in {str(repository)!r} yet, so no change can begin there.",
            hint="Commit what is there.",
            retryable=False,
        )
    return commit


def _patch(repository: Path, former: Former) -> str:
    asked = ("diff", "--no-color", "--binary", former.onto, former.commit)
    try:
        return git(repository, *asked, bytes_max=PATCH_BYTES_MAX)
    except Unavailable as error:
        return f"The change can't be shown here: {error.reason}\n"
