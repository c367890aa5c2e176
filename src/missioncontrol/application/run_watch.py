"""Watches one run for those who look at it: what of it changed since any moment of the watch."""

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any

import msgspec

from missioncontrol.application.views import state_name
from missioncontrol.domain.run.states import Run, StepState

ENCODED_MAX = 16


class RunWatch:
    """The latest that is known of a run, with the position at which each part of it changed.

    Its content is absolute: the state that a step has, not how it came to it. So a reader who
    missed any number of tellings is right again after the next one.
    """

    def __init__(
        self, run: Run, position: int, word: Callable[[Run], str] = lambda run: run.status
    ) -> None:
        """Nothing is known about changes at or before `position`; `word` is a run's status."""
        self._word = word
        self.begun = self.changed = position
        self._run = run
        self._known_states: dict[str, tuple[StepState, int]] = {}
        self._changes: dict[str, int] = {}  # the last change last
        self._encoded: dict[int, bytes] = {}
        self._growth: list[tuple[int, int]] = []  # (position, number of steps since then)
        self._totals: tuple[Any, ...] = ()
        self.look(run, position)

    def look(self, run: Run, position: int) -> None:
        """Take note of what is different now, after all events up to `position`."""
        if self._grew(run):
            self._growth.append((position, len(run.steps)))
            self.changed = position
        tries, reported = run.tries, self._known_states
        for key, state in run.states.items():
            known = reported.get(key)
            attempt = tries.get(key, 0)
            if known is None or known[0] is not state or known[1] != attempt:
                reported[key] = (state, attempt)
                self._changes.pop(key, None)
                self._changes[key] = self.changed = position
        totals = (self._word(run), *_used(run))
        if totals != self._totals:
            self._totals, self.changed = totals, position
        self._run = run
        self._encoded.clear()

    def _grew(self, run: Run) -> bool:
        return not self._growth or self._growth[-1][1] != len(run.steps)

    def encoded_since(self, position: int) -> bytes:
        """Return `since` as JSON, or b"" where nothing changed; worked out once between looks."""
        key = -1 if position < self.begun else position
        found = self._encoded.get(key)
        if found is None:
            delta = self.since(position)
            found = b"" if delta is None else msgspec.json.encode(delta)
            self._encoded[key] = found
            if len(self._encoded) > ENCODED_MAX:
                del self._encoded[next(iter(self._encoded))]
        return found

    def since(self, position: int) -> dict[str, Any] | None:
        """Return what changed after `position`; all of the run where that was before the watch.

        `s` has the state and the attempts of each such step, `added` says how many of the run's
        steps are new. None where nothing changed.
        """
        is_whole = position < self.begun
        if not is_whole and self.changed <= position:
            return None
        keys = iter(self._known_states) if is_whole else self._changed_since(position)
        steps = {
            key: (state_name(self._known_states[key][0]), self._known_states[key][1])
            for key in keys
        }
        status, cost, tokens = self._totals
        delta = {"p": self.changed, "s": steps, "status": status, "cost": cost, "tokens": tokens}
        total = len(self._run.steps)
        added = total if is_whole else total - self._steps_at(position)
        return {**delta, "added": added, "total": total, "whole": is_whole}

    def _changed_since(self, position: int) -> Iterator[str]:
        return takewhile(lambda key: self._changes[key] > position, reversed(self._changes))

    def _steps_at(self, position: int) -> int:
        return next((n for at, n in reversed(self._growth) if at <= position), 0)


def _used(run: Run) -> tuple[Any, ...]:
    return run.bill.cost, (run.usage.input_tokens, run.usage.output_tokens)
