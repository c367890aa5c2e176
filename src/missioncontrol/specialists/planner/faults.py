"""Turns a fault that is only described into what is wanted: how it is to be after the repair.

“`range` yields one item too many” asks that it no longer does; “`parse` takes -1; it should raise
ValueError” says itself what is to come in its place.
"""

import re
from functools import cache
from typing import NamedTuple

from missioncontrol.specialists.planner.imperatives import leading_verb, verbs
from missioncontrol.specialists.planner.phrasing import DESIRED, MODAL
from missioncontrol.specialists.planner.playbook import is_plural
from missioncontrol.specialists.planner.sentences import capitalised
from missioncontrol.specialists.planner.statements import (
    FAULTY_VERBS,
    has_fault,
    has_trouble,
)

SUBJECT_WORDS_MAX = 12
_TOKEN = re.compile(r"`[^`]*`(?:['\u2019]s)?|\"[^\"]*\"|“[^”]*”|\([^)]*\)|[^\s`\"“(]+")
_WORDS_AUXILIARIES = """
is are was were does do has have can cannot can't will doesn't don't isn't aren't hasn't
haven't wasn't weren't won't gets get becomes become goes go seems comes come
"""
_AUXILIARIES = frozenset(_WORDS_AUXILIARIES.split())
_WORDS_CAN = """
accepts supports takes allows offers has provides can handles is gets gains lets
understands knows works will comes needs
"""
_CAN = frozenset(_WORDS_CAN.split())
"""What one says of what code should be able to do, as often as of what it does today."""
_MANY = frozenset(["are", "were", "have", "do", "don't", "aren't", "haven't"])
_WORDS_NOT_BEFORE_VERB = """
the a an no of in on at with for to from by its our their my your each every all some that
which who and or as into than without per several many two three
"""
_NOT_BEFORE_VERB = frozenset(_WORDS_NOT_BEFORE_VERB.split())
_SUBORDINATORS = frozenset(
    {"when", "whenever", "if", "because", "unless", "until", "before", "after"}
)
_PREPOSITIONS = frozenset({"on", "of", "for", "with", "in", "to", "from", "by", "at"})
_ADVERB = re.compile(
    r"(?i)\s+(?:sometimes|often|always|occasionally|randomly|still|also|now|currently|silently"
    r"|regularly|\w{3,}ly)$"
)
_FIRST = re.compile(
    r"(?i)^(?P<when>(?:when(?:ever)?|if|after|while|once|on|in|under|with|since|as soon as)\b"
    r"[^,]*),\s*(?P<rest>.+)$"
)
_SINCE = re.compile(
    r"(?i)(?:^|(?<=[\s:,]))(?P<when>(?:ever )?since\s+(?:[a-z]+\s+){0,4}?v?\d[\w.]*),?\s+"
    r"(?P<rest>`.+)$"
)
"""“Since 7.0 `f` hangs”: what broke, wherever in the sentence it stands."""
_SINCE_VERSION = re.compile(r"(?i),?\s+(?:ever )?since\s+(?:[a-z]+\s+){0,4}?v?\d[\w.]*$")
"""When a fault came is no part of what is wanted: “no longer hangs since 7.0” says it is gone."""
_SO = re.compile(r"(?i),\s+(?:and\s+|so\s+|which\s+|hence\s+)?(?:our|we|my|i|the)\b.*$")
"""What came of the fault for those who tell it."""
_NO_SUBJECT = re.compile(
    r"(?i)^(?:i|we|you|it|this|that|there|why|how|what|who|nothing|nobody|no|none|here|my)\b"
)
_THERE = re.compile(r"(?i)^there (?P<be>is|are) (?:(?:an?|some|many|several)\s+)?(?!no\b|not\b)")
_QUESTION = re.compile(r"(?i)^(?:why|how|what|who|where|when|is|are|does|do|can)\b.*\?$")
_NOT = re.compile(
    r"(?i)^(?P<aux>does|do|has|have|is|are|can|will)(?:n['\u2019]t| not)\s+(?P<rest>.+)$"
)
_CANNOT = re.compile(r"(?i)^(?:cannot|can['\u2019]t)\s+")
_NEVER = re.compile(r"(?i)^(?P<be>(?:is|are|gets?|has|have)\s+)?never\s+")
_BE = re.compile(r"(?i)^(?P<be>is|are|was|were)\s+")
_INSTEAD = re.compile(
    r"(?i)^(?P<verb>[a-z]+)\s+(?P<wrong>.+?),?\s+(?:instead of|rather than)\s+(?!\w+ing\b)"
    r"(?P<right>.+?)(?P<tail>\s(?:when|if|for|on|in|with|where|while|after|once|although)\b.*)?$"
)
_LEADS = re.compile(r"(?:as|with|by|in|on|at|to|for)\s")
"""A small word that the wrong thing has and the right one shares: “reported as A rather than B”."""
_CONTRAST = re.compile(
    r"(?i)^(?P<told>.+?)(?:\s*[;:\u2013\u2014]\s*|,?\s+-\s+|,\s*(?:but|and|while|whereas)?\s*"
    r"|,?\s+(?:but|while|whereas|although|even though)\s+)"
    r"(?P<wanted>(?:(?:instead,?\s+)?(?:it|they|this|that|(?:the|an?)\s+[\w`-]+(?:\s\w+)?))\s+"
    r"(?:should|must|ought to|has to|have to|is expected to|are expected to)\s.+)$"
)
_IT_SHOULD = re.compile(
    r"(?i)^(?:instead,?\s+)?(?P<it>it|they)\s+(?P<modal>should|must|ought to|has to|have to"
    r"|is expected to|are expected to)\s+(?:instead\s+)?(?P<what>.+)$"
)
_DENIES = re.compile(
    r"(?i)^(?:it|they|this|that)\s+(?:should|must)(?:n['\u2019]t|\s+not)(?:\s+(?:do|happen|be)"
    r"(?:\s+(?:so|that|this))?)?[.!]?$"
)
_IN_PLACE = re.compile(r"(?i),?\s+instead$")
_STANDS = re.compile(r"(?i)^(?:is|are)\s+(?:an?|the|only|one|in|on|of)\b")
_OF_OBJECT = re.compile(r"(?P<object>`[^`]+`|\bthe [\w-]+)$")
_ALTHOUGH = re.compile(r"(?i),?\s+(?:although|even though|even if)\b")
_RATHER = re.compile(
    r"(?i)^(?P<wrong>.+?),?\s+(?:instead of|rather than)\s+(?P<verb>[a-z]{2,})ing\b"
    r"(?P<rest>.*?)(?P<tail>\s(?:when|if|where|while|after|once|although)\b.*)?$"
)
_ALSO = re.compile(r"(?i)\b(?:also|too|as well|be possible|be able|support|optionally)\b")


class Fault(NamedTuple):
    """A fault as it was described, and what is wanted in its place."""

    told: str  # the sentence, as it stands behind “because”
    wanted: str  # the requirement: what holds once it is repaired
    about: str  # what shows the fault; "" where the sentence has no such subject
    repair: str  # the repair as a title
    is_answered: bool  # whether it says what comes in place of the fault


def fault(sentence: str, expected: str = "") -> Fault:
    """Return what a described fault wants; `expected` is the sentence about the outcome."""
    statement = _order(sentence.strip().rstrip(".!… "))
    about, does = _parted(statement)
    within = in_sentence(statement, about)
    if expected:
        wanted = _expected(expected.strip().rstrip(".!… "), about, does, within)
        return Fault(statement, wanted, about, _repair(statement, about, does), is_answered=True)
    if there := _THERE.match(statement):
        what = statement[there.end() :]
        title = f"Fix the {what}" if there["be"].lower() == "is" else f"Fix {what}"
        return Fault(statement, f"There {there['be']} no {what}", "", title, is_answered=True)
    if not about and not _has_verb(statement):
        return Fault(statement, f"Fix: {within}", "", f"Fix: {within}", is_answered=False)
    if not about:
        wanted = f"It no longer happens that {within}"
        return Fault(statement, wanted, "", f"Fix: {within}", is_answered=False)
    right, is_answered = _righted(_SINCE_VERSION.sub("", does))
    wanted = f"{about} {right}"
    return Fault(statement, wanted, about, _repair(statement, about, does), is_answered=is_answered)


def _has_verb(text: str) -> bool:
    """Whether a sentence without a subject to name has a verb: “I get …”, “no cookie is set”."""
    tokens = list(_TOKEN.finditer(text))
    return _NO_SUBJECT.match(text) is not None or any(
        _is_verb(tokens, number) for number in range(1, len(tokens))
    )


def is_fault(text: str) -> bool:
    """Whether a sentence that stands for a whole goal tells a fault, and asks no question."""
    if _QUESTION.match(text.strip()) or DESIRED.match(text.strip()):
        return False
    return has_fault(text) or has_trouble(_parted(_order(text.strip()))[1].partition(" ")[0])


def sentence_of(text: str) -> tuple[str, str]:
    """Return what a statement is about and what that does; two empty texts where it is none."""
    return ("", "") if leading_verb(text) else _parted(text.strip().rstrip(".!… "))


def is_about_code(text: str) -> bool:
    """Whether the sentence says what a piece of code does, and not what it can do.

    Where there is no other statement, the author of such a sentence is not content with it.
    """
    about, does = _parted(_order(text.strip().rstrip(".!… ")))
    return about.startswith("`") and does.partition(" ")[0].lower() not in _CAN


def contrast(text: str) -> tuple[str, str]:
    """Return what goes wrong and what should come in its place; two empty texts for any other.

    “`parse` takes -1 without complaint; it should raise ValueError”.
    """
    match = _CONTRAST.match(text.strip().rstrip(".!… "))
    if match is None or leading_verb(text) or MODAL.search(match["told"]):
        return "", ""
    sentence, wanted = match["told"], match["wanted"]
    about, does = _parted(_order(sentence))
    acts = bool(about) and not _STANDS.match(does)
    wrong = is_fault(sentence) or (acts and not _ALSO.search(wanted))
    return (sentence, wanted) if wrong else ("", "")


def is_outdone(sentence: str, wanted: str) -> bool:
    """Whether a sentence says what something does, and the one behind it what it should do."""
    about, does = _parted(_order(sentence.strip().rstrip(".!… ")))
    if not about or leading_verb(sentence) or MODAL.search(sentence) or _ALSO.search(wanted):
        return False
    acts = not _BE.match(does) and does.partition(" ")[0] not in {"has", "have", "can"}
    return denies(wanted) or (acts and _IT_SHOULD.match(wanted) is not None)


def denies(text: str) -> bool:
    """Whether a sentence only says that something should not be so: “it shouldn't”."""
    return _DENIES.match(text) is not None


def by_name(expected: str, sentence: str) -> str:
    """Return “it should …” with what the sentence before it is about in place of “it”."""
    should = _IT_SHOULD.match(expected)
    about, does = _parted(_order(sentence.strip().rstrip(".!… ")))
    if not should or not about or leading_verb(sentence):
        return expected
    return f"{_meant(should['it'], about, does)} {should['modal']} {should['what']}"


def _order(text: str) -> str:
    """Put behind the sentence what stands before it: “when …, `f` fails” says it of `f`."""
    since = _SINCE.search(text)
    if since and has_fault(rest := _SO.sub("", since["rest"])) and _parted(rest)[0]:
        return f"{rest} {in_sentence(since['when'])}"
    first = _FIRST.match(text)
    if not first:
        return text
    when = first["when"][0].lower() + first["when"][1:]
    rest = first["rest"]
    return f"{rest[0].upper()}{rest[1:]} {when}" if rest[0].isalpha() else f"{rest} {when}"


def _parted(text: str) -> tuple[str, str]:
    """Cut a statement into its subject and what that does; both empty where none is found."""
    if _NO_SUBJECT.match(text):
        return "", ""
    tokens = list(_TOKEN.finditer(text))
    for number in range(1, min(len(tokens), SUBJECT_WORDS_MAX + 1)):
        if tokens[number - 1].group().lower() in _SUBORDINATORS:
            return "", ""  # The verb behind “when” is not the sentence's own.
        if _is_verb(tokens, number):
            start = tokens[number].start()
            about = text[:start].strip()
            while _ADVERB.search(about):
                about = _ADVERB.sub("", about)
            return (about, text[start:]) if ", " not in about else ("", "")
    return "", ""


def _is_verb(tokens: list[re.Match[str]], number: int) -> bool:
    word, before = tokens[number].group(), tokens[number - 1].group()
    if before.lower() in _NOT_BEFORE_VERB or before[:1].isdigit():
        return False
    if number > 1 and before.endswith("ed") and tokens[number - 2].group().lower() in _PREPOSITIONS:
        return False  # “on unsupported flags”: the noun is still to come.
    low = word.lower().replace("\u2019", "'")
    if low in _AUXILIARIES:
        return True
    after = tokens[number + 1].group().lower() if number + 1 < len(tokens) else ""
    if not word.isalpha() or not word.islower() or after in _AUXILIARIES:
        return False
    if after == "never" or low == "never":
        return low == "never"
    if verbs().get(next(iter(_bases(low) & verbs().keys()), "")) == "bug-fix":
        return False  # Who speaks of “fixes” tells no fault.
    of_code = before.startswith("`") and number == 1 and after not in _finite()
    if _bases(low) & _finite() or (of_code and _bases(low)):
        return True
    return _is_many(tokens[:number]) and low in _finite() and low != before.lower()


def _is_many(tokens: list[re.Match[str]]) -> bool:
    """Whether a subject is many things: its head, before “with …” and “in …”, ends in “s”."""
    words = [token.group().lower() for token in tokens]
    end = next((n for n, word in enumerate(words) if n and word in _NOT_BEFORE_VERB), len(words))
    head = words[end - 1]
    return head.isalpha() and head.endswith("s") and not head.endswith("ss")


def _bases(word: str) -> set[str]:
    """Return what `word` may be a third person of: “hangs”, “crashes”, “retries”."""
    found = {word[:-1]} if word.endswith("s") and not word.endswith("ss") else set()
    found |= {word[:-2]} if word.endswith("es") else set()
    return found | ({f"{word[:-3]}y"} if word.endswith("ies") else set())


@cache
def _finite() -> frozenset[str]:
    return frozenset(verbs()) | FAULTY_VERBS


def _righted(does: str) -> tuple[str, bool]:
    """Return what something does once it is repaired, and whether that says what comes instead."""
    if negated := _NOT.match(does):
        return _affirmed(negated["aux"].lower(), negated["rest"]), True
    if _CANNOT.match(does):
        return _CANNOT.sub("can ", does), True
    if never := _NEVER.match(does):
        return (never["be"] or "") + does[never.end() :], True
    rather = _RATHER.match(does)
    if rather and (verb := _infinitive(rather["verb"])):
        wanted = f"should {verb}{rather['rest']}{rather['tail'] or ''}"
        return f"{wanted}; today it {rather['wrong']}", True
    be = _BE.match(does)
    swapped = _INSTEAD.match(does[be.end() :] if be else does)
    if swapped:
        tail = swapped["tail"] or ""
        leads = _LEADS.match(swapped["wrong"])
        lead = leads.group() if leads and not swapped["right"].startswith(leads.group()) else ""
        verb = f"{be['be']} {swapped['verb']}" if be else swapped["verb"]
        wrong = swapped["wrong"].removeprefix(lead)
        return f"{verb} {lead}{swapped['right']} instead of {wrong}{tail}", True
    if be:
        now = {"was": "is", "were": "are"}.get(be["be"].lower(), be["be"])
        return f"{now} no longer {_ALTHOUGH.sub(' when', does[be.end() :])}", False
    return f"no longer {_ALTHOUGH.sub(' when', does)}", False


def _infinitive(stem: str) -> str:
    """Return the verb that “raising” and “stopping” are made of; "" where it is unknown."""
    forms = [stem, f"{stem}e", *([stem[:-1]] if stem[-1:] == stem[-2:-1] else [])]
    return next((form for form in forms if form in _finite()), "")


def _affirmed(auxiliary: str, rest: str) -> str:
    """Return “sets a cookie” for “does not set a cookie”."""
    rest = re.sub(r"(?i)\s+(?:any ?more|at all)\b", "", rest)
    if auxiliary == "do":
        return rest
    if auxiliary != "does":
        return f"{auxiliary} {rest}"
    verb, _, more = rest.partition(" ")
    third = {"have": "has", "do": "does", "go": "goes", "be": "is"}.get(verb) or _third(verb)
    return f"{third} {more}".strip()


def _third(verb: str) -> str:
    if verb.endswith(("s", "x", "z", "ch", "sh")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if verb.endswith("y") and verb[-2:-1] not in "aeiou" else f"{verb}s"


def _expected(expected: str, about: str, does: str, within: str) -> str:
    """Return what should come, with its subject by name, and what comes today."""
    should = _IT_SHOULD.match(expected)
    if not (should and about):
        plain = _IN_PLACE.sub("", re.sub(r"(?i)^instead,?\s+", "", expected))
        plain = re.sub(r"(?i)^(?:it|they)(?=\s)", lambda _: about, plain) if about else plain
        again = about and plain.startswith(f"{about} ")
        today = f"{_pronoun(about, does)} {does}" if again else within
        return f"{plain[0].upper()}{plain[1:]}; today {today}"
    what = _IN_PLACE.sub("", should["what"])
    meant = _meant(should["it"], about, does)
    today = f"{_pronoun(about, does)} {does}" if meant == about else within
    return f"{meant} {should['modal']} {what}; today {today}"


def _meant(it: str, about: str, does: str) -> str:
    """Return what “it” stands for: the last single thing, where the subject is many."""
    is_one = it.lower() == "it"
    last = _OF_OBJECT.search(does)
    if is_one and _pronoun(about, does) == "they" and last:
        return capitalised(last["object"])
    return about


def _repair(statement: str, about: str, does: str) -> str:
    """Return the title of the repair: “Fix `range`: it yields one item too many”."""
    if not about:
        return f"Fix: {in_sentence(statement, '')}"
    return f"Fix {in_sentence(about, about)}: {_pronoun(about, does)} {does}"


def _pronoun(about: str, does: str) -> str:
    verb = does.split()[0].lower() if does else ""
    if verb in {"is", "was", "has", "does", "doesn't", "isn't", "hasn't"} or _bases(verb):
        return "it"
    return "they" if verb in _MANY or verb in _finite() or is_plural(about) else "it"


def in_sentence(text: str, about: str = "") -> str:
    """Return a sentence as it goes on behind others: a plain first word begins small.

    One word that is not of many things may be a name: “Login” stays as it is.
    """
    about = about or text
    first = text.split(None, 1)[0] if text.split() else ""
    plain = first == "A" or (first[1:].islower() and first.isalpha())
    named = about.count(" ") == 0 and not first.lower().endswith("s")
    return text if not plain or (about and named) else text[0].lower() + text[1:]
