"""A plan in the making: numbers its entries, once, and remembers which ask each belongs to."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from missioncontrol.domain.plan import (
    STUDIES,
    Architecture,
    Component,
    Decision,
    Option,
    Relation,
    Risk,
)
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.playbook import Entry, Facts, Playbook, sayable
from missioncontrol.specialists.planner.sentences import capitalised
from missioncontrol.specialists.planner.source import Place, informative_reasons

RISKS_MAX, DECISIONS_MAX, QUESTIONS_MAX, COMPONENTS_MAX = 8, 6, 6, 14


_LEANING = frozenset(
    ["which", "that", "with", "when", "where", "whose", "in", "on", "at", "by", "from", "is", "are"]
)
"""Words after which something is missing."""


class Part(msgspec.Struct, frozen=True):
    """One ask with the kinds of work it is, where it lies and what is known about it."""

    ask: Ask
    id: str
    kinds: tuple[str, ...]
    places: tuple[Place, ...]
    facts: Facts
    files: tuple[str, ...] = ()  # that it surely changes, where all of them are known

    @property
    def lead(self) -> str:
        """The playbook by which it is brought about."""
        own = {"old_name": "rename", "goes_to": "move", "drawn_to": "extract"}
        own |= {"failing_test": "failing-test", "test_mend": "test-mend", "typed_only": "typing"}
        own |= {
            "slip_only": "slip",
            "format_only": "formatting",
            "deprecates": "deprecation",
            "tool_settings": "tool-settings",
        }
        return next((book for fact, book in own.items() if fact in self.facts), self.kinds[0])


class Draft:
    """Risks, decisions, questions and components, in the order in which they came up."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.risks: list[Risk] = []
        self.decisions: list[Decision] = []
        self.questions: list[str] = []
        self.components: dict[str, Component] = {}
        self.relations: list[Relation] = []
        self.of_part: dict[str, tuple[set[str], set[str]]] = {}

    def risks_of(self, part: Part) -> tuple[str, ...]:
        """Return the numbers of the risks that this ask brought up."""
        return tuple(risk.id for risk in self.risks if risk.id in self._known(part)[0])

    def decisions_of(self, part: Part) -> tuple[str, ...]:
        """Return the numbers of the decisions that this ask brought up."""
        return tuple(each.id for each in self.decisions if each.id in self._known(part)[1])

    def consult(self, book: Playbook, part: Part) -> None:
        """Take from a playbook what it has to say about an ask."""
        facts = part.facts
        for risk in _speaking(book.risk, facts):
            texts = one_each([risk.title, risk.mitigation, risk.because], facts)
            if texts:
                self._add_risk(Risk("", texts[0], risk.likelihood, risk.impact, *texts[1:]), part)
        for decision in _speaking(book.decision, facts):
            texts = one_each(
                [decision.title, decision.choice, decision.reason, decision.tradeoff], facts
            )
            others = [
                one_each([each.title, each.tradeoff], facts) for each in decision.alternatives
            ]
            options = tuple(Option(*other) for other in others if other)
            if texts and options:
                title, choice, reason, tradeoff = texts
                self._add_decision(Decision("", title, choice, reason, tradeoff, options), part)
        for question in _speaking(book.question, facts):
            self._add_question(one_each([question.text], facts))
        for component in _speaking(book.component, facts):
            texts = one_each([component.name, component.kind, component.detail], facts)
            if texts:
                self._add_component(texts, part, component.from_place, component.to_place)

    def add_places(self, part: Part) -> None:
        """Show the files that an ask touches, who imports the first of them, and its test."""
        for number, place in enumerate(part.places[:4]):
            is_changed = number == 0 and part.kinds[0] not in STUDIES
            change = "changed" if is_changed else "unchanged"
            detail = (
                f"{capitalised('; '.join(informative_reasons(place.reasons)[:3]))} ({part.id})."
            )
            self._show(place.path, detail, change, _kind_of(place))
        for place in part.places[:1]:
            for path in place.importers[:3]:
                looks = "reads" if part.kinds[0] in STUDIES else "changes"
                detail = f"Imports `{place.path}`, which {part.id} {looks}."
                self._show(path, detail, "unchanged", "module")
            for path in place.tests[:1] if place.kind == "code" else ():
                is_read = part.kinds[0] in STUDIES
                grows = "shows what is checked of it" if is_read else "changes with it"
                detail = f"Checks `{place.path}` and {grows} ({part.id})."
                self._show(path, detail, "unchanged" if is_read else "changed", "test")
                self._relate(component_id(path), component_id(place.path), "checks")

    def architecture(self, arrows: Iterable[tuple[str, str]]) -> Architecture:
        """Return the components with the imports between them, as the code has them."""
        paths = {part.path: part.id for part in self.components.values() if part.path}
        moved = {part.id for part in self.components.values() if part.change != "unchanged"}
        for source, target in arrows:
            if source in paths and target in paths and moved & {paths[source], paths[target]}:
                self._relate(paths[source], paths[target], "imports")
        return Architecture(tuple(self.components.values()), tuple(self.relations))

    def settle(self, changed: Collection[str]) -> None:
        """Call unchanged what stands and lies in no task's scope: `changed` are all that do."""
        for key, part in self.components.items():
            if part.path and part.change == "changed" and part.path not in changed:
                detail = part.detail.replace(" and changes with it (", " (")
                self.components[key] = msgspec.structs.replace(
                    part, change="unchanged", detail=detail
                )

    def _add_risk(self, risk: Risk, part: Part) -> None:
        known = next(
            (
                each
                for each in self.risks
                if risk.title == each.title
                or risk.because == each.because
                or risk.mitigation == each.mitigation
            ),
            None,
        )
        if known is None and len(self.risks) < RISKS_MAX:
            known = msgspec.structs.replace(risk, id=f"K{len(self.risks) + 1}")
            self.risks.append(known)
        if known:
            self._known(part)[0].add(known.id)

    def _add_decision(self, decision: Decision, part: Part) -> None:
        known = next((each for each in self.decisions if each.title == decision.title), None)
        if known is None and len(self.decisions) < DECISIONS_MAX:
            known = msgspec.structs.replace(decision, id=f"D{len(self.decisions) + 1}")
            self.decisions.append(known)
        if known:
            self._known(part)[1].add(known.id)

    def _add_question(self, texts: Sequence[str]) -> None:
        if texts and texts[0] not in self.questions and len(self.questions) < QUESTIONS_MAX:
            self.questions.append(texts[0])

    def _add_component(
        self, texts: Sequence[str], part: Part, from_place: str, to_place: str
    ) -> None:
        name, kind, detail = texts
        key = component_id(name)
        if key in self.components or len(self.components) >= COMPONENTS_MAX:
            return
        component = {"id": key, "name": name, "kind": kind, "detail": detail, "change": "new"}
        self.components[key] = msgspec.convert(component, Component)
        home = self._home(name, part)
        if from_place and home in self.components:
            self._relate(home, key, *one_each([from_place], part.facts))
        if to_place and home in self.components:
            self._relate(key, home, *one_each([to_place], part.facts))

    def _home(self, name: str, part: Part) -> str:
        """Return what a new part hangs on: the new code of this ask, or else its first place."""
        thing = component_id(part.facts["thing"])
        if thing in self.components and name != part.facts["thing"]:
            return thing
        return component_id(part.places[0].path) if part.places else ""

    def _show(self, path: str, detail: str, change: str, kind: str) -> None:
        key = component_id(path)
        if key in self.components or len(self.components) >= COMPONENTS_MAX:
            return
        component = {
            "id": key,
            "name": path,
            "kind": kind,
            "detail": detail,
            "path": path,
            "change": change,
        }
        self.components[key] = msgspec.convert(component, Component)

    def _relate(self, source: str, target: str, label: str = "") -> None:
        ends = {(each.source, each.target) for each in self.relations}
        shown = {source, target} <= set(self.components)
        if shown and source != target and (source, target) not in ends:
            self.relations.append(Relation(source, target, label))

    def _known(self, part: Part) -> tuple[set[str], set[str]]:
        return self.of_part.setdefault(part.id, (set(), set()))


def one_each(templates: Sequence[str], facts: Facts) -> list[str]:
    """Fill all of these, or return nothing: half an entry says nothing."""
    texts = [next(sayable([template], facts), None) for template in templates]
    return [text for text in texts if text is not None] if None not in texts else []


def slug(text: str, *, words_max: int = 5) -> str:
    """Return a key made of the words of `text`; what has no Latin letters becomes an empty one."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    small = [word for word in found if word not in {"a", "an", "the", "of", "to", "and", "for"}]
    chosen = (small or found)[:words_max]
    while len(chosen) > 1 and chosen[-1] in _LEANING:
        chosen.pop()
    return "-".join(chosen)[:48].strip("-")


def component_id(name: str) -> str:
    """Return an id that the same name always gets."""
    return re.sub(r"[^\w]+", "-", name.lower()).strip("-") or "part"


def _speaking(entries: Iterable[Entry], facts: Facts) -> Iterable[Any]:
    return [entry for entry in entries if entry.speaks(facts)]


def _kind_of(place: Place) -> str:
    return {"test": "test", "document": "document"}.get(place.kind, "module")
