"""Tells statements apart: what is wanted, what goes wrong, and what merely is so today."""

import re

_TODAY = re.compile(
    r"(?i)\b(?:currently|today|at the moment|right now|so far|at present|nowadays|as of now"
    r"|these days|until now|up to now|(?:is|are|do|have) already"
    r"|the (?:current|present|existing|old) \w+ (?!stays?|remains?)"
    r"|(?:has|have) (?:\w+ly )?been|would(?:n['\u2019]t|['\u2019]ve)?|commonly|usually|typically"
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
    r"|release|appear|happen|respect|honou?r)|cannot|can['\u2019]t|stops? working|nobody knows)\b"
    r"|\b(?<!on )(?<!of )(?<!for )(?:error|exception)s?\b(?=\W*$|[.,;:!]|\s(?:when|if|in|on|at|with"
    r"|while|after|during|from|is|are|occurs?|appears?|happens?|because)\b)"
)
_RAISES = re.compile(r"(?i)\b(?:raises?|throws?|(?:an? )?(?:error|exception)s?)\b")
_GOES_WRONG = """
abort accept agree allow answer behave blink block blow break claim complain corrupt count crash
deadlock delete die disappear discard drop duplicate eat emit end escape exit expect fail fall
flicker forget format freeze garble give grow hang honor honour ignore insert invent jump keep
kill lag leak leave lie lock loop lose mangle match misbehave miscalculate miscount misread miss
mix need omit open overflow overlap overwrite pad panic parse point print quote raise read
recognise recognize recurse refuse reject render repeat reset respect return reuse ring rot
round run say segfault sit skip sleep sort spin stall stay stop strip survive swallow swap take
tear think throw time tolerate trip truncate turn use vanish wait want wipe work write yield
"""
FAULTY_VERBS = frozenset(_GOES_WRONG.split())
"""Verbs with which people tell what goes wrong, beside those with which they ask."""
_WRONG = re.compile(
    r"(?ix)\bwithout\ (?:an?\ |any\ )?(?:complain\w+|warning|error|notice|message)"
    r"|\b(?:silently|unexpectedly|wrongly|incorrectly|erroneously|mistakenly|by\ mistake"
    r"|needlessly|forever|endless\w*|infinite\w*|off\ by\ one|for\ no\ reason)\b"
    r"|\b(?:one|two|\d+)\ (?:[\w-]+\ ){0,2}too\ (?:many|few|much|little|late|early|long|short)\b"
    r"|\btoo\ (?:many|few|much|little|late|early|long|often|soon)\b"
    r"|\b(?:prints?|returns?|shows?|writes?|outputs?|yields?|says?|sends?|logs?|do(?:es)?|matches"
    r"|finds?)\ (?:nothing|garbage|nonsense|(?:an?\ |the\ )?(?:wrong|stale|empty|old|bogus))\b"
    r"|\b(?:instead\ of|rather\ than|although|even\ though|even\ if|despite|in\ spite\ of)\b"
    r"|\btwice\b(?!\ (?:a|per|each|every)\b)|\bonly\ the\ (?:first|last)\b"
    r"|\b(?:wrong|stale|incorrect|garbage|duplicated?|mangled|truncated|swapped|leaked|undefined"
    r"|unpredictable|non-?deterministic|inconsistent|misleading|garbled|flaky)\b"
    r"|\b(?:has|have)\ no\ effect\b|\bmakes?\ no\ difference\b|\bnever\ \w+(?:s|ed|en)\b"
    r"|\b(?:loses?|drops?|ignores?|swallows?|mangles?|truncates?|garbles?|duplicates?|corrupts?"
    r"|overwrites?|forgets?|misses|miss|misreads?|miscounts?|crash|hangs?|leaks?|freeze|breaks?"
    r"|deadlocks?|segfaults?|refuses?|doubles?|loops|flickers?|blinks?|vanish(?:es)?|disappears?"
    r"|stutters?|overlaps?|stalls?)\b"
    r"|\b(?:fills?|eats?|uses?|clogs?)\ up\b|\bruns?\ out\ of\b|\bstatus\ 5\d\d\b"
    r"|\btakes?\ (?:[\w.,]+\ ){0,2}(?:seconds|minutes|hours|days|ages|for\ ever)\b"
    r"|\b(?:answers?|responds?|fails?|returns?)\ (?:with\ )?(?:an?\ )?5\d\d\b"
    r"|\b(?:does|do)(?:n['\u2019]t|\ not)\ (?!support|need|allow|require|care)\w+"
    r"|\b(?:is|are)(?:n['\u2019]t|\ not)\ (?:\w+ly\ )?"
    r"(?:\w+(?:ed|en)|set|sent|kept|read|run|shown|found|put|held|known|understood|seen|done|made"
    r"|told|built|caught|met|left|lost)\b"
    r"|^nothing\ (?:is|gets|happens|comes)\b"
    r"|\b(?:comes?|turns?|shows?|ends?)\ (?:out|up)\ (?:as|in|empty|wrong|with)\b"
)
_ASIDE = re.compile(
    r"(?i)^(?:when(?:ever)?|if|once|after|before|as soon as|while|until)\b[^,]*,\s*"
    r"|\b(?:that|which|who|whose)\s+\w+(?:\s+\w+)?"
    r"|\b(?:when(?:ever)?|if|once|after|before|while|until|where|because|how)\b.*$"
)
"""What a sentence says on the side: “links *that fail* are retried *when the line is back*”."""
_KEEPS = re.compile(r"(?i)\b(?:stays?|remains?|keeps?|continues? to)\b|\bunchanged\b")
_FUNCTION_WORDS = re.compile(
    r"(?i)\b(?:the|an?|is|are|was|were|be|been|it|its|we|our|they|their|of|to|in|on|at|for|with"
    r"|from|by|as|and|or|not|no|this|that|has|have|had|does|do|can|will|each|every|all)\b"
)
_EXPLAINS = re.compile(
    r"(?i)(?:this\s+(?:(?:also|only|now|mainly|\w+ly)\s+)?(?:is|was|has|got|will|would|can|\w+[^s\W]s)\b"
    r"|th(?:is|e|ese)\s+(?:whole\s+)?(?:changes?|commits?|patch|pull request|pr|idea|motivation"
    r"|rationale|reasons?)\b"
    r"|(?:since|because|although|though|despite|otherwise|however|as such|as a result|hence"
    r"|therefore|for (?:example|instance)|e\.g\.|to (?:be|get|grab|avoid|make|allow|help))[\s,]"
    r"|`[^`]+`\s+(?:also\s+)?(?:allows|lets|enables|helps|makes)\s"
    r"|(?:adds|fixes|removes|covers|makes|allows|updates|ensures|introduces|moves|uses)\s)"
)
_OF_USE = re.compile(
    r"(?i)(?:using|calling|running|passing|setting|having)\s[^;]*?\s(?:works|fails|breaks|is|are|has|needs"
    r"|requires|causes|leads|means|does|crashes|raises|returns|results|would|can|will)\b"
)
_AUTHOR = re.compile(
    r"(?i)(?:(?:but|and|also|so|although)[\s,]+)?(?:i|we)\s+(?:(?:also|just|still|originally)\s+)?"
    r"(?:ha(?:ve|d)(?!\s+to\b)|wanted|thought|think|believe|tried|noticed|found|decided|chose|did"
    r"|am|was|were|hope)\b"
)
_POINTS = re.compile(
    r"(?i)(?:(?:links?|see(?: also)?|refs?|references?|related(?: to)?|cc|source|test plan)\s*:"
    r"|see\s+(?:also\s+)?(?:https?:|#\d)|(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?)\s+#\d+\W*$"
    r"|[\w-]+-by:|thanks\b|\W*generated (?:with|by)\b|https?:\S+$|\(.*\)\W*$)"
)
_QUESTION = re.compile(
    r"(?i)(?:(?:so|and|but|also|or)[\s,]+)?(?:who|what|why|how|when|where|which|whether|is|are|does|do"
    r"|did|should|shall|must|has|have|any|can(?!\s+you)|could(?!\s+you)|would(?!\s+you)|will(?!\s+you))"
    r"\b[^.!]*(?:[.!]\w[^.!]*)*\?[\s)\"”]*$"
)
SECTIONS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("wanted", re.compile(r"(?i)^(?:expected|desired)\b|^what (?:should|did you expect)")),
    ("trouble", re.compile(r"(?i)^(?:describe the (?:bug|problem)|bug description|problem$)")),
    (
        "told",
        re.compile(
            r"(?i)^(?:steps\b|(?:how )?to reproduce|reproduc|actual|current (?:behaviou?r|result)"
            r"|observed|environment|versions?"
            r"|.*\b(?:reasons?|for example|for instance|e\.g\.?)$"
            r"|system info|additional (?:context|information)|screenshots?|logs?\b|stack ?trace"
            r"|background|context|motivation|rationale|reasons?\b|why\b|example$|test plan"
            r"|os\b|python\b|node\b|browser\b|platform\b)"
        ),
    ),
)
"""Headings of bug reports and what stands below them: what is wanted, or a description."""
_INLINE = re.compile(r"^(?P<name>[A-Za-z][\w ]{1,30}):\s+(?P<text>\S.*)$")


def is_foreign(text: str) -> bool:
    """Whether no small English word holds it together and it has letters that English has not."""
    has_others = any(letter.isalpha() and not letter.isascii() for letter in text)
    return has_others and _FUNCTION_WORDS.search(text) is None


def has_trouble(text: str) -> bool:
    """Whether the sentence says that something goes wrong, and not only on the side."""
    return _FAILS.search(_ASIDE.sub(" ", text)) is not None


def has_only_errors(text: str) -> bool:
    """Whether all the trouble is an error that is raised: a specification says that as well."""
    rest = _RAISES.sub(" ", _ASIDE.sub(" ", text))
    return has_trouble(text) and _FAILS.search(rest) is None


def has_fault(text: str) -> bool:
    """Whether a sentence that stands for a whole goal tells a fault, in plain words or in figures.

    More words count here than where one sentence of many is judged.
    """
    return has_trouble(text) or _WRONG.search(text) is not None


def is_about_today(text: str) -> bool:
    """Whether the sentence states how things are or were, or what the author has."""
    return bool(_TODAY.search(_ASIDE.sub(" ", text)) or _OURS.search(text))


def keeps(text: str) -> bool:
    """Whether the sentence says what must go on being so."""
    return _KEEPS.search(text) is not None


def explains(text: str) -> bool:
    """Whether the sentence gives a reason, an example or a source, or speaks of the change itself.

    “This adds …” and “Otherwise the build fails.” are context of a request, and no request.
    """
    return _EXPLAINS.match(text.strip(" *_")) is not None


def is_use_report(text: str) -> bool:
    """Whether a sentence reports what comes of a use, as “Using `A` works, but `B` fails” does."""
    return _OF_USE.match(text.strip(" *_")) is not None


def is_of_author(text: str) -> bool:
    """Whether the author describes what they thought, tried or found: context in any case."""
    return _AUTHOR.match(text.strip(" *_")) is not None


def is_reference(text: str) -> bool:
    """Whether the text is a link, a trailer of a commit or a remark in brackets."""
    return _POINTS.match(text.strip(" *_")) is not None


def is_question(text: str) -> bool:
    """Whether the sentence asks something that a person has to answer."""
    return _QUESTION.match(text.strip(" *_")) is not None


def section(heading: str) -> str:
    """Return "wanted" or "told" for a heading of a bug report, and "" for any other."""
    return next((name for name, words in SECTIONS if words.search(heading.strip(" *_"))), "")


def inline_section(text: str) -> tuple[str, str]:
    """Return the section that a sentence names for itself, and the rest: “Expected: a cookie”."""
    match = _INLINE.match(text.strip(" *_"))
    name = section(match["name"]) if match else ""
    return (name, match["text"].lstrip("*_ ")) if match and name else ("", text)
