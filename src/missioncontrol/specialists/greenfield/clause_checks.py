"""Derives the checks of a statement from its own clauses, in plain sentences that can fail."""

import re
from collections.abc import Iterator, Sequence

from missioncontrol.specialists.greenfield.clause_parts import (
    Group,
    Parts,
    as_order,
    finite,
    lowered,
    raised,
)
from missioncontrol.specialists.greenfield.lexicon import (
    noun_base,
    noun_class,
    plural,
    third_person,
)
from missioncontrol.specialists.greenfield.limits import chosen, does, wordings_of_act
from missioncontrol.specialists.greenfield.selection import with_article
from missioncontrol.specialists.greenfield.titles import CAPACITY, DURATION, WEEKDAYS

_CHANGING = frozenset(
    ["touch", "overwrite", "change", "modify", "alter", "delete", "lose", "edit", "move", "remove"]
)
_GIVEN_ONCE = frozenset(
    ["apply", "assign", "book", "borrow", "buy", "enrol", "give", "lend", "order", "pay", "rent",
     "reserve", "sell", "subscribe", "swap", "take", "vote"]
)  # fmt: skip
_SHOWING = frozenset(["print", "show", "display", "log", "expose", "leak", "reveal", "send"])
_EVERY = re.compile(
    r"(?i)\b(?:every|each)\s+(?:\w+\s+)?(?:day|weekday|night|morning|afternoon|evening|week|month"
    r"|monday|friday|sunday|quarter|hour)\b(?:\s+at\s+[\d:]+)?"
    r"|\b(?:hourly|daily|nightly|weekly|monthly)$"
)
_EACH = re.compile(r"(?i)^(?:each|every)\s+(?P<one>[\w-]+(?:\s[\w-]+)?)$")
EXAMPLE = "Agreed examples, at least one where"
"""How a check begins that only repeats its statement."""
_ARTICLE = re.compile(r"(?i)^(?:an?|the|each|every|its|their|his|her|our|my|any|some|all)\s+")
_NUMBERS = {
    "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "8": "eight",
    "10": "ten", "12": "twelve",
}  # fmt: skip


def clause_checks(parts: Parts, product: str, seed: str, own: Sequence[str] = ()) -> Iterator[str]:
    """Yield checks of one statement, the most telling first.

    `own` are those of its behaviours. What single words of a clause ask for is taken where there
    are fewer than two others.
    """
    clause = finite(parts, product)
    if match := CAPACITY.search(parts.text):
        yield from (_capacity(match), *own)
        return
    found = [*_of_condition(parts, clause)] if parts.condition else []
    if parts.is_negated:
        found = [*(found or _of_prohibition(parts, clause)), *own]
    else:
        found += [*_only(parts), *_of_schedule(parts), *_of_range(parts), *_of_each(parts), *own]
        if len(found) < ENOUGH:
            found += [*_of_lists(parts), *_of_pattern(parts)]
            found += [*_of_act(parts, product, seed), *_of_person(parts)]
    yield from found or [_example(parts, clause)]


ENOUGH = 2
"""Checks of a clause to which those for single words add nothing."""


def _capacity(match: re.Match[str]) -> str:
    number, what, period = match["number"], match["what"], match["period"]
    return (
        f"{raised(number)} {what} of one {period} are accepted; one more is refused, also when two"
        " requests arrive at once."
    )


# --- conditions ----------------------------------------------------------------------------------


def _of_condition(parts: Parts, clause: str) -> Iterator[str]:
    """Yield what a conjunction asks for: the case, its opposite, or the order of two things."""
    given = _plain(parts.condition)
    if parts.joint == "until" and parts.is_negated:
        order = _order(parts)
        yield f"Before {given}, an attempt to {order} is refused; after that it succeeds."
    elif parts.joint == "until":
        yield f"{raised(clause)} up to the moment when {given}, and no longer."
    elif parts.joint == "before":
        yield from _of_before(parts, given, clause)
    elif parts.joint == "unless":
        yield f"Given that {given}, it does not happen; in any other case {clause}."
    elif not clause:
        what = re.sub(rf"(?i)\s+{parts.joint}\s.*$", "", parts.rest)
        yield f"Given that {given}, a test finds {lowered(what)}; otherwise none."
    elif parts.is_negated:
        yield f"Even when {given}, {clause}: a test compares the data before and after."
    else:
        yield f"Given that {given}, {clause}; otherwise this does not happen."


def _of_before(parts: Parts, given: str, clause: str) -> Iterator[str]:
    target = as_order(given)
    if target and parts.is_passive:
        be = "are" if parts.is_plural else "is"
        subject = re.sub(r"(?i)^all (?:of )?", "", lowered(parts.subject))
        missing = f"one of {subject} is" if subject != lowered(parts.subject) else f"{subject} {be}"
        yield f"While {missing} not {parts.form}, an attempt to {target} is refused; then it works."
    elif target:
        yield f"An attempt to {target} first is refused; after that step it works."
    else:
        yield f"A test stops just before {given}: up to there {clause}."


def _plain(condition: str) -> str:
    return lowered(condition.strip(" ,;:.")).replace(" somebody ", " a person ")


def _order(parts: Parts) -> str:
    """Return a statement as what a person or program would try: “book a damaged boat”."""
    if parts.is_passive:
        return _joined(parts.verb, lowered(parts.subject), parts.rest)
    return _joined(parts.verb, parts.rest)


def _joined(*texts: str) -> str:
    return " ".join(" ".join(texts).split())


# --- prohibitions --------------------------------------------------------------------------------


def _of_prohibition(parts: Parts, clause: str) -> Iterator[str]:
    """Yield how a prohibition is tried out."""
    if not parts.verb:
        return
    is_twice = "twice" in parts.rest.lower()
    if is_twice and parts.verb in _GIVEN_ONCE:
        yield "Of two attempts at the same moment, one is accepted and the other refused."
        return
    if is_twice:
        yield "The same input given again changes nothing; a test counts before and after."
        return
    if match := re.search(r"(?i)\bmore than (?P<number>\w+) (?P<what>[\w -]+)$", parts.rest):
        number = _NUMBERS.get(match["number"], match["number"])
        yield f"With {number} {match['what']}, one more is refused; with one fewer it is accepted."
        return
    target = lowered(parts.subject) if parts.is_passive else _object(parts)
    is_done_by_people = parts.is_person or (parts.is_can and parts.is_passive)
    if is_done_by_people:
        who = "" if re.match(r"(?i)no", parts.subject) or parts.is_passive else parts.subject
        by = f" by {_one(who)}" if who else ""
        yield f"An attempt{by} to {_order(parts)} is refused with the reason and changes nothing."
    elif parts.verb in _CHANGING and target:
        yield f"Before and after each test, also an aborted one, {target} are compared and equal."
    elif parts.verb in _SHOWING and target and not parts.rest:
        yield f"A test plants {target} in the input and finds no trace in any output or log."
    else:
        yield f"A test sets up the case and finds that {clause}."


def _object(parts: Parts) -> str:
    return parts.objects.items[0] if parts.objects else ""


def _one(people: str) -> str:
    plain = lowered(people)
    return f"anyone {plain}" if plain.startswith("who ") else plain


def _only(parts: Parts) -> Iterator[str]:
    if match := re.match(r"(?i)only (?P<who>.+)$", parts.subject):
        who = match["who"]
        order = _order(parts)
        yield f"Anyone but {who} is refused when trying to {order}; {who} can do it."


# --- time, each and lists ------------------------------------------------------------------------


def _of_schedule(parts: Parts) -> Iterator[str]:
    found = _EVERY.search(parts.when or parts.text)
    if found and not parts.is_person:
        when = found[0].lower()
        yield f"A test clock starts it {when}, once for each period; a missed run is reported."


def _of_range(parts: Parts) -> Iterator[str]:
    """Yield the borders of “from 0 to 10”, “before 8 am” and “by 5 am”."""
    if match := re.search(r"\bfrom (\d{1,9}) to (\d{1,9})\b", parts.text):
        first, last = int(match[1]), int(match[2])
        yield f"{first} and {last} are accepted; {first - 1} and {last + 1} are refused."
    if match := re.search(
        r"\b(before|by|until) (\d[\d:.]*(?: ?[ap]m)?|noon|midnight)\b", parts.text
    ):
        if match[1] == "by":
            yield f"What is not done by {match[2]} is reported at that time."
        else:
            yield f"One minute before {match[2]} it is accepted; one minute after, refused."


def _of_each(parts: Parts) -> Iterator[str]:
    match = _EACH.match(parts.subject)
    if match is None:
        return
    one = match["one"]
    if parts.verb == "have":
        yield f"A new {one} without {_without_article(_object(parts))} is refused with that name."
    elif parts.is_passive:
        yield f"No {one} of the test data is left that is not {parts.form} {parts.rest}.".replace(
            " .", "."
        )
    else:
        yield f"Of ten {plural(one)} in a test, none is left out."


def _of_lists(parts: Parts) -> Iterator[str]:
    """Yield a check for the things that a statement names together."""
    halves = parts.subject.split(" and ", 1)
    if len(halves) == 2 and not parts.is_person:
        yield f"{raised(halves[0])} and {halves[1]} have tests with results worked out by hand."
        return
    if not parts.verb and not re.search(r"(?i)\beach\b|\bevery\b", parts.text):
        return
    for group in sorted(parts.groups, key=lambda each: each.preposition not in {"as", "by"}):
        items = [each for each in group.items if not each[:1].isdigit()]
        if len(items) < 2 or (len(set(group.heads)) < 2 and group.preposition not in {"by", "as"}):
            continue
        yield _of_list(parts, group, items)


def _of_list(parts: Parts, group: Group, items: Sequence[str]) -> str:
    both = _and(items)
    act = _act(parts)
    if group.preposition == "as":
        return f"Read back from {both}, the same test data have equal values."
    if group.preposition == "by":
        return (
            f"Examples {' and '.join(f'by {each}' for each in items)} agree with hand-made results."
        )
    if group.preposition == "from":
        return f"The tests start from known values of {both}; each one missing is reported."
    if group.preposition in {"on", "in"} and parts.verb in {"run", "work"}:
        return f"The same tests pass {group.preposition} {both}."
    if group.preposition == "with" and (parts.is_person or act == "store"):
        first = _without_article(items[0])
        return f"Read back, {both} are as entered; a missing {first} is refused by that name."
    if act in {"output", "see"} or parts.verb in {"give", "return", "answer"}:
        return f"A test finds {both} in the result, each with its expected value."
    if act == "compute" or parts.verb in {"measure", "show"}:
        return f"One example each for {both} has the value that was worked out by hand."
    if group.preposition in {"with", ""} and act in {"store", "receive", ""}:
        return f"Entered together, {both} are stored and shown again without a change."
    return f"For each of {both} there is a test of its own."


def _and(items: Sequence[str]) -> str:
    names = [lowered(each) for each in items[:5]]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _without_article(text: str) -> str:
    return _ARTICLE.sub("", lowered(text))


# --- what a few verbs ask for --------------------------------------------------------------------


def _of_pattern(parts: Parts) -> Iterator[str]:
    """Yield what a verb asks for together with the words around it: “look up a pet by number”."""
    if re.match(r"(?i)(?:which|what|who|where)\b", parts.rest) and not parts.is_person:
        yield "Of four made-up cases, two of which are meant, it gives exactly those two."
        return
    for verbs, preposition, wording in _PATTERNS:
        group = parts.behind(*preposition.split()) if preposition else None
        if parts.verb not in verbs.split() or (preposition and group is None):
            continue
        thing = _without_article(_object(parts))
        if "{thing}" in wording and (not thing or (parts.is_person and parts.verb != "pay")):
            continue
        other = group.items[0] if group else ""
        yield wording.format(thing=thing, other=other, key=_without_article(other))
        return


_PATTERNS = (
    ("look find search", "by",
     "A known {key} gives its entry; an unknown and a malformed one are distinguished."),
    ("rank sort order", "by",
     "An example put in order by hand, by {other}, comes out equal, ties included."),
    ("become", "", "One test case makes exactly one {thing}; given again, it makes no second."),
    ("match reconcile compare", "against with to",
     "Cases with one, no and two partners among {other} come out matched, open and doubtful."),
    ("connect link", "against with to",
     "While {other} cannot be reached nothing is lost; later it arrives once."),
    ("warn alert notify", "on about of",
     "A test with {other} gets exactly one warning; one without gets none."),
    ("book reserve", "",
     "Of two overlapping ones at the same moment, one is accepted and the other refused."),
    ("pay", "", "A {thing} that fails to be paid stays open; one that is paid counts once."),
    ("hide", "", "Once hidden, it is in no answer, list or export that others get."),
    ("undo restore", "", "Afterwards every field is as before; a test compares both states."),
)  # fmt: skip
"""Verbs, the preposition that they need, and their check."""


# --- acts ----------------------------------------------------------------------------------------


def _of_act(parts: Parts, product: str, seed: str) -> Iterator[str]:
    """Yield checks by what the verb says beyond doubt, in words of the clause."""
    act = _act(parts)
    if act == "sync":
        yield wordings_of_act(act)[0]
    if parts.is_person or (parts.subject and not parts.is_passive):
        return
    objects, source, target = _named_objects(parts), parts.behind("from"), parts.behind("to")
    people = target.items[0] if target else _person(parts)
    if act == "receive" and source:
        act = "receive_from"
    wordings = wordings_of_act(act)
    if not wordings or not objects or (act == "notify" and not people):
        return
    values = {"objects": objects, "source": source.items[0] if source else "", "target": people}
    yield raised(chosen(wordings, seed + parts.text).format(**values))
    if act in {"transform", "output", "compute"} and _are_several(parts):
        yield f"With no {_without_article(objects)} at all, the {product} says so and ends well."


def _act(parts: Parts) -> str:
    """Return what the verb says; “check out” and “keep running” say something else."""
    first = parts.rest.split(" ", 1)[0].lower()
    if re.search(r"(?i)\bin sync\b", parts.rest):
        return "sync"
    is_other = first in _PARTICLES or re.search(r"(?i)\b(?:out|aside|away|in sync)\b", parts.rest)
    is_state = parts.verb == "keep" and re.search(r"(?i)\b\w+ing\b| in | out ", parts.rest)
    return "" if is_other or is_state else does(parts.verb)


_PARTICLES = frozenset({"out", "in", "off", "up", "down", "back"})


def _are_several(parts: Parts) -> bool:
    word = (parts.subject or _object(parts)).split()[-1:]
    return bool(word) and noun_base(word[0].lower()) != word[0].lower()


def _person(parts: Parts) -> str:
    objects = parts.objects
    if objects and (noun_class(objects.heads[0]) == "person" or objects.items[0] in {"me", "us"}):
        return {"me": "the owner", "us": "the team"}.get(objects.items[0], objects.items[0])
    return ""


def _named_objects(parts: Parts) -> str:
    """Return what a verb acts on, where that is more than a pronoun."""
    if parts.is_passive:
        return lowered(parts.subject)
    group = parts.objects
    if group is None or group.heads[0] in {"it", "them", "this", "what", "one", "those", "these"}:
        return ""
    plain = [item for item in group.items if noun_class(item) != "time"]
    return _and(plain) if len(plain) > 1 else lowered(group.items[0])


def _of_person(parts: Parts) -> Iterator[str]:
    """Yield who may do it, and what is seen of it."""
    if not parts.is_person or not parts.verb or parts.verb in {"be", "have"}:
        return
    who, act = lowered(parts.subject), _act(parts)
    if act == "decide":
        yield f"An attempt to {_order(parts)} by anyone who is not {_one_of(who)} is refused."
    if act == "see":
        yield f"From known test data, {who} {_form(parts)} {parts.rest}, complete and nothing else."
    elif parts.verb in {"get", "receive", "hear"}:
        yield f"In a test, {who} {_form(parts)} {parts.rest} exactly once, also after a second run."
    else:
        if parts.objects:
            done = f"{who} {_form(parts)} {parts.rest}"
            yield f"After {done}, a reload shows it; sent twice by mistake, it counts once."


def _one_of(people: str) -> str:
    """Return one of some people: “admins” are “an admin”."""
    *before, last = people.split()
    single = noun_base(last)
    return people if single == last else with_article(" ".join([*before, single]))


def _form(parts: Parts) -> str:
    plural = parts.is_plural or parts.subject.lower() in {"i", "you", "we", "they"}
    return parts.verb if plural else third_person(parts.verb)


def _example(parts: Parts, clause: str) -> str:
    """Return the check that fits any clause: its own sentence as an example."""
    if not clause and (match := WEEKDAYS.match(parts.text)):
        rest = lowered(parts.text[match.end() :])
        return f"With the test clock on a {match['day'][:-1]} there is {rest}; a day later, none."
    if not clause and DURATION.search(parts.text):
        return f"A test finds the first and the last day of {lowered(parts.text)}."
    if not clause:
        return f"A test enters {lowered(parts.text)}; after a restart all of it reads the same."
    return f"{EXAMPLE} {clause} and one where it must not happen, pass as tests."
