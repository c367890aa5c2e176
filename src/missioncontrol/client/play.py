"""A script on its way: what is to be done next, what came of it, and how it ended."""

from typing import Any, Generic, TypeVar

from missioncontrol.client.calls import Script
from missioncontrol.domain.errors import MissionControlError

T = TypeVar("T")


class Play(Generic[T]):
    """A player does `step` after `step`, and reports each result by `take` or `refuse`."""

    result: T  # when there is no further step

    def __init__(self, script: Script[T]) -> None:
        """Nothing of it has happened yet."""
        self._script = script
        self._answer: Any = None
        self._refusal: MissionControlError | None = None

    def step(self) -> Any:
        """Return what is to be done next, and None where it has ended.

        Raises:
            MissionControlError: as it was refused, where the script knows no way on.
        """
        answer, refusal = self._answer, self._refusal
        self._answer = self._refusal = None
        try:
            return self._script.throw(refusal) if refusal else self._script.send(answer)
        except StopIteration as end:
            self.result = end.value
            return None

    def take(self, answer: Any) -> None:
        """Say what came of the last step."""
        self._answer = answer

    def refuse(self, refusal: MissionControlError) -> None:
        """Say why nothing came of the last step."""
        self._refusal = refusal
