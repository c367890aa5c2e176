"""A commit that is kept on the machine of a worker travels to the engine's with its work."""

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


class Sending:
    """Hands in what its agent keeps in the repository of this machine."""

    def __init__(self, agent: Agent) -> None:
        """`agent` does the work."""
        self._agent = agent

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        """See `Agent.perform`."""
        work = await self._agent.perform(assignment, line)
        commit, base = _kept(assignment, work)
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
        kept = line.keep(PACK, pack, media_type=media, title="The commit", obtained=how)
        return replace(work, artifacts=(*work.artifacts, kept))


async def landed(assignment: Assignment, work: Work, line: Line, folder: Path) -> Work:
    """Return `work`, once its commit is kept here too; `folder` has the files that came with it.

    Raises:
        AttemptFailed: `worker.bad_commit`, or `worker.not_kept`, where it could not be written.
    """
    commit, _ = _kept(assignment, work)
    if not commit:
        return work
    try:
        name = await asyncio.to_thread(_landed, assignment, work, commit, folder)
    except Rejected as error:
        if error.code in HOSTILE:
            code = "worker.bad_commit"
            raise AttemptFailed(code, error.reason, hint=error.hint, retryable=False) from None
        line.log("warning", f"Commit {commit} is on the worker's machine alone: {error.reason}")
        return work
    except (MissionControlError, OSError) as error:
        raise AttemptFailed(
            "worker.not_kept",
            f"Commit {commit} of the worker could not be kept here: {error}",
            hint="It is kept in the repository on the worker's machine (`mission repo recover`).",
            retryable=False,
        ) from None
    line.log("info", f"Commit {commit[:12]} of the worker is kept here as {name}.")
    return work


def _landed(assignment: Assignment, work: Work, commit: str, folder: Path) -> str:
    """Return the name of the ref under which the commit is kept here now.

    Raises:
        Rejected: `worker.not_sent`, `worker.no_repository`, or as `import_commit`.
        Unavailable: as `import_commit`.
        OSError: the file of it can't be read.
    """
    repository = Path(assignment.inputs["repository"])
    sent = [each.digest for each in work.artifacts if each.name == PACK]
    if not sent:
        raise Rejected("worker.not_sent", "it was not sent.")
    if not repository.is_dir():
        raise Rejected("worker.no_repository", f"{str(repository)!r} is not here.")
    wanted = str(assignment.inputs.get("base") or "")
    base = wanted if _ID.fullmatch(wanted) else ""  # Names mean something else elsewhere.
    ref = attempt_ref(assignment.run, assignment.step, assignment.attempt)
    return import_commit(repository, (folder / sent[0]).read_bytes(), commit, base, ref)


def _kept(assignment: Assignment, work: Work) -> tuple[str, str]:
    """Return the commit that an agent says it has kept, and its base; "" where it kept none."""
    said = work.output if isinstance(work.output, dict) else {}
    commit, base = str(said.get("commit") or ""), str(said.get("base") or "")
    path = assignment.inputs.get("repository")
    is_kept = assignment.inputs.get("keep") is True and isinstance(path, str)
    return (commit, base) if is_kept and Path(str(path)).is_absolute() else ("", "")
