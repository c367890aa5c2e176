"""Counts, before anything starts, the items of every list that is known by then."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from missioncontrol.application.expansion import ITEMS_MAX
from missioncontrol.application.scope import Scopes, inputs_in
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.expression import references, sources_in
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Step

STEPS_MAX = 10_000  # looked at for one forecast, with those of each item; others count as one item
_UNKNOWN = object()


class ListEstimator:
    """Replaces lists that are expressions by what they come to, as far as inputs tell.

    Only what a run, or a call, was given is looked at: what a step hands back is known when that
    step has ended, and is counted when the list becomes items.
    """

    def __init__(self, scopes: Scopes) -> None:
        """`scopes` knows how expressions are worked out."""
        self._scopes = scopes

    def counted(self, run: Run, step: Step) -> Step:
        """Return a step of a run for a forecast: its lists, and those in what it calls, counted."""
        if not has_open_list(step):
            return step
        names: dict[str, Any] = {"inputs": inputs_in(run, step.scope)}
        if step.index >= 0:
            names |= {"item": step.item, "index": step.index}
        return _Look(self._scopes, run).counted(step, names)


def is_metered(step: Step) -> bool:
    """Whether anything in a step can use tokens or money."""
    return step.spending is not None or any(map(is_metered, step.body))


def has_open_list(step: Step) -> bool:
    """Whether what a step can use hangs on how many items an expression gives, here or within."""
    if isinstance(step.for_each, str):
        return is_metered(step)
    return any(map(has_open_list, step.body))


class _Look:
    """One look at a step that has not begun."""

    def __init__(self, scopes: Scopes, run: Run) -> None:
        self._scopes = scopes
        self._run = run
        self._left = STEPS_MAX

    def counted(self, step: Step, names: Mapping[str, Any]) -> Step:
        items = self._items(step, names)
        if not step.body or not any(map(has_open_list, step.body)):
            return msgspec.structs.replace(step, for_each=items)
        if not isinstance(items, list):
            body = self._body(step, names)
            return msgspec.structs.replace(step, for_each=items, body=body)
        if len(items) * len(step.body) > self._left:
            return msgspec.structs.replace(step, for_each=items)
        each = ({**names, "item": item, "index": n} for n, item in enumerate(items))
        body = tuple(inner for known in each for inner in self._body(step, known))
        return msgspec.structs.replace(step, for_each=None, body=body)

    def _items(self, step: Step, names: Mapping[str, Any]) -> Any:
        """Return the list that a step goes through, or what stands for it where that is open."""
        if not isinstance(step.for_each, str):
            return step.for_each
        items = self._value(step.for_each, names)
        return items if isinstance(items, list) and len(items) <= ITEMS_MAX else step.for_each

    def _body(self, step: Step, names: Mapping[str, Any]) -> tuple[Step, ...]:
        """Return the steps of a call, counted by what the call is given."""
        self._left -= len(step.body)
        if self._left < 0:
            return step.body
        given = dict(self._given(step, names))
        return tuple(self.counted(inner, {"inputs": given}) for inner in step.body)

    def _given(self, step: Step, names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, template in step.inputs.items():
            value = self._value(template, names)
            if value is not _UNKNOWN:
                yield name, value

    def _value(self, template: Any, names: Mapping[str, Any]) -> Any:
        """Return what a value with templates comes to, or `_UNKNOWN` while that is open."""
        try:
            if all(_is_known(source, names) for source in sources_in(template)):
                return self._scopes.foreseen(self._run, template, names)
        except MissionControlError:
            pass  # It is reported when the step's turn comes.
        return _UNKNOWN


def _is_known(source: str, names: Mapping[str, Any]) -> bool:
    """Whether an expression speaks of nothing but what is in `names`, and of the run."""
    return all(_is_there(reference.path, names) for reference in references(source))


def _is_there(path: tuple[str | int, ...], names: Mapping[str, Any]) -> bool:
    root, *rest = path
    if root == "inputs":
        return bool(rest) and rest[0] in names["inputs"]
    return root == "run" or root in names
