"""Tells statements apart: what is wanted, what goes wrong, and what merely is so today."""

import re

_TODAY = re.compile(
    r"(?i)\b(?:currently|today|at the moment|right now|so far|at present|nowadays|as of now"
    r"|these days|until now|up to now|(?:is|are|do|have) already"
    r"|the (?:current|present|existing|old) \w+ (?!stays?|remains?)"
    r"|(?:was|were|did|had|reported|noticed|found|tried|happened|started|stopped|used to)\b"
    r"|since (?:version|upgrading|updating|the|last|v?\d))"
)
_OURS = re.compile(r"(?i)^(?:we|i|our|my|here|there)\b")
_FAILS = re.compile(
    r"(?i)\b(?:(?:is|are|gets?|becomes?) (?:\w+ly |very |too |so |still |often )?(?:broken|slow"
    r"|wrong|lost|missing|stuck|unusable|flaky|confusing|incorrect|useless|corrupt(?:ed)?|ignored"
    r"|dropped|unresponsive|buggy)"
    r"|crash(?:es|ed)?|fails?|failed|hangs?|leaks?|breaks?|complains?|freezes?|deadlocks?|dies"
    r"|times? out|blows? up|gives? up|raises?|throws?|drops?|loses?|grows? without (?:bound|limit)"
    r"|(?:does|do)(?:n['\u2019]t| not) (?:work|set|send|show|start|load|respond|return|handle|close"
    r"|release|appear|happen|respect|honou?r)|cannot|can['\u2019]t|stops? working|error|exception"
    r"|nobody knows)\b"
)
_ASIDE = re.compile(
    r"(?i)^(?:when(?:ever)?|if|once|after|before|as soon as|while|until)\b[^,]*,\s*"
    r"|\b(?:that|which|who|whose)\s+\w+(?:\s+\w+)?"
    r"|\b(?:when(?:ever)?|if|once|after|before|while|until|where|because|how)\b.*$"
)
"""What a sentence says on the side: “links *that fail* are retried *when the line is back*”."""
_KEEPS = re.compile(r"(?i)\b(?:stays?|remains?|keeps?)\b|\bunchanged\b")
_FUNCTION_WORDS = re.compile(
    r"(?i)\b(?:the|an?|is|are|was|were|be|been|it|its|we|our|they|their|of|to|in|on|at|for|with"
    r"|from|by|as|and|or|not|no|this|that|has|have|had|does|do|can|will|each|every|all)\b"
)
SECTIONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("wanted", re.compile(r"(?i)^(?:expected|desired)\b|^what (?:should|did you expect)")),
    ("trouble", re.compile(r"(?i)^(?:describe the (?:bug|problem)|bug description|problem$)")),
    (
        "told",
        re.compile(
            r"(?i)^(?:steps\b|(?:how )?to reproduce|reproduc|actual|current (?:behaviou?r|result)"
            r"|observed|environment|versions?"
            r"|system info|additional (?:context|information)|screenshots?|logs?\b|stack ?trace"
            r"|background|context|motivation|os\b|python\b|node\b|browser\b|platform\b)"
        ),
    ),
)
"""Headings of bug reports and what stands below them: what is wanted, or what is told."""
_INLINE = re.compile(r"^(?P<name>[A-Z][\w ]{1,30}):\s+(?P<text>\S.*)$")


def is_foreign(text: str) -> bool:
    """Whether no small English word holds it together and it has letters that English has not."""
    has_others = any(letter.isalpha() and not letter.isascii() for letter in text)
    return has_others and _FUNCTION_WORDS.search(text) is None


def tells_trouble(text: str) -> bool:
    """Whether the sentence says that something goes wrong, and not only on the side."""
    return _FAILS.search(_ASIDE.sub(" ", text)) is not None


def tells_today(text: str) -> bool:
    """Whether the sentence says how things are or were, or what somebody has."""
    return bool(_TODAY.search(_ASIDE.sub(" ", text)) or _OURS.search(text))


def keeps(text: str) -> bool:
    """Whether the sentence says what must go on being so."""
    return _KEEPS.search(text) is not None


def section(heading: str) -> str:
    """Return "wanted" or "told" for a heading of a bug report, and "" for any other."""
    return next((name for name, words in SECTIONS if words.search(heading.strip(" *_"))), "")


def inline_section(text: str) -> tuple[str, str]:
    """Return the section that a sentence names for itself, and the rest: “Expected: a cookie”."""
    match = _INLINE.match(text.strip(" *_"))
    name = section(match["name"]) if match else ""
    return (name, match["text"].lstrip("*_ ")) if match and name else ("", text)
