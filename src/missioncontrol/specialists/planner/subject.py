"""What an ask is about, in words that fit into a sentence, and what it gives to what."""

import itertools
import re
from typing import NamedTuple

from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.faults import in_sentence, sentence_of
from missioncontrol.specialists.planner.imperatives import unlabelled, verbs
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.planner.side_changes import PAPER
from missioncontrol.specialists.planner.statements import FAULTY_VERBS
from missioncontrol.specialists.words import STOP_WORDS

GIVEN_LENGTH_MAX = 60
_WHOM = r"(?P<whom>`[^`]+`|(?:(?:the|each|every|all|our|a|an)\s+)?[\w.-]+(?:\s[\w.-]+){0,2}?)"
_WHAT = r"(?P<what>(?:(?:an?|its own|some|optional|more)\s+)+\S.*|`[^`]+`.*)$"
_GIVEN = re.compile(rf"(?i)^give\s+{_WHOM}\s+{_WHAT}")
_ENABLED = re.compile(
    rf"(?i)^(?:let|make|allow|enable|have|get|teach)\s+{_WHOM}\s+(?:to\s+)?(?:also\s+)?"
    rf"(?:take|accept|receive)\s+{_WHAT}"
)
_GIVEN_ARTICLE = re.compile(r"(?i)^(?:(?:an?|its own|some|optional|more)\s+)+")
_ENDS = re.compile(r"(?i)[,;:]\s|\s\(|\s+(?:so|and|instead|as well|too)\b")
_JOINT = re.compile(
    r"(?i)\s+(?:to|that|which|for|with|on|in|of|when|where|whose|by|from|as|at|between|after)\s+"
)
SUBJECT_LENGTH_MAX = 60
HEAD_LENGTH_MIN = 32
"""A longer subject is named by its head: “URL routing” for “URL routing for apps with …”."""
NAMED_WORDS_MAX = 5
QUOTED_LENGTH_MAX = 40
"""A longer quotation that names something of the code is named by that."""
LEADING_KINDS = frozenset({"security", "observability", "data", "ui", "release"})
"""Kinds of work whose verbs name a part of the code."""
_JOINTS = re.compile(
    r"\s+(?:for|into|with|when|while|which|that|on|in|at|as|from|via|where|whose|because|per|without|between|before|after)\s+",
    re.IGNORECASE,
)
_LEFT_OPEN = re.compile(r"(?i)\s(?:first|last|apart|together|up|down|off|on|out|away|back)$")
_IN_PAPER = re.compile(rf"(?i)(?<=\S)\s(?:in|into|on)\s(?:(?:the|our|its|your)\s)?{PAPER}$")
_WORDS_NO_SUBJECTS = """
the a an our its each every all of in on for to and with from it more less as or public
new whole
"""
_NO_SUBJECTS = frozenset(_WORDS_NO_SUBJECTS.split())
_UNKNOWN_VERB = re.compile(r"[A-Z][a-z]+\s+(?:`|(?:the|an?|all|each|every|any)\s)")
"""“Structure `timedelta` from …”: what stands before an object is a verb, known or not."""
_HOW_TO = re.compile(r"(?i)how to \w+ \w")
_RELATIVE = re.compile(r"\s+(?:that|which|whose|where|when|while|if)\s+", re.IGNORECASE)
_ARTICLE = re.compile(
    r"(?i)^(?:(?:increase|raise|improve|extend)\s+(?:the\s+)?(?=test coverage|coverage))?"
    r"(?:(?:an?|the|our|some|new|support for)\s+)*"
    r"(?:(?:documentation|docs|guide|tutorial)\s+(?:on|about|for|of|to)\s+)?"
    r"(?:(?:(?:more|unit|integration|regression|missing|further)\s+)*"
    r"(?:tests?|test coverage|coverage)\s+(?:for|of)\s+(?:the\s+)?)?"
)
_THAN_BEFORE = re.compile(
    r"(?i)(?<=\S)\s+(?:(?:much|a lot|significantly|considerably)\s+)?"
    r"(?:faster|quicker|cheaper|lighter|leaner|smaller|safer|simpler)$"
)
_CODE = re.compile(r"`[^`]+`")
MOVING = frozenset(
    {"migrate", "move", "convert", "port", "rename", "upgrade", "release", "publish"}
    | {"turn", "harden", "protect", "secure", "guard"}
)
"""Verbs whose object is what the ask is about, and not where it goes: “move the files to S3”."""
_TOWARDS = re.compile(r"(?i)(?<=\S)\s+(?:from|to|into|onto|against)\s+")
_CLAUSE = re.compile(
    r"(?i)^(?:it|them|they|this|that|these|those|is|are|how|why|what|when|where)\b"
    r"|\b(?:should|must|can|cannot|is|are|was|were|has|have|needs?|does|do|doesn['\u2019]t"
    r"|don['\u2019]t|fails?|crash\w*|hangs?|drops?|breaks?)\b"
)


class Given(NamedTuple):
    """A thing, without its article, and what gets it."""

    what: str
    whom: str
    joint: str  # “of” or “for”

    @property
    def head(self) -> str:
        """The thing by its name alone: “option” of “option to skip empty values”."""
        return _JOINT.split(self.what, maxsplit=1)[0]

    @property
    def thing(self) -> str:
        """What is asked for, as one name: “option of `add` to skip empty values”."""
        whole = f"{self.head} {self.joint} {self.whom}{self.what[len(self.head) :]}"
        return whole if len(whole) <= GIVEN_LENGTH_MAX else f"{self.head} {self.joint} {self.whom}"


def subject_of(ask: Ask) -> str:
    """Return what an ask is about, without its verb and article: “Redis session backend”.

    It is never empty: where nothing is left of an ask, its own words are its subject.
    """
    if has := given(unlabelled(ask.text)):
        return has.thing
    if is_made_to(ask):
        return shortened(unlabelled(ask.text), SUBJECT_LENGTH_MAX)
    if ask.fault:
        return shortened(_ARTICLE.sub("", ask.fault.about or ask.fault.told), SUBJECT_LENGTH_MAX)
    whole = subject_text(ask)
    if verbs().get(ask.verb) == "documentation":
        whole = _IN_PAPER.sub("", whole) or whole
    text = whole if _is_clause(whole) else _ARTICLE.sub("", whole)
    ends = r"\s+so\s+|[,;]\s|\s\(|:\s+given\s" + (r"|:\s" if ask.verb else "")
    if ask.verb in MOVING:
        text = _TOWARDS.split(text)[0]
    text = re.split(ends, text)[0].strip(" :") or whole.strip() or ask.text
    text = _without_relative(text) if is_generic(ask.verb) else text
    text = text if _is_clause(text) else _ARTICLE.sub("", text) or text
    if len(text) > HEAD_LENGTH_MIN and not (ask.is_property or _is_clause(text)):
        joints = [joint.start() for joint in _JOINTS.finditer(text)]
        heads = (text[:end] for end in joints)
        text = next((head for head in heads if re.search(r"[\s`/]", head)), text)
    if ask.verb == "make":
        text = _THAN_BEFORE.sub("", text)  # “Make `f` faster” is about `f`.
    return _closed(shortened(text, SUBJECT_LENGTH_MAX)) or ask.text


def is_made_to(ask: Ask) -> bool:
    """Whether something is made to do what it does not do: “make `print` honour `NO_COLOR`”."""
    words = unlabelled(ask.text).split()
    first = words[0].lower() if words else ""
    if first == "have" and len(words) > 3 and words[1].startswith("`"):
        return words[1].endswith("`") and words[2].isalpha()
    if first != "make":
        return False
    known = verbs().keys() | FAULTY_VERBS
    return any(
        word in known and before.lower() not in _NO_SUBJECTS
        for before, word in itertools.pairwise(words)
    )


def _without_relative(text: str) -> str:
    """Leave out what a longer subject says of itself: “option that tells whether it is …”."""
    head = _RELATIVE.split(text, maxsplit=1)[0]
    long = len(text) > HEAD_LENGTH_MIN and re.search(r"[\s`/]", head)
    return head if long and head and not _is_clause(head) else text


def subject_text(ask: Ask) -> str:
    """Return the ask without a verb that only says what is done, and without its label."""
    text = unlabelled(ask.text)
    if is_generic(ask.verb) and text.lower().startswith(ask.verb):
        rest = text[len(ask.verb) :].strip(" :")
        text = text if rest.startswith("(") else rest or text
    if ask.verb in {"speed", "clean", "set", "turn"}:
        text = re.sub(r"(?i)^(?:up|down|out|in)\s+(?=\S)", "", text)
    return text.strip() or ask.text


def search_text(ask: Ask) -> str:
    """Return the ask without a verb that says nothing about where in the code it lies.

    “Log”, “cache” and “encrypt” lead somewhere, “add” and “fix” do not.
    """
    scope = [ask.scope] if ask.scope else []
    if ask.fault:
        return ". ".join([ask.fault.told, *(each.text for each in ask.others), *scope])
    leads = ask.verb == "cache" or verbs().get(ask.verb) in LEADING_KINDS
    return ". ".join([unlabelled(ask.text) if leads else subject_text(ask), *scope])


def is_generic(verb: str) -> bool:
    """Whether the verb says what is done and not what it is about: “add”, but not “retry”."""
    if verb == "let":
        return False  # “Let a worker skip …” is no sentence without it.
    return bool(verb) and (verb in STOP_WORDS or verbs().get(verb, "any") != "any")


def phrase_of(ask: Ask, thing: str) -> str:
    """Return the subject as it stands inside a sentence: with an article, or else in quotes."""
    if _LEFT_OPEN.search(thing) and "`" not in thing:
        return f"“{thing}”"
    if is_made_to(ask) or (ask.fault and not ask.fault.about):
        return f"“{thing}”"
    if ask.fault:
        return in_sentence(ask.fault.about) if len(ask.fault.about) <= SUBJECT_LENGTH_MAX else thing
    has = given(unlabelled(ask.text))
    if has and thing == has.thing:
        return thing if has.head.startswith("`") and " " not in has.head else f"the {thing}"
    if _HOW_TO.match(thing):
        return thing[0].lower() + thing[1:]
    if not ask.verb and not ask.fault and (about := sentence_of(ask.text)[0]):
        named = _CODE.fullmatch(about)
        return named.group() if named else f"“{thing}”"
    bare = not ask.verb and _UNKNOWN_VERB.match(ask.text) is not None
    speaks = ask.is_property or bare or (ask.verb and not is_generic(ask.verb))
    named = _CODE.search(ask.text) if speaks and not ask.is_property else None
    if named and len(ask.text) > QUOTED_LENGTH_MAX and "`" not in thing:
        return named.group()  # What a cut has removed is the name itself.
    if speaks or _CLAUSE.search(thing) or not (ask.verb or len(thing.split()) < NAMED_WORDS_MAX):
        code = _CODE.search(thing)
        return code.group() if code and len(thing) > QUOTED_LENGTH_MAX else f"“{thing}”"
    if re.search(rf"(?i)\b(?:an?|the|our)\s+{re.escape(thing[:20])}", ask.text):
        return f"the {thing}"
    plain = next(iter(thing.split()), "")
    return thing[0].lower() + thing[1:] if plain[1:].islower() and not ask.verb else thing


def named_thing(ask: Ask) -> str:
    """Return the name of what an ask adds or changes, or "" where it is not one thing."""
    thing = subject_of(ask)
    if not is_generic(ask.verb) or _CLAUSE.search(thing) or " and " in thing:
        return ""
    named = phrase_of(ask, thing)
    return named if len(thing.split()) <= NAMED_WORDS_MAX and "“" not in named else ""


def _is_clause(text: str) -> bool:
    return _CLAUSE.search(text) is not None


def _closed(text: str) -> str:
    """Leave out what a cut has torn open: a bracket or a quotation without its end."""
    opened = text.rfind("(")
    if opened > 0 and ")" not in text[opened:]:
        text = text[:opened].rstrip(" …") + ("…" if text.endswith("…") else "")
    if text.count("`") == 1 and text.startswith("`"):
        return f"{text}`"
    return text if text.count("`") % 2 == 0 else text.replace("`", "")


def given(text: str) -> Given | None:
    """Return what an ask gives to what; None where it says it in another way."""
    for pattern, joint in ((_GIVEN, "of"), (_ENABLED, "for")):
        match = pattern.match(text)
        if match:
            what = _ENDS.split(_GIVEN_ARTICLE.sub("", match["what"]), maxsplit=1)[0].strip()
            return Given(what, match["whom"], joint) if what else None
    return None
