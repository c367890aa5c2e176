"""Tells what only goes with a change: the text that says so, and the tests that show it.

An aside is known by what it is done to (the README, the docs, the tests) rather than by its verb:
“say so in the guide”, “leave a line about it in the changelog”, “cover it with tests”.
"""

import re
from typing import Literal

Aside = Literal["", "documentation", "tests"]

PAPER = (
    r"(?:readmes?(?:\.\w+)?|change ?logs?(?:\.\w+)?|docs|documentation|doc ?strings?"
    r"|man ?pages?|release notes?|(?:upgrade|migration) notes?"
    r"|(?:api|cli|command|option|configuration|settings) reference|reference (?:docs|manual|pages?)"
    r"|(?:[\w-]+ ){0,2}?(?:guides?|manual|tutorials?|cook ?books?|quick ?starts?|faqs?|how-?tos?)"
    r"|(?-i:HISTORY|NEWS|CHANGES)(?:\.\w+)?"
    r"|[\w./-]+\.(?:md|rst|adoc))"
)
"""What people call the texts about a piece of code."""
_HELP = r"help (?:text|page|output|message)s?"
"""What a program prints about itself: to say something there is an aside, to add it is none."""
_THE = (
    r"(?:(?:the|our|its|your|a|an|any|all|both|new|user|public|project(?:['\u2019]s)?|usual)\s+)*"
)
_MENTIONING = (
    r"(?:say|mention|note|tell|explain|describe|document|state|announce|clarify|spell|point|record"
    r"|warn|outline|summari[sz]e|reflect|advertise|cross-?reference)"
)
_PUTTING = (
    r"(?:add|put|include|list|leave|write|insert|place|give|provide|update|extend|adjust|adapt"
    r"|amend|revise|complete|improve|refresh|edit|keep|bring|make|show|cover|drop|enter|correct)"
)
_TAIL = (
    r"(?:\s+(?:entr(?:y|ies)|section|page|chapter|file|too|as well|please|accordingly|also"
    r"|for (?:it|this|that|them|both|each)|about (?:it|this|that|them)|and\s+.*))*"
)
_IN = (
    r"\s(?:in|into|to|on|onto|under|within|inside|through|via|with)\s+"
    r"(?:(?:the|a|an|our|its)\s+(?:[\w-]+\s+){0,2}(?:page|section|chapter|part)s?\s+(?:of|in)\s+)?"
)
_MENTIONED = re.compile(rf"(?is)^{_MENTIONING}\b.*?{_IN}{_THE}(?:{PAPER}|{_HELP})(?![\w/])")
_PUT = re.compile(rf"(?is)^{_PUTTING}\b.*?{_IN}{_THE}{PAPER}{_TAIL}$")
_UPDATED = re.compile(
    rf"(?is)^(?:{_PUTTING})\s+{_THE}(?:[\w-]+\s+)?{PAPER}{_TAIL}(?:\s+(?:of|for|to|about)\b.*)?$"
)
_UNKNOWN = re.compile(
    rf"(?is)^(?!(?:the|an?|our|its|each|every|all|no|any|it|they|this|that|there|users?)\b)"
    rf"[a-z]+(?<!s)\s(?:\S+\s+){{0,6}}?(?:in|into|to|on)\s+(?:the|our)\s+{PAPER}{_TAIL}$"
)
_STATES = re.compile(r"(?i)\b(?:is|are|was|were|has|have|does|do|can|may|will|must|should)\b")
_DEMANDED = re.compile(
    rf"(?is)^{_THE}{PAPER}\s+(?:should|must|shall|needs? to|has to|have to)\s+(?:also\s+|then\s+)?"
    r"(?:say|mention|note|tell|explain|describe|state|show|cover|list|document|be updated|reflect)"
)
_OF_IT = re.compile(r"(?i)^document\b")
_KINDS_OF_TESTS = (
    r"(?:(?:an?|the|some|more|new|unit|integration|regression|end-to-end|property|based|good|few"
    r"|proper|corresponding|matching|missing|automated|both|its)[\s-]+)*"
)
_TESTED = re.compile(
    rf"(?is)^(?:(?:add|write|include|provide|supply|extend|update|create|have|bring)\s+"
    rf"{_KINDS_OF_TESTS}(?:tests|test (?:cases?|coverage)|coverage|test(?=\W*$|[.,;:(]|\s(?:for|of"
    r"|to|that|which|in|with|on|when|where|and|as|from|around|at|it|\w+ing)\b))\b"
    r"(?!\s+(?:runner|client|command|option|flag|mode|helper|fixture|utilit|server|suite|plugin|discovery))"
    r"|cover\b.*\bby|cover\b.*\bwith\b.*\btests?\b"
    r"|test\s+(?:it|this|that|them|both|each|all|everything|the (?:new|change|option|limit))\b)"
)
_BOTH = re.compile(
    rf"(?is)^(?P<told>.+?{_IN})(?P<one>{_THE}{PAPER})\s+and\s+(?:in\s+|to\s+)?"
    rf"(?P<other>{_THE}{PAPER})[.!]?$"
)
_ORDER = re.compile(r"(?i)^(?:(?:also|please|and|then|finally)[\s,]+)+")
_CODE = re.compile(r"`([^`\n]*)`")
_PAPER_NAME = re.compile(rf"(?i)^{PAPER}$")


def aside(text: str) -> Aside:
    """Return what an ask after the first one goes with the change as; "" where it is a change."""
    plain = _ORDER.sub("", _CODE.sub(_without_code, text.strip(" .!")))
    if _TESTED.match(plain):
        return "tests"
    matched = _OF_IT.match(plain) or _MENTIONED.match(plain) or _DEMANDED.match(plain)
    if matched or _PUT.match(plain) or _UPDATED.match(plain):
        return "documentation"
    if _UNKNOWN.match(plain) and not _STATES.search(plain):
        return "documentation"
    return ""


def split_asides(text: str) -> list[str]:
    """Return “add tests”, “add docs” for “add tests and docs”; other asks come back alone.

    The same ask for two documents is two: “mention it in the README and in the changelog”.
    """
    both = _BOTH.match(text)
    if both and aside(text) == "documentation":
        return [f"{both['told']}{both['one']}", f"{both['told']}{both['other']}"]
    verb, _, rest = text.partition(" ")
    pieces = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", rest)
    apart = [f"{verb} {piece}" for piece in pieces]
    kinds = [aside(piece) for piece in apart]
    return apart if len(apart) > 1 and all(kinds) and len(set(kinds)) > 1 else [text]


def _without_code(match: re.Match[str]) -> str:
    """Keep the name of a document; any other name is one word, whatever it is made of."""
    return match[1] if _PAPER_NAME.match(match[1]) else "CODE"
