"""Puts in place of “it” and “that” what the sentence before was about."""

import re

from missioncontrol.specialists.planner.imperatives import leading_verb
from missioncontrol.specialists.planner.sentences import capitalised

_NOTHING_ELSE = re.compile(
    r"(?i)^(?P<verb>[a-z]+)(?: up)? (?:it|this|that|these|those|them|the (?:bug|problem|issue|error"
    r"|fault|cause))(?: (?:please|now|asap|soon|for good))*$"
)
_FOUND_AND_FIXED = re.compile(
    r"(?i)^(?:please )?(?:find|investigate|diagnose|debug|identify|locate|analy[sz]e|track down"
    r"|figure out|work out|look into)(?: out)?\s+(?:it|this|that|why|what (?:is|goes) wrong"
    r"|the (?:root )?(?:cause|reason|bug|problem|issue|fault)(?: of (?:it|this|that))?)"
    r"(?:,?\s+(?:and|then)(?: then)?\s+(?P<verb>fix|repair|resolve|solve|correct|remedy|remove)\s+"
    r"(?:it|this|that|them|the (?:bug|problem|issue|cause|fault)))?(?: please)?$"
)
"""“Find the cause and fix it”: a repair includes finding out what is wrong."""
_MUST_END = re.compile(
    r"(?i)^(?:it|this|that|these|they)\s+(?:must|should|has to|have to|needs? to|cannot"
    r"|can['\u2019]t|may not|must not|should not|shouldn['\u2019]t)\s+(?:stop|end|happen|occur|work"
    r"|be fixed|go away|not (?:happen|occur)|never happen)(?: again| any ?more)?$"
)
_WORDS_BRINGING = """
add allow build change do enable fix implement make offer provide repair resolve solve support
"""
_BRINGING = frozenset(_WORDS_BRINGING.split())
_FIX_IT = re.compile(
    r"(?i)^(?:fix|repair|resolve|solve|correct|remedy)\s+(?:it|this|that|them"
    r"|the (?:bug|problem|issue|cause|fault))$"
)
_OBJECT = re.compile(r"(?i)^(?P<verb>make|keep|turn|let|get|have) (?:it|them|that|this)\b")
_SUBJECT = re.compile(
    r"(?i)^(?P<noun>(?:the|an?|our|my|each|every)?\s*(?:[\w./`'-]+\s+){0,4}?[\w./`'-]+)\s+"
    r"(?:is|are|was|were|has|have|does|do|did|takes?|cannot|can|crash\w*|fails?|hangs?|drops?|leaks?"
    r"|breaks?|loses?|grows?|needs?|uses?|raises?|throws?|returns?|gets?|became|becomes?)\b"
)
_POINTS_BACK = re.compile(r"(?i)^(?:it|they|this|that|these|those|he|she|nobody|something)\b")
_SMALL = frozenset(
    {"the", "a", "an", "our", "my", "users", "each", "every", "some", "when", "if", "there", "it"}
)
_STARTS_WITH_IT = re.compile(r"(?i)^it(?=\s+[a-z])")


def points_back(text: str) -> bool:
    """Whether the sentence begins with a pronoun."""
    return _POINTS_BACK.match(text) is not None


def only_echoes(text: str) -> bool:
    """Whether an ask adds nothing to the wish before it: “support that”, “please add it”."""
    only = _NOTHING_ELSE.match(text)
    return only is not None and only["verb"].lower() in _BRINGING


def joins_repair(before: str, rest: str) -> bool:
    """Whether “… and fix it” goes on with what is to be found out first."""
    seeks = re.match(
        r"(?i)(?:find|investigate|diagnose|debug|identify|locate|analy[sz]e|track|figure|work out"
        r"|look into)\b",
        before.strip(),
    )
    return seeks is not None and _FIX_IT.match(rest.strip(" .!")) is not None


def resolved(text: str, before: str) -> str:
    """Return an ask such as “fix that” with the statement `before` it; others come back as is."""
    statement = _in_sentence(before)
    found = _FOUND_AND_FIXED.match(text)
    if found and found["verb"]:
        return f"{found['verb'].capitalize()}: {statement}"
    only = _NOTHING_ELSE.match(text)
    if only and leading_verb(text):
        return f"{only['verb'].capitalize()}: {statement}"
    if _MUST_END.match(text):
        return f"{capitalised(text)}: {statement}"
    subject = _SUBJECT.match(before)
    if _OBJECT.match(text) and subject and not points_back(before):
        noun = _in_sentence(subject["noun"])
        return _OBJECT.sub(lambda match: f"{match['verb']} {noun}", text, count=1)
    return text


def about(text: str, thing: str) -> str:
    """Return a statement about `thing` with its name: “it expires” becomes “the link expires”."""
    return capitalised(_STARTS_WITH_IT.sub(lambda _match: thing, text, count=1))


def _in_sentence(text: str) -> str:
    """Return a sentence as it stands after a colon; words that may be names stay as they are."""
    plain = text.strip().rstrip(".!… ")
    first = plain.split(None, 1)[0] if plain else ""
    return plain[:1].lower() + plain[1:] if first.lower() in _SMALL else plain
