"""All that the cockpit shows, worked out once for the page and for every form of a report."""

from functools import cached_property

from missioncontrol.documents.changes import Changes
from missioncontrol.documents.cockpit.comparing import Compared, compared
from missioncontrol.documents.cockpit.path import PathStep, path
from missioncontrol.documents.cockpit.proving import Proof, proofs
from missioncontrol.documents.cockpit.undone import Undone, undone
from missioncontrol.documents.exhibits import Exhibit
from missioncontrol.documents.next_steps import NextSteps
from missioncontrol.documents.outcome import Tally
from missioncontrol.documents.places import Places
from missioncontrol.documents.record import MissionRecord


class Cockpit:
    """What a run came to beside what was foreseen; each part when it is first asked for."""

    def __init__(
        self,
        record: MissionRecord,
        where: Places,
        count: Tally,
        following: NextSteps,
        exhibits: tuple[Exhibit, ...],
        changed: Changes | None,
    ) -> None:
        """All of it comes from one reading of the record."""
        self._record = record
        self._where = where
        self._count = count
        self._following = following
        self._exhibits = exhibits
        self._changed = changed

    @cached_property
    def compared(self) -> tuple[Compared, ...]:
        """Each estimate beside its actual."""
        return compared(self._record, self._changed)

    @property
    def whole(self) -> tuple[Compared, ...]:
        """Those of the mission as a whole."""
        return tuple(each for each in self.compared if not each.task)

    @property
    def of_tasks(self) -> tuple[Compared, ...]:
        """Those of single tasks."""
        return tuple(each for each in self.compared if each.task)

    @property
    def unestimated(self) -> tuple[str, ...]:
        """What could not be estimated, and why."""
        return self._record.plan.unestimated

    @property
    def hits(self) -> tuple[int, int]:
        """How many actuals fell into their range, and how many are known."""
        known = [each.is_inside for each in self.compared if each.is_inside is not None]
        return sum(known), len(known)

    @cached_property
    def undone(self) -> tuple[Undone, ...]:
        """What was not done, and why."""
        return undone(self._record, self._where)

    @cached_property
    def proofs(self) -> tuple[Proof, ...]:
        """What each task rests on."""
        return proofs(self._record, self._exhibits, self._where)

    @cached_property
    def path(self) -> tuple[PathStep, ...]:
        """What to do from here."""
        return path(self._record, self._count, self._following, self._changed, self._where)
