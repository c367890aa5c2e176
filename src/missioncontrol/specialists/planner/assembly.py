"""Assembles a plan: parts of the goal, playbooks filled with facts, tasks in their order."""

import re
from collections.abc import Sequence

import msgspec

from missioncontrol.domain.building import built_by
from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.draft import Draft, Part
from missioncontrol.specialists.planner.facts import ask_facts
from missioncontrol.specialists.planner.filling import listed
from missioncontrol.specialists.planner.goal import Goal
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.kinds import label, recognised
from missioncontrol.specialists.planner.outside import named_technologies
from missioncontrol.specialists.planner.places import new_names, places_for
from missioncontrol.specialists.planner.playbook import Playbook, playbook
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.planner.source import Place
from missioncontrol.specialists.planner.subject import phrase_of, subject_of
from missioncontrol.specialists.planner.tasks import ASIDE_KINDS, counted, is_facet, phases, stands

QUIET_KINDS = frozenset({"tests", "documentation", "refactoring", "release"})
"""Work that users of a package need not be told of."""
PART_KINDS = frozenset({"observability", "api", "ui", "data", "security"})
"""Kinds of work that may add a part, about whose place there is something to decide."""
BELONGING = frozenset(
    [
        "option",
        "options",
        "flag",
        "flags",
        "parameter",
        "parameters",
        "argument",
        "arguments",
        "keyword",
        "setting",
        "settings",
        "method",
        "methods",
        "property",
        "properties",
        "attribute",
        "attributes",
        "field",
        "fields",
        "hook",
        "callback",
        "default",
        "limit",
        "timeout",
        "switch",
    ]
)
"""What is never a part by itself: it belongs to something that is there."""
_FIGURE = re.compile(
    r"(?i)\d[\d,.]*\s*(?:ms|milliseconds?|s|seconds?|%|percent|mb|kb|gb|x|times)\b"
)
_EVIDENCE = re.compile(r"(?i)```|traceback|\bsteps to reproduce\b|\bversion \d|\b\d+\.\d+\.\d+\b")
_ROLLBACK = re.compile(r"(?i)\broll(?:ing|ed)?[- ]?back|\brevert|\bgo(?:ing)? back|\bundo")
_LANGUAGE = re.compile(
    r"\b(?:Python|TypeScript|JavaScript|Node(?:\.js)?|Go|Golang|Rust|Java|Kotlin|Ruby|Elixir|PHP|C#|Swift|Django|Rails|FastAPI|Flask)(?![\w.])"
)


def assembled(ground: Ground, *, builder: str = "") -> Plan:
    """Return the plan for what is known; the same knowledge gives the same plan.

    `builder` is the agent that changes the code, where there is one.
    """
    kinds = recognised(ground.goal, names=_names(ground), has_code=ground.has_code)
    parts = _parts(ground, kinds)
    draft = _drafted(parts)
    main = next(part for part in parts if part.ask is ground.goal.main)
    found = tuple(phases(ground, parts, main, draft))
    architecture = draft.architecture(
        (source, target) for source, targets in sorted(ground.arrows.items()) for target in targets
    )
    plan = Plan(
        goal=ground.goal.text,
        title=shortened(main.ask.text, 90),
        summary="",
        kinds=kinds,
        stack=_stack(ground),
        phases=found,
        requirements=ground.goal.requirements(),
        risks=tuple(draft.risks),
        decisions=tuple(draft.decisions),
        architecture=architecture,
        questions=tuple(draft.questions),
        obtained=_obtained(ground),
    )
    if builder:
        plan = built_by(plan, builder)
    return msgspec.structs.replace(plan, summary=_summary(plan, ground, main, builder))


def _parts(ground: Ground, kinds: Sequence[str]) -> list[Part]:
    parts: list[Part] = []
    main: list[Place] = []
    whole = " ".join([ground.goal.text, *(ask.words for ask in ground.goal.asks)])
    order = sorted(
        range(len(ground.goal.asks)), key=lambda n: ground.goal.asks[n] is not ground.goal.main
    )
    for number in order:
        ask = ground.goal.asks[number]
        own = _kinds_of(ask, ground, kinds)
        places = places_for(ground, ask, own[0], main)
        if ask is ground.goal.main:
            main = places
        facts = ask_facts(ground, ask, number + 1, places) | _said(ground, whole, ask, own, places)
        parts.append(Part(ask, f"R{number + 1}", own, tuple(places), facts))
    return sorted(parts, key=lambda part: int(part.id[1:]))


def _kinds_of(ask: Ask, ground: Ground, kinds: Sequence[str]) -> tuple[str, ...]:
    """Return what kind of work one ask is by itself; the main ask is what the mission mainly is."""
    is_main = ask is ground.goal.main
    if ask.kind == "constraint" and not is_main:
        return ("constraint",)
    if ask.kind == "quality" and not ask.verb and not is_main:
        return ("quality",)
    alone = recognised(Goal(ask.text, (ask,), ()), names=_names(ground), has_code=True)
    if is_main:
        shaped = ("feature",) if _new_thing(ask) and kinds[0] in PART_KINDS else ()
        return tuple(dict.fromkeys((kinds[0], *shaped, *alone)))
    if not ground.has_code and alone[0] in {"feature", "new-service"}:
        return ("part",)
    return alone


def _said(
    ground: Ground, whole: str, ask: Ask, kinds: Sequence[str], places: Sequence[Place]
) -> dict[str, str]:
    """Return facts about what the goal says, beside those about the code."""
    language = _LANGUAGE.search(whole)
    technology = named_technologies(ask.text)
    component = technology[0].kind if technology else ""
    found = {
        "nothing_yet": not ground.has_code,
        "figure": _FIGURE.search(whole) is not None,
        "evidence": _EVIDENCE.search(whole) is not None,
        "rollback": _ROLLBACK.search(whole) is not None,
        "extends": bool(places)
        and not (_new_thing(ask) or new_names(ground, ask) or any(p.seam for p in places[:2])),
        "is_aside": kinds[0] in ASIDE_KINDS or bool(places and places[0].kind != "code"),
        "no_announcement": kinds[0] in QUIET_KINDS,
    }
    unknown = listed([f"`{name}`" for name in new_names(ground, ask)])
    texts = {
        "new_thing": _new_thing(ask),
        "news": _news(ask, kinds[0]),
        "new_name": unknown,
        "language_named": language.group() if language else "",
        "tech_component": component,
    }
    return {name: "yes" for name, holds in found.items() if holds} | {
        name: text for name, text in texts.items() if text
    }


def _new_thing(ask: Ask) -> str:
    """Return what is to be added where the ask says “a …” or “an …”: it is not there yet."""
    added = re.match(r"(?i)(?:add|create|build|introduce|write|implement)\s+an?\s", ask.text)
    titled = (
        None
        if ask.verb
        else re.match(r"(?i)(?:an?\s)?[\w][\w -]{2,40}\s(?:that|which)\s", ask.text)
    )
    added = None if _is_option(ask) else added or titled
    return phrase_of(ask, subject_of(ask)) if added else ""


def _news(ask: Ask, kind: str) -> str:
    """Return what users are told of: a fault is not what they are told, its repair is."""
    phrase = phrase_of(ask, subject_of(ask))
    if kind == "performance" and "“" not in phrase and "fast" not in phrase:
        return f"faster {phrase.removeprefix('the ')}"
    return f"the repair of {phrase}" if kind == "bug-fix" else phrase


def _is_option(ask: Ask) -> bool:
    """Whether what is asked for belongs to something that stands: an option, a method, a limit."""
    head = re.split(r"\s(?:for|of|to|in|on|with|that)\s", subject_of(ask))[0].split()
    return bool(head) and head[-1].lower() in BELONGING


def _drafted(parts: Sequence[Part]) -> Draft:
    """Ask the playbooks, each kind's own once: for the first ask of that kind."""
    draft = Draft()
    for part in parts:
        if part.kinds[0] != "constraint":
            draft.add_places(part)
    asked: set[str] = set()
    for part in parts:
        if is_facet(part):
            continue
        draft.consult(Playbook(component=playbook(part.kinds[0]).component), part)
        for kind in part.kinds[:2]:
            if kind not in asked:
                draft.consult(_without_shape(playbook(kind)), part)
                asked.add(kind)
        if part.facts.get("tech") and part.facts["tech"] not in asked:
            draft.consult(playbook("technology"), part)
            asked.add(part.facts["tech"])
    for part in parts:
        if stands(part) and not is_facet(part):
            draft.consult(playbook("code"), part)
    return draft


def _without_shape(book: Playbook) -> Playbook:
    """Components are asked for every part, after the decisions of all."""
    return msgspec.structs.replace(book, component=())


def _names(ground: Ground) -> list[str]:
    """Return names that say nothing about the kind of work."""
    stack = ground.stack
    if stack is None:
        return []
    return [
        stack.name,
        *(package.name for package in stack.packages),
        *(d.name for d in stack.dependencies),
    ]


def _stack(ground: Ground) -> tuple[str, ...]:
    stack = ground.stack
    if stack is None:
        return ()
    asked = {r.language: r.requirement for r in reversed(stack.runtimes)}
    languages = [f"{name} {asked.get(name, '')}".strip() for name in stack.languages]
    return tuple(dict.fromkeys([*languages, *stack.frameworks, *stack.services, *stack.tools]))


def _obtained(ground: Ground) -> str:
    tree = ground.tree
    if tree is None:
        return (
            "by the local planner, without a model; from the goal alone, as no repository was given"
        )
    commit = f"commit {tree.commit}" if tree.commit else "a directory without commits"
    left_out = f"; {tree.left_out_count:,} left out" if tree.left_out_count else ""
    missed = ground.ranking.left_out if ground.ranking else 0
    unsearched = f"; {missed:,} not searched for the goal's words" if missed else ""
    read = f"{len(tree.files):,} files{left_out}{unsearched}"
    return f"by the local planner, without a model; from {commit}, {read}"


def _summary(plan: Plan, ground: Ground, main: Part, builder: str) -> str:
    over = sum(1 for task in plan.tasks() if task.is_change)
    here = sum(1 for _ in plan.tasks()) - over
    given = f"for {builder}" if builder else "handed over"
    work = listed([label(kind) for kind in plan.kinds[:2]])
    whose = f" on {ground.name}" if ground.name else ""
    where = f" The change begins at {main.facts['place']}." if "place" in main.facts else ""
    return (
        f"“{main.facts['ask']}”: {work}{whose}, {counted(len(plan.requirements), 'requirement')}."
        f"{where} {counted(here, 'task')} can be done here; {counted(over, 'task')} that "
        f"{'changes' if over == 1 else 'change'} code {'is' if over == 1 else 'are'} {given}."
    )
