"""What a step is handed of earlier steps' documents, where people have changed them since."""

from collections.abc import Iterator

import msgspec

from missioncontrol.application.checkout import reader_of
from missioncontrol.application.journal import Journal
from missioncontrol.application.scrubbing import Scrub
from missioncontrol.domain.building import DOCUMENTS, PACK
from missioncontrol.domain.run.states import Run, Succeeded
from missioncontrol.domain.scope import Rescoped, rescoped
from missioncontrol.domain.step import Step
from missioncontrol.domain.work import ArtifactRef
from missioncontrol.ports.artifact_store import ArtifactStore

OBTAINED = "the pack that step {step!r} wrote, with the files to change as declared since"


class Handoff:
    """Makes documents as they stand when a step starts; the lease names them by digest."""

    def __init__(self, journal: Journal, artifacts: ArtifactStore) -> None:
        """The owner of the repository's files sets `scrub`, which removes secrets from them."""
        self.scrub: Scrub = bytes
        self._journal = journal
        self._artifacts = artifacts

    def scopes(self, run: Run, step: Step) -> dict[str, list[str]]:
        """Return the files that people gave tasks, if `step` reads of them, by task."""
        scoped = self._rescoped(run, step)
        return {each.task: list(each.files) for each in scoped.scopes} if scoped is not None else {}

    def handed(self, run: Run, step: Step) -> tuple[ArtifactRef, ...]:
        """Return what `step` is given in place of what earlier steps left under those names.

        Raises:
            NotFound, Corrupt, Unavailable: as `ArtifactStore.get`.
        """
        scoped = self._rescoped(run, step)
        if scoped is None:
            return ()
        repository = self._journal.missions[run.mission].repository
        return tuple(self._revised(ref, by, scoped, repository) for by, ref in _packs(run, step))

    def _revised(self, ref: ArtifactRef, by: str, scoped: Rescoped, repository: str) -> ArtifactRef:
        from missioncontrol.documents.pack import packed  # Few processes write a pack.

        content = packed(scoped, self._artifacts.get(ref.digest), "md", "", reader_of(repository))
        clean = self.scrub(content)
        return msgspec.structs.replace(
            ref,
            digest=self._artifacts.put(clean),
            size=len(clean),
            obtained=OBTAINED.format(step=by),
        )

    def _rescoped(self, run: Run, step: Step) -> Rescoped | None:
        """Return the plan with people's changes; None where `step` reads nothing of it."""
        given = run.inputs_of.get(step.key, step.inputs)
        if not run.mission or PACK not in (given.get(DOCUMENTS) or ()):
            return None
        mission = self._journal.missions[run.mission]
        if mission.plan is None or not mission.scopes:
            return None
        scoped = rescoped(mission.goal, mission.plan, mission.scopes)
        return scoped if scoped.scopes else None


def _packs(run: Run, step: Step) -> Iterator[tuple[str, ArtifactRef]]:
    for need in step.needs:
        state = run.states[need]
        if isinstance(state, Succeeded):
            yield from ((need, ref) for ref in state.work.artifacts if ref.name == PACK)
