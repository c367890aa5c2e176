"""Reads a goal: which sentences and clauses ask for something, and in which words."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from missioncontrol.domain.plan import Requirement
from missioncontrol.specialists.planner import statements, wording
from missioncontrol.specialists.planner.ask import TEXT_LENGTH_MAX, Ask
from missioncontrol.specialists.planner.clauses import as_ask, asks_in
from missioncontrol.specialists.planner.imperatives import is_story, leading_verb, verbs
from missioncontrol.specialists.planner.pronouns import about, points_back, resolved
from missioncontrol.specialists.planner.sentences import (
    Sentence,
    capitalised,
    sentences,
    shortened,
)
from missioncontrol.specialists.planner.subject import named_thing
from missioncontrol.specialists.words import is_cjk, words

REQUIREMENTS_MAX = 60
"""Asks that get a number of their own; what a longer goal asks beyond is kept in one more."""


class Goal(msgspec.Struct, frozen=True):
    """A goal as the planner understood it."""

    text: str
    asks: tuple[Ask, ...]
    background: tuple[str, ...]  # sentences that ask for nothing

    @property
    def main(self) -> Ask:
        """The first ask that is no constraint, or else the first."""
        return next((ask for ask in self.asks if ask.kind != "constraint"), self.asks[0])

    def requirements(self) -> tuple[Requirement, ...]:
        """Return the asks with their numbers."""
        return tuple(
            Requirement(f"R{number}", ask.text, ask.kind, ask.source)
            for number, ask in enumerate(self.asks, 1)
        )


class Said(msgspec.Struct):
    """One sentence, with what it asks for; nothing where it is a statement."""

    text: str
    section: str  # “wanted”, “told” or “trouble” below such a heading of a bug report
    asks: list[Ask]

    @property
    def tells_trouble(self) -> bool:
        """Whether it says that something goes wrong."""
        return not self.asks and (
            self.section == "trouble"
            or (self.section != "told" and statements.tells_trouble(self.text))
        )


def read_goal(goal: str, constraints: Sequence[str] = (), context: str = "") -> Goal:
    """Find everything that is asked for; a goal that asks nothing in form is one ask as a whole."""
    said = list(_said(goal, "goal"))
    _ask_for_what_is_stated(said)
    background = [each.text for each in said if not each.asks]
    asks = _explained(said) or [_whole(goal)]
    for number, constraint in enumerate(constraints, 1):
        asks += _constraint(
            constraint, f"constraint {number}" if len(constraints) > 1 else "constraint"
        )
    for each in _said(context, "context"):
        demanded = wording.MODAL.search(each.text) is not None
        asks += [ask for ask in each.asks if demanded or ask.kind == "constraint"]
    return Goal(goal, tuple(_bounded(_without_repeats(asks))), tuple(background))


def _said(text: str, where: str) -> Iterator[Said]:
    section = carried = ""
    is_first = True
    for sentence in sentences(text):
        body = wording.LEAD_IN.sub("", sentence.text).strip()
        if sentence.is_heading:
            section = statements.section(body)
            carried = body if leading_verb(body) and len(words(body)) == 1 else ""
            asks_here = leading_verb(body) and not wording.POINTING.search(body)
            if section or carried or not asks_here:
                continue
        inline, stated = statements.inline_section(body)
        place = inline or section
        body = stated if inline else body
        if sentence.is_item and carried and not leading_verb(body):
            body = f"{carried.capitalize()} {body}"
        wanted = place == "wanted" or (not place and _is_wanted(sentence, body, is_first=is_first))
        asks = asks_in(body, where, sentence.text) if wanted else []
        yield Said(sentence.text, place, asks)
        is_first = False


def _is_wanted(sentence: Sentence, body: str, *, is_first: bool) -> bool:
    if not body:
        return False
    if sentence.is_item or body != sentence.text.strip() or _is_ask(body):
        return True
    is_title = is_first and not wording.STATEMENT.search(body)
    return is_title and not statements.tells_trouble(body)


def _is_ask(text: str) -> bool:
    return bool(
        leading_verb(text)
        or is_story(text)
        or wording.MODAL.search(text)
        or wording.NEGATIVE_START.search(text)
        or is_cjk(text)
        or statements.is_foreign(text)
    )


def _ask_for_what_is_stated(said: list[Said]) -> None:
    """Turn into asks what a goal only states: the trouble it tells, or the properties it wants."""
    is_spec = not any(each.asks for each in said)
    is_report = _is_report(said)
    for number, each in enumerate(said):
        each.asks = [_resolved(ask, said[:number]) for ask in each.asks]
    leading = (ask for each in said if each.section != "wanted" for ask in each.asks)
    if all(ask.kind == "constraint" for ask in leading):
        # “Login is slow. Keep the API.”: the complaint is what is to be changed.
        _promote_one(said, is_report=is_report)
    asked: Ask | None = None
    for each in said:
        if each.asks:
            if each.section == "wanted" and asked:
                each.asks = [msgspec.structs.replace(ask, is_property=True) for ask in each.asks]
            asked = asked or each.asks[0]
        elif asked and _is_property(each, is_report=is_report):
            thing = named_thing(asked)
            text = about(each.text, thing) if thing else each.text
            ask = as_ask(text.strip(" .") or text, asked.where, each.text)
            alone = is_spec and not points_back(each.text)
            each.asks = [msgspec.structs.replace(ask, is_property=not alone)]


def _is_report(said: Sequence[Said]) -> bool:
    first = next((ask for each in said for ask in each.asks if ask.kind != "constraint"), None)
    fixes = first is not None and verbs().get(first.verb) == "bug-fix"
    return fixes or any(each.tells_trouble or each.section == "told" for each in said)


def _promote_one(said: list[Said], *, is_report: bool) -> None:
    told = [each for each in said if not each.asks and each.section != "told"]
    wanted = [
        *(each for each in told if is_report and each.tells_trouble),
        *(each for each in told if not statements.tells_today(each.text)),
        *told,
    ]
    if wanted:
        text = wanted[0].text.strip(" .") or wanted[0].text
        wanted[0].asks = [msgspec.structs.replace(as_ask(text, "goal", text), kind="function")]


def _is_property(each: Said, *, is_report: bool) -> bool:
    if each.section in {"told", "trouble"} or statements.tells_today(each.text):
        return False
    return statements.keeps(each.text) or not is_report


def _resolved(ask: Ask, before: Sequence[Said]) -> Ask:
    """Put in place of “it” what the statement before the ask is about."""
    told: list[str] = []
    for each in reversed(before):
        if each.asks:
            break
        told.append(each.text)
    naming = next((text for text in told if not points_back(text)), next(iter(told), ""))
    text = resolved(ask.text, naming) if naming else ask.text
    if text == ask.text:
        return ask
    kind = "function" if ask.kind == "constraint" else ask.kind
    return msgspec.structs.replace(ask, text=shortened(text, TEXT_LENGTH_MAX), kind=kind)


def _explained(said: Sequence[Said]) -> list[Ask]:
    """Return the asks in order, each with the sentences around it that ask for nothing."""
    asks: list[Ask] = []
    waiting: list[str] = []
    for each in said:
        if each.asks:
            first, *rest = each.asks
            asks += [_with_reasons(first, waiting), *rest]
            waiting = []
        elif asks:
            asks[-1] = _with_reasons(asks[-1], [each.text])
        else:
            waiting.append(each.text)
    return asks


def _with_reasons(ask: Ask, told: Sequence[str]) -> Ask:
    new = [text for text in told if text not in ask.because]
    room = TEXT_LENGTH_MAX - sum(map(len, ask.because))
    fitting = [text for text in new if (room := room - len(text)) > 0]
    return msgspec.structs.replace(ask, because=(*ask.because, *fitting)) if fitting else ask


def _whole(goal: str) -> Ask:
    text = shortened(goal, TEXT_LENGTH_MAX)
    return Ask(text, "function", "", "goal", text)


def _constraint(text: str, where: str) -> list[Ask]:
    return [
        Ask(
            capitalised(sentence.text.strip(" .")),
            "constraint",
            leading_verb(sentence.text),
            where,
            shortened(sentence.text, TEXT_LENGTH_MAX),
        )
        for sentence in sentences(text)
    ]


def _without_repeats(asks: Iterable[Ask]) -> list[Ask]:
    kept: dict[str, Ask] = {}
    for ask in asks:
        kept.setdefault(" ".join(ask.text.casefold().split()), ask)
    return list(kept.values())


def _bounded(asks: list[Ask]) -> list[Ask]:
    if len(asks) <= REQUIREMENTS_MAX:
        return asks
    rest = asks[REQUIREMENTS_MAX:]
    joined = "; ".join(ask.text for ask in rest)
    last = Ask(
        f"Also, {len(rest)} further asks: {shortened(joined, 8_000)}",
        "function",
        "",
        "goal",
        shortened(joined, TEXT_LENGTH_MAX),
    )
    return [*asks[:REQUIREMENTS_MAX], last]
