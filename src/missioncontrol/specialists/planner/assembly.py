"""Assembles a plan: parts of the goal, playbooks filled with facts, tasks in their order."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from missioncontrol.domain.building import built_by
from missioncontrol.domain.estimates import Precedent
from missioncontrol.domain.plan import STUDIES, Plan
from missioncontrol.specialists.definition_names import Named, member_named
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.change_log import fragments
from missioncontrol.specialists.planner.draft import QUESTIONS_MAX, Draft, Part
from missioncontrol.specialists.planner.facts import ask_facts
from missioncontrol.specialists.planner.faults import sentence_of
from missioncontrol.specialists.planner.formatting import formatting, formatting_facts
from missioncontrol.specialists.planner.goal import Goal
from missioncontrol.specialists.planner.ground import NUMBERED, Ground
from missioncontrol.specialists.planner.groundwork import tasks_sentence
from missioncontrol.specialists.planner.imperatives import verbs
from missioncontrol.specialists.planner.kinds import is_failing_test, label, recognised, with_kind
from missioncontrol.specialists.planner.likely import likely_files
from missioncontrol.specialists.planner.moves import moved_files, moving_facts
from missioncontrol.specialists.planner.naming import (
    Member,
    absent,
    defined_as,
    kin_of,
    named_definitions,
    new_member,
    public_module_of,
    standing_member,
)
from missioncontrol.specialists.planner.papers import announced, has_home, home_of, paper_facts
from missioncontrol.specialists.planner.patterns import pattern_facts
from missioncontrol.specialists.planner.places import new_names
from missioncontrol.specialists.planner.playbook import Playbook, listed, playbook
from missioncontrol.specialists.planner.precedents import precedents_of
from missioncontrol.specialists.planner.removals import leaving_facts
from missioncontrol.specialists.planner.renaming import renamed_files, renaming_facts
from missioncontrol.specialists.planner.request_facts import goal_facts, new_thing
from missioncontrol.specialists.planner.scopes import with_scopes
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.planner.source import Place
from missioncontrol.specialists.planner.start_files import beginning, first_read, is_traced
from missioncontrol.specialists.planner.studies import SLIP, Outcome, text_facts
from missioncontrol.specialists.planner.subject import (
    subject_of,
)
from missioncontrol.specialists.planner.surroundings import surrounding_facts
from missioncontrol.specialists.planner.tasks import (
    ASIDE_KINDS,
    brings_in,
    counted,
    groundwork,
    is_facet,
    outcome_of,
    phases,
    stands,
)
from missioncontrol.specialists.planner.tracing import trace_facts
from missioncontrol.specialists.words import significant_words

OF_WHAT_STANDS = frozenset({"removal", "bug-fix", "performance", "refactoring"})
"""Work on what is there: a name that nothing has is not to come, but missing."""
SEAM_FACTS = (
    *("seam", "seam_place", "seam_methods", "seam_kind", "seam_kinds", "wired", "wiring"),
)
SIDE_KINDS = frozenset({"security", "performance", "bug-fix", "removal"})
"""Kinds that work on what stands may be besides; others it only speaks of."""
PART_KINDS = frozenset({"observability", "api", "ui", "data", "security"})
"""Kinds of work that may add a part, about whose place there is something to decide."""
_COMMAND = re.compile(r"(?i)\b(?:command[- ]lines?|sub-?commands?|CLI)\b")
"""A way in from a shell is no further implementation of a class."""
_GOLDEN = re.compile(
    r"(?i)(?:^|/)(?:tests?|spec|__tests__|testdata)/(?:.*/)?(?:\w*snapshots?\w*|expected\w*|golden\w*|highlighted"
    r"|outputs?|fixtures?|baselines?|reference|approved)/|\.(?:snap|golden|approved\.\w+|out|expected)$"
)
"""Outputs that tests compare with."""
_CODE = re.compile(r"\.(?:py|rs|[cm]?[jt]sx?|go|rb|java|kt|cs|php|cc?|cpp|h)$")
_BRINGS = frozenset(
    {"support", "provide", "write", "store", "use", "replace", "swap", "make", "cache"}
)
"""Verbs beside “add” that may bring in one more implementation."""
_TYPES = re.compile(
    r"(?i)^(?:fix|correct|add|update|improve|loosen|narrow|widen|refine|complete)\b[^.;:]{0,40}?"
    r"\b(?:type )?(?:annotations?|type ?hints?|typing|typings|type definitions?)\b"
)
"""What changes declared types and nothing that runs."""
TYPE_CHECKERS = ("mypy", "pyright", "ty", "typescript", "tsd", "phpstan", "psalm", "sorbet")
_FAILS = re.compile(
    r"(?i)\b(?:flak\w*|intermittent\w*|fail\w*|hang\w*|time ?outs?|race|break\w*|broken|order)\b"
)
"""A test that fails now and then is found out about before it is mended."""
_SLIP = re.compile(
    r"(?i)^(?:(?:fix|correct|repair)(?:ed|es|ing)?\b[^.;:]{0,20}?\b)?(?P<slip>typos?|misspellings?|spelling|grammar"
    r"|indentation|white ?space|formatting|(?:broken |dead )links?"
    r"|(?:misleading|wrong|incorrect|outdated|stale|broken) (?:examples?|comments?|doc\w*))\b"
)
_OLDER = re.compile(
    r"(?i)\b(?:drop|remove|end|stop)\w*\b.*\b(?:older|old|earlier|previous)\b.*\bversions?\b"
)
_RUNS_ON = re.compile(
    r"\b(?:Python|PyPy|Node(?:\.js)?|Deno|Bun|Go|Ruby|PHP|Java)\s+\d[\w.]*(?<!\.)"
)


def assembled(ground: Ground, *, builder: str = "", kind: str = "") -> Plan:
    """Return the plan for what is known; the same knowledge gives the same plan.

    `builder` is the agent that changes the code, where there is one. `kind` is the kind of work
    where a template says it; what the goal says of it comes second then.
    """
    kinds = recognised(
        ground.goal,
        names=_names(ground),
        has_code=ground.has_code,
        has_pages=ground.has_pages or not ground.has_code,
    )
    kinds = with_kind(kind, kinds)
    parts = _parts(ground, kinds)
    draft = _drafted(parts)
    main = next(part for part in parts if part.ask is ground.goal.main)
    before = groundwork(ground, parts, main, draft)
    found = tuple(phases(parts, main, draft, before))
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
        groundwork=before,
        requirements=ground.goal.requirements(),
        risks=tuple(draft.risks),
        decisions=tuple(draft.decisions),
        architecture=architecture,
        questions=tuple(dict.fromkeys([*ground.goal.questions[:QUESTIONS_MAX], *draft.questions])),
        obtained=_obtained(ground),
        likely=likely_files(ground, parts),
    )
    homes = {part.id: home_of(part) for part in parts if has_home(part)}
    plan = with_scopes(plan, ground, {part.id: part.kinds[0] for part in parts}, homes)
    draft.settle({path for task in plan.tasks() for path in task.scope})
    settled = msgspec.structs.replace(architecture, components=tuple(draft.components.values()))
    plan = msgspec.structs.replace(plan, architecture=settled)
    if builder:
        plan = built_by(plan, builder)
    made = outcome_of(parts, main)
    return msgspec.structs.replace(plan, summary=_summary(plan, ground, main, made))


def _parts(ground: Ground, kinds: Sequence[str]) -> list[Part]:
    parts: list[Part] = []
    main: list[Place] = []
    order = sorted(
        range(len(ground.goal.asks)), key=lambda n: ground.goal.asks[n] is not ground.goal.main
    )
    for number in order:
        ask = ground.goal.asks[number]
        own = _kinds_of(ask, ground, kinds)
        named = _named_by(ground, ask) or _named_in_details(ground, ask)
        there = standing_member(ground, ask) if own[0] not in OF_WHAT_STANDS else None
        is_new = own[0] not in OF_WHAT_STANDS and not there
        is_new = is_new and not (named and not member_named(ask.text))
        member = new_member(ground, ask) if is_new else None
        if there or member:  # What the ask names is that member; its class is where it stands.
            named = [there] if there else []
        kin = _kin(ground, ask) if is_new and not (named or member) else []
        nearest = [member.sister or member.owner] if member else kin
        places = beginning(ground, ask, own[0], main, named=named, nearest=nearest)
        if ask is ground.goal.main:
            main = places
        facts = ask_facts(ground, ask, number + 1, places)
        facts |= goal_facts(ground, _whole(ground), ask, own, places)
        if (
            not _adds_kind(ask, facts)
            or _COMMAND.search(ask.text)
            or (not ask.verb and sentence_of(ask.text)[0])
        ):  # It says how what stands should behave, or brings a way in that is no implementation.
            facts = {name: fact for name, fact in facts.items() if name not in SEAM_FACTS}
        facts = {k: v for k, v in (facts | _named_facts(named, places, facts)).items() if v}
        facts = _beside_kin(facts, kin) | _member_facts(member, places)
        if there:
            facts |= {"standing": f"`{there.name}`", "standing_place": f"`{there.place}`"}
            facts |= {"belongs": "", "new_thing": ""}
        facts = _of_kind(ground, ask, own[0], facts, named=named, places=places)
        facts |= surrounding_facts(ground, ask, named, places)
        facts |= _older_goes(ground, ask, kinds[0], f"R{number + 1}")
        facts |= paper_facts(ask, places) | _fragment_facts(ground, own[0], facts)
        if precedents := precedents_of(ground, ask):
            facts["precedent"] = f"“{precedents[0].title}” ({precedents[0].commit})"
            facts |= _golden(precedents, places)
        facts |= pattern_facts(ground, ask, own[0], places, precedents)
        files = renamed_files(ground, ask) if "old_name" in facts else ()
        files = files or (moved_files(ground, ask, named) if "goes_to" in facts else ())
        facts = {name: fact for name, fact in facts.items() if fact}
        parts.append(Part(ask, f"R{number + 1}", own, tuple(places), facts, files))
    return announced(sorted(parts, key=lambda part: int(part.id[1:])))


def _named_by(ground: Ground, ask: Ask) -> list[Named]:
    """Return the definitions that an ask names: of “Reader: parse with `Parser`” the reader."""
    found = named_definitions(ground, ask)
    about, colon, _ = ask.text.partition(": ")
    own = [each for each in found if each.name.rpartition(".")[2] in about]
    return own if colon and own and ask.is_property else found


def _named_in_details(ground: Ground, ask: Ask) -> list[Named]:
    """Return the definitions that the list below the main ask names, where that names none."""
    if ask is not ground.goal.main or ask.verb not in verbs():
        return []
    details = [each for each in ground.goal.asks if each.is_property]
    found = [each for detail in details for each in _named_by(ground, detail)[:1]]
    return found if len({each.path for each in found}) > 1 else []


def _golden(precedents: Sequence[Precedent], places: Sequence[Place]) -> dict[str, str]:
    """Return an expected output that a change like this one brought up to date with its file."""
    paths = {place.path for place in places}
    for each in precedents:
        found = [
            path
            for path in each.files
            if _GOLDEN.search(path) and path not in paths and not _CODE.search(path)
        ]
        if found and paths.intersection(each.files):
            return {"golden": f"`{found[0]}`", "golden_by": f"“{each.title}” ({each.commit})"}
    return {}


def _adds_kind(ask: Ask, facts: Mapping[str, str]) -> bool:
    """Whether an ask may want one more implementation: it adds, and repairs or honours nothing."""
    if ask.label in {"bug-fix", "refactoring", "performance"} or "seam" not in facts:
        return "seam" not in facts
    return (
        not ask.verb or verbs().get(ask.verb) in {"feature", "new-service"} or ask.verb in _BRINGS
    )


def _fragment_facts(ground: Ground, kind: str, facts: Mapping[str, str]) -> dict[str, str]:
    """Return where a change leaves its own piece of the change log, and how that is named."""
    found = fragments(ground.tree, kind) if ground.tree and "log" not in facts else None
    if found is None:
        return {}
    folder, name = found
    named = {"fragment": f"`{name}`"} if name else {}
    gone = dict.fromkeys(("changes", "changes_open", "changes_released"), "")
    return {"fragments": f"`{folder}`", **named, **gone}


def _whole(ground: Ground) -> str:
    return " ".join([ground.goal.text, *(ask.words for ask in ground.goal.asks)])


def _of_kind(
    ground: Ground,
    ask: Ask,
    kind: str,
    facts: dict[str, str],
    *,
    named: Sequence[Named],
    places: Sequence[Place],
) -> dict[str, str]:
    """Return the facts with those that only work of this kind asks for, without the moot ones."""
    if kind in OF_WHAT_STANDS - {"refactoring"}:
        facts = facts | {"not_there": absent(ground, ask)}
    facts = facts | leaving_facts(ground, kind, named, facts)
    if is_traced(ground, ask, kind):
        facts |= trace_facts(ground)
    facts = {n: fact for n, fact in facts.items() if fact and not _is_moot(n, kind)}
    if kind == "refactoring":
        facts |= renaming_facts(ground, ask, named, facts) or moving_facts(ground, ask, named)
    facts |= _described(ground, ask, kind)
    facts |= text_facts(ground, ask, kind, is_main=ask is ground.goal.main)
    if "named" not in facts:
        facts.pop("belongs", "")
    if kind == "migration" and "symbol" in facts:
        facts["migrated"] = facts["symbol"]
    if kind == "release-check":
        facts |= _release_facts(ask, facts)
    if kind == "tests" and (ask.fault or is_failing_test(ask.text)):
        mends = ask.fault is None and not _FAILS.search(ask.text)
        facts["test_mend" if mends else "failing_test"] = "yes"
    if kind == "documentation":
        facts = _of_document(ask, facts)
    if kind in {"bug-fix", "feature", "refactoring", "release"}:
        facts |= _without_behaviour(ground, ask)
    facts |= first_read(ground, kind, places) | {"front": public_module_of(ground, places)}
    facts |= {"closest": "" if "spot" in facts else facts.get("symbol", "")}
    return {name: fact for name, fact in facts.items() if fact}


def _without_behaviour(ground: Ground, ask: Ask) -> dict[str, str]:
    """Return what marks a change that no test can see: of declared types, or of a slip."""
    if ask.fault is None and _TYPES.search(ask.text):
        tools = {tool.lower(): tool for tool in (ground.stack.tools if ground.stack else ())}
        checker = next((f"`{name}`" for name in TYPE_CHECKERS if name in tools), "")
        quiet = {"belongs": "", "new_thing": "", "new_name": ""}
        return {"typed_only": "yes", "evidence": "yes", "type_checker": checker, **quiet}
    run = formatting(ground) if ask is ground.goal.main else None
    if run is not None:
        return formatting_facts(run)
    slip = _SLIP.search(ask.text)
    if slip is None:
        return {}
    quiet = {"no_announcement": "yes", "evidence": "yes", "belongs": "", "new_thing": ""}
    return {"slip_only": "yes", "slip": slip.group("slip").lower(), **quiet}


def _of_document(ask: Ask, facts: dict[str, str]) -> dict[str, str]:
    """Return the facts of a text: one in which a slip is corrected explains nothing new."""
    slip = SLIP.search(ask.text)
    if slip and "place" in facts:
        gone = {"fresh", "described", "stated", "reader"}
        return {n: f for n, f in facts.items() if n not in gone} | {"slip": slip.group().lower()}
    return facts | ({"looked_at": facts["spot"]} if "spot" in facts else {})


def _release_facts(ask: Ask, facts: Mapping[str, str]) -> dict[str, str]:
    """Return what a check before a release is about: the versions it runs on, or the change log."""
    runs = re.search(r"(?i)\b(?:python|node|supported|versions?|platforms?)\b", ask.text)
    log = re.search(r"(?i)\b(?:change ?log|changes|history|news|release notes)\b", ask.text)
    floor, changes = facts.get("floor", ""), facts.get("changes", "")
    named = _RUNS_ON.search(ask.text)
    found = {
        "runs_on": named.group() if named else "",
        "floor_asked": floor if runs else "",
        "log_asked": changes if log else "",
    }
    stated = {name: fact for name, fact in found.items() if fact}
    return stated | ({"place": "", "why": ""} if stated else {})


def _older_goes(ground: Ground, ask: Ask, kind: str, own: str) -> dict[str, str]:
    """Return what says that older versions go: with an upgrade, that is how it is to be done."""
    asks = ground.goal.asks
    if kind != "dependency":
        return {}
    if ask is not ground.goal.main:
        return {"facet": "yes"} if _OLDER.search(ask.text) and ask.kind != "constraint" else {}
    ids = [f"R{n}" for n, each in enumerate(asks, 1) if _OLDER.search(each.text)]
    return {"older_goes": ids[0] if ids[0] != own else "the goal"} if ids else {}


def _is_moot(fact: str, kind: str) -> bool:
    """Whether a fact plays no part in such work: who repairs or speeds up changes no document."""
    return fact == "document" and kind in {"bug-fix", "performance"}


def _kin(ground: Ground, ask: Ask) -> list[Named]:
    """Return what is named most like a new name of the ask: beside that it belongs."""
    found = (kin_of(ground, name) for name in new_names(ground, ask))
    return [each for each in found if each is not None][:1]


def _beside_kin(facts: dict[str, str], kin: Sequence[Named]) -> dict[str, str]:
    """Take what is named most like the new thing for what the words of the ask lead to."""
    if not kin:
        return facts
    known = {name: fact for name, fact in facts.items() if name != "unanswered"}
    name = f"`{kin[0].name}`"
    return known | {"symbol": name, "symbols": name, "symbol_place": f"`{kin[0].place}`"}


def _described(ground: Ground, ask: Ask, kind: str) -> dict[str, str]:
    """Return the definition that a text is to be about, where a word of the ask is its name."""
    found = (
        defined_as(ground, significant_words(subject_of(ask))) if kind == "documentation" else None
    )
    return {"described": f"`{found.name}`", "described_place": f"`{found.place}`"} if found else {}


def _named_facts(
    named: Sequence[Named], places: Sequence[Place], known: Mapping[str, str]
) -> dict[str, str]:
    """Return what the ask names outright; it is what it is about where the work begins there."""
    if not named:
        return {}
    first = named[0]
    facts = {"named": f"`{first.name}`", "named_place": f"`{first.place}`"}
    seam = next((place.seam for place in places[:2] if place.seam), None)
    is_seam = seam and first.name.partition(".")[0] in {seam.name, *seam.kinds}
    if seam and ("belongs" in known or not is_seam):
        facts |= dict.fromkeys(SEAM_FACTS, "")  # What is named is changed, and nothing plugs in.
    if places and places[0].path == first.path:
        tail = first.name.rpartition(".")[2]
        beside = [each.name for each in places[0].symbols if each.name not in {tail, first.name}]
        siblings = listed([f"`{name}`" for name in beside[:3]])
        facts |= {"symbol": facts["named"], "symbol_place": facts["named_place"]}
        facts["siblings"] = siblings
    return facts


def _member_facts(member: Member | None, places: Sequence[Place]) -> dict[str, str]:
    """Return what a new method belongs to, and the one beside which it will stand."""
    if member is None or not places or places[0].path != member.owner.path:
        return {}
    near = member.sister or member.owner
    facts = {
        "member": f"`{member.name}`",
        "owner": f"`{member.owner.name}`",
        "owner_place": f"`{member.owner.place}`",
        "belongs": "",
        "unanswered": "",
        "symbol": f"`{near.name}`",
        "symbol_place": f"`{near.place}`",
    }
    return facts | ({"sister": f"`{near.name}`"} if member.sister else {})


def _kinds_of(ask: Ask, ground: Ground, kinds: Sequence[str]) -> tuple[str, ...]:
    """Return what kind of work one ask is by itself; the main ask is what the mission mainly is."""
    is_main = ask is ground.goal.main
    if ask.aside:
        return (ask.aside,)
    if ask.kind == "constraint" and not is_main:
        return ("constraint",)
    if ask.kind == "quality" and not ask.verb and not is_main:
        return ("quality",)
    if kinds[0] in STUDIES:
        return (kinds[0],)
    alone = recognised(
        Goal(ask.text, (ask,), ()),
        names=_names(ground),
        has_code=True,
        has_pages=ground.has_pages or not ground.has_code,
    )
    if kinds[0] in ASIDE_KINDS and alone[0] == "feature" and verbs().get(ask.verb) == "any":
        return (kinds[0],)  # “Cover a cookie …” among tests asks for one more test.
    if is_main:
        shaped = ("feature",) if new_thing(ask) and kinds[0] in PART_KINDS else ()
        return tuple(dict.fromkeys((kinds[0], *shaped, *alone)))
    if kinds[0] == "release" and NUMBERED.search(ground.goal.main.text):
        return ("release-check",)
    if kinds[0] == "new-service" and alone[0] not in ASIDE_KINDS and ground.has_code:
        return ("part",)
    if not ground.has_code and alone[0] in {"feature", "new-service"}:
        return ("part",)
    return alone


def _drafted(parts: Sequence[Part]) -> Draft:
    """Ask the playbooks, each kind's own once: for the first ask of that kind."""
    draft = Draft()
    for part in parts:
        if part.kinds[0] not in {"constraint", "release-check"}:
            draft.add_places(part)
    asked: set[str] = set()
    for part in parts:
        if is_facet(part):
            continue
        draft.consult(Playbook(component=playbook(part.kinds[0]).component), part)
        for kind in _consulted(part):
            if kind not in asked:
                draft.consult(_without_shape(playbook(kind)), part)
                asked.add(kind)
        if brings_in(part) and part.facts["tech"] not in asked:
            draft.consult(playbook("technology"), part)
            asked.add(part.facts["tech"])
    for part in parts:
        if stands(part) and not is_facet(part):
            draft.consult(playbook("code"), part)
    return draft


def _consulted(part: Part) -> tuple[str, ...]:
    """Return the kinds whose risks and decisions are an ask's: what it mainly is, and one more.

    Work on what stands brings nothing over, though it may speak of what does: “the migrator”.
    """
    main, *others = part.kinds
    if part.lead != main:
        return (part.lead,)
    if main in ASIDE_KINDS or main == "dependency":
        return (main,)  # Who writes a test or a text settles nothing about the code it names.
    chosen = (
        others if main not in OF_WHAT_STANDS else [each for each in others if each in SIDE_KINDS]
    )
    return (main, *chosen[:1])


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
    missed = ground.index.left_out if ground.index else 0
    unsearched = f"; {missed:,} not searched for the goal's words" if missed else ""
    read = f"{len(tree.files):,} files{left_out}{unsearched}{_history_read(ground)}"
    return f"by the local planner, without a model; from {commit}, {read}"


def _history_read(ground: Ground) -> str:
    """Say how much of the history the plan rests on, where that is not the whole."""
    if 0 < ground.commits_read < ground.commits:
        return f"; of {ground.commits:,} commits the newest {ground.commits_read:,}"
    if ground.commits > 1 and ground.index and not ground.index.past.changes:
        return f"; none of {ground.commits:,} commits could be used"
    return ""


def _summary(plan: Plan, ground: Ground, main: Part, made: Outcome | None) -> str:
    work = listed([label(kind) for kind in plan.kinds[:2]])
    whose = f" on {ground.name}" if ground.name else ""
    begins = "It" if made else "The change"
    where = f" {begins} begins at {main.facts['place']}." if "place" in main.facts else ""
    outcome = f" It {made.made}." if made else ""
    return (
        f"“{main.facts['ask']}”: {work}{whose}, {counted(len(plan.requirements), 'requirement')}."
        f"{where}{outcome} {tasks_sentence(plan)}"
    )
