"""Reads a goal: which sentences and clauses ask for something, and in which words."""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from missioncontrol.domain.plan import Requirement
from missioncontrol.domain.requirement_extraction import demand_in
from missioncontrol.specialists.planner import phrasing, statements
from missioncontrol.specialists.planner.ask import TEXT_LENGTH_MAX, Ask
from missioncontrol.specialists.planner.clauses import as_ask, parse_clauses
from missioncontrol.specialists.planner.faults import (
    by_name,
    contrast,
    denies,
    fault,
    is_about_code,
    is_fault,
    is_outdone,
)
from missioncontrol.specialists.planner.imperatives import (
    as_imperative,
    is_story,
    leading_verb,
    verbs,
)
from missioncontrol.specialists.planner.labels import Label, labelled
from missioncontrol.specialists.planner.pronouns import about, only_echoes, points_back, resolved
from missioncontrol.specialists.planner.sentences import (
    Sentence,
    capitalised,
    sentences,
    shortened,
)
from missioncontrol.specialists.planner.side_changes import aside, without_accompaniment
from missioncontrol.specialists.planner.specification import (
    INERT_SECTIONS,
    NEW,
    GoalSentence,
    is_about_prior_ask,
    is_property,
    specifies,
)
from missioncontrol.specialists.planner.subject import named_thing
from missioncontrol.specialists.words import is_cjk, significant_words, stem, words

ECHOED_MIN, ECHOED_SHARE = 2, 0.6
"""Words that a sentence of the body shares with the title, and as a share of its own, from which
on it asks for the same thing."""
_OF_BOTH = re.compile(r"(?i)^[a-z]+\s+(?:both|these|those|them)\b")
_FIX_THAT = re.compile(r"(?i)^[a-z]+(?:\([^)]*\))?:\s+")
_INDEFINITE = re.compile(
    r"(?i)(?:any|every|some|no)(?:thing|body|one)\b|(?:any|every|each) other\b"
)
_EMPHASIS = re.compile(r"\*\*(?P<text>[^*\n]+)\*\*")
REQUIREMENTS_MAX = 60
"""Asks with a number of their own; the rest of a longer goal is collected in one more."""


class Goal(msgspec.Struct, frozen=True):
    """A goal as the planner understood it."""

    text: str
    asks: tuple[Ask, ...]
    background: tuple[str, ...]  # sentences that ask for nothing
    questions: tuple[str, ...] = ()  # that it asks, beside what it wants

    @property
    def main(self) -> Ask:
        """The first ask for a change, or else the first that is no constraint."""
        asked = [ask for ask in self.asks if ask.kind != "constraint"]
        return next((ask for ask in asked if not ask.aside), (asked or [*self.asks])[0])

    def requirements(self) -> tuple[Requirement, ...]:
        """Return the asks with their numbers."""
        return tuple(
            Requirement(f"R{number}", ask.text, ask.kind, ask.source)
            for number, ask in enumerate(self.asks, 1)
        )


def read_goal(goal: str, constraints: Sequence[str] = (), context: str = "") -> Goal:
    """Find everything that is asked for; a goal that asks nothing in form is one ask as a whole."""
    stated = list(_read_sentences(goal, "goal"))
    _ask_for_what_is_stated(stated)
    _take_lists_as_detail(stated)
    if "\n\n" in goal.strip():
        _take_echoes_as_detail(stated)
    background = [each.text for each in stated if not each.asks]
    questions = [each.text for each in stated if each.section == "question" and not each.asks]
    asks = _with_faults(_with_asides(_with_work(_without_echoes(_explained(stated))))) or [
        _whole(goal)
    ]
    for number, constraint in enumerate(constraints, 1):
        asks += _constraint(
            constraint, f"constraint {number}" if len(constraints) > 1 else "constraint"
        )
    for each in _read_sentences(context, "context"):
        demanded = phrasing.MODAL.search(each.text) is not None
        asks += [ask for ask in each.asks if demanded or ask.kind == "constraint"]
    asks = _bounded(_without_repeats(asks))
    return Goal(goal, tuple(asks), tuple(background), tuple(dict.fromkeys(questions)))


def _read_sentences(text: str, where: str) -> Iterator[GoalSentence]:
    section = carried = ""
    is_first = True
    for sentence in sentences(text):
        body, demands = _without_politeness(sentence.text), False
        if sentence.is_heading:
            section = statements.section(body)
            carried = body if leading_verb(body) and len(words(body)) == 1 else ""
            asks_here = leading_verb(body) and not phrasing.POINTING.search(body)
            demands = demand_in(body, faults=False) is not None
            if not demands and (section or carried or not asks_here):
                continue
        named = is_first and body[:1].islower() and labelled(body).scope
        # “log: support days” names a part of the code, and shows no log.
        inline, stated = ("", body) if named else _expected(body) or statements.inline_section(body)
        place = inline or section
        label = Label(stated) if inline else labelled(body)
        body = as_imperative(label.text) if is_first or sentence.is_item else label.text
        if not place and statements.is_question(body):
            place = "question"
        if sentence.is_item and carried and not leading_verb(body):
            body = f"{carried.capitalize()} {body}"
        wanted = place == "wanted" or (not place and _is_wanted(sentence, body, is_first=is_first))
        # “Steps: the login must work” demands something, whatever it stands under.
        demands = demands or bool(inline and demand_in(sentence.text, faults=False))
        wanted = wanted or demands or bool(inline and phrasing.MODAL.search(body))
        wrong, expected = contrast(body) if is_first and where == "goal" and not place else ("", "")
        asks = parse_clauses(body, where, sentence.text) if wanted else []
        asks = [_repair(wrong, sentence.text, expected)] if wrong else asks
        asks = [msgspec.structs.replace(a, label=label.kind, scope=label.scope) for a in asks]
        yield GoalSentence(
            sentence.text, place, asks, sentence.is_item, is_heading=sentence.is_heading
        )
        is_first = False


def _without_politeness(text: str) -> str:
    """Return what is asked behind “please” and the like, and “I'd rather not” as “do not”."""
    body = phrasing.LEAD_IN.sub("", _without_emphasis(text)).strip()
    return phrasing.RATHER_NOT.sub("Do not ", body)


def _without_emphasis(text: str) -> str:
    """Return a sentence without the marks of bold words; code keeps its asterisks."""
    return text if "`" in text else _EMPHASIS.sub(r"\g<text>", text)


def _expected(text: str) -> tuple[str, str] | None:
    """Return what a sentence expects, as a section names it: “I'd expect it to fail”."""
    match = phrasing.EXPECTED.match(text)
    if match is None:
        return None
    what = phrasing.EXPECTED_TO.sub(r"\g<who> should \g<what>", match["what"])
    return "wanted", what


def _demand(text: str) -> str:
    """Return “it should fail” for “I'd expect it to fail”, and any other sentence as it is."""
    expected = _expected(text)
    return expected[1] if expected else text


def _is_wanted(sentence: Sentence, body: str, *, is_first: bool) -> bool:
    text = _without_emphasis(sentence.text)
    if not body:
        return False
    if not is_first and (statements.is_reference(text) or statements.is_of_author(text)):
        return False
    if not is_first and statements.is_use_report(text):
        return False
    if sentence.is_item or _is_ask(body):
        return True
    if not is_first and statements.explains(text):
        return False
    plain = labelled(phrasing.ORDERING.sub("", text).strip()).text
    if body not in {text.strip(), plain, as_imperative(plain)}:
        return True  # “Please” and “we need to” ask, whatever follows.
    is_title = (is_first or plain != text.strip()) and not phrasing.STATEMENT.search(body)
    return is_title and not (is_fault(body) or is_about_code(body))


def _is_ask(text: str) -> bool:
    return bool(
        leading_verb(text)
        or aside(text)
        or is_story(text)
        or phrasing.MODAL.search(text)
        or phrasing.NEGATIVE_START.search(text)
        or not without_accompaniment(text)[0]
        or is_cjk(text)
        or statements.is_foreign(text)
    )


def _ask_for_what_is_stated(stated: list[GoalSentence]) -> None:
    """Turn into asks what a goal only states: the trouble it tells, or the properties it wants."""
    is_spec = not any(each.asks for each in stated)
    _take_back_titles(stated)
    _repair_items(stated)
    is_report = _is_report(stated)
    for number, each in enumerate(stated):
        each.asks = [_resolved(ask, stated[:number]) for ask in each.asks]
    leading = (
        ask
        for each in stated
        if each.section != "wanted" and not (is_report and _is_outcome(each))
        for ask in each.asks
    )
    if _is_led(stated):
        pass  # What follows “Add tests” or “Do not drop the header when …” explains it.
    elif all(ask.kind == "constraint" or aside(ask.text) for ask in leading):
        # “Login is slow. Keep the API.”: the complaint is what is to be changed.
        _promote_one(stated, is_report=is_report)
    elif complaint := _beside_what_is_added(stated):
        _ask_for_repair(complaint, stated[stated.index(complaint) + 1 :])
    asked: Ask | None = None
    for number, each in enumerate(stated):
        if each.asks:
            wanted = each.section == "wanted" or (is_report and _is_outcome(each))
            if asked and (wanted or is_about_prior_ask(each, stated[:number])):
                each.asks = [msgspec.structs.replace(ask, is_property=True) for ask in each.asks]
            asked = asked or each.asks[0]
        elif statements.is_use_report(each.text):
            continue
        elif asked and is_property(each, asked, is_report=is_report, is_spec=is_spec):
            thing = named_thing(asked)
            text = about(each.text, thing) if thing else each.text
            ask = as_ask(text.strip(" .") or text, asked.where, each.text)
            alone = is_spec and not points_back(each.text)
            each.asks = [msgspec.structs.replace(ask, is_property=not alone)]


def _take_lists_as_detail(stated: Sequence[GoalSentence]) -> None:
    """Read a line that leads into a list, and items without a verb, as detail of what is asked.

    “Use the existing APIs. Replace the hand-made logic: - `a` in place of `b`” asks for one thing.
    """
    asked = False
    in_list = False
    for number, each in enumerate(stated):
        items = stated[number + 1 :][:1]
        leads = each.is_heading and any(one.is_item and one.asks for one in items)
        in_list = leads or (in_list and each.is_item)
        plain = leads or not any(ask.verb and not ask.scope for ask in each.asks)
        if asked and in_list and plain and not any(aside(ask.text) for ask in each.asks):
            each.asks = [
                ask
                if ask.kind == "constraint" or ask.fault
                else msgspec.structs.replace(ask, text=_scoped(ask), is_property=True)
                for ask in each.asks
            ]
        asked = asked or any(ask.kind != "constraint" for ask in each.asks)


def _take_echoes_as_detail(lines: Sequence[GoalSentence]) -> None:
    """Read what the body of a message asks of the thing in its title as detail of that.

    “Detect both …” and “Add name to sublime syntax file.” below “Add … to x86 sublime syntax file”
    ask for no second thing.
    """
    title = next((ask for each in lines[:1] for ask in each.asks if ask.kind != "constraint"), None)
    if title is None or title.fault:
        return
    asked = {stem(word) for word in significant_words(title.text)}
    for each in lines[1:]:
        each.asks = [
            msgspec.structs.replace(ask, is_property=True) if _echoes(ask, asked) else ask
            for ask in each.asks
        ]


def _echoes(ask: Ask, asked: set[str]) -> bool:
    if ask.kind == "constraint" or ask.fault or not ask.verb or aside(ask.text):
        return False
    if _OF_BOTH.match(ask.text):
        return True
    own = {stem(word) for word in significant_words(ask.text) if word.lower() != ask.verb}
    return len(own & asked) >= ECHOED_MIN and len(own & asked) >= ECHOED_SHARE * len(own)


def _scoped(ask: Ask) -> str:
    """Return a detail with the part of the code that it says it is about: “Reader: parse …”."""
    return ask.text if not ask.scope or ask.scope in ask.text else f"{ask.scope}: {ask.text}"


def _is_led(stated: Sequence[GoalSentence]) -> bool:
    """Whether the first sentence is a request, be it that something wrong stops."""
    first = stated[0].asks[:1] if stated else []
    if not first or stated[0].section == "wanted":
        return False
    if first[0].kind != "constraint":
        return bool(aside(first[0].text))
    refuses = phrasing.REFUSAL.match(first[0].text) is not None
    return refuses and any(is_fault(each.text) for each in stated[1:] if not each.asks)


def _repair_items(stated: Sequence[GoalSentence]) -> None:
    """Ask for the repair of a fault that an item tells, unless the list specifies a new thing."""
    asked = [ask for each in stated for ask in each.asks if not each.is_item or ask.verb]
    if asked and verbs().get(asked[0].verb) in NEW | {"refactoring"}:
        return  # “`a` instead of `b`” says what is to come there.
    for each in stated:
        if each.is_item and not each.section and len(each.asks) == 1 and not each.asks[0].verb:
            text = each.asks[0].text
            if (
                is_fault(text)
                and not phrasing.MODAL.search(text)
                and each.asks[0].kind == "function"
            ):
                each.asks = [_repair(text, each.text)]


def _is_outcome(each: GoalSentence) -> bool:
    """Whether a sentence only says what should come instead: “the first key should be read”."""
    asked = any(ask.verb or ask.kind == "constraint" for ask in each.asks)
    says = phrasing.INSTEAD.search(each.text) or phrasing.BACK_REFERENCE.match(each.text)
    return bool(each.asks) and not asked and says is not None


def _take_back_titles(read: list[GoalSentence]) -> None:
    """Read a first sentence as a description, where the second one states how it should be."""
    if len(read) > 1 and not read[0].section and is_outdone(read[0].text, _demand(read[1].text)):
        read[0].asks = []


def _is_report(lines: Sequence[GoalSentence]) -> bool:
    first = next((ask for each in lines for ask in each.asks if ask.kind != "constraint"), None)
    fixes = first is not None and "bug-fix" in {first.label, verbs().get(first.verb)}
    wrong = any(
        each.section == "told" or (each.has_trouble and not specifies(each, lines))
        for each in lines
    )
    return fixes or wrong or any(not each.asks and _is_complaint(each, lines) for each in lines[:1])


def _is_complaint(one: GoalSentence, stated: Sequence[GoalSentence]) -> bool:
    """Whether a sentence describes a fault, or stands alone and describes what code does."""
    alone = len([each for each in stated if not all(aside(ask.text) for ask in each.asks)]) == 0
    plain = [each for each in stated if not each.asks]
    after = stated[stated.index(one) + 1 :][:1]
    outdone = any(is_outdone(one.text, _demand(each.text)) for each in after)
    return is_fault(one.text) or outdone or (alone and plain == [one] and is_about_code(one.text))


def _beside_what_is_added(stated: Sequence[GoalSentence]) -> GoalSentence | None:
    """Return the fault described before all asks, where the first of them is a second thing.

    “`close` crashes. Also drop the old extra.” asks for both; “Login is slow. Cache the sessions.”
    says how.
    """
    asking = (n for n, each in enumerate(stated) if each.asks and each.section != "wanted")
    first = next((n for n in asking if not _is_outcome(stated[n])), 0)
    if not phrasing.ADDED.match(stated[first].text):
        return None
    plain = (
        each for each in stated[:first] if not each.asks and each.section not in INERT_SECTIONS
    )
    return next((each for each in plain if is_fault(each.text) or each.has_trouble), None)


def _promote_one(stated: list[GoalSentence], *, is_report: bool) -> None:
    plain = [each for each in stated if not each.asks and each.section != "told"]
    plain.sort(key=lambda each: each.section == "question")
    wanted = [
        *(each for each in plain if is_report and each.has_trouble),
        *(each for each in plain[:1] if is_report and _is_complaint(each, stated)),
        *(each for each in plain if not statements.is_about_today(each.text)),
        *plain,
    ]
    if not wanted:
        return
    one = wanted[0]
    text = one.text.strip(" .") or one.text
    if (is_report and one.section == "trouble") or _is_complaint(one, stated):
        _ask_for_repair(one, stated[stated.index(one) + 1 :])
    else:
        one.asks = [msgspec.structs.replace(as_ask(text, "goal", text), kind="function")]


def _ask_for_repair(one: GoalSentence, after: Sequence[GoalSentence]) -> None:
    """Ask for what should be in place of a described fault, as the report words it."""
    outcome = next((e for e in after if e.asks and (e.section == "wanted" or _is_outcome(e))), None)
    expected = outcome.asks[0] if outcome else None
    says = expected is not None and not denies(expected.words)
    ask = _repair(one.text, one.text, expected.text if expected and says else "")
    one.asks = [msgspec.structs.replace(ask, others=(expected,)) if expected else ask]
    if outcome:
        outcome.asks = outcome.asks[1:]
        outcome.section = outcome.section if outcome.asks else "told"  # Its ask is used up.


def _repair(wrong: str, words: str, expected: str = "") -> Ask:
    found = fault(wrong, expected)
    text = shortened(found.wanted, TEXT_LENGTH_MAX)
    return Ask(text, "function", "", "goal", shortened(words, TEXT_LENGTH_MAX), fault=found)


def _resolved(ask: Ask, before: Sequence[GoalSentence]) -> Ask:
    """Put in place of “it” what the statement before the ask is about."""
    earlier: list[str] = []
    for each in reversed(before):
        if each.asks:
            break
        if not _INDEFINITE.match(each.text):  # “It” is never what “anything else” is.
            earlier.append(each.text)
    naming = next((text for text in earlier if not points_back(text)), next(iter(earlier), ""))
    text = by_name(resolved(ask.text, naming), naming) if naming else ask.text
    if text == ask.text:
        return ask
    kind = "function" if ask.kind == "constraint" else ask.kind
    verb = leading_verb(text) or ask.verb  # “Find the cause and fix it” asks for a repair.
    text = shortened(text, TEXT_LENGTH_MAX)
    return msgspec.structs.replace(ask, text=text, kind=kind, verb=verb)


def _explained(stated: Sequence[GoalSentence]) -> list[Ask]:
    """Return the asks in order, each with the sentences around it that ask for nothing."""
    asks: list[Ask] = []
    waiting: list[str] = []
    for each in stated:
        if each.asks:
            first, *rest = each.asks
            asks += [_with_reasons(first, waiting), *rest]
            waiting = []
        elif asks:
            asks[-1] = _with_reasons(asks[-1], [each.text])
        else:
            waiting.append(each.text)
    return asks


def _with_work(asks: list[Ask]) -> list[Ask]:
    """Make a goal with constraints alone ask for the first of them: it has no other ask."""
    if asks and all(ask.kind == "constraint" for ask in asks):
        return [msgspec.structs.replace(asks[0], kind="function"), *asks[1:]]
    return asks


def _with_asides(asks: list[Ask]) -> list[Ask]:
    """Mark what only goes with a change that was asked for before it."""
    asks = [each for number, ask in enumerate(asks) for each in _company(ask, number)]
    first = next((n for n, ask in enumerate(asks) if ask.kind != "constraint"), len(asks))
    kinds = [aside(ask.text) if number > first else "" for number, ask in enumerate(asks)]
    return [
        msgspec.structs.replace(ask, aside=kind, kind="function", is_property=False)
        if kind and not phrasing.NEGATIVE_START.search(ask.text)
        else ask
        for ask, kind in zip(asks, kinds, strict=True)
    ]


def _company(ask: Ask, number: int) -> list[Ask]:
    """Return the tests and documents that a sentence such as “With tests.” asks for."""
    change, company = without_accompaniment(ask.text) if number else (ask.text, [])
    if change:
        return [ask]
    return [as_ask(f"Add {each}", ask.where, ask.words) for each in company]


def _without_echoes(asks: list[Ask]) -> list[Ask]:
    """Tell “Support that.” with the wish before it: it asks for nothing more."""
    merged: list[Ask] = []
    for ask in asks:
        before = merged[-1] if merged else None
        if before and not before.verb and before.kind != "constraint" and only_echoes(ask.text):
            merged[-1] = msgspec.structs.replace(before, others=(*before.others, ask))
        else:
            merged.append(ask)
    return merged


def _with_faults(asks: list[Ask]) -> list[Ask]:
    """Take “Fix: the router drops slashes” apart: what shows the fault is what it is about."""
    return [
        msgspec.structs.replace(ask, fault=found)
        if (matched := _FIX_THAT.match(ask.text))
        and verbs().get(ask.verb) == "bug-fix"
        and not ask.fault
        and (found := fault(ask.text[matched.end() :])).about
        else ask
        for ask in asks
    ]


def _with_reasons(ask: Ask, reasons: Sequence[str]) -> Ask:
    new = [text for text in reasons if text not in ask.because]
    room = TEXT_LENGTH_MAX - sum(map(len, ask.because))
    fitting = [text for text in new if (room := room - len(text)) > 0]
    return msgspec.structs.replace(ask, because=(*ask.because, *fitting)) if fitting else ask


def _whole(goal: str) -> Ask:
    text = shortened(goal, TEXT_LENGTH_MAX)
    return Ask(text, "function", "", "goal", text)


def _constraint(text: str, where: str) -> list[Ask]:
    return [
        Ask(
            capitalised(line.strip(" .")),
            "constraint",
            leading_verb(line),
            where,
            shortened(line, TEXT_LENGTH_MAX),
        )
        for line in [sentence.text for sentence in sentences(text)] or [" ".join(text.split())]
    ]


def _without_repeats(asks: Iterable[Ask]) -> list[Ask]:
    merged: dict[str, Ask] = {}
    for ask in asks:
        key = " ".join(ask.text.casefold().split())
        first = merged.setdefault(key, ask)
        if first is not ask:
            merged[key] = msgspec.structs.replace(first, others=(*first.others, ask))
    return list(merged.values())


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
        others=tuple(other for ask in rest for other in (ask, *ask.others)),
    )
    return [*asks[:REQUIREMENTS_MAX], last]
