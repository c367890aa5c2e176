"""Transfers a commit that a worker saved to the engine, as a pack with the work."""

import asyncio
import re
from pathlib import Path

from msgspec.structs import replace

from missioncontrol.domain.errors import MissionControlError, Rejected
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import Agent, Assignment, AttemptFailed, Line
from missioncontrol.refs import attempt_ref
from missioncontrol.refs.transfer import import_commit, pack_commit

PACK = "kept.pack"
HOSTILE = ("refs.bad_commit", "refs.too_large")
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class PackingAgent:
    """Adds the commit that an agent saved on this machine to its artifacts."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        work = await self._agent.perform(assignment, line)
        commit, base = _saved_commit(assignment, work)
        if not commit:
            return work
        repository = Path(assignment.inputs["repository"])
        try:
            pack = await asyncio.to_thread(pack_commit, repository, commit, base)
        except MissionControlError as error:
            line.log("warning", f"Commit {commit} stays on this machine: {error.reason}")
            return work
        how = f"`git pack-objects` of {commit} over {base or 'nothing'}"
        media = "application/octet-stream"
        stored = line.keep(PACK, pack, media_type=media, title="The commit", obtained=how)
        return replace(work, artifacts=(*work.artifacts, stored))


async def receive_commit(assignment: Assignment, work: Work, line: Line, folder: Path) -> Work:
    """Save the commit of `work` here; `folder` has the uploaded files. Return `work`.

    Raises:
        AttemptFailed: `worker.bad_commit`, or `worker.not_kept`, if it could not be written.
    """
    commit, _ = _saved_commit(assignment, work)
    if not commit:
        return work
    try:
        name = await asyncio.to_thread(_receive, assignment, work, commit, folder)
    except Rejected as error:
        if error.code in HOSTILE:
            code = "worker.bad_commit"
            raise AttemptFailed(code, error.reason, hint=error.hint, retryable=False) from None
        line.log("warning", f"Commit {commit} exists only on the worker's machine: {error.reason}")
        return work
    except (MissionControlError, OSError) as error:
        raise AttemptFailed(
            "worker.not_kept",
            f"Commit {commit} of the worker could not be saved here: {error}",
            hint="It is saved in the repository on the worker's machine (`mission repo recover`).",
            retryable=False,
        ) from None
    line.log("info", f"Commit {commit[:12]} of the worker is saved here as {name}.")
    return work


def _receive(assignment: Assignment, work: Work, commit: str, folder: Path) -> str:
    """Save the commit in the local repository; return the name of its ref.

    Raises:
        Rejected: `worker.not_sent`, `worker.no_repository`, or as `import_commit`.
        Unavailable: as `import_commit`.
        OSError: its file can't be read.
    """
    repository = Path(assignment.inputs["repository"])
    sent = [each.digest for each in work.artifacts if each.name == PACK]
    if not sent:
        raise Rejected("worker.not_sent", "it was not sent.")
    if not repository.is_dir():
        raise Rejected("worker.no_repository", f"{str(repository)!r} is not here.")
    wanted = str(assignment.inputs.get("base") or "")
    # A name may mean another commit on the other machine.
    base = wanted if _ID.fullmatch(wanted) else ""
    ref = attempt_ref(assignment.run, assignment.step, assignment.attempt)
    return import_commit(repository, (folder / sent[0]).read_bytes(), commit, base, ref)


def _saved_commit(assignment: Assignment, work: Work) -> tuple[str, str]:
    """Return the commit that an agent reports as saved, and its base; "" for none."""
    output = work.output if isinstance(work.output, dict) else {}
    commit, base = str(output.get("commit") or ""), str(output.get("base") or "")
    path = assignment.inputs.get("repository")
    is_saved = assignment.inputs.get("keep") is True and isinstance(path, str)
    return (commit, base) if is_saved and Path(str(path)).is_absolute() else ("", "")
