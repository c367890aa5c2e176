"""Passages of what is known: how memory items, decisions, patterns, runs and missions are found."""

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

import msgspec

from missioncontrol.domain.decision import LoggedDecision
from missioncontrol.domain.decision_text import DecisionOption
from missioncontrol.domain.learned import PatternLearned
from missioncontrol.domain.memory import NAMES_MAX, Item, item_id
from missioncontrol.domain.mission import MissionCreated
from missioncontrol.domain.template import Template
from missioncontrol.knowledge.ended_run import EndedRun, EndedStep
from missioncontrol.ports.knowledge_index import Passage, Use

LENGTH_MAX = 2_000
"""Characters of a passage: a reader sees at once what was found in it."""

PARTS_MAX = 200
"""Passages of one source; the rest of a longer one is not found."""

STEPS_MAX = 20
"""Failed steps of a run, and summaries of others, that are found."""


def pieces(text: str) -> list[str]:
    """Return a text in pieces of bounded length that end with a paragraph or a word."""
    found: list[str] = []
    rest = text.strip()
    while len(rest) > LENGTH_MAX and len(found) < PARTS_MAX - 1:
        head = rest[:LENGTH_MAX]
        at = max(head.rfind("\n\n"), head.rfind("\n- ")) + 1 or head.rfind(" ") + 1 or LENGTH_MAX
        found.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [*found, rest[:LENGTH_MAX]] if rest else found


def passage_of_item(item: Item, *, is_listed: bool) -> Passage:
    """Return a memory item; `is_listed` is False where its decision is a source of its own."""
    return Passage(
        "decision" if item.kind == "decision" else "memory",
        item.id,
        item.title,
        item.text,
        href=f"/memory/{item.id}",
        cite=item.source.words,
        item=item.id,
        repository=item.repository,
        mission=item.source.mission,
        run=item.source.run,
        files=item.files,
        tags=(item.kind, *item.tags),
        status=item.kind,
        time=item.confirmed,
        expires=item.expires,
        is_listed=is_listed,
    )


def decision_passages(decision: LoggedDecision) -> list[Passage]:
    """Return the sections of a decision."""
    href = f"/decisions/{quote(decision.id.replace('/', ':', 1))}"
    place = "" if decision.mission else decision.repository
    whole = Passage(
        "decision",
        f"decision:{decision.id}",
        decision.text.title,
        "",
        item=item_id("decision", place, decision.id),
        repository=decision.repository,
        mission=decision.mission,
        run=decision.run,
        files=decision.files[:NAMES_MAX],
        tags=(decision.id,),
        status=decision.status,
        time=decision.updated,
    )
    return [
        msgspec.structs.replace(
            whole,
            section=section,
            text=piece,
            href=f"{href}#{section.lower()}",
            cite=decision.source or f"decision {decision.id}",
        )
        for section, text in _sections(decision)
        for piece in pieces(text)
    ][:PARTS_MAX]


def _sections(decision: LoggedDecision) -> Iterator[tuple[str, str]]:
    text = decision.text
    parts = (text.choice, text.reason, text.outcome, *text.drivers, *text.good, *text.bad)
    more = (*text.neutral, text.consequences, text.confirmation)
    yield "Decision", _joined((*parts, *more)) or text.title
    yield "Context", text.context
    others = (option for option in text.options if option.title != text.choice)
    yield "Alternatives", _joined(map(_option, others))
    yield "More", text.more


def _option(option: DecisionOption) -> str:
    return _joined((option.title, option.description, *option.good, *option.neutral, *option.bad))


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part.strip() for part in parts if part.strip())


def pattern_passages(event: PatternLearned, at: float) -> list[Passage]:
    """Return a pattern that was learned from a repository."""
    return [
        Passage(
            "pattern",
            f"pattern:{event.pattern}",
            event.title,
            event.statement,
            href=f"/knowledge?kind=pattern&item={quote(f'pattern:{event.pattern}')}",
            cite=f"{event.kind} {event.pattern}, {event.count} places",
            item=event.pattern,
            repository=event.repository,
            tags=tuple(filter(None, (event.kind, event.language, event.pattern))),
            status=event.kind,
            time=at,
        )
    ]


def template_passages(template: Template, file: str) -> list[Passage]:
    """Return a template of missions: what it is for and what it asks, without its gaps to fill."""
    questions = _joined(each.text for each in template.question)
    return [
        Passage(
            "pattern",
            f"template:{template.key}",
            template.title,
            piece,
            href="/templates",
            cite=f"template {template.key}, {file}",
            tags=("template", template.key),
            status="template",
        )
        for piece in pieces(_joined((template.summary, questions)))
    ]


def mission_passages(event: MissionCreated, at: float) -> list[Passage]:
    """Return what a mission is for."""
    whole = Passage(
        "mission",
        f"mission:{event.mission}",
        event.title,
        event.title,
        href=f"/missions/{quote(event.mission)}",
        cite=event.mission,
        repository=event.repository,
        mission=event.mission,
        tags=(event.mission,),
        time=at,
    )
    text = _joined((event.goal, event.context, *event.constraints))
    return [msgspec.structs.replace(whole, text=each) for each in pieces(text)] or [whole]


def run_passages(run: EndedRun) -> list[Passage]:
    """Return what a run came to: its outcome with what its steps report, and each failure."""
    href = f"/runs/{quote(run.run)}"
    whole = Passage(
        "run",
        f"run:{run.run}",
        run.title or run.workflow or run.run,
        f"{run.outcome.capitalize()}.",
        href=href,
        cite=run.run,
        repository=run.repository,
        mission=run.mission,
        run=run.run,
        status=run.outcome,
        time=run.at,
    )
    reports = [f"{step.key}: {step.work.summary}" for step in run.steps if step.work.summary]
    text = _joined((whole.text, *reports[:STEPS_MAX]))
    failed = [step for step in run.steps if step.reason][:STEPS_MAX]
    return [
        msgspec.structs.replace(whole, text=text[:LENGTH_MAX]),
        *(_failure(whole, step, href) for step in failed),
    ]


def _failure(whole: Passage, step: EndedStep, href: str) -> Passage:
    return msgspec.structs.replace(
        whole,
        section=f"Step {step.key} failed",
        text=_joined((step.reason, step.hint, *step.troubles))[:LENGTH_MAX],
        href=f"{href}/steps/{quote(step.key, safe='')}",
        cite=f"{whole.run}, step {step.key}",
        tags=(step.code,),
    )


def uses_of(run: EndedRun) -> Sequence[tuple[str, Use]]:
    """Return the items that the plan of a run quotes."""
    quoted = run.plan.remembered if run.plan else ()
    return [(each.item, Use(run.mission, run.title, run.at)) for each in quoted]
