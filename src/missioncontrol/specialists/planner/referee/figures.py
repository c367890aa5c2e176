"""Looks up the numbers and the quotations of a plan that a model wrote."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.plan import Fault
from missioncontrol.specialists.planner.referee.claims import sentences_of
from missioncontrol.specialists.planner.referee.codebase import Codebase
from missioncontrol.specialists.planner.referee.mentions import mentions

QUOTES_MAX = 50
"""Quotations of one plan that are looked up; with more it is refused."""
QUOTED_WORDS_MIN = 3
"""Shorter ones are names."""
_NOUNS = (
    r"files?|lines?|commits?|callers?|call sites?|places?|functions?|class(?:es)?|methods?"
    r"|modules?|imports?|usages?|uses|occurrences?|matches|tests?|references?|authors?|times"
)
_COUNT = re.compile(rf"(?i)\b(?P<count>\d[\d,]*)\s+(?:[a-z-]+\s+){{0,2}}?(?P<noun>{_NOUNS})\b")
_AIMED = re.compile(
    r"(?i)\b(?:adds?|new|writes?|at most|at least|up to|under|over|fewer than|less than|more than"
    r"|no more|within|limit\w*|max\w*|min\w*|first|last|every|each|per|or|should|must|may|can"
    r"|split\w*|into)\b[^.;]*$"
)
"""Before a number that is aimed at, and not one of what is there."""
_QUOTE = re.compile(r"“([^”\n]{1,400})”|(?<!\w)\"([^\"\n]{1,400})\"(?!\w)")
_WORDED = re.compile(
    r"(?i)\b(?:adds?|new|writes?|prints?|shows?|raises?|returns?|called|names?|named|titled?|called"
    r"|message|worded|such as|like|e\.g\.|answers?|replaces?|into)\b[^.;]*$"
)
"""Before words that are to be written, and not ones that are there."""

Text = tuple[str, str]


class Known(msgspec.Struct, frozen=True):
    """What the local plan and the people who asked say: it was found, or it is theirs."""

    texts: str  # in the form in which quotations are compared
    counts: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Known":
        """Return what some texts say."""
        every = list(texts)
        counts = frozenset(pair for text in every for pair, _ in _counts(text))
        return cls(" ".join(map(_plain, every)), counts)


def unfounded_counts(texts: Iterable[Text], known: Known, code: Codebase) -> Iterator[Fault]:
    """Yield the numbers that no count of the repository supports."""
    for place, text in texts:
        for sentence in sentences_of(text):
            for (count, noun), match in _counts(sentence):
                if (count, noun) in known.counts or _AIMED.search(sentence[: match.start()]):
                    continue
                if noun == "line" and _length(sentence, code) == int(count):
                    continue
                yield Fault(
                    place,
                    f"“{match[0]}” is no number that the given plan states or that can be looked "
                    "up; leave it out",
                )


def unfounded_quotes(texts: Iterable[Text], known: Known, code: Codebase) -> Iterator[Fault]:
    """Yield the quotations that stand neither in what was asked, nor the plan, nor the files."""
    found = [(place, quote) for place, text in texts for quote in _quotes(text)]
    doubted = [(place, quote) for place, quote in found if _plain(quote) not in known.texts]
    if len(doubted) > QUOTES_MAX:
        yield Fault(doubted[0][0], f"the plan quotes {len(doubted)} texts; {QUOTES_MAX} at most")
        return
    for place, quote in doubted:
        try:
            stands = any(code.holds(part) for part in _parts(quote.split()))
        except MissionControlError as error:
            yield Fault(place, f"its quotation can't be looked up: {error.reason}")
            return
        if not stands:
            yield Fault(
                place,
                f"“{quote[:80]}” stands neither in what was asked for nor in the repository; quote "
                "word for word, or write it without quotation marks",
            )


def _counts(text: str) -> Iterator[tuple[tuple[str, str], re.Match[str]]]:
    for match in _COUNT.finditer(text):
        noun = match["noun"].lower()
        stem = (
            noun.removesuffix("es") if noun.endswith(("sses", "ches")) else noun.removesuffix("s")
        )
        yield (match["count"].replace(",", ""), stem), match


def _length(sentence: str, code: Codebase) -> int:
    """Return the number of lines of the one file that a sentence names; -1 where none is."""
    named = {each.name for each in mentions(sentence) if each.kind == "path"} & code.paths
    try:
        return code.line_count(named.pop()) if len(named) == 1 else -1
    except MissionControlError:
        return -1


def _quotes(text: str) -> Iterator[str]:
    for match in _QUOTE.finditer(text):
        quote = (match[1] or match[2] or "").strip()
        if len(quote.split()) >= QUOTED_WORDS_MIN and not _WORDED.search(text[: match.start()]):
            yield quote


def _parts(words: Sequence[str]) -> Collection[str]:
    """Return a quotation, and its halves: it may go over the end of a line."""
    middle = len(words) // 2
    halves = [half for half in (words[:middle], words[middle:]) if len(half) >= QUOTED_WORDS_MIN]
    return [" ".join(words), *(" ".join(half) for half in halves)]


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[`*_]", "", text).casefold().split()).rstrip(".…")
