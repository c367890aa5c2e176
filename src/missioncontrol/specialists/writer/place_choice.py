"""Chooses the places of a plan: what it changes, who uses that, tests, and what tasks name."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from missioncontrol.domain.plan import Plan
from missioncontrol.domain.stack_trace import Frame, read_trace
from missioncontrol.specialists.indexing import index_of
from missioncontrol.specialists.ranking.ranker import Ranked, ranked
from missioncontrol.specialists.words import significant_words
from missioncontrol.specialists.writer import quotes
from missioncontrol.specialists.writer.parts import Part, lines_of, parts_of
from missioncontrol.specialists.writer.places import Place, Standing
from missioncontrol.specialists.writer.quotes import at_line, weighed, window
from missioncontrol.specialists.writer.targets import (
    called_by,
    constructors,
    flat,
    own_tests,
    targets,
)
from missioncontrol.specialists.writer.uses import (
    Use,
    importance,
    meant,
    specific_names,
    uses_of,
    worth_showing,
)

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

CENTRE_MAX, CALLERS_MAX, RELATED_MAX, TESTS_MAX, OTHERS_MAX = 5, 4, 3, 4, 8
PARTS_MAX = 10
TERMS_MAX = 200
"""Words of goal and requirements that definitions are weighed by."""
TESTS_READ_MAX = 60
"""Test files that are looked into for tests of what is to be changed."""
TESTS_SURE_MIN = 2
"""With fewer tests known to be about the change, the goal's words may point to more."""
SHARE_MIN = 0.35
"""A file whose score is a smaller share of the best one's is not what the goal is about."""
REACHING = {"subclass", "assignment", "call"}


class Surroundings:
    """Chooses places in a tree for a plan."""

    def __init__(self, plan: Plan, context: str, tree: "Tree") -> None:
        """Read the files once for all words of the plan's requirements."""
        self.plan = plan
        self.tree = tree
        self.goal = "\n".join([plan.goal, context])
        self.index = index_of(tree)
        asked = "\n".join([self.goal, *(each.text for each in plan.requirements)])
        self.terms = significant_words(asked)[:TERMS_MAX]
        self.texts = quotes.plan_texts(plan)
        self.names = quotes.names(self.texts)
        self.components = {
            each.path: each
            for each in reversed(plan.architecture.components)
            if each.path and tree.file(each.path)
        }
        self.targets: tuple[Part, ...] = ()
        self._parts: dict[str, list[Part]] = {}
        self._frames: dict[str, list[Frame]] = {}
        for frame in read_trace(self.goal, frozenset(tree.by_path)).inside:
            self._frames.setdefault(frame.path, []).append(frame)

    def places(self) -> tuple[Place, ...]:
        """Return the chosen files; each appears once, under the first reason that fits."""
        centre = self._centre()
        self.targets = self._targets(centre)
        weights = {path: self._weighed(path) for path in centre}
        uses = uses_of(specific_names(weights), self.tree)
        own = {
            path: meant([part for _, part in found], path, uses) for path, found in weights.items()
        }
        found = {
            path: self._changed(path, centre[path], weights[path], own[path]) for path in centre
        }
        reaching = self._reaching(own)
        for places in (
            self._framed(found),
            self._callers(reaching, found),
            self._tests(reaching, found),
            self._others(found),
            self._related(found),
        ):
            found |= {place.path: place for place in places if place.path not in found}
        return tuple(found.values())

    def _targets(self, centre: Mapping[str, str]) -> tuple[Part, ...]:
        """Return the definitions that the goal quotes, else those that the plan begins at."""
        asked = [self.goal, *(each.text for each in self.plan.requirements)]
        quoted = quotes.quoted(asked)
        lines = list(quotes.lines(self.texts))
        found: dict[str, list[Part]] = {}
        for path in centre:
            parts = self._all_parts(path)
            at = [line for where, line in lines if where == path]
            found[path] = targets(parts, quoted, at)
        stated = {
            path: [part for part in parts if _is_quoted(part, quoted)]
            for path, parts in found.items()
        }
        # A place that the plan begins at says less than a name in the goal's own words.
        chosen = stated if any(stated.values()) else found
        return tuple(part for parts in chosen.values() for part in parts)

    def by_requirement(self) -> dict[str, tuple[str, ...]]:
        """Return the code files that each requirement will most likely change."""
        found = {
            likely.requirement: tuple(
                file.path for file in likely.files if self._kind(file.path) == "code"
            )[:3]
            for likely in self.plan.likely
        }
        if found:
            return found
        for each in self.plan.requirements:
            near = self._ranked(each.text, ("code",), 3)
            found[each.id] = tuple(file.path for file in near)
        return found

    def _centre(self) -> dict[str, str]:
        """Return the code that the plan changes; what its words point to, where it names none."""
        reasons = {near.path: near.reasons for near in self._ranked(self.goal, ("code",), 12)}
        planned = [
            path
            for path, each in reversed(self.components.items())
            if each.change == "changed" and self.tree.by_path[path].kind == "code"
        ]
        words = "; ".join
        return {
            path: words(
                [
                    "the plan changes this file" if planned else "the goal's words point to it",
                    *reasons.get(path, ()),
                ]
            )
            for path in planned or list(reasons)[:2]
        }

    def _changed(
        self, path: str, why: str, weights: Sequence[tuple[float, Part]], uses: list[Use]
    ) -> Place:
        best = sorted(weights, key=lambda each: -each[0] * (1 + 0.3 * importance(each[1], uses)))
        own = [part for part in self.targets if part.path == path]
        near = [
            part
            for each in own
            if not each.is_type
            for part in called_by(each, self._all_parts(path), self._lines(path))
        ]
        made = constructors(self._all_parts(path), self.goal, self._lines(path))
        framed = [self._at(path, frame.line) for frame in self._frames.get(path, ())]
        fixed = [*framed, *made, *own, *self._quoted_lines(path), *near]
        parts = [*fixed, *(part for _, part in best)]
        return self._place(path, "changed", why, parts, uses=worth_showing(uses, path))

    def _reaching(self, own: Mapping[str, list[Use]]) -> dict[str, list[Use]]:
        """Return the lines of other files that derive from, create or call what is changed."""
        found: dict[str, list[Use]] = {}
        for home, uses in own.items():
            for use in worth_showing(uses, home):
                if use.path not in own and use.how in REACHING:
                    found.setdefault(use.path, []).append(use)
        return found

    def _framed(self, shown: Mapping[str, Place]) -> list[Place]:
        """Return the other files that a stack trace of the goal runs through, at its lines."""
        found = []
        for path, frames in self._frames.items():
            if path not in shown:
                places = ", ".join(frame.label for frame in frames)
                parts = [self._at(path, frame.line) for frame in frames]
                why = f"the stack trace runs through {places}"
                found.append(self._place(path, "caller", why, parts))
        return found

    def _callers(
        self, reaching: Mapping[str, list[Use]], shown: Mapping[str, Place]
    ) -> list[Place]:
        files = [
            (len(uses), path)
            for path, uses in reaching.items()
            if path not in shown and all(use.is_product for use in uses)
        ]
        best = [path for _, path in sorted(files, key=lambda each: (-each[0], each[1]))]
        return [self._caller(path, reaching[path]) for path in best[:CALLERS_MAX]]

    def _caller(self, path: str, uses: Sequence[Use]) -> Place:
        parts = [self._at(path, use.line) for use in uses]
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(use.name for use in uses))
        why = f"uses {names}"
        return self._place(path, "caller", why, [*self._quoted_lines(path), *parts], calls=uses)

    def _tests(self, reaching: Mapping[str, list[Use]], shown: Mapping[str, Place]) -> list[Place]:
        """Return tests: those the plan names, those that use what is changed, then by words."""
        ranked = {near.path: near for near in self._ranked(self.goal, ("test",), TESTS_MAX)}
        using = sorted(
            (path for path in reaching if self.tree.by_path[path].kind == "test"),
            key=lambda path: (-len(reaching[path]), path),
        )
        named = [path for path in quotes.paths(self.texts) if self._kind(path) == "test"]
        own = self._own_tests([*named, *using])
        sure = [*sorted(named, key=lambda path: path not in own), *own, *using]
        unsure = ranked if len(set(sure)) < TESTS_SURE_MIN else ()
        paths = [path for path in dict.fromkeys([*sure, *unsure]) if path not in shown]
        found = []
        for path in paths[: max(TESTS_MAX, len(named))]:
            uses = reaching.get(path, [])
            used = ", ".join(f"`{name}`" for name in dict.fromkeys(use.name for use in uses))
            why = ["the plan names it"] if path in named else []
            why += (
                [f"uses {used}"] if used else list(ranked[path].reasons if path in ranked else ())
            )
            if path in own:
                why.append(f"tests {' and '.join(f'`{each.title}`' for each in self.targets)}")
                uses = []  # Its own tests are shown, whatever else it uses.
            rest = [*(self._at(path, use.line) for use in uses), *self._weighed_parts(path)]
            parts = own.get(path) or rest
            reason = "; ".join(why) or "named by a task"
            place = self._place(path, "test", reason, parts, calls=uses, own=path in own)
            found.append(place)
        return found

    def _own_tests(self, first: Sequence[str]) -> dict[str, list[Part]]:
        """Return the tests of the definitions to be changed by file, the closest file first."""
        if not self.targets:
            return {}
        names = "|".join(re.escape(flat(each.name)) for each in self.targets)
        pattern = re.compile(names, re.IGNORECASE)
        tests = [file.path for file in self.tree.files if file.kind == "test"]
        paths = [
            path
            for path in dict.fromkeys([*first, *tests])
            if pattern.search((self.tree.text(path) or "").replace("_", ""))
        ]
        homes = {each.path for each in self.targets}
        types = {
            flat(part.name) for home in homes for part in self._all_parts(home) if part.is_type
        }
        found: dict[str, list[tuple[float, Part]]] = {}
        for path in paths[:TESTS_READ_MAX]:
            weighed_parts = self._weighed(path)
            top = max((weight for weight, _ in weighed_parts), default=1.0)
            extra = {part: weight / top for weight, part in weighed_parts}
            own = own_tests(self.targets, self._all_parts(path), self._lines(path), extra, types)
            if own:
                found[path] = own
        order = sorted(found, key=lambda path: (-found[path][0][0], -len(found[path]), path))
        return {path: [part for _, part in found[path]] for path in order}

    def _others(self, shown: Mapping[str, Place]) -> list[Place]:
        """Return manifests, documents and other files that handed-over tasks name."""
        found = []
        for task in (task for task in self.plan.tasks() if task.is_change):
            texts = quotes.task_texts(task, self.plan)
            for path in quotes.paths(texts):
                if path in shown or self._kind(path) in {"", "code", "test", "binary"}:
                    continue
                why = f"task `{task.key}` names it"
                lines = list(self._quoted_lines(path))
                pieces = lines or [window(path, self._lines(path), quotes.anchors(texts))]
                found.append(self._place(path, "other", why, pieces))
        return list({place.path: place for place in found}.values())[:OTHERS_MAX]

    def _related(self, shown: Mapping[str, Place]) -> list[Place]:
        """Return other code that the plan or the words name; least sure, so last."""
        named = [path for path in reversed(self.components) if self._kind(path) == "code"]
        near = {each.path: each.reasons for each in self._ranked(self.goal, ("code",), RELATED_MAX)}
        found = []
        for path in dict.fromkeys([*named, *near]):
            if path not in shown:
                part = self.components.get(path)
                why = "; ".join(near.get(path, ())) or (part.detail if part else "")
                parts = [*self._quoted_lines(path), *self._weighed_parts(path)]
                found.append(self._place(path, "related", why.rstrip("."), parts))
        return found[: max(RELATED_MAX, len(named))]

    def _ranked(self, text: str, kinds: Sequence[str], limit: int) -> list[Ranked]:
        found = ranked(self.index, text, limit=limit, kinds=kinds)
        return [near for near in found if near.chance >= SHARE_MIN * found[0].chance]

    def _kind(self, path: str) -> str:
        file = self.tree.file(path)
        return file.kind if file else ""

    def _lines(self, path: str) -> list[str]:
        return lines_of(self.tree.text(path))

    def _all_parts(self, path: str) -> list[Part]:
        if path not in self._parts:
            file = self.tree.by_path[path]
            is_code = file.kind in {"code", "test"}
            text = self.tree.text(path) if is_code else None
            self._parts[path] = parts_of(path, text, file.language) if text else []
        return self._parts[path]

    def _weighed(self, path: str) -> list[tuple[float, Part]]:
        parts, lines = self._all_parts(path), self._lines(path)
        found = weighed(parts, lines, self.index, self.terms, self.names)
        return found[: 3 * PARTS_MAX]

    def _weighed_parts(self, path: str) -> list[Part]:
        return [part for _, part in self._weighed(path)]

    def _at(self, path: str, line: int) -> Part:
        return at_line(path, line, self._all_parts(path), self._lines(path))

    def _quoted_lines(self, path: str) -> list[Part]:
        return [self._at(path, line) for where, line in quotes.lines(self.texts) if where == path]

    def _place(
        self,
        path: str,
        standing: Standing,
        why: str,
        parts: Sequence[Part],
        *,
        uses: Sequence[Use] = (),
        calls: Sequence[Use] = (),
        own: bool = False,
    ) -> Place:
        file = self.tree.by_path[path]
        return Place(
            path,
            file.language,
            file.lines,
            file.kind,
            standing,
            why,
            self.components.get(path),
            tuple(_once(parts)[:PARTS_MAX]),
            tuple(uses),
            tuple(calls),
            own,
        )


def _is_quoted(part: Part, quoted: Sequence[str]) -> bool:
    return bool(targets([part], quoted, ()))


def _once(parts: Sequence[Part]) -> list[Part]:
    """Keep one of several with the same name and owner, such as a property and its setter."""
    unique: dict[tuple[str, str], Part] = {}
    for part in parts:
        unique.setdefault((part.owner, part.name), part)
    return list(unique.values())
