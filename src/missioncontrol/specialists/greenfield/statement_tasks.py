"""Turns the statements of a goal into tasks with checks of their own."""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

from missioncontrol.domain.product_design import Entity
from missioncontrol.specialists.greenfield.catalogue import TaskEntry
from missioncontrol.specialists.greenfield.lexicon import look_up, noun_base, noun_class, plural
from missioncontrol.specialists.greenfield.limits import class_of_verb, wordings
from missioncontrol.specialists.greenfield.reading import Reading
from missioncontrol.specialists.greenfield.selection import filled, named_technologies
from missioncontrol.specialists.greenfield.statements import Statement, title_of
from missioncontrol.specialists.greenfield.tables import snake

MOST = 11
CHECKS = 2
NOUN_SHARE = 0.8
"""How often a word is a noun that a check speaks of."""
STACK_WORDS = 5
"""Words of a statement that only names a technology."""
_WORD = re.compile(r"[a-z][a-z-]+")


def statement_tasks(
    reading: Reading, entities: Sequence[Entity]
) -> Iterator[tuple[Statement, TaskEntry]]:
    """Yield a task for each statement; no two have a check in common."""
    used: set[str] = set()
    titles: set[str] = set()
    before: Statement | None = None
    for statement in wanted_statements(reading)[:MOST]:
        same = before is not None and before.sentence == statement.sentence
        title = title_of(statement, before if same else None)
        before = statement
        if title in titles:
            continue
        titles.add(title)
        what, who = _about(statement, reading), _who(statement, reading)
        checks = tuple(_checks(statement, what, who, reading.text, used))
        stem = f"{snake(what)}/{snake(statement.verb or what)}"
        files = (
            f"{stem}: {title[:60]}",
            f"{stem}_test: the cases of its checks",
        )
        detail = f"The goal says: “{statement.text}”."
        tables = [each.table for each in entities if _speaks_of(statement, each)]
        if tables:
            detail += f" It works on {_listed(tables)}."
        yield statement, TaskEntry(title, detail, checks, files)


def wanted_statements(reading: Reading) -> list[Statement]:
    """Return the statements that ask for more than technologies: “Go and SQLite, but no Kafka”."""
    return [each for each in reading.statements if not _names_stack(each.text)]


def _names_stack(text: str) -> bool:
    named = named_technologies(text)
    words = len(text.split())
    return (len(named) >= 2 and words <= 2 * STACK_WORDS) or (bool(named) and words <= STACK_WORDS)


def _speaks_of(statement: Statement, entity: Entity) -> bool:
    bases = {noun_base(word) for word in _WORD.findall(statement.text.lower())}
    return entity.name.split()[-1] in bases


def _listed(items: Sequence[str]) -> str:
    names = [f"`{each}`" for each in items]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _about(statement: Statement, reading: Reading) -> str:
    """Return the noun of a statement that matters most; else what the product is about."""
    bases = [noun_base(word) for word in _WORD.findall(statement.text.lower())]
    known = [each for each in reading.things if each.head in bases]
    best = max(known, key=lambda each: reading.stored.get(each.head, -9.0), default=None)
    return best.name if best else reading.main_thing.name


def _who(statement: Statement, reading: Reading) -> str:
    named = next((each for each in reading.actors if each.head == statement.subject), None)
    return (named or reading.main_actor).name


_CONDITION = re.compile(
    r"(?i)\b(?P<word>when|if|once|as soon as|whenever)\s+(?P<rest>(?:[^,;.]|\.\d){6,90})"
)
_PER = re.compile(r"(?i)\b(?:per|for each|for every)\s+(?P<one>[a-z][a-z-]+)\b")
_FROM = re.compile(
    r"(?i)\bfrom\s+(?P<from>(?:(?:the|our|an?|each|their)\s+)?[\w-]+"
    r"(?:\s(?!(?:and|or|to|into|in|for|with|by|at|on|every|is|are)\b)[\w-]+)?)"
)
_INTO = re.compile(r"(?:^|\s)(?:to|into|in)\s+(?P<into>[A-Z][\w.-]+(?:\s[A-Z][\w.-]+)?)")
_WITH = re.compile(
    r"(?i)\bwith\s+(?:(?:an?|the|its|their|short|own)\s+)*"
    r"(?P<with>[a-z][a-z-]+(?:\s(?:and|or)\s[a-z-]+)?)\b"
)
_ONLY = re.compile(r"(?i)\bonly\s+(?P<only>(?:the\s+)?[a-z][a-z-]+s?)\b")
_A_DAY = re.compile(
    r"(?i)\b(?:only|at most|up to|no more than)\s+(?:\w+\s+)?(?P<number>\d{1,6})\s+"
    r"(?P<what>[a-z][\w -]{2,30}?)\s+(?:an?|per|each|every)\s+"
    r"(?P<period>day|week|month|hour|year)\b"
)
_LIST = re.compile(
    r"(?P<a>[a-z][a-z' -]{2,24}?), (?P<b>[a-z][a-z' -]{2,24}?)(?:, [a-z' -]+?)*,? and"
    r" (?P<c>[a-z][a-z'-]{2,24})"
)


def _specific(statement: Statement, what: str) -> Iterator[str]:
    """Yield checks that follow from how a statement is built, in its own words."""
    text = " ".join(statement.text.split())
    if match := _CONDITION.search(text):
        yield (
            f"The tests make the case “{match['word'].lower()} {match['rest'].strip()}” and its"
            " opposite: it happens once in the first and never in the second."
        )
    if match := _LIST.search(text):
        yield f"Each of {match['a'].strip()}, {match['b'].strip()} and {match['c']} has a case."
    if match := _PER.search(text):
        one = noun_base(match["one"].lower())
        yield f"Two {plural(one)} with different data give two results that share nothing."
    if match := _A_DAY.search(text):
        number, what_of, period = match["number"], match["what"], match["period"]
        yield (
            f"{number} {what_of} of one {period} pass; number {int(number) + 1} is refused, also"
            " when two come at once."
        )
    if (match := _ONLY.search(text)) and noun_class(noun_base(_last(match["only"]))) == "person":
        yield f"Tried without being {match['only']}, it is refused on every way in."
    if match := _FROM.search(text):
        yield (
            f"Recorded answers from {match['from']} are the input of the tests: a good one, an"
            f" empty one and a broken one, of which no {what} comes."
        )
    if match := _INTO.search(text):
        yield f"Sent twice to a double of {match['into']}, it is there once, with equal values."
    if (match := _WITH.search(text)) and _is_noun(match["with"]):
        yield f"The {match['with']} that was given is read back unchanged, and its lack is named."


def _last(words: str) -> str:
    return words.split()[-1].lower()


def _is_noun(words: str) -> bool:
    known = look_up(noun_base(words.split()[-1].lower()))
    return known is not None and "n" in known.counts and known.share("n") > NOUN_SHARE


def _checks(statement: Statement, what: str, who: str, goal: str, used: set[str]) -> Iterator[str]:
    """Yield checks in words of the statement; else of the class of its verb, each once."""
    own = [each for each in _specific(statement, what) if each not in used][:CHECKS]
    used.update(own)
    yield from own
    if len(own) == CHECKS:
        return
    name = "rule" if statement.is_rule else class_of_verb(statement.verb)
    choices = [each for each in wordings(name) if each not in used] or wordings(name)
    seed = f"{goal}\0{statement.text}".encode()
    ordered = sorted(choices, key=lambda each: sha256(seed + each.encode()).digest())
    for each in ordered[: CHECKS - len(own)]:
        used.add(each)
        yield filled(each.replace("{whats}", plural(what)), what, who, what=what, who=who)
