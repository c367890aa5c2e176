"""Refuses what a model's plan says that does not hold, also of its design and its sources."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from missioncontrol.domain.coverage_gaps import Asked
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.plan import ROLES, Fault, Plan
from missioncontrol.domain.product_design import Milestone, sources_of
from missioncontrol.domain.visible import suspicious
from missioncontrol.specialists.planner.referee.claims import claims_in, sentences_of
from missioncontrol.specialists.planner.referee.codebase import Codebase
from missioncontrol.specialists.planner.referee.figures import (
    Known,
    unfounded_counts,
    unfounded_quotes,
)
from missioncontrol.specialists.planner.referee.mentions import Mention, mentions
from missioncontrol.specialists.planner.referee.places import Placed, unfounded

_WORD = re.compile(r"\w+")
COMPUTED = frozenset(
    {
        "goal",
        "summary",
        "kinds",
        "stack",
        "requirements",
        "obtained",
        "likely",
        "estimates",
        "unestimated",
        "remembered",
        "background",
    }
)
"""Fields that are computed or quoted: whatever a model writes there is not used."""
CRITERIA = frozenset({"acceptance", "risk_checks", "mitigation"})
"""Fields that say what has to hold in the end, such as “The tests pass.”"""
_ID = re.compile(r"[A-Za-z0-9][\w.:/-]{0,79}")
Text = tuple[str, str]
"""The place of a text in a plan, as a JSON pointer, and the text."""
SOURCES_MAX = 50
"""Sources of one plan that are looked up; with more it is refused."""
_ADDRESS = re.compile(r"(?i)\b(?:https?|ssh|git|ftp)://[^\s`\"'“”<>()\[\]]+")
_ADVISORY = re.compile(r"(?i)\b(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|PYSEC-\d{4}-\d+)\b")
_COMMIT = re.compile(
    r"(?<![\w./#:%@-])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}(?![\w./-]\w)\b"
)


def refusals(plan: Plan, local: Plan, asked: Asked, code: Codebase) -> list[Fault]:
    """Return what does not hold in a plan of a model; `local` is the plan that it began with."""
    found = (
        *_requirements(plan, local, asked),
        *_owners(plan, local),
        *_ids(plan),
        *_texts(plan, local, asked),
        *_places(plan, local, asked, code),
        *_figures(plan, local, asked, code),
    )
    return list(dict.fromkeys(found))


def with_facts_of(plan: Plan, local: Plan, asked: Asked) -> Plan:
    """Return `plan` with its requirements in the exact words that they quote.

    What was read from the repository is as `local` has it.
    """
    known = {each.id: each for each in local.requirements}
    passages = {normalised(words): (where, words) for where, words in asked.passages()}
    requirements = []
    for each in plan.requirements:
        where, words = passages.get(normalised(each.text), ("", each.text))
        source = f"{where}: “{words}”" if where else ""
        quoted = msgspec.structs.replace(each, text=words, source=source)
        requirements.append(known.get(each.id, quoted))
    return msgspec.structs.replace(
        plan,
        requirements=tuple(requirements),
        kinds=local.kinds,
        stack=local.stack,
        estimates=local.estimates,
        unestimated=local.unestimated,
    )


def normalised(text: str) -> str:
    """Return a text as it is compared: by its words, whatever their case, signs and spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"[^\W_]+|[^\w\s.,;:!?'\"“”\u2018\u2019`]+|_+", folded))


def _requirements(plan: Plan, local: Plan, asked: Asked) -> Iterator[Fault]:
    known = {each.id: each for each in local.requirements}
    quotes = {normalised(each.text) for each in local.requirements}
    quotes |= {normalised(words) for _, words in asked.passages()}
    for number, each in enumerate(plan.requirements):
        place = f"/requirements/{number}/text"
        own = known.get(each.id)
        if own is not None and normalised(each.text) != normalised(own.text):
            yield Fault(
                place, f"is not the text of {each.id} in the given plan; quote it unchanged"
            )
        elif own is None and normalised(each.text) not in quotes:
            yield Fault(place, "is no sentence of what was asked for; quote one word for word")


def _owners(plan: Plan, local: Plan) -> Iterator[Fault]:
    """Yield risks whose owner neither the workspace nor the repository knows."""
    known = {*ROLES, *(risk.owner for risk in local.risks)}
    known |= {
        knower.name for like in local.likely for file in like.files for knower in file.knowers
    }
    for number, risk in enumerate(plan.risks):
        if risk.owner.strip() and risk.owner not in known:
            yield Fault(
                f"/risks/{number}/owner",
                "is no person, role or agent that is known here; leave it out, or name one of: "
                f"{', '.join(sorted(name for name in known if name)[:20])}",
            )


def _ids(plan: Plan) -> Iterator[Fault]:
    groups = {
        "requirements": [each.id for each in plan.requirements],
        "risks": [each.id for each in plan.risks],
        "decisions": [each.id for each in plan.decisions],
        "architecture/components": [each.id for each in plan.architecture.components],
    }
    for name, ids in groups.items():
        for number, each in enumerate(ids):
            if not _ID.fullmatch(each):
                yield Fault(f"/{name}/{number}/id", "is no id: up to 80 letters, digits and -_.:/")


def _texts(plan: Plan, local: Plan, asked: Asked) -> Iterator[Fault]:
    ours = _sentences_of(local, asked)
    for place, text in texts_of(plan):
        if odd := suspicious(text):
            yield Fault(place, f"has a character that is not shown as it is: {odd[0].code}")
        for sentence in claims_in(text, is_criterion=_field(place) in CRITERIA):
            if normalised(sentence) not in ours:
                yield Fault(
                    place, "claims a result; a plan says what is to be done, not what is done"
                )
                break


def _sentences_of(local: Plan, asked: Asked) -> set[str]:
    texts = [*(text for _, text in texts_of(local)), asked.goal, *asked.constraints, asked.context]
    return {normalised(sentence) for text in texts for sentence in sentences_of(text)}


def _places(plan: Plan, local: Plan, asked: Asked, code: Codebase) -> Iterator[Fault]:
    ours = {text for _, text in texts_of(local)}
    named = [
        (place, mention)
        for place, text in texts_of(plan)
        if text not in ours
        for mention in mentions(text)
    ]
    named += _fields(plan)
    yield from unfounded(named, code, _trusted(local, asked))


def _figures(plan: Plan, local: Plan, asked: Asked, code: Codebase) -> Iterator[Fault]:
    """Yield the numbers, quotations and sources that were found nowhere."""
    ours = {text for _, text in texts_of(local)}
    new = [(place, text) for place, text in texts_of(plan) if text not in ours]
    given = [*_strings_in(local), asked.goal, *asked.constraints, asked.context]
    known = Known.of(given)
    stated = [each for each in new if _field(each[0]) not in CRITERIA]
    yield from unfounded_counts(stated, known, code)
    yield from unfounded_quotes(new, known, code)
    yield from unfounded_sources(new, "\n".join(given), code)


def _strings_in(plan: Plan) -> list[str]:
    return [text for _, text in _strings("", msgspec.to_builtins(plan))]


def _field(place: str) -> str:
    return place.rstrip("/0123456789").rpartition("/")[2]


def _trusted(local: Plan, asked: Asked) -> set[tuple[str, str, int, str]]:
    """Return what the local plan and the people who asked name: it was found, or it is theirs."""
    texts = [*(text for _, text in texts_of(local)), asked.goal, *asked.constraints, asked.context]
    found = {mention.key for text in texts for mention in mentions(text)}
    found |= {mention.key for _, mention in _fields(local)}
    files = (file.path for like in local.likely for file in like.files)
    return found | {("path", path, 0, "") for path in (*files, *_artifacts(local))}


def _artifacts(plan: Plan) -> Iterator[str]:
    return (artifact.name for task in plan.tasks() for artifact in task.artifacts)


def _fields(plan: Plan) -> Iterable[Placed]:
    """Yield the paths that stand in fields of their own."""
    for number, part in enumerate(plan.architecture.components):
        if part.path:
            is_new = part.change == "new"
            yield (
                f"/architecture/components/{number}/path",
                Mention("path", part.path, is_new=is_new),
            )
    for number, decision in enumerate(plan.decisions):
        for place, path in enumerate(decision.files):
            yield f"/decisions/{number}/files/{place}", Mention("path", path)


def texts_of(plan: Plan) -> Iterator[Text]:
    """Yield every text that a model may write, with its place."""
    whole = msgspec.to_builtins(plan)
    for name in whole.keys() - COMPUTED:
        yield from _strings(f"/{name}", whole[name])


def _strings(place: str, value: Any) -> Iterator[Text]:
    match value:
        case str():
            yield place, value
        case dict():
            for name, item in value.items():
                yield from _strings(f"{place}/{name}", item)
        case list() | tuple():
            for number, item in enumerate(value):
                yield from _strings(f"{place}/{number}", item)


def design_refusals(plan: Plan, asked: Asked) -> Iterator[Fault]:
    """Yield parts that claim words of the goal which do not stand there."""
    if plan.design is None:
        return
    text = _line(" ".join(words for _, words in asked.passages()))
    for path, source in sources_of(plan.design):
        if source.basis == "goal" and not all(
            _line(each) in text for each in _claims(source.words)
        ):
            yield Fault(
                path,
                f"the goal does not say {source.words[:80]!r}; quote it, or call it an assumption",
            )


def _claims(words: str) -> list[str]:
    """Return the quotations in the words of a source; they may be listed with commas."""
    return [each for each in words.split(",") if each.strip()] or [""]


def _line(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


def with_local_design(plan: Plan, local: Plan) -> Plan:
    """Return a model's plan with a design: its own, or the local one with milestones as its phases.

    A model may leave the design out; what was designed is not lost by that.
    """
    if local.design is None:
        return msgspec.structs.replace(plan, design=None)
    if plan.design is not None:
        return plan
    milestones = tuple(
        Milestone(phase.key, phase.title, phase.purpose, tuple(task.key for task in phase.tasks))
        for phase in plan.phases
    )
    return msgspec.structs.replace(
        plan, design=msgspec.structs.replace(local.design, milestones=milestones)
    )


def unfounded_sources(texts: Iterable[Text], known: str, code: Codebase) -> Iterator[Fault]:
    """Yield the sources that neither `known`, the texts that are given, nor the repository has."""
    given = known.casefold()
    doubted = [
        (place, source, is_commit)
        for place, text in texts
        for source, is_commit in dict.fromkeys(_sources(text))
        if source.casefold() not in given
    ]
    if len(doubted) > SOURCES_MAX:
        yield Fault(doubted[0][0], f"the plan cites {len(doubted)} sources; {SOURCES_MAX} at most")
        return
    for place, source, is_commit in doubted:
        try:
            stands = code.has_commit(source) if is_commit else code.holds(source)
        except MissionControlError as error:
            yield Fault(place, f"its source can't be looked up: {error.reason}")
            return
        if not stands:
            yield Fault(
                place,
                f"`{source[:80]}` stands neither in what was asked for nor in the repository; "
                "leave it out",
            )


def _sources(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each source that a text cites, and whether it is a commit."""
    text = _ADDRESS.sub(" ", text)  # Only the reader can look those up.
    for match in _ADVISORY.finditer(text):
        yield match[0], False
    for match in _COMMIT.finditer(text):
        yield match[0], True
