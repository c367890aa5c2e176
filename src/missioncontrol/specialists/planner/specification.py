"""Tells the statements that specify what a goal asks for from those that only explain it."""

import re
from collections.abc import Sequence

import msgspec

from missioncontrol.specialists.planner import phrasing, statements
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.faults import sentence_of
from missioncontrol.specialists.planner.imperatives import verbs
from missioncontrol.specialists.planner.pronouns import points_back
from missioncontrol.specialists.words import significant_words, stem, words

_OF_ANY = re.compile(r"(?i)(?!(?:the|it|its|this|that|they|these|those|our|my|we|i)\b|`)\w")
"""“An unknown locale raises …” says what is to come of such, “The parser raises …” what comes."""
_IT = re.compile(r"(?i)(?:it|they)\s")
_OF_CASES = re.compile(
    r"(?i)(?:an?|any|each|every|all|no|other|invalid|unknown|errors?|failures?|output|results?"
    r"|by default|(?:the )?default)\s"
)
"""“An unknown locale …” and “Errors …”: what holds of any new thing."""
INERT_SECTIONS = frozenset({"told", "question"})
"""Sections whose sentences ask for no work."""
NEW = frozenset({"feature", "new-service"})
"""Kinds of work whose outcome a goal describes by statements."""
_RELATED_WORDS = 4
"""Words at the beginning of a statement that say what it is about."""


class GoalSentence(msgspec.Struct):
    """One sentence, with what it asks for; nothing where it is a statement."""

    text: str
    section: str  # “wanted”, “told” or “trouble” by its heading, “question” where it is one
    asks: list[Ask]
    is_item: bool = False
    is_heading: bool = False

    @property
    def has_trouble(self) -> bool:
        """Whether it says that something goes wrong."""
        return not self.asks and (
            self.section == "trouble"
            or (self.section not in INERT_SECTIONS and statements.has_trouble(self.text))
        )


def specifies(one: GoalSentence, stated: Sequence[GoalSentence]) -> bool:
    """Whether “… raises ValueError” says how what the goal begins by asking for is to be.

    Behind “Add retries to `fetch`.” a bare “it raises …” may be the fault that they are to mend.
    """
    ask = next(iter(stated[0].asks), None)
    if ask is None or one.section or not statements.has_only_errors(one.text):
        return False
    if verbs().get(ask.verb) not in {"feature", "new-service"}:
        return bool(ask.verb) and verbs()[ask.verb] == "any" and _OF_ANY.match(one.text) is not None
    is_new = re.match(r"\w+\s+(?:an?\s+(?:new\s+)?)?`", ask.text) is not None
    return is_new or not points_back(one.text)


def is_about_prior_ask(each: GoalSentence, before: Sequence[GoalSentence]) -> bool:
    """Whether a sentence says how the one thing asked for before is to be: “the file must …”.

    Where several things were asked for it is none of them: which is meant would be a guess.
    """
    asked = [ask for one in before for ask in one.asks]
    if sum(not (ask.is_property or ask.kind == "constraint") for ask in asked) != 1:
        return False
    if phrasing.OUTCOME.match(each.text):
        return True
    definite = phrasing.DEFINITE.match(each.text)
    return definite is not None and stem(definite["noun"]) in {
        stem(word) for ask in asked for word in words(ask.text)
    }


def is_property(each: GoalSentence, asked: Ask, *, is_report: bool, is_spec: bool) -> bool:
    """Whether a statement says how the thing asked for is to be.

    Statements about a new product, or about a thing that is added, specify it. Behind a repair,
    a removal or an upgrade they only explain it.
    """
    text = each.text
    if each.section or statements.is_about_today(text):
        return False
    if statements.explains(text) or statements.is_reference(text):
        return False
    if statements.keeps(text):
        return True
    says = phrasing.STATEMENT.search(text) or phrasing.STATES.search(text) or _IT.match(text)
    if is_report or not (says or sentence_of(text)[0]):
        return False
    kind = asked.label or verbs().get(asked.verb, "any")
    if is_spec or kind == "new-service":
        return True
    return kind in {"feature", "any"} and _is_related(text, asked)


def _is_related(text: str, asked: Ask) -> bool:
    """Whether a statement begins with what was asked for, with “it”, or with a condition."""
    if _IT.match(text) or phrasing.CONDITION.match(text) or _OF_CASES.match(text):
        return True
    known = {stem(word) for word in significant_words(asked.text)}
    begins = {stem(word) for word in significant_words(" ".join(words(text)[:_RELATED_WORDS]))}
    return bool(known & begins) or statements.has_only_errors(text)
