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
from missioncontrol.specialists.greenfield.behaviours import Act, noun_of
from missioncontrol.specialists.greenfield.catalogue import QuestionEntry
from missioncontrol.specialists.greenfield.clause_parts import lowered, raised
from missioncontrol.specialists.greenfield.composition import Composition
from missioncontrol.specialists.greenfield.constraints import denied, is_constraint
from missioncontrol.specialists.greenfield.limits import kind_of_limit
from missioncontrol.specialists.greenfield.selection import Use, questions_left, with_article
from missioncontrol.specialists.greenfield.statement_interfaces import ORDER
from missioncontrol.specialists.greenfield.statement_tasks import wanted_statements
from missioncontrol.specialists.greenfield.tables import snake
from missioncontrol.specialists.greenfield.titles import in_full, title_of

SCOPE_MAX = 12
RISKS_MAX, METRICS_MAX, SECURITY_MAX, COMPONENTS_MAX, QUESTIONS_MAX = 10, 7, 6, 12, 7
OF_KIND = 4
"""Questions up to which those that any product of the kind has are added."""
OF_ACTS = 6
"""Risks, and metrics, of the behaviours of a goal."""
RISKS_MIN, METRICS_MIN = 4, 3
"""Of these, those that any product of the kind has are added where there are fewer."""


def slug(title: str) -> str:
    """Return a title as a key."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower())[:6]) or "milestone"


# --- who and what for --------------------------------------------------------------------------


def users_of(made: Composition) -> tuple[UserRole, ...]:
    """Return the people of the goal with what they get done, or one assumed user."""
    statements = made.reading.statements
    jobs: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    unsaid: list[str] = []
    for number, statement in enumerate(statements):
        if is_constraint(statement):
            continue
        parts = in_full(statement, statements[:number])
        job = lowered(ORDER.sub("", title_of(statement, statements[:number])))
        who = noun_of(parts.subject) if parts.is_person and not parts.is_negated else ""
        if who and who not in _ANYBODY:
            jobs.setdefault(who, []).append(job)
            words.setdefault(who, statement.text)
        else:
            unsaid.append(job)
    found = [
        UserRole(who, tuple(dict.fromkeys(own))[:JOBS_MAX], Source("goal", words[who], "high"))
        for who, own in jobs.items()
    ]
    return tuple(found[:USERS_MAX]) or (
        UserRole(
            made.reading.main_actor.name,
            tuple(unsaid[:3]) or (made.kind.title,),
            Source("assumption", "", "low"),
        ),
    )


USERS_MAX, JOBS_MAX = 5, 5
_ANYBODY = frozenset(["person", "people", "user", "everybody", "everyone", "others", "other"])


def scope_of(made: Composition) -> tuple[ScopeItem, ...]:
    """Return what the first version has: what the goal states, then what concepts bring."""
    found = [
        ScopeItem(each.text[:1].upper() + each.text[1:], Source("goal", each.text, "high"))
        for each in wanted_statements(made.reading)
        if not each.is_negated
    ][:SCOPE_MAX]
    for use in made.uses:
        words = made.reading.sentences[use.sentences[0]]
        source = Source("experience", f"{use.concept.title}, for “{words}”", "medium")
        found.append(ScopeItem(use.fill(use.concept.title), source))
    usual = Source("assumption", "products of this kind mostly have it", "low")
    found += [ScopeItem(raised(act.name), usual) for act in made.acts if act.is_assumed]
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
    for act in made.acts:
        name, measure, target, *events = (*act.filled(act.behaviour.metric), "", "", "")
        if name and measure and target and len(found) < OF_ACTS:
            add(name, measure, target, Source("experience", act.words), [e for e in events if e])
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
    for each in made.kind.metrics if len(found) < METRICS_MIN else ():
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

    for act in made.acts:
        title, mitigation, *_ = (*act.filled(act.behaviour.risk), "", "")
        if title and mitigation and len(found) < OF_ACTS:
            add(title.rstrip("."), "medium", "high", mitigation, act.reason)
    for use in made.uses:
        why = f"The goal says: “{made.reading.sentences[use.sentences[0]]}”"
        for each in use.concept.risks:
            add(use.fill(each.title), each.likelihood, each.impact, use.fill(each.mitigation), why)
    for technology in made.stack.named:
        if technology.risk:
            why = f"The goal names {technology.name}."
            add(technology.risk.rstrip("."), "medium", "medium", technology.mitigation, why)
    for each in made.kind.risks if len(found) < RISKS_MIN else ():
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
) -> Iterator[tuple[OpenQuestion, Use | Act | None]]:
    """Yield the questions that matter most, with what asks them; answered ones stay."""
    candidates: list[tuple[QuestionEntry, Use | Act | None]] = [*_of_acts(made.acts)]
    candidates += [(each, use) for use in made.uses for each in use.concept.questions]
    candidates += [
        (each, None) for each in made.kind.questions[: max(0, OF_KIND - len(candidates))]
    ]
    candidates += [(each, None) for each in _of_assumed(made, answers)]

    def text(pair: tuple[QuestionEntry, Use | Act | None]) -> str:
        return (pair[1] or made).fill(pair[0].text)

    answered = [pair for pair in candidates if text(pair) in answers]
    left = [p for p in questions_left(candidates, made.reading.text) if p not in answered]
    chosen = sorted([*answered, *left], key=lambda pair: -pair[0].weight)[:QUESTIONS_MAX]
    free = (f"Q{n}" for n in range(1, 100) if f"Q{n}" not in numbers.values())
    for each, owner in chosen:
        fill = (owner or made).fill
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
        yield question, owner


def _of_acts(acts: Sequence[Act]) -> Iterator[tuple[QuestionEntry, Act]]:
    """Yield the questions of behaviours, each once."""
    asked: set[str] = set()
    for act in acts:
        text, why, default, *options = (*act.filled(act.behaviour.question), "", "", "")
        if text and default and text not in asked:
            asked.add(text)
            choices = tuple(dict.fromkeys([default, *(each for each in options if each)]))
            yield QuestionEntry(text, why, default, choices, (), act.behaviour.weight), act


def _of_assumed(made: Composition, answers: Mapping[str, str]) -> Iterator[QuestionEntry]:
    """Yield a question for each behaviour that is assumed, and for each that a person declined.

    What the kind of product has in any case shares one question.
    """
    core, left_out = set(made.kind.core), declined(answers)
    assumed = [act for act in made.acts if act.is_assumed]
    whole = [act.name for act in assumed if act.behaviour.key in core]
    shared = next((text for text in answers if text.startswith(_WITHOUT)), "")
    if shared or whole:
        text = shared or f"{_WITHOUT}{'; '.join(whole)}{_END}"
        why = f"{with_article(made.kind.title.lower()).capitalize()} mostly has them all."
        options = (NONE, *(f"{raised(each)}." for each in _left_out_names(text)))
        yield QuestionEntry(text, why, NONE, options, (), 3)
    names = dict.fromkeys(act.name for act in assumed if act.behaviour.key not in core)
    of_core = set(_left_out_names(shared))
    for name in [*names, *(each for each in left_out if each not in {*names, *of_core})]:
        why = "The goal does not say so; products of this kind mostly have it."
        yield QuestionEntry(is_needed(name), why, "Yes.", ("Yes.", "No."), (), 2)


_NEEDED, _END = "Does the first version need ", "?"
_WITHOUT = "Which of these can the first version do without: "
NONE = "None of them."


def is_needed(name: str) -> str:
    """Return the question whether an assumed behaviour is wanted."""
    return f"{_NEEDED}{name}{_END}"


def _left_out_names(question: str) -> list[str]:
    """Return the behaviours that a question lists to be left out."""
    return question.removeprefix(_WITHOUT).removesuffix(_END).split("; ") if question else []


def declined(answers: Mapping[str, str]) -> dict[str, str]:
    """Return the answers to such questions by the name of the behaviour."""
    found = {
        text.removeprefix(_NEEDED).removesuffix(_END): answer
        for text, answer in answers.items()
        if text.startswith(_NEEDED)
    }
    for text in (each for each in answers if each.startswith(_WITHOUT)):
        answer = answers[text].lower()
        found |= {name: "no" for name in _left_out_names(text) if name.lower() in answer}
    return found
