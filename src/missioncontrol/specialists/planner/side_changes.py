"""Separates a change from what comes with it: “…, with tests”, documents, and asides."""

import re
from typing import Literal

from missioncontrol.specialists.planner.imperatives import leading_verb, verbs

_KIND_WORDS = (
    r"(?:(?:an?|the|its|their|our|some|any|all|more|new|good|full|proper|solid|decent|matching"
    r"|corresponding|appropriate|necessary|relevant|updated|pytest|jest|doctest|vitest|junit|unit|integration|regression|e2e"
    r"|end-to-end|functional|acceptance|smoke|property(?:[- ]based)?|automated|user|api|inline"
    r"|short|brief|usual|a few|a couple of|passing|associated|accompanying|respective)[\s-]+)*"
)
_TEST = (
    r"(?:tests?(?:[\s-]+(?:cases?|coverage|suites?|files?))?|(?:test )?coverage|pytests?|specs?)"
)
_PAPER = (
    r"(?:docs?|documentation|doc ?strings?|readme(?:\.md)?(?: (?:updates?|entry|section))?"
    r"|change ?log(?:\.md)?(?: (?:entry|entries|updates?|notes?))?|release notes?|examples?"
    r"|usage examples?|guides?|doc(?:s|umentation)? updates?)"
)
_THING = rf"{_KIND_WORDS}(?:{_TEST}|{_PAPER})"
_THINGS = rf"{_THING}(?:(?:\s*[,/&+]\s*(?:and\s+)?|\s+and\s+|\s+as well as\s+|\s+plus\s+){_THING})*"
_JOINT = (
    r"(?:along with|together with|complete with|accompanied by|supported by|backed(?: up)? by"
    r"|covered (?:by|with)|tested (?:by|with)|as well as|in addition to|and also|plus also|with"
    r"|including|incl\.?|include|plus|and|&|\+|w/)"
)
_ACCOMPANIED_TAIL = (
    r"(?:\s+(?:for|of|to cover|covering|to prove|proving|that cover|that prove)\s+"
    r"(?:it|this|that|them"
    r"|both|each|all(?: of (?:it|them))?|everything|the (?:new )?(?:change|behaviou?r|feature|code|"
    r"function|option|fix))|\s+(?:too|as well|included|please|also|attached|where needed"
    r"|where appropriate|as needed|as usual))*"
)
_LAST = re.compile(
    rf"(?is)(?:\s*[,;:(\[\u2013\u2014-]+\s*(?:and\s+)?|\s+)(?:{_JOINT})\s+(?P<things>{_THINGS}){_ACCOMPANIED_TAIL}"
    r"[)\].!\s]*$"
)
_LISTED_LAST = re.compile(
    rf"(?is)\s*[,;(\[\u2013\u2014]\s*(?P<things>{_THINGS})"
    r"(?:\s+(?:too|as well|included|please|required))*[)\].!\s]*$"
)
_FIRST = re.compile(rf"(?is)^(?:with|including|plus)\s+(?P<things>{_THINGS})\s*[,:\u2014]\s+(?=\w)")
_SEPARATOR = re.compile(r"(?i)\s*[,/&+]\s*(?:and\s+)?|\s+and\s+|\s+as well as\s+|\s+plus\s+")
_LEANING = re.compile(
    r"(?i)\b(?:is|are|be|been|being|stays?|remains?|not|fully|well|gets?|deals?|helps?|works?|copes?"
    r"|continues?|starts?|begins?|interferes?|experiments?|plays?|for|of|in|to|from|on|by|between)$"
)
"""Words whose object follows: what stands behind them is part of the sentence."""
_OF_TESTS = re.compile(
    rf"(?is)^\W*\w+\s+{_KIND_WORDS}(?:{_TEST}|{_PAPER})(?:\s+(?:and|or|for|of|to|in|about)\b.*)?\W*$"
)
"""An ask whose object is tests or a document itself."""
_SWEEPING_VERBS = """
delete remove drop rename move migrate port reformat format lint convert replace swap compare
typecheck annotate help exclude skip ignore
"""
_SWEEPING = frozenset(_SWEEPING_VERBS.split())
"""Verbs for which “including tests” says how far the work goes, and asks for no test."""
_OF_COMPANY = frozenset({"tests", "documentation"})
_WHAT_CHANGES = (
    r"(?:it|this|that|they|both|each|everything|all(?: of (?:it|this|them))?"
    r"|(?:the|this|each|every)\s+(?:new\s+)?(?:change|feature|function|code|work|option|behaviou?r|fix"
    r"|patch|pr|pull request|implementation|result)s?)"
)
_ALONE = re.compile(
    rf"(?is)^(?:(?:please|and|also|then)\s+)*(?:(?:{_JOINT})\s+)?(?P<things>{_THINGS}){_ACCOMPANIED_TAIL}"
    r"(?:\s+(?:(?:are|is|must be|should be|need to be|have to be)\s+)?"
    r"(?:included|required|expected|needed|wanted|mandatory|added|updated|written"
    rf"|(?:a )?part of {_WHAT_CHANGES})"
    rf"(?:\s+(?:too|as well|please))*)?\W*$"
)
_SHOULD_HAVE = re.compile(
    rf"(?is)^{_WHAT_CHANGES}\s+(?:(?:should|must|shall|will|has to|have to|needs? to|is to)\s+)?"
    rf"(?:also\s+)?(?:have|has|come with|comes with|be covered (?:by|with)|be tested (?:by|with)"
    rf"|is covered by|be accompanied by|include|includes|ship with|ships with|get|gets|needs?"
    rf"|be backed by|contain|bring|carry)\s+(?P<things>{_THINGS}){_ACCOMPANIED_TAIL}\W*$"
)
_ADVERBS = r"(?:(?:well|fully|properly|thoroughly|also|both|all|automatically|unit[ -])\s*)*"
_DONE = rf"{_ADVERBS}(?:tested|documented)"
_DONE_TOGETHER = rf"(?P<done>{_DONE}(?:\s*(?:,|&|\band\b)\s*(?:and\s+)?{_DONE})*)"
_DONE_WITH_IT = re.compile(
    r"(?is)^(?:(?:please|and|also|then)\s+)*"
    r"(?:(?:make sure|ensure|see to it|be sure)\s+(?:that\s+)?)?"
    rf"{_WHAT_CHANGES}\s+(?:(?:should|must|shall|will|has to|have to|needs? to|is to)\s+)?"
    rf"(?:also\s+)?(?:is|are|be|gets?)\s+{_DONE_TOGETHER}{_ACCOMPANIED_TAIL}\W*$"
)
"""A sentence such as “Make sure it is tested”, which asks for tests of the change before it."""
_DONE_LAST = re.compile(
    rf"(?is)\s*[,;(\[\u2013\u2014]\s*(?:and\s+)?{_DONE_TOGETHER}{_ACCOMPANIED_TAIL}[)\].!\s]*$"
)
_COMPANY_OF = {"tested": "tests", "documented": "documentation"}
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


def without_accompaniment(text: str) -> tuple[str, list[str]]:
    """Return what an ask is about, and the tests and documents that are to come with it.

    An ask for tests or documents has no such company: they are what it is about. A sentence that
    only names the company, such as “With tests.”, is about nothing by itself.
    """
    alone = _ALONE.match(text) or _SHOULD_HAVE.match(text)
    if alone:
        return "", _listed(alone["things"])
    done = _DONE_WITH_IT.match(text)
    if done:
        return "", _done(done["done"])
    first = _FIRST.match(text)
    if first and leading_verb(text[first.end() :]):
        return text[first.end() :], _listed(first["things"])
    verb = leading_verb(text)
    if not verb or verb == "cover" or verbs()[verb] in _OF_COMPANY:
        return text, []
    found = [match for each in (_LISTED_LAST, _LAST, _DONE_LAST) if (match := each.search(text))]
    if not found:
        return text, []
    last = min(found, key=re.Match.start)
    change = text[: last.start()].rstrip(" ,;:([")
    if len(change.split()) < 2 or _LEANING.search(change) or _OF_TESTS.match(change):
        return text, []
    if verb in _SWEEPING:
        return change, []
    return change, _done(last["done"]) if last.re is _DONE_LAST else _listed(last["things"])


def _done(text: str) -> list[str]:
    return [thing for word, thing in _COMPANY_OF.items() if word in text.lower()]


def _listed(things: str) -> list[str]:
    named = (each.strip() for each in _SEPARATOR.split(things))
    return [each if each.isupper() else each[:1].lower() + each[1:] for each in named if each]
