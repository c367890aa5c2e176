"""One search over all that is known: each source once, with the passage that answers best."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from missioncontrol.knowledge.relevance import Question, question_of
from missioncontrol.knowledge.terms import Word
from missioncontrol.ports.knowledge_index import (
    KINDS,
    Candidate,
    Choice,
    Kind,
    KnowledgeIndex,
    Passage,
    Use,
)

SCORE_MIN = 0.15
"""The least share of a question that a passage has to answer to be found.
Fitted on the tuning half of `make bench ONLY=knowledge`."""

EACH_MAX = 50
"""Sources of each kind that a search finds at most, the best of them."""

CANDIDATES = 50
"""Passages of each kind that are scored for one search."""

QUOTED_MAX = 280
"""Characters of a passage that stand in a list."""

ALSO_MAX = 5
USES_MAX = 20

SHOWN_MAX = EACH_MAX * len(KINDS)
"""Sources that a search finds at most. Each costs 0.2 ms for its passage."""

Place = tuple[float, float, str]
"""Where a source stands in the order: by score, time and id, the first two negative."""

Marks = tuple[tuple[int, int], ...]
"""Where words of the question stand in a text: begin and end, in characters."""


class Section(msgspec.Struct, frozen=True):
    """Another section of a source that answers the question."""

    title: str
    href: str


class Hit(msgspec.Struct, frozen=True):
    """A source that answers a question, with the passage that answers it best."""

    kind: Kind
    id: str  # of the source, such as decision:D7
    title: str
    section: str  # where the passage stands; "" where the source has no sections
    passage: str  # as much of it as fits into a list
    marks: Marks  # in `passage`
    score: float  # the share of the question that it answers, 0 to 1; comparable across kinds
    href: str  # of the page, and the section
    cite: str  # the source in words
    repository: str
    mission: str
    run: str
    status: str
    time: float  # seconds since the epoch
    used_by: tuple[Use, ...]  # missions whose plans quote it, the newest first
    also: tuple[Section, ...]  # other sections that answer


class Found(msgspec.Struct, frozen=True):
    """What a search found, best first, and how many sources of each kind."""

    hits: list[Hit]
    counts: Mapping[Kind, int]  # at most `EACH_MAX` of each


def search(
    index: KnowledgeIndex,
    text: str,
    choice: Choice,
    *,
    now: float,
    is_typed: bool = False,
    after: Place | None = None,
    limit: int = SHOWN_MAX,
) -> Found:
    """Return at most `limit` sources that answer `text`, best first; of equals, the newest.

    `after` is the place of the last one that was returned before. Kinds that are not wanted are
    counted, too. `is_typed` says that the last word may not be complete. A text without any word
    finds nothing.
    """
    question = question_of(text, index, is_typed=is_typed)
    everything = msgspec.structs.replace(choice, kinds=())
    found = index.candidates(question.terms, everything, now=now, each=CANDIDATES)
    groups = list(_of_kinds(_grouped(found, question)))
    counts = Counter(group[0][1].kind for group in groups)
    wanted = [group for group in groups if not choice.kinds or group[0][1].kind in choice.kinds]
    rest = [group for group in wanted if after is None or _order(group[0]) > after]
    return Found(_hits(index, rest[:limit], question), dict(counts))


Scored = tuple[float, Passage]


def _grouped(found: Sequence[Candidate], question: Question) -> list[list[Scored]]:
    """Return the passages that answer enough, by source, in their order."""
    scored = [(round(question.score(each.fields), 4), each.passage) for each in found]
    groups: dict[str, list[Scored]] = {}
    for score, passage in sorted(scored, key=_order):
        if score >= SCORE_MIN:
            groups.setdefault(passage.source, []).append((score, passage))
    return list(groups.values())


def _order(each: Scored) -> Place:
    score, passage = each
    return (-score, -passage.time, passage.source)


def _of_kinds(groups: Sequence[list[Scored]]) -> Iterator[list[Scored]]:
    """Yield at most `EACH_MAX` sources of each kind."""
    counts: Counter[Kind] = Counter()
    for group in groups:
        kind = group[0][1].kind
        counts[kind] += 1
        if counts[kind] <= EACH_MAX:
            yield group


def _hits(index: KnowledgeIndex, groups: Sequence[list[Scored]], question: Question) -> list[Hit]:
    uses = index.uses([group[0][1].item for group in groups if group[0][1].item])
    return [_hit(group, question, uses.get(group[0][1].item, [])) for group in groups]


def _hit(group: Sequence[Scored], question: Question, uses: Sequence[Use]) -> Hit:
    score, best = group[0]
    quoted, marks = excerpt(best.text, question)
    others = [Section(each.section or each.title, each.href) for _, each in group[1:]]
    also = [each for each in dict.fromkeys(others) if each.href != best.href]
    return hit_of(best, uses, quoted=quoted, marks=marks, score=score, also=tuple(also[:ALSO_MAX]))


def hit_of(
    passage: Passage,
    uses: Sequence[Use],
    *,
    quoted: str = "",
    marks: Marks = (),
    score: float = 0.0,
    also: tuple[Section, ...] = (),
) -> Hit:
    """Return a source as it stands in a list; without a question, by its first words."""
    return Hit(
        passage.kind,
        passage.source,
        passage.title,
        passage.section,
        quoted or _cut(" ".join(passage.text.split())),
        marks,
        score,
        passage.href,
        passage.cite,
        passage.repository,
        passage.mission,
        passage.run,
        passage.status,
        passage.time,
        tuple(uses[:USES_MAX]),
        also,
    )


def excerpt(text: str, question: Question) -> tuple[str, Marks]:
    """Return the part of a text that says most of a question, and where it says it."""
    line = " ".join(text.split())
    found = question.words_in(line)
    start = _start(line, found)
    quoted = _cut(line[start:])
    lead = "…" if start else ""
    shift = len(lead) - start
    shown = [word for word in found if word.start >= start and word.end + shift <= len(quoted)]
    return lead + quoted, joined(shown, shift)


def _start(line: str, found: Sequence[Word]) -> int:
    """Return where the window with the most different words of a question begins."""
    if not found or len(line) <= QUOTED_MAX:
        return 0

    def distinct(first: Word) -> int:
        end = first.start + QUOTED_MAX - 40
        return len({word.terms[0] for word in found if first.start <= word.start < end})

    best = max(found, key=lambda word: (distinct(word), -word.start))
    if best.end < QUOTED_MAX // 2:
        return 0
    sentence = line.rfind(". ", 0, best.start) + 2
    return sentence if sentence > 1 and best.start - sentence < 80 else best.start


def joined(words: Sequence[Word], shift: int = 0) -> Marks:
    """Return the places of words, those side by side as one."""
    marks: list[tuple[int, int]] = []
    for word in words:
        start, end = word.start + shift, word.end + shift
        if marks and start <= marks[-1][1]:
            marks[-1] = (marks[-1][0], end)
        else:
            marks.append((start, end))
    return tuple(marks)


def _cut(line: str) -> str:
    if len(line) <= QUOTED_MAX:
        return line
    return line[:QUOTED_MAX].rsplit(" ", 1)[0] + "…"


def newest(index: KnowledgeIndex, choice: Choice, *, now: float, limit: int) -> list[Hit]:
    """Return the sources that were taken in last."""
    found = index.newest(choice, now=now, limit=limit)
    uses = index.uses([each.item for each in found if each.item])
    return [hit_of(each, uses.get(each.item, [])) for each in found]


class SourceSection(msgspec.Struct, frozen=True):
    """A passage of a source, whole."""

    title: str
    text: str
    marks: Marks
    href: str


class SourceView(msgspec.Struct, frozen=True):
    """A source in full: as in a list, with its sections and the files it is about."""

    hit: Hit
    sections: tuple[SourceSection, ...]
    files: tuple[str, ...]
    tags: tuple[str, ...]


def source(index: KnowledgeIndex, name: str, text: str = "") -> SourceView | None:
    """Return a source by its id, with what answers `text` marked; None where there is none."""
    passages = index.source(name)
    if not passages:
        return None
    question = question_of(text, index)
    first = passages[0]
    uses = index.uses([first.item]).get(first.item, []) if first.item else []
    sections = (
        SourceSection(each.section, each.text, joined(question.words_in(each.text)), each.href)
        for each in passages
    )
    return SourceView(hit_of(first, uses), tuple(sections), first.files, first.tags)
