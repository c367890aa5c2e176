"""The tasks of a plan: what is read, written, built and verified for the parts of a goal."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.domain.plan import STUDIES, ExpectedArtifact, Phase, Role, Task
from missioncontrol.specialists.planner.artifacts import ARTIFACTS
from missioncontrol.specialists.planner.draft import Draft, Part, one_each, slug
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.outcomes import has_outcome, limits, outcomes
from missioncontrol.specialists.planner.playbook import TaskEntry, listed, playbook, sayable
from missioncontrol.specialists.planner.studies import Outcome, outcome

_OF_MAIN = re.compile(r"(?i)(?:it|they|this|that|these|those|(?:make|keep|turn) (?:it|them))\b")
_IT = re.compile(
    r"(?<=\s)(?:it|them|this|that|these|those|both)(?=$|\s+(?:in|on|at|with|by|for|to|from|as|well|too)\b|[,.;])"
)
"""A pronoun that stands for the thing itself: “document it”, “test this in …”."""
LOCAL: dict[str, Role] = {
    "survey": "surveyor",
    "history": "historian",
    "architecture": "architect",
    "tests": "tester",
    "audit": "auditor",
    "specification": "writer",
    "review": "reviewer",
}


NOT_CODE = frozenset({"constraint", "quality", "new-service", "part", "release-check", *STUDIES})
"""Asks for which the playbook about standing code has nothing to say."""


ASIDE_KINDS = frozenset({"tests", "documentation"})
NO_OUTCOMES = frozenset({*ASIDE_KINDS, "removal", "release", "release-check", *STUDIES})
"""Work of which an ask names what is written about or removed, and no outcome."""
_NAMES = re.compile(r"`[^`]*`|“[^”]*”|\bR\d+\b")
_STATED = re.compile(
    r"\b(?:gets|expects|sees|sees printed) (?:exit )?(?:status )?(?:`|\d|“|an empty)|“.{40,}”"
)
"""What comes out, or the words of the requirement: no two requirements have these alike."""
_LINES = "The goal's words stand at {quoted_at}."
_THERE_TOO = (
    "It begins where {whole} begins, at {symbol} ({symbol_place}). "
    "|| It begins where {whole} begins, in {place}."
)
SPEAKING_OF = frozenset({"refactoring", "removal", "bug-fix", "performance", *ASIDE_KINDS})
"""Work on what is there: an outside system that it names is here already."""


def groundwork(ground: Ground, parts: Sequence[Part], main: Part, draft: Draft) -> tuple[Task, ...]:
    """Return what specialists read, write and check beside the change."""
    read = _understand(ground, main)
    return (*read, *_specify(parts, main, draft, [task.key for task in read]))


def phases(
    parts: Sequence[Part], main: Part, draft: Draft, before: Sequence[Task]
) -> Iterator[Phase]:
    """Yield the phases that have tasks, in the order of the work; `before` is the groundwork."""
    used = {task.key for task in before}
    built = _build(parts, main, draft, used)
    verify = _verify(parts, main, draft, [task.key for task in built], used)
    subject = main.facts["subject"]
    built = _each_once(built)
    made = outcome_of(parts, main)
    who = made.purpose if made else "for the developers who change the code"
    purpose = f"{counted(len(built), 'task')} for {subject}, {who}."
    yield Phase("build", made.phase if made else "Build", purpose, tuple(built))
    if verify:
        yield Phase("verify", "Verify", _verifying(parts, main), tuple(verify))


def _each_once(tasks: Sequence[Task]) -> list[Task]:
    """Ask each thing of the first task only that shows it, as long as each is asked something.

    A sentence that is another one but for its names says nothing of the second requirement.
    """
    asked: set[str] = set()
    found = []
    for task in tasks:
        own = tuple(each for each in task.acceptance if _shape(each) not in asked)
        own = own or (f"A case of its own shows “{task.title}”.",)
        asked.update(_shape(each) for each in own)
        found.append(msgspec.structs.replace(task, acceptance=own))
    return found


def _shape(sentence: str) -> str:
    """Return a sentence without its names, unless it tells in code what comes out."""
    return sentence if _STATED.search(sentence) else _NAMES.sub("…", sentence)


def outcome_of(parts: Sequence[Part], main: Part) -> Outcome | None:
    """Return what comes of the mission in place of changed code, where none of it changes code."""
    if main.kinds[0] == "documentation" and main.places and main.places[0].kind == "code":
        return None  # The text is a comment.
    others = [part for part in parts if part.kinds[0] != "constraint" and not is_facet(part)]
    same = all(part.kinds[0] == main.kinds[0] for part in others)
    return outcome(main.kinds[0]) if same else None


def _verifying(parts: Sequence[Part], main: Part) -> str:
    held = [part.facts["it"] for part in parts if part.kinds[0] == "constraint"]
    if held:
        return f"Show that {listed(held[:3])} {'holds' if len(held) == 1 else 'hold'}."
    return f"Tell those who use {main.facts.get('name', 'it')} about {main.facts['news']}."


def stands(part: Part) -> bool:
    """Whether the ask changes code that is there."""
    return part.kinds[0] not in NOT_CODE and "nothing_yet" not in part.facts


def brings_in(part: Part) -> bool:
    """Whether an outside system that the ask names may be new here, and is not only spoken of."""
    return bool(part.facts.get("tech")) and part.kinds[0] not in SPEAKING_OF


def counted(number: int, noun: str) -> str:
    """Return “1 task” or “2 tasks”."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _understand(ground: Ground, main: Part) -> list[Task]:
    tree = ground.tree
    wanted = {
        "survey": bool(tree and tree.files),
        "history": ground.commits > 1,
        "architecture": ground.has_code and main.kinds[0] != "documentation",
        "tests": ground.has_code and main.kinds[0] != "documentation",
        "audit": main.kinds[0] not in ASIDE_KINDS
        and bool(ground.has_code or (ground.stack and ground.stack.manifests)),
    }
    book = playbook("study" if main.kinds[0] in STUDIES else "understand")
    entries = [entry for entry in book.task if wanted.get(entry.key)]
    return [_local(entry, main, (), (main.id,)) for entry in entries]


def _specify(
    parts: Sequence[Part], main: Part, draft: Draft, understood: Sequence[str]
) -> list[Task]:
    book = playbook("study" if main.kinds[0] in STUDIES else "specify")
    entries = {entry.key: entry for entry in book.task}
    everything = tuple(part.id for part in parts)
    written = _local(entries["specification"], main, understood, everything)
    reviewed = _local(entries["review"], main, [*understood, written.key], everything)
    decisions = tuple(decision.id for decision in draft.decisions)
    risks = tuple(risk.id for risk in draft.risks)
    return [
        msgspec.structs.replace(written, decisions=decisions),
        msgspec.structs.replace(reviewed, decisions=decisions, risks=risks),
    ]


def _local(
    entry: TaskEntry, part: Part, needs: Sequence[str], requirements: tuple[str, ...]
) -> Task:
    role = LOCAL[entry.key]
    return Task(
        key=entry.key,
        title=one_each([entry.title], part.facts)[0],
        detail=" ".join(sayable(entry.detail, part.facts)),
        role=role,
        needs=tuple(needs),
        artifacts=tuple(ExpectedArtifact(*each) for each in ARTIFACTS[role]),
        acceptance=tuple(sayable(entry.acceptance, part.facts)),
        requirements=requirements,
    )


def _build(parts: Sequence[Part], main: Part, draft: Draft, used: set[str]) -> list[Task]:
    extra = [(_renamed(task, used), is_first) for task, is_first in _extra(parts, "build", draft)]
    first = [task for task, is_first in extra if is_first]
    others = [task for task, is_first in extra if not is_first]
    base = ["specification", *(task.key for task in first)]
    main_task = _renamed(_with_facets(_change(main, parts, draft, base), parts, main), used)
    checks = [part for part in parts if part.kinds[0] == "release-check"]
    # What is published waits for what has to be true of it.
    checked = [_renamed(_change(part, parts, draft, base), used) for part in checks]
    waits = [task.key for task in [*others, *checked]]
    main_task = msgspec.structs.replace(main_task, needs=(*main_task.needs, *waits))
    built = [*first, *others, *checked]
    for part in [part for part in parts if part not in checks]:
        if part is main:
            built.append(main_task)
        elif part.kinds[0] != "constraint" and not is_facet(part):
            leans = part.ask.refers_back or part.kinds[0] in ASIDE_KINDS
            task = _change(part, parts, draft, [*base, main_task.key] if leans else base)
            built.append(_renamed(task, used))
    return built


def is_facet(part: Part) -> bool:
    """Whether an ask only says how the main one should be, as “make it optional” does."""
    if "facet" in part.facts:
        return True
    if part.ask.aside:
        return False
    if part.ask.is_property:
        return part.kinds[0] not in {"constraint", "quality"}
    if part.kinds[0] in NOT_CODE | ASIDE_KINDS:
        return False
    return _OF_MAIN.match(part.ask.text) is not None


def _with_facets(task: Task, parts: Sequence[Part], main: Part) -> Task:
    facets = [part for part in parts if part is not main and is_facet(part)]
    if not facets:
        return task
    asked = listed([f"“{part.facts['ask']}” ({part.id})" for part in facets])
    return msgspec.structs.replace(
        task,
        detail=f"{task.detail} Part of it: {asked}.",
        acceptance=(
            *task.acceptance,
            *(each for part in facets for each in _shown(part, main)),
            *(each for part in facets for each in limits(part.ask.text)),
        ),
        requirements=_in_order([*task.requirements, *(part.id for part in facets)]),
    )


def _shown(part: Part, main: Part) -> list[str]:
    """Return what shows that the main change is as a further ask wants it."""
    if part.kinds[0] in STUDIES or "facet" in part.facts or main.kinds[0] == "refactoring":
        return []  # Nothing that a test could see comes of a refactoring.
    if "settings" in main.facts:
        return []
    own = {name: main.facts[name] for name in ("test", "covered") if name in main.facts}
    where = f" in {own['test']}" if "test" in own else ""
    stated = outcomes(part.ask, {**part.facts, **own})
    shown = [] if has_outcome(stated) else [f"A test{where} shows “{part.facts['ask']}”."]
    return [*shown, *stated]


def _change(part: Part, parts: Sequence[Part], draft: Draft, needs: Sequence[str]) -> Task:
    """Return the task that brings one ask about."""
    plain = playbook("feature").build
    book = playbook(part.lead).build or plain
    assert book is not None
    assert plain is not None
    detail = [*_where(part, parts), _LINES, *book.detail]
    held = [each.id for each in parts if each.kinds[0] == "constraint"]
    stated = outcomes(part.ask, part.facts) if part.kinds[0] not in NO_OUTCOMES else []
    acceptance = [*stated, *sayable(book.acceptance, part.facts), *limits(part.ask.text)]
    acceptance = acceptance or list(sayable(plain.acceptance, part.facts))
    return Task(
        key=slug(part.ask.text) or f"ask-{part.id.lower()}",
        title=_titled(part, one_each([book.title], part.facts)[0], parts),
        detail=" ".join(sayable(detail, part.facts)) or _plain_detail(part),
        role="builder",
        needs=tuple(needs),
        acceptance=tuple(acceptance) or (f"The author of “{part.facts['ask']}” has tried it.",),
        risk_checks=tuple(sayable(book.risk_checks, part.facts)),
        requirements=_in_order([part.id, *held]),
        decisions=draft.decisions_of(part),
        risks=draft.risks_of(part),
        scope=part.files,
    )


def _where(part: Part, parts: Sequence[Part]) -> tuple[str, ...]:
    """Return the sentences that say where the work begins; not twice where it is the same place."""
    where = playbook("code").build if stands(part) else None
    if where is None or "is_aside" in part.facts or part.lead != part.kinds[0]:
        return ()
    before = parts[: parts.index(part)] if part in parts else ()
    same = [each for each in before if each.places[:1] == part.places[:1] and stands(each)]
    shared = part.places and any(
        each.facts.get("symbol") == part.facts.get("symbol") for each in same
    )
    return (_THERE_TOO,) if shared else where.detail


def _titled(part: Part, title: str, parts: Sequence[Part]) -> str:
    """Put in place of “it” what the task is about: a title is read by itself."""
    covered = part.facts["covered"]
    if "inherits" not in part.facts or not part.ask.refers_back:
        return title
    whole = next((each.facts["thing"] for each in parts if each.facts["covered"] == covered), "")
    about = covered if "“" not in covered or not whole else f"“{whole}”"
    return _IT.sub(lambda _: about, title, count=1)


def _in_order(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(ids), key=lambda name: int(name[1:])))


def _plain_detail(part: Part) -> str:
    return f"Carry out what the {part.ask.where} asks: “{part.ask.words}”."


def _extra(parts: Sequence[Part], phase: str, draft: Draft) -> list[tuple[Task, bool]]:
    """Return the tasks that playbooks add beside the change itself, and which come first."""
    found: dict[str, tuple[Task, bool]] = {}
    for part in (each for each in parts if not is_facet(each)):
        names = [*part.kinds[:1], *(["technology"] if brings_in(part) else ())]
        if stands(part):
            names.append("code")
        for name in names:
            for entry in playbook(name).task:
                if entry.phase != phase or not entry.speaks(part.facts) or name == "constraint":
                    continue
                task = _handed_over(entry, part, draft)
                if task and entry.key not in found:
                    found[entry.key] = task, entry.first
    return list(found.values())


def _handed_over(entry: TaskEntry, part: Part, draft: Draft) -> Task | None:
    title = one_each([entry.title], part.facts)
    detail = " ".join(sayable(entry.detail, part.facts))
    acceptance = tuple(sayable(entry.acceptance, part.facts))
    if not (title and detail and acceptance):
        return None
    return Task(
        key=f"{entry.key}-{slug(part.facts['thing'], words_max=4) or part.id.lower()}",
        title=title[0],
        detail=detail,
        role="builder",
        needs=("specification",),
        acceptance=acceptance,
        risk_checks=tuple(sayable(entry.risk_checks, part.facts)),
        requirements=(part.id,),
        decisions=_about(part.facts.get("tech_package", ""), draft)
        if entry.phase == "build"
        else (),
    )


def _about(name: str, draft: Draft) -> tuple[str, ...]:
    return tuple(each.id for each in draft.decisions if name and name in each.title)


def _verify(
    parts: Sequence[Part], main: Part, draft: Draft, built: Sequence[str], used: set[str]
) -> list[Task]:
    tasks = [task for task, _ in _extra(parts, "verify", draft)]
    for part in parts:
        if part.kinds[0] == "constraint":
            facts = _of_what_stays(dict(main.facts) | dict(part.facts), main) | _constraint_facts(
                part, main
            )
            held = msgspec.structs.replace(part, facts=facts)
            entries = [entry for entry in playbook("constraint").task if entry.speaks(facts)]
            task = next(task for entry in entries if (task := _handed_over(entry, held, draft)))
            bounds = tuple(limits(part.ask.text))
            tasks.append(msgspec.structs.replace(task, acceptance=(*task.acceptance, *bounds)))
    return [_renamed(msgspec.structs.replace(task, needs=tuple(built)), used) for task in tasks]


def _of_what_stays(facts: dict[str, str], main: Part) -> dict[str, str]:
    """Return the facts that still hold when the main ask is done: what goes has no tests."""
    gone = {"test", "tests", "symbol", "symbols"} if main.kinds[0] == "removal" else set()
    return {name: fact for name, fact in facts.items() if name not in gone}


def _constraint_facts(part: Part, main: Part) -> dict[str, str]:
    """Return the definition that a constraint names, where it is not the one that changes."""
    named = part.facts.get("named", "")
    if not named or named == main.facts.get("named"):
        return {}
    return {"kept": named, "kept_place": part.facts["named_place"]}


def _renamed(task: Task, used: set[str]) -> Task:
    """Return the task with a key that no other task of the plan has, and take that key."""
    key, number = task.key, 1
    while key in used:
        number += 1
        key = f"{task.key}-{number}"
    used.add(key)
    return msgspec.structs.replace(task, key=key)
