"""What reading files of decisions would change in the log, tried before anything is changed."""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec

from missioncontrol.documents.madr.reader import read_decision
from missioncontrol.documents.madr.status import NoDecision, NotUnderstood, ReadDecision
from missioncontrol.domain.decision import (
    DecisionCommand,
    DecisionLog,
    LinkDecision,
    LoggedDecision,
    RecordDecision,
    ReviseDecision,
    Supersede,
    decide,
    evolve,
)
from missioncontrol.domain.errors import MissionControlError

OF_PLAN = re.compile(r"mission-[a-z0-9]{1,40}/[A-Za-z0-9._-]{1,100}")
"""What decisions of plans are called; any other name in a file is none of ours."""
FILES_MAX = 1_000
NAME_MAX = 1_000
CONTENT_MAX = 400_000


class DecisionFile(msgspec.Struct, frozen=True):
    """A file that may hold a decision."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_MAX)]  # relative, with /
    content: Annotated[str, msgspec.Meta(max_length=CONTENT_MAX)]


class ImportLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What becomes of one file."""

    file: str
    verdict: Literal["new", "changed", "unchanged", "older", "refused", "none", "unread"]
    id: str = ""  # of the decision
    title: str = ""
    status: str = ""
    why: str = ""  # where it is refused, no decision, or could not be read
    not_understood: tuple[NotUnderstood, ...] = ()


class Import(msgspec.Struct, frozen=True):
    """What becomes of all files, by name."""

    lines: tuple[ImportLine, ...]


class Intended(msgspec.Struct, frozen=True):
    """What becomes of files, and the commands that bring it about."""

    lines: tuple[ImportLine, ...]
    commands: tuple[DecisionCommand, ...]


def decoded(
    files: Iterable[tuple[str, bytes]], unread: Iterable[tuple[str, str]] = ()
) -> tuple[tuple[DecisionFile, ...], tuple[ImportLine, ...]]:
    """Return the files that are text, and a line on each of the others.

    One that is no text does not affect the rest, and is never read with letters missing.
    """
    texts, lines = [], [ImportLine(name, "unread", why=why) for name, why in unread]
    for name, content in files:
        try:
            texts.append(DecisionFile(name, _text(content)))
        except ValueError as no:
            lines.append(ImportLine(name, "unread", why=str(no)))
    return tuple(texts), tuple(lines)


def with_unread(found: Import, unread: Iterable[ImportLine]) -> Import:
    """Return what becomes of all files, also of those that could not be read."""
    return Import(tuple(sorted((*found.lines, *unread), key=lambda each: each.file)))


def _text(content: bytes) -> str:
    """Return a file as text; raises ValueError with why it is none."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError("it is UTF-16: save it as UTF-8")
    if b"\0" in content:
        raise ValueError("it is no text: it holds a zero byte")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"it is not UTF-8: see its line {line:,}") from None


def intended(
    log: DecisionLog, files: Iterable[DecisionFile], repository: str, *, now: float
) -> Intended:
    """Return what taking `files` in comes to; nothing of `log` changes.

    The same files a second time come to nothing.
    """
    return _TrialImport(log, repository, now).take(files)


class _TrialImport:
    """One import, tried on a copy of the log."""

    def __init__(self, log: DecisionLog, repository: str, now: float) -> None:
        self._log = DecisionLog(dict(log.decisions), log.number)
        self._repository = repository
        self._now = now
        self._commands: list[DecisionCommand] = []
        self._lines: dict[str, ImportLine] = {}
        self._ids: dict[str, str] = {}  # of the decisions, by file

    def take(self, files: Iterable[DecisionFile]) -> Intended:
        read: list[ReadDecision] = []
        for file in sorted(files, key=lambda each: each.name)[:FILES_MAX]:
            found = read_decision(file.name, file.content)
            if isinstance(found, NoDecision):
                self._lines[found.file] = ImportLine(found.file, "none", why=found.why)
            else:
                read.append(found)
        read.sort(key=lambda each: (each.number, each.file))
        for each in read:
            self._take_one(each)
        for each in read:
            if each.file in self._ids:
                self._take_links(each, read)
        lines = tuple(self._lines[name] for name in sorted(self._lines))
        return Intended(lines, tuple(self._commands))

    def _take_one(self, read: ReadDecision) -> None:
        known = self._known(read)
        if known is None:
            self._record(read)
            return
        self._ids[read.file] = known.id
        if read.date and read.date < known.date and not _is_same(read, known):
            self._report(read, "older", known.id, "the log has changed since the file was written")
            return
        date = read.date or known.date
        # A file of the same day may be older than the log: what was decided there stands.
        status = read.status if known.status == "proposed" or date > known.date else known.status
        before = len(self._commands)
        why = self._do(ReviseDecision(known.id, read.text, status, date))
        is_same = len(self._commands) == before
        self._report(
            read, "refused" if why else "unchanged" if is_same else "changed", known.id, why
        )

    def _record(self, read: ReadDecision) -> None:
        is_ours = bool(read.id)
        is_planned = OF_PLAN.fullmatch(read.id) is not None
        command = RecordDecision(
            read.text,
            read.status,
            read.date,
            id=read.id if is_planned else "",
            number=read.number,
            mission=read.id.partition("/")[0] if is_planned else "",
            run=read.run if is_planned else "",
            repository=read.repository if is_ours else self._repository,
            source=read.source if is_ours else read.file,
            tasks=read.tasks,
            files=read.files,
        )
        before = set(self._log.decisions)
        why = self._do(command)
        id_ = next((each for each in self._log.decisions if each not in before), "")
        if id_:
            self._ids[read.file] = id_
        self._report(read, "refused" if why else "new", id_, why)

    def _known(self, read: ReadDecision) -> LoggedDecision | None:
        """Return the decision that a file is about, where the log has it."""
        claimed = set(self._ids.values())
        free = [each for each in self._log.decisions.values() if each.id not in claimed]
        same = self._log.decisions.get(read.id)
        if same is not None and same.id not in claimed and same.text.title == read.text.title:
            return same
        for each in free:
            is_there = each.source == read.file and each.repository == self._repository
            if each.source and is_there and not read.id:
                return each
        return next((each for each in free if each.text == read.text), None)

    def _take_links(self, read: ReadDecision, all_: Sequence[ReadDecision]) -> None:
        id_ = self._ids[read.file]
        if read.superseded_by:
            self._supersede(read, id_, self._meant(read.superseded_by, all_), read.superseded_by)
        for name in read.supersedes:
            older = self._meant(name, all_)
            if older and self._log.decisions[older].superseded_by:
                continue
            self._supersede(read, older, id_, name)
        if self._lines[read.file].verdict == "unchanged" and (read.tasks or read.files):
            self._do(LinkDecision(id_, read.tasks, read.files))

    def _supersede(self, read: ReadDecision, older: str, newer: str, name: str) -> None:
        if not older or not newer:
            self._add(read, f"{name!r}, which names none of these files and no decision here")
            return
        before = len(self._commands)
        date = self._log.decisions[older].date if self._is_new(older) else ""
        why = self._do(Supersede(older, newer, date=date))
        if why:
            self._add(read, f"that {newer} supersedes {older}: {why}")
        elif len(self._commands) > before and self._lines[read.file].verdict == "unchanged":
            line = self._lines[read.file]
            self._lines[read.file] = msgspec.structs.replace(line, verdict="changed")

    def _is_new(self, id_: str) -> bool:
        return any(
            self._ids.get(line.file) == id_ and line.verdict == "new"
            for line in self._lines.values()
        )

    def _meant(self, name: str, all_: Sequence[ReadDecision]) -> str:
        """Return the id of the decision that a file names in its own way; "" where none is it."""
        for read in all_:
            if read.file in self._ids and name in (read.file.rpartition("/")[2], read.id):
                return self._ids[read.file]
        number = int(name) if name.isdecimal() and len(name) < 9 else 0
        for read in all_:
            if number and read.number == number and read.file in self._ids:
                return self._ids[read.file]
        return name if name in self._log.decisions else ""

    def _do(self, command: DecisionCommand) -> str:
        """Try a command on the copy; return why it is refused, or ""."""
        try:
            events = decide(command, self._log, self._now)
        except MissionControlError as error:
            return error.reason
        for event in events:
            self._log = evolve(self._log, event, self._now)
        if events:
            self._commands.append(command)
        return ""

    def _report(self, read: ReadDecision, verdict: str, id_: str, why: str = "") -> None:
        self._lines[read.file] = ImportLine(
            read.file,
            verdict,  # type: ignore[arg-type]
            id_,
            read.text.title,
            read.status,
            why,
            read.not_understood,
        )

    def _add(self, read: ReadDecision, what: str) -> None:
        line = self._lines[read.file]
        odd = (*line.not_understood, NotUnderstood(1, what, kept=False))
        self._lines[read.file] = msgspec.structs.replace(line, not_understood=odd)


def _is_same(read: ReadDecision, known: LoggedDecision) -> bool:
    return read.text == known.text and read.status == known.status
