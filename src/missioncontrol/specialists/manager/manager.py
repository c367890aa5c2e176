"""The manager: hands a task to its builder, at the right commit, with what was agreed."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from missioncontrol.domain.errors import Unavailable
from missioncontrol.domain.work import FilesRead, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.git import git, head_commit
from missioncontrol.specialists.manager.commission import Commission, Former, Line
from missioncontrol.specialists.manager.page import page
from missioncontrol.specialists.manager.reading import items, open_items, signed_texts
from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.repository import repository_of
from missioncontrol.specialists.specialist import Brief, Desk

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
            onto = _tip(repository, commission)
            if line.state == "red" and onto == line.onto:
                onto = line.commit
        redo = former.returned and bool(former.commit)
        base = onto if redo or not former.commit else former.commit
        patch = _patch(repository, former) if redo else ""
        text = page(commission, texts, former, patch, line)
        acceptance = items(texts, "spec", "acceptance")
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
        return f"The change can't be told here: {error.reason}\n"
