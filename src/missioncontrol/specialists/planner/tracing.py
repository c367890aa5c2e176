"""Where a fault showed itself: the steps of the stack trace that came with a goal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.domain.estimates import LikelyFile, Spot
from missioncontrol.domain.stack_trace import Frame, Trace, read_trace
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.playbook import listed
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.planner.source import Place
from missioncontrol.specialists.symbols import symbols

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

STEPS_MAX = 4
"""Steps of a trace that a sentence names, the last ones."""
ERROR_LENGTH_MAX = 90


class Step(msgspec.Struct, frozen=True):
    """One call of the trace, as the code of the repository has it."""

    path: str
    function: str  # "" for what runs when a module is loaded
    line: int  # of the definition as it stands here; 0 where there is none of that name
    said: int  # the line that the trace names, of the version that failed

    @property
    def place(self) -> str:
        """Where it stands, as `path:line`."""
        return f"{self.path}:{self.line or self.said}"

    @property
    def label(self) -> str:
        """Its function with its place, as a sentence says it."""
        return f"`{self.function}` (`{self.place}`)" if self.function else f"`{self.place}`"


def trace_in(text: str, tree: "Tree") -> Trace | None:
    """Return the stack trace in a goal or its context, where a frame of it is the repository's."""
    trace = read_trace(text, frozenset(file.path for file in tree.files))
    return trace if trace.inside else None


def steps(ground: Ground) -> list[Step]:
    """Return the steps of the trace that are code of the repository, the innermost first."""
    trace, tree = ground.trace, ground.tree
    if trace is None or tree is None:
        return []
    kinds = {file.path: file.kind for file in tree.files}
    inside = [frame for frame in trace.inside if kinds.get(frame.path) == "code"]
    return [_step(frame, tree.text(frame.path) or "") for frame in inside]


def traced_first(ground: Ground, places: Sequence[Place], *, places_max: int) -> list[Place]:
    """Begin where the trace ends in this repository, whatever the words of the goal lead to."""
    found = steps(ground)
    if not found or ground.sources is None:
        return list(places)
    first: list[Place] = []
    for step in found:
        if any(each.path == step.path for each in first):
            continue
        name = f"in `{step.function}`" if step.function else "where it is loaded"
        how = "the trace ends in it" if not first else "the trace passes it"
        known = next((each for each in places if each.path == step.path), None)
        place = known or ground.sources.place(step.path, (), [step.function])
        if step.line:
            place = ground.sources.about(place, step.function, step.line)
        own = [f"{how}, {name}", *place.reasons]
        first.append(msgspec.structs.replace(place, reasons=tuple(own)))
    rest = [each for each in places if all(each.path != one.path for one in first)]
    return [*first, *rest][:places_max]


def with_trace(ground: Ground, files: Sequence[LikelyFile]) -> list[LikelyFile]:
    """Put the lines that a trace ran through first in each file, and the file it ends in."""
    found = steps(ground)
    if not found or ground.tree is None:
        return list(files)
    order = list(dict.fromkeys(step.path for step in found))
    traced = []
    for file in files:
        ran = [step for step in found if step.path == file.path]
        spots = dict.fromkeys(_spot(step, ground.tree.text(file.path) or "") for step in ran)
        others = [each for each in file.spots if not any(_overlap(each, one) for one in spots)]
        how = "ends in" if file.path == order[0] else "passes"
        names = listed(
            [f"`{name}`" for name in dict.fromkeys(each.function for each in ran) if name]
        )
        reasons = [f"the trace {how} {names or 'it'}"] if ran else []
        traced.append(
            msgspec.structs.replace(
                file,
                spots=tuple([*spots, *others][:STEPS_MAX]),
                reasons=(*reasons, *file.reasons),
            )
        )
    traced.sort(key=lambda each: each.path != order[0])
    top = max((each.share for each in traced), default=1.0)
    first = traced[:1] if traced and traced[0].path == order[0] else []
    return [*(msgspec.structs.replace(each, share=top) for each in first), *traced[len(first) :]]


def _spot(step: Step, text: str) -> Spot:
    """Return the lines of a step's function; the line that the trace names where it has none."""
    if not step.line:
        return Spot(step.function, min(step.said, text.count("\n") + 1))
    own = [each for each in symbols(text) if each.line >= step.line]
    after = (each.line - 1 for each in own[1:] if each.indent <= own[0].indent)
    return Spot(step.function, step.line, next(after, text.count("\n") + 1))


def _overlap(one: Spot, other: Spot) -> bool:
    return one.line <= max(other.last, other.line) and other.line <= max(one.last, one.line)


def trace_facts(ground: Ground) -> dict[str, str]:
    """Return what sentences may say of the trace; nothing where none of it is this repository's."""
    found = steps(ground)
    if not found or ground.trace is None:
        return {}
    last, first = found[0], found[-1]
    way = [f"`{step.function}`" for step in reversed(found[:STEPS_MAX]) if step.function]
    facts = {
        "trace_end": last.label,
        "trace_error": f"`{shortened(ground.trace.error, ERROR_LENGTH_MAX).replace('`', chr(39))}`"
        if ground.trace.error
        else "",
        "trace_kind": f"`{ground.trace.kind}`" if ground.trace.kind else "",
        "trace_way": listed(list(dict.fromkeys(way))) if len(way) > 1 else "",
        "trace_from": first.label if first.label != last.label else "",
    }
    if last.function and last.line:
        facts |= {"symbol": f"`{last.function}`", "symbol_place": f"`{last.place}`"}
    return {name: fact for name, fact in facts.items() if fact}


def _step(frame: Frame, text: str) -> Step:
    """Find the function of a frame; the one that begins last before its line, if several do."""
    name = frame.function.rpartition(".")[2].strip("<>")
    own = [each.line for each in symbols(text) if each.name == name]
    before = [line for line in own if line <= frame.line]
    line = max(before) if before else next(iter(own), 0)
    function = "" if frame.function.startswith("<") else name
    return Step(frame.path, function, line, frame.line)
