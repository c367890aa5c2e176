"""Finds sentences of a plan that claim a result, which only the record of a run can state."""

import re
from collections.abc import Iterator

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_CONDITION = re.compile(
    r"(?i)\b(?:must|should|shall|will|would|can|may|might|could|needs? to|ha(?:s|ve) to|until|when"
    r"|whenever|once|if|unless|whether|so that|such that|ensures?|make sure|checks?|verif(?:y|ies)"
    r"|confirms?|keeps?|before|after|expects?|requires?|cannot|not|never|to be)\b"
)
"""A sentence with one of these before its claim states what has to hold, not what holds."""

_CHECKS = (
    r"(?:tests?|test suites?|suites?|checks?|builds?|ci|pipelines?|linters?|lint|type checks?"
    r"|benchmarks?|acceptance criteria|assertions?)"
)
_DONE = (
    r"(?:complete[d]?|done|finished|implemented|verified|tested|merged|deployed|fixed|shipped"
    r"|released|approved|confirmed|validated|proven|resolved|passing|passed|ready for production"
    r"|production[- ]ready|bug[- ]free)"
)
_WORK = (
    r"(?:changes?|work|tasks?|implementation|features?|fix(?:es)?|mission|migration|everything"
    r"|code|project|goal|patch|requirements?|plan|all of it|all|it|this|that|they)"
)
_PASSES = re.compile(
    rf"(?i)\b{_CHECKS}\b(?:\s+\w+){{0,3}}?\s+(?:(?:all|now|already|still|also)\s+)*"
    r"(?:pass(?:es)?|succeeds?|(?:is|are)\s+(?:all\s+)?(?:green|passing|successful)|green)\b"
)
"""What reads as a criterion where criteria stand."""

_CLAIMS = (
    (
        rf"\b\d[\d,.]*\s*%?\s+(?:\w+\s+){{0,3}}?{_CHECKS}\s+(?:(?:all|now)\s+)*"
        r"(?:pass|passed|succeed|succeeded|are green|were green|ran)\b"
    ),
    (
        rf"\b{_CHECKS}\b(?:\s+\w+){{0,3}}?\s+(?:passed|succeeded|ran (?:clean|green|without)"
        r"|(?:was|were|went|has been|have been)\s+(?:all\s+)?(?:green|run|passing|successful))\b"
    ),
    rf"\b(?:has|have)\s+(?:(?:now|already|all|fully)\s+)*(?:been\s+)?(?:\w+ly\s+)?{_DONE}\b",
    r"\b(?:was|were)\s+(?:\w+ly\s+)?(?:verified|tested|confirmed|validated|proven|approved)\b",
    rf"\balready\s+(?:been\s+)?{_DONE}\b",
    (
        r"\b(?:i|we)(?:['\u2019]ve|\s+have)?\s+(?:(?:already|now)\s+)*(?:implemented|verified|tested|ran"
        r"|fixed|added|finished|completed|checked|confirmed|validated|merged)\b"
    ),
    (
        r"\b(?:no|zero|0)\s+(?:\w+\s+)?(?:failures?|regressions?|errors?|bugs?|issues?|defects?)\s+"
        r"(?:(?:were|was|are|is|have been)\s+)?(?:found|remain(?:s|ing)?|left|detected|occurred)\b"
    ),
    r"\beverything\s+(?:works|is fine|is green)\b",
    r"\bcoverage\s+(?:is|reached|reaches|stands at)\s+\d",
)
_ALWAYS = re.compile(f"(?i){'|'.join(_CLAIMS)}")
"""Claims wherever they stand."""

_IS_DONE = re.compile(
    rf"(?i)\b{_WORK}\b(?:\s+\w+){{0,3}}?\s+(?:is|are)\s+(?:(?:now|already|all|\w+ly)\s+)*{_DONE}\b"
)
_BARE_CLAIM = re.compile(
    rf"(?i)^\W*(?:(?:all|now|fully|successfully|tests?)\s+)*(?:{_DONE}|green|passed)\W*$"
)
_BRACKETED = re.compile(rf"(?i)[(\[](?:all\s+|already\s+)*{_DONE}\b")


def claims_in(text: str, *, is_criterion: bool = False) -> Iterator[str]:
    """Yield the sentences of `text` that say that something was done, passes or was verified.

    A criterion may say that tests pass: it is what has to hold in the end.
    """
    for sentence in sentences_of(text):
        if _claims(sentence, is_criterion):
            yield sentence


def sentences_of(text: str) -> list[str]:
    """Return the sentences of `text`, without the space around them."""
    return [piece.strip() for piece in _SENTENCE.split(text) if piece.strip()]


def _claims(sentence: str, is_criterion: bool) -> bool:
    found = [each.search(sentence) for each in (_ALWAYS, _IS_DONE, _BARE_CLAIM, _BRACKETED)]
    if not is_criterion:
        found.append(_PASSES.search(sentence))
    return any(match and not _CONDITION.search(sentence[: match.end()]) for match in found)
