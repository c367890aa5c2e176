"""Cuts a goal into statements of what the product is to do, each fit to be a task.

A statement is a main clause with what depends on it: “raise an alarm when the battery drops under
15 %”. Background (“today it is a whiteboard”) is none.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from missioncontrol.specialists.greenfield.lexicon import look_up, noun_class, verb_base
from missioncontrol.specialists.greenfield.tagging import Token
from missioncontrol.specialists.greenfield.word_lists import words as word_list

_BUILDING = word_list("building")
_SEPARATORS = frozenset({",", ";", ":", "(", "\u2013", "\u2014", "and", "then", "but", "."})
_HARD = frozenset({";", ":", ".", "\u2013", "\u2014"})
_SUBORDINATES = frozenset(
    ["when", "if", "while", "once", "after", "before", "where", "because", "since", "as",
     "although", "whenever", "until", "unless", "without"]
)  # fmt: skip
_WISHING = frozenset({"want", "need", "like", "wish", "look", "hope", "imagine", "dream"})
_US = frozenset({"i", "we", "us", "my", "our", "me"})
_PRODUCT = frozenset(
    ["it", "that", "which", "this", "something", "thing", "product", "they"]
) | word_list("software")
_NEGATIONS = frozenset({"not", "never", "no", "cannot", "nothing", "nobody", "neither", "without"})
_MODALS = frozenset({"must", "should", "shall", "can", "could", "may", "might", "will", "would"})
_BACKGROUND = re.compile(
    r"(?i)^(?:because|since|so that|now (?:it|we|they|the)|today|currently|at the moment|right now"
    r"|these days|(?:every|last|this) (?:year|autumn|summer|winter|spring|december|season)\b"
    r"|nobody|everybody|everyone|people (?:forget|complain|call|lose)|there (?:are|is|were|was)\b"
    r"|(?:i|we)(?:'m|'re| am| are| were| was)\b|(?:i|we|my|our)\b)"
)
_LEADING = re.compile(
    r"(?i)^(?:(?:and|but|or|so|then|also|please|just|only|maybe|plus|ideally|basically|sometimes"
    r"|often|usually|hello|hi)\b[\s,:]*)+"
)
_TRAILING = re.compile(
    r"(?i)[\s,;:(\u2013\u2014-]+(?:and|or|but|so|then|which|that|a|an|the|to|by|with)?$"
)


class Statement(msgspec.Struct, frozen=True):
    """One thing that the goal says the product does, lets people do, or never does."""

    sentence: int
    start: int
    end: int
    text: str  # as it stands, without what joins it to others
    verb: str  # base form
    subject: str  # lower case; empty for an imperative
    is_person: bool
    is_rule: bool  # it says what must or must not be
    is_negated: bool


def statements(sentences: Sequence[str], tagged: Sequence[Sequence[Token]]) -> list[Statement]:
    """Return what the sentences ask for, in their order."""
    found: list[Statement] = []
    for number, tokens in enumerate(tagged):
        for first, last, is_order in _parts(tokens):
            part = list(tokens[first:last])
            made = _statement(sentences[number], part, number, is_order=is_order)
            if made is not None:
                found.append(made)
    return found


def _parts(tokens: Sequence[Token]) -> Iterator[tuple[int, int, bool]]:
    """Yield where the main clauses of a sentence begin and end, and whether a list goes on.

    A list is one of orders: “clean the names, drop duplicates, load the rest”.
    """
    first = depth = 0
    goes_on = False
    for index in range(1, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[index - 1].lower, 0)
        if depth > 0:
            continue
        if tokens[index].tag == "." and tokens[index].lower not in {"(", "“"}:
            continue
        before = tokens[index - 1]
        if before.lower not in _SEPARATORS:
            continue
        if before.lower == ":" and _names_product(tokens[first:index]):
            first = index
            continue
        is_list = before.lower in {",", "and"} and _is_imperative(tokens, first, index)
        is_order = is_list and _can_be_order(tokens, index)
        if (_begins_clause(tokens, index) or is_order) and _is_whole(
            tokens, first, index, before.lower
        ):
            yield first, index, goes_on
            first, goes_on = index, is_order
    yield first, len(tokens), goes_on


def _names_product(part: Sequence[Token]) -> bool:
    """Whether a part only names the product: “Internal tool for the staff:”."""
    is_made = any(each.base in _MADE for each in part if each.tag == "N")
    return is_made and not any(each.tag in {"V", "M"} for each in part)


def _is_imperative(tokens: Sequence[Token], first: int, end: int) -> bool:
    """Whether a part is an order: “every night pull the reports”."""
    part = list(tokens[first:end])
    while part and part[0].tag in {".", "C"}:
        part = part[1:]
    lead = _lead_end(part)
    if lead >= len(part) or part[lead].tag == "E":
        return False
    return _main_verb(part) == lead or _can_be_order(part, lead)


def _can_be_order(tokens: Sequence[Token], index: int) -> bool:
    """Whether a word of a list of orders is the next: “…, clean species names, drop duplicates”."""
    if tokens[index].tag == "C" and index + 1 < len(tokens):
        index += 1
    form = verb_base(tokens[index].lower)
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    is_base = form is not None and form[1] == "base"
    if after is not None and after.tag == "I" and index and tokens[index - 1].lower == "and":
        return False  # “temperature, pressure and flow from 200 stations”
    if after is None or not is_base:
        return False
    is_plural = after.tag == "V" and after.lower.endswith("s")  # “record repairs”
    return is_plural or after.tag in {"N", "A", "D", "P", "#", "I"}


def _is_whole(tokens: Sequence[Token], first: int, end: int, separator: str) -> bool:
    """Whether a part has a verb of its own, so that another clause can begin behind it."""
    part = tokens[first:end]
    while part and (part[0].tag in {".", "C"} or part[0].lower == "then"):
        part = part[1:]
    verbs = [place for place, each in enumerate(part) if each.tag in {"V", "M"}]
    if not verbs:
        is_after_colon = first > 0 and tokens[first - 1].lower == ":"
        return (separator in _HARD or is_after_colon) and len(part) > 3
    if part[0].lower in _SUBORDINATES and separator not in _HARD:
        return any(each.lower == "," for each in part[verbs[0] : -1])  # Its main clause has begun.
    return True


def _begins_clause(tokens: Sequence[Token], index: int) -> bool:
    """Whether a clause begins here: with a verb, or with a subject and its verb."""
    place = index
    while place < len(tokens) and (tokens[place].tag == "R" or tokens[place].tag == "C"):
        place += 1
    if place >= len(tokens):
        return False
    token = tokens[place]
    if token.lower in _SUBORDINATES:
        # “a page where …, and where bakers see …”
        is_more = token.lower == "where" and tokens[index - 1].lower == "and"
        return tokens[index - 1].lower in _HARD or is_more
    if _is_verb_here(tokens, place):
        return True
    length = 0
    while place < len(tokens) and tokens[place].tag in {"D", "A", "N", "#", "P", "G", "E"}:
        place += 1
        length += 1
        if length > 6:
            return False
    return bool(length) and place < len(tokens) and tokens[place].tag in {"V", "M"}


def _is_verb_here(tokens: Sequence[Token], place: int) -> bool:
    """Whether a word begins a clause as its verb, also one that could be a noun."""
    token = tokens[place]
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    if token.tag in {"V", "M"}:
        return True
    if after is None:
        return False
    if token.lower in {"never", "not"}:
        return after.tag in {"V", "M"}
    form = verb_base(token.lower)
    if form is None or form[1] not in {"base", "s"}:
        return False
    # “…, stores the body”, “…, notices when a hive lost weight”
    return after.tag in {"D", "P", "#"} or (form[1] == "s" and after.tag in {"W", "I"})


def _statement(
    sentence: str, part: list[Token], number: int, *, is_order: bool
) -> Statement | None:
    skipped = {"then", "also", "please", "where"}
    while part and (part[0].tag in {".", "C"} or part[0].lower in skipped):
        part = part[1:]
    has_brackets = any(each.lower == "(" for each in part)
    while part and (part[-1].lower in _ENDS or part[-1].tag == "C"):
        if part[-1].lower == ")" and has_brackets:
            break
        part = part[:-1]
    part = _without_product(_without_wish(part))
    part = _without_reason(part)
    if is_order or _begins_with_verb(part):
        part = _as_imperative(part)
    verb = _main_verb(part)
    if verb is None or len(part) < 2:
        return _fragment(sentence, part, number)
    text = sentence[part[0].start : part[-1].end].strip(" ,;:.")
    if _is_background(part, verb, text):
        return None
    before = part[_lead_end(part) : verb]
    subject = [each for each in before if each.tag in {"N", "P"}]
    name = subject[-1].base if subject else ""
    around = {each.lower for each in part[max(0, verb - 4) : verb]}
    begins = part[min(_lead_end(part), len(part) - 1)].lower
    is_negated = bool((around | {begins}) & _NEGATIONS) or any(
        each.endswith("n't") for each in around
    )
    is_negated = is_negated or part[verb].base in _AVOIDING
    is_rule = is_negated or bool(around & {"must", "only", "shall"}) or "only" in text.lower()
    return Statement(
        number,
        part[0].start,
        part[-1].end,
        text,
        part[verb].base,
        name,
        noun_class(name) == "person" or name in _US | {"you", "people", "everyone", "everybody"},
        is_rule,
        is_negated,
    )


_ENDS = frozenset({",", ";", ":", ".", "(", ")", "\u2013", "\u2014", "-", "and", "then", "!", "?"})
_AVOIDING = frozenset({"avoid", "exclude", "prevent", "refuse", "forbid"})
_LEADS = frozenset(
    ["every", "each", "once", "on", "at", "after", "before", "from", "in", "for", "with", "during",
     "by", "under"]
)  # fmt: skip
_REASON = frozenset({"so", "because", "since", "otherwise"})
_MADE = frozenset(
    ["button", "thing", "something", "platform", "place", "board", "box", "program", "script"]
) | word_list("software")


def _fragment(sentence: str, part: Sequence[Token], number: int) -> Statement | None:
    """Return words without a verb as something that is to be there: “monthly subscription 29 euro”.

    What names the product alone is none.
    """
    nouns = [each for each in part if each.tag == "N"]
    is_product = any(each.base in _MADE for each in nouns[:2])
    if _states_a_fact(part):
        return None
    if len(part) < 3 or not nouns or is_product or (number == 0 and part[0].start == 0):
        return None
    text = sentence[part[0].start : part[-1].end].strip(" ,;:.")
    is_negated = part[0].lower in _NEGATIONS
    return Statement(
        number, part[0].start, part[-1].end, text, "", "", False, is_negated, is_negated
    )


def _states_a_fact(part: Sequence[Token]) -> bool:
    """Whether words without a verb say how things are: “our images have no Python”."""
    for each in part:
        if each.lower in _SUBORDINATES or each.tag == "W":
            return False
        if each.tag == "M" or each.lower in {"have", "has"}:
            return True
    return False


def _without_reason(part: list[Token]) -> list[Token]:
    """Leave out why something is wanted: “so we can show what was sent”."""
    for place in range(3, len(part) - 2):
        after = part[place + 1].lower
        if part[place].lower in _REASON and (after in _US | {"that", "it", "they", "you"}):
            return part[:place]
    return part


def _without_product(part: list[Token]) -> list[Token]:
    """Leave out what names the product: “a platform where agencies make an account”."""
    for place, token in enumerate(part[:14]):
        if token.tag in {"V", "M"}:
            return part
        if token.lower in {"that", "which", "where", "who"} and place:
            if not any(each.base in _MADE for each in part[:place]):
                return part
            rest = part[place + 1 :]
            while rest and rest[0].lower == ",":
                rest = rest[1:]
            return rest if _main_verb(rest) is not None else part
    return part


def _lead_end(part: Sequence[Token]) -> int:
    """Return where a clause begins behind “every night at 02:30” or “when an order is paid,”."""
    if not part:
        return 0
    first = part[0].lower
    if first in _SUBORDINATES and first != "without":
        comma = next((p for p, each in enumerate(part) if each.lower == "," and p > 1), 0)
        if comma:
            return comma + 1
    if first in _LEADS:
        place = 0
        while place < len(part) and part[place].tag in {"I", "D", "A", "N", "#", ".", "T"}:
            if part[place].tag == "." and place:
                return place + 1
            place += 1
            if place < len(part) and part[place].tag == "D" and _is_time(part[:place]):
                form = verb_base(part[place - 1].lower)
                is_order = form is not None and form[1] == "base" and place > 2
                return place - 1 if is_order else place
        if place < len(part) and part[place].tag in {"V", "R"} and _is_time(part[:place]):
            return place
    return 0


MOSTLY = 0.5
"""How often a word is a verb that begins a fragment."""
_TIME = re.compile(
    r"(?i)^(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?|nights?|mornings?|evenings?|noon"
    r"|midnight|mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|quarter)$"
)


def _is_time(part: Sequence[Token]) -> bool:
    return any(_TIME.match(each.text) or ":" in each.text for each in part) or bool(
        part and part[0].lower in {"after", "before"}
    )


def _without_wish(part: list[Token]) -> list[Token]:
    """Leave out “I want a button in Chrome that …”: what comes behind it is asked for."""
    verb = next((place for place, each in enumerate(part) if each.tag == "V"), None)
    if verb is None:
        return part
    us = any(each.lower in _US for each in part[:verb])
    wishes = part[verb].base in _WISHING and (us or verb == 0)
    builds = part[verb].base in _BUILDING and verb <= 2
    if not (wishes or builds):
        return part
    for place in range(verb + 1, len(part) - 2):
        if part[place].lower in {"that", "which", "where", "who"} or (
            part[place].lower == "to" and part[place].tag == "T"
        ):
            rest = part[place + 1 :]
            rest = _as_imperative(rest) if part[place].tag == "T" else rest
            return rest if _main_verb(rest) is not None else part
    if not wishes:
        return part
    rest = part[verb + 1 :]
    colon = next((place for place, each in enumerate(rest) if each.lower == ":"), None)
    if colon is not None:
        return _as_imperative(rest[colon + 1 :])
    return [] if any(each.base in _MADE for each in rest[:7]) else rest


def _begins_with_verb(part: Sequence[Token]) -> bool:
    """Whether a fragment begins with what is a verb more often: “works offline on Linux”."""
    found = verb_base(part[0].lower) if part else None
    known = look_up(found[0]) if found is not None and found[1] == "s" else None
    return known is not None and known.share("v") > MOSTLY and _main_verb(part) is None


def _as_imperative(part: list[Token]) -> list[Token]:
    """Read the first word as a verb where it can be one."""
    found = verb_base(part[0].lower) if part else None
    if found is None or found[1] not in {"base", "s"}:
        return part
    return [msgspec.structs.replace(part[0], tag="V", base=found[0]), *part[1:]]


def _main_verb(part: Sequence[Token]) -> int | None:
    """Return the place of the verb of the main clause: not of one that depends on it."""
    start = _lead_end(part)
    depth = False
    if start < len(part) - 1 and part[start + 1].tag in {"D", "P", "#"}:
        found = verb_base(part[start].lower)
        if found is not None and found[1] in {"base", "s"} and part[start].tag in {"N", "V"}:
            part[start].base = found[0]
            return start
    for place in range(start, len(part)):
        token = part[place]
        if token.tag == "W" and place > start:
            depth = True
        if token.tag == "V" and not depth and not _is_noun_after_all(part, place):
            return place
        if token.tag in {"E", "G"} and not depth and place and part[place - 1].tag == "M":
            return place
    verbs = [place for place in range(start, len(part)) if part[place].tag in {"V", "E"}]
    return verbs[0] if verbs else None


def _is_noun_after_all(part: Sequence[Token], place: int) -> bool:
    """Whether a word that can be a verb is the subject of the next one: “Trains arrive”."""
    after = part[place + 1] if place + 1 < len(part) else None
    is_first = place == _lead_end(part)
    return is_first and after is not None and after.tag == "V" and part[place].lower.endswith("s")


def _is_background(part: Sequence[Token], verb: int, text: str) -> bool:
    plain = _LEADING.sub("", text)
    found = verb_base(part[verb].lower)
    is_past = (
        found is not None and found[1] == "ed" and not any(each.tag == "M" for each in part[:verb])
    )
    us = any(each.lower in _US for each in part[: min(verb, 4)])
    modal = any(each.lower in _MODALS for each in part[:verb])
    if us and (modal or part[verb].base in _WISHING):
        return False
    return is_past or ((us or _BACKGROUND.match(plain) is not None) and not modal)


# --- titles --------------------------------------------------------------------------------------

TITLE_MAX = 96


def title_of(statement: Statement, before: Statement | None = None) -> str:
    """Return a statement as the title of a task, in the imperative.

    `before` is the one before it in the same sentence, whose subject it may share.
    """
    text = _LEADING.sub("", " ".join(statement.text.split()))
    words = text.split()
    place = next((n for n, word in enumerate(words) if _is_form(word, statement.verb)), -1)
    lead, subject = _split_lead(" ".join(words[:place]) if place > 0 else "")
    rest = " ".join(words[place + 1 :]) if place >= 0 else ""
    main = _ABLE.sub("", _MODAL_END.sub("", subject)).strip(" ,")
    title = _rule_title(statement, text, main) if place >= 0 else ""
    if title:
        lead = ""
    elif place < 0:
        verb = "Store" if _EACH.search(text) else "Provide"
        title = f"Keep the rule: {text}" if statement.is_rule else f"{verb} {_lowered(text)}"
    elif not main and before is not None and before.is_person and before.subject not in _US:
        title = f"Let the {before.subject} {statement.verb} {rest}"
    elif not main or _is_product(main) or main.split()[0].lower() in _US:
        title = f"{statement.verb} {rest}"
    elif _is_passive(subject, words[place]):
        noun = re.sub(r"(?i)\s+(?:is|are|be|gets?|must be|should be|can be|will be)$", "", subject)
        title = f"{statement.verb} {_lowered(noun)} {rest}"
    elif not rest and not statement.is_person:
        title = f"Provide {_lowered(text)}"
    else:
        title = f"Let {_plain_subject(main)} {statement.verb} {rest}"
    title = _TRAILING.sub("", " ".join(title.split()))
    title = " ".join(f"{title}{f', {_lowered(lead)}' if lead else ''}".split())
    if len(title) > TITLE_MAX:
        title = _TRAILING.sub("", title[:TITLE_MAX].rsplit(" ", 1)[0]) + " …"
    return title[:1].upper() + title[1:]


def _rule_title(statement: Statement, text: str, main: str) -> str:
    """Return the title of what must hold, and is no act; empty where a statement is none."""
    first = main.split()[0].lower() if main else ""
    is_ours = first in _US and statement.is_rule
    is_fact = bool(main) and (statement.verb in _FACTS or first.startswith("who"))
    begins = text.split()[0].lower()
    if begins == "no" or is_ours or is_fact or (main and begins in _SUBORDINATES):
        return f"Keep the rule: {text if is_fact else _lowered(text)}"
    if statement.is_negated:
        return f"{'Make sure that' if main else 'Keep the rule:'} {_lowered(text)}"
    return ""


_EACH = re.compile(r"(?i)\bfor (?:each|every)\b")
_FACTS = frozenset({"have", "be", "cost", "mean", "consist", "belong", "contain"})
_MODAL_END = re.compile(
    r"(?i)\s*\b(?:must|should|shall|can|could|may|will|would|to|also|is|are|be|being)$"
)
_ABLE = re.compile(
    r"(?i)\s*\b(?:(?:must|should|shall|can|could|will|would) )?(?:be )?able(?: to)?$"
)


def _split_lead(subject: str) -> tuple[str, str]:
    """Return “when an order is paid” or “every night at 02:30”, and the subject behind it."""
    match = re.match(
        r"(?i)((?:when|whenever|if|once|after|before|while|as soon as|on|at|in|for|from|with)\b.+?)"
        r",\s*(.*)$",
        subject,
    )
    match = match or re.match(
        r"(?i)((?:every|each)\s+(?:\w+\s+){0,2}?(?:second|minute|hour|day|week|month|year|night"
        r"|morning|evening|noon|monday|friday|sunday|\d+\s+\w+)(?:\s+at\s+[\d:.]+\w*)?|at\s+[\d:.]+"
        r"|on\s+the\s+first\s+of\s+(?:the|each|every)\s+month|after\s+\w+\s+\w+)(?:\s+(.*))?$",
        subject,
    )
    return (match[1], match[2] or "") if match else ("", subject)


def _is_product(subject: str) -> bool:
    words = [word.lower().strip(",") for word in subject.split()]
    modals = [word for word in words if word not in _MODALS | {"also", "to", "then", "the", "a"}]
    return not modals or (len(modals) <= 2 and modals[-1] in _PRODUCT) or modals == ["you"]


def _is_passive(subject: str, word: str) -> bool:
    found = verb_base(word.lower().strip(",;:."))
    last = subject.split()[-1].lower()
    return bool(found and found[1] == "ed" and last in {"is", "are", "be", "get", "gets"})


def _plain_subject(text: str) -> str:
    plain = _lowered(text)
    if " " not in plain and noun_class(plain) == "person":
        return f"the {plain}"
    return {"i": "me", "we": "us"}.get(plain, plain)


def _lowered(text: str) -> str:
    first = text.split(" ", 1)[0]
    return text if first.isupper() and len(first) > 1 else text[:1].lower() + text[1:]


def _is_form(word: str, verb: str) -> bool:
    plain = word.lower().strip(",;:.()")
    found = verb_base(plain)
    return plain == verb or (found is not None and found[0] == verb)
