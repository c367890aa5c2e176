"""The parts of a product's design, each from the goal and the catalogue."""

import re
from collections.abc import Iterator, Mapping, Sequence

from missioncontrol.domain.plan import (
    Architecture,
    Component,
    Decision,
    Level,
    Option,
    Relation,
    Risk,
)
from missioncontrol.domain.product_design import (
    Deployment,
    DeploymentStage,
    OpenQuestion,
    ScopeItem,
    SecurityMeasure,
    Source,
    SuccessMetric,
    UserRole,
)
from missioncontrol.specialists.greenfield.catalogue import QuestionEntry, concepts
from missioncontrol.specialists.greenfield.composition import WISHES, Composition
from missioncontrol.specialists.greenfield.constraints import denied
from missioncontrol.specialists.greenfield.lexicon import plural
from missioncontrol.specialists.greenfield.limits import kind_of_limit
from missioncontrol.specialists.greenfield.reading import Clause
from missioncontrol.specialists.greenfield.selection import Use, questions_left, with_article
from missioncontrol.specialists.greenfield.statement_tasks import wanted_statements
from missioncontrol.specialists.greenfield.tables import snake

SCOPE_MAX = 12
RISKS_MAX, METRICS_MAX, SECURITY_MAX, COMPONENTS_MAX, QUESTIONS_MAX = 10, 7, 6, 12, 7


def slug(title: str) -> str:
    """Return a title as a key."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower())[:6]) or "milestone"


# --- who and what for --------------------------------------------------------------------------


def users_of(made: Composition) -> tuple[UserRole, ...]:
    """Return the people of the goal with what they get done, or one assumed user."""
    found: list[UserRole] = []
    for actor in made.reading.actors[:5]:
        own = [c for c in made.reading.clauses if c.subject and c.subject.head == actor.head]
        jobs = [_job(c) for c in own if c.verb not in WISHES]
        jobs += [
            f"{use.concept.title[:1].lower()}{use.concept.title[1:]}"
            for use in made.uses
            if use.actor == actor.name and not jobs
        ][:2]
        if jobs:
            words = own[0].text if own else actor.name
            found.append(
                UserRole(actor.name, tuple(dict.fromkeys(jobs))[:5], Source("goal", words, "high"))
            )
    return tuple(found) or (
        UserRole(
            made.reading.main_actor.name,
            tuple(use.concept.title for use in made.uses[:3]) or (made.kind.title,),
            Source("assumption", "", "low"),
        ),
    )


def _job(clause: Clause) -> str:
    """Return a job: `register tools`, `ask for tools`."""
    what = f" {plural(clause.objects[0].name)}" if clause.objects else ""
    after = re.search(rf"\b{clause.verb}\w*\s+(for|to|on|about)\b", clause.text)
    return f"{clause.verb}{f' {after[1]}' if after and what else ''}{what}"


def scope_of(made: Composition) -> tuple[ScopeItem, ...]:
    """Return what the first version has: what the goal states, then what concepts bring."""
    found = [
        ScopeItem(each.text[:1].upper() + each.text[1:], Source("goal", each.text, "high"))
        for each in wanted_statements(made.reading)
        if not each.is_negated
    ][:SCOPE_MAX]
    for use in made.uses:
        source = Source("assumption", "products like this mostly have it", "low")
        if not use.is_assumed:
            words = made.reading.sentences[use.sentences[0]]
            source = Source("experience", f"{use.concept.title}, for “{words}”", "medium")
        found.append(ScopeItem(use.fill(use.concept.title), source))
    return tuple(found)


def non_goals_of(made: Composition) -> tuple[ScopeItem, ...]:
    """Return what the goal excludes, then what the first version leaves out."""
    found = [
        ScopeItem(f"{each[:1].upper()}{each[1:]}.", Source("goal", each, "high"))
        for each in denied(made.reading.text)
    ]
    for use in made.uses:
        if use.concept.non_goal:
            text = use.fill(use.concept.non_goal)
            found.append(ScopeItem(text, Source("assumption", use.concept.title, "medium")))
    if made.kind.non_goal:
        found.append(
            ScopeItem(made.fill(made.kind.non_goal), Source("assumption", made.kind.title))
        )
    return tuple(found[:7])


# --- numbers, risks, security --------------------------------------------------------------------


def metrics_of(made: Composition) -> tuple[SuccessMetric, ...]:
    """Return the limits of the goal as metrics, then those of its concepts."""
    found: list[SuccessMetric] = []

    def add(name: str, measure: str, target: str, source: Source, events: Sequence[str]) -> None:
        if len(found) < METRICS_MAX and name not in {each.name for each in found}:
            number = f"M{len(found) + 1}"
            found.append(
                SuccessMetric(number, name, measure, target, source, tuple(map(snake, events)))
            )

    for limit in made.reading.limits:
        if kind_of_limit(limit) == "duration_below":
            sentence = made.reading.sentences[limit.sentence]
            add(
                f"In time: {limit.text}",
                f"share of cases that end {limit.text}, in tests and in use",
                "at least 99 of 100",
                Source("goal", sentence, "high"),
                (),
            )
    for use in made.uses:
        for each in use.concept.metrics:
            source = Source("experience", use.concept.title)
            add(
                use.fill(each.name),
                use.fill(each.measure),
                use.fill(each.target),
                source,
                each.events,
            )
    for each in made.kind.metrics:
        source = Source("experience", made.kind.title)
        add(
            made.fill(each.name),
            made.fill(each.measure),
            made.fill(each.target),
            source,
            each.events,
        )
    return tuple(found)


def risks_of(made: Composition) -> tuple[Risk, ...]:
    """Return risks of concepts, of named technologies and of the kind of product."""
    found: list[Risk] = []

    def add(title: str, likelihood: Level, impact: Level, mitigation: str, because: str) -> None:
        if len(found) < RISKS_MAX and title not in {each.title for each in found}:
            number = f"K{len(found) + 1}"
            found.append(Risk(number, title, likelihood, impact, mitigation, because))

    for use in made.uses:
        sentence = "" if use.is_assumed else made.reading.sentences[use.sentences[0]]
        for each in use.concept.risks:
            why = "It is assumed." if use.is_assumed else f"The goal says: “{sentence}”"
            add(use.fill(each.title), each.likelihood, each.impact, use.fill(each.mitigation), why)
    for technology in made.stack.named:
        if technology.risk:
            why = f"The goal names {technology.name}."
            add(technology.risk.rstrip("."), "medium", "medium", technology.mitigation, why)
    for each in made.kind.risks:
        why = f"It is {with_article(made.kind.title.lower())}."
        add(made.fill(each.title), each.likelihood, each.impact, made.fill(each.mitigation), why)
    return tuple(found)


def security_of(made: Composition) -> tuple[SecurityMeasure, ...]:
    """Return threats with what the product does about them."""
    found = [
        SecurityMeasure(
            use.fill(each.threat), use.fill(each.measure), Source("experience", use.concept.title)
        )
        for use in made.uses
        for each in use.concept.security
    ]
    found += [
        SecurityMeasure(
            made.fill(each.threat), made.fill(each.measure), Source("experience", made.kind.title)
        )
        for each in made.kind.security
    ]
    return tuple(found[:SECURITY_MAX])


# --- how it is built and runs --------------------------------------------------------------------


def architecture_of(made: Composition) -> Architecture:
    """Return the components of the kind and of the concepts, and how they talk."""
    parts = {
        each.id: Component(
            each.id, made.fill(each.name), each.kind, made.fill(each.does), "", "new"
        )
        for each in made.kind.components
    }
    home = made.kind.relations[0].target if made.kind.relations else next(iter(parts), "")
    relations = [
        Relation(each.source, each.target, made.fill(each.label)) for each in made.kind.relations
    ]
    for use in made.uses:
        for each in use.concept.components:
            key = slug(use.fill(each.name))
            if key in parts or len(parts) >= COMPONENTS_MAX:
                continue
            name = use.fill(each.name)
            parts[key] = Component(key, name, each.kind, use.fill(each.does), "", "new")
            label = f"{use.concept.title[:1].lower()}{use.concept.title[1:]}"
            relations.append(Relation(home, key, label))
    known = [each for each in relations if each.source in parts and each.target in parts]
    return Architecture(tuple(parts.values()), tuple(known))


def deployment_of(made: Composition) -> Deployment:
    """Return how the product runs in development, on one host and scaled, and what that costs."""
    kind, named = made.kind.deployment, made.stack.named
    development = " ".join([made.fill(kind.development), *(t.development for t in named[:2])])
    needs = [use.fill(use.concept.deployment) for use in made.uses if use.concept.deployment]
    needs += [each.deployment for each in named[:4] if each.part not in {"language", "framework"}]
    costs = [use.fill(use.concept.cost) for use in made.uses if use.concept.cost]
    costs += [each.cost for each in named if each.cost]
    costs += [made.fill(each) for each in kind.costs]
    return Deployment(
        (
            DeploymentStage("development", development),
            DeploymentStage("single host", made.fill(kind.single_host)),
            DeploymentStage("scaled", made.fill(kind.scaled)),
        ),
        tuple(needs[:6]),
        tuple(costs[:6]),
    )


def decisions_of(made: Composition) -> tuple[Decision, ...]:
    """Return the choices of the stack that have real alternatives."""
    found: list[Decision] = []
    for choice in made.stack.choices:
        if not choice.alternatives or len(found) == 4:
            continue
        options = tuple(Option(name, why) for name, why in choice.alternatives)
        gives_up = next(
            (t.gives_up for t in made.stack.named if t.name == choice.choice),
            f"What {options[0].title} would give: {options[0].tradeoff}",
        )
        found.append(
            Decision(
                f"D{len(found) + 1}",
                f"{choice.part}: {choice.choice}",
                choice.choice,
                choice.reason,
                gives_up,
                options,
            )
        )
    return tuple(found)


def questions_of(
    made: Composition, answers: Mapping[str, str], numbers: Mapping[str, str]
) -> Iterator[tuple[OpenQuestion, Use | None]]:
    """Yield the questions that matter most, with the concept that asks; answered ones stay."""
    candidates: list[tuple[QuestionEntry, Use | None]] = [
        (each, use) for use in made.uses for each in use.concept.questions
    ]
    candidates += [(each, None) for each in made.kind.questions]
    candidates += [(each, None) for each in _of_companions(made, answers)]
    say = {id(use): use.fill for use in made.uses}

    def text(pair: tuple[QuestionEntry, Use | None]) -> str:
        return say.get(id(pair[1]), made.fill)(pair[0].text)

    answered = [pair for pair in candidates if text(pair) in answers]
    left = [p for p in questions_left(candidates, made.reading.text) if p not in answered]
    chosen = sorted([*answered, *left], key=lambda pair: -pair[0].weight)[:QUESTIONS_MAX]
    free = (f"Q{n}" for n in range(1, 100) if f"Q{n}" not in numbers.values())
    for each, use in chosen:
        fill = use.fill if use else made.fill
        asks = fill(each.text)
        question = OpenQuestion(
            numbers.get(asks) or next(free),
            asks,
            fill(each.why),
            fill(each.default),
            tuple(fill(option) for option in each.options),
            each.weight,
            answers.get(asks, ""),
        )
        yield question, use


def _of_companions(made: Composition, answers: Mapping[str, str]) -> Iterator[QuestionEntry]:
    """Yield a question for each concept that is assumed, and for each that a person declined."""
    assumed = [use.concept for use in made.uses if use.is_assumed]
    declined = [each for each in concepts() if is_needed(each.title) in answers]
    for each in dict.fromkeys([*assumed, *declined]):
        first = each.tasks[0].title
        why = f"The goal does not say so; products like this mostly have it. It brings: {first}."
        yield QuestionEntry(is_needed(each.title), why, "Yes.", ("Yes.", "No."), (), 2)


def is_needed(title: str) -> str:
    """Return the question whether a concept is wanted."""
    return f"Does the first version need {title[:1].lower()}{title[1:]}?"
