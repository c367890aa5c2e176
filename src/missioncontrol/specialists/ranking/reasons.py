"""Says why a file was ranked where it was, in sentences that a person can check."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from missioncontrol.specialists.ranking.evidence import Evidence, is_called
from missioncontrol.specialists.ranking.groups import named_groups
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.terms import counted, title

REASONS_MAX = 4
WORDS_MAX = 3
TITLE_LENGTH_MAX = 70
SHORT_ID = 7
HABIT_MIN = 5
"""Fewer commits that changed a file are nothing that speaks for it."""

ReasonFormatter = Callable[[Index, Evidence, int], str]


def reasons_for(
    index: Index, evidence: Evidence, number: int, shares: Mapping[str, float]
) -> list[str]:
    """Return what speaks for a file, most first, at most `REASONS_MAX`.

    `shares` tell by how much each figure raises the chance of the file. How often it changes comes
    last: that speaks for it whatever is asked.
    """
    weights: dict[str, float] = {}
    for name, share in shares.items():
        kind = name.partition(".")[0]
        says = REPORTED_AS.get(kind, kind)
        weights[says] = weights.get(says, 0.0) + share
    order = sorted(
        (kind == "habit", kind not in FIRST, -weights.get(kind, 0.0), kind)
        for kind in FORMATTERS
        if evidence.figures.get(kind, {}).get(number)
    )
    found = [FORMATTERS[kind](index, evidence, number) for *_, kind in order]
    found.insert(REASONS_MAX - 1, _imports(index, evidence, number))
    return list(dict.fromkeys(reason for reason in found if reason))[:REASONS_MAX]


def _named(index: Index, evidence: Evidence, number: int) -> str:
    path = index.paths[number]
    names = (n for n in evidence.exact[number] if is_called(path, n))
    return f"the goal names the file `{next(names)}`"


def _exact(_index: Index, evidence: Evidence, number: int) -> str:
    return f"defines {_listed(evidence.exact[number])}, which the goal names"


def _literal(_index: Index, evidence: Evidence, number: int) -> str:
    texts = [each.replace("`", "'") for each in evidence.literals[number]]
    return "holds " + ", ".join(f"“{_short(each)}”" for each in texts[:WORDS_MAX])


def _group(index: Index, evidence: Evidence, number: int) -> str:
    groups = named_groups(evidence.goal)
    named = [each.name for each in groups if each.paths.search(index.paths[number])]
    return f"holds the {named[0]} that the goal speaks of" if named else ""


def _path(index: Index, evidence: Evidence, number: int) -> str:
    counts = counted(str(PurePosixPath(index.paths[number]).with_suffix("")))
    words = _words(index, evidence, counts)
    return f"{_listed(words)} in its path" if words else ""


def _names(index: Index, evidence: Evidence, number: int) -> str:
    best: list[tuple[float, str]] = []
    for name, _ in index.facts[number].names:
        counts = counted(name)
        weight = sum(index.text.weight(term) for term in evidence.terms if term in counts)
        if weight:
            best.append((-weight / len(counts) ** 0.5, name))
    return f"defines {_listed(list(dict.fromkeys(name for _, name in sorted(best))))}"


def _text(index: Index, evidence: Evidence, number: int) -> str:
    counts = index.facts[number].counts
    words = _words(index, evidence, counts)
    return "says " + ", ".join(
        f"`{evidence.spelt[term]}` {_times(counts[term])}"
        for term in sorted(evidence.terms, key=lambda term: (-index.text.weight(term), term))
        if evidence.spelt[term] in words[:WORDS_MAX]
    )


def _messages(index: Index, evidence: Evidence, number: int) -> str:
    """Count the commits about the word that is most telling, among those that changed the file."""
    counts: dict[str, int] = {}
    for words in _changes(index, number):
        for term in evidence.terms.keys() & words:
            counts[term] = counts.get(term, 0) + 1
    if not counts:
        return ""
    best = max(counts, key=lambda term: (counts[term] * index.past.said.weight(term), term))
    if counts[best] == 1:
        return ""  # What is like the ask among them is quoted; one word of one is no reason.
    return f"{_of(counts[best], 'commit')} about `{evidence.spelt[best]}` changed it"


def _similar(index: Index, evidence: Evidence, number: int) -> str:
    for example in evidence.examples:
        if number in index.past.files[example.number]:
            change = index.past.changes[example.number]
            # A quoted message must not open a span of code in the page it is quoted on.
            subject = _short(title(change.message).replace("`", "'"))
            return f"“{subject}” ({change.id[:SHORT_ID]}) changed it"
    return ""


def _habit(index: Index, evidence: Evidence, number: int) -> str:
    count = index.past.counts[number]
    return f"{_of(count, 'commit')} changed it" if count >= HABIT_MIN else ""


def _together(index: Index, evidence: Evidence, number: int) -> str:
    for leader in evidence.leaders:
        if leader != number and number in index.past.together[leader]:
            past = index.past
            count = sum(1 for place in past.by_file[number] if leader in past.files[place])
            return f"changed with `{index.paths[leader]}` in {_of(count, 'commit')}"
    return ""


def _tests(index: Index, evidence: Evidence, number: int) -> str:
    tested = [leader for leader in evidence.leaders if number in index.tested_by[leader]]
    return f"tests `{index.paths[tested[0]]}`" if tested else ""


def _imports(index: Index, evidence: Evidence, number: int) -> str:
    for leader in evidence.leaders:
        if leader in index.imports[number]:
            return f"imports `{index.paths[leader]}`"
        if number in index.imports[leader]:
            return f"`{index.paths[leader]}` imports it"
    return ""


FORMATTERS: Mapping[str, ReasonFormatter] = {
    "named": _named,
    "exact": _exact,
    "literal": _literal,
    "group": _group,
    "path": _path,
    "names": _names,
    "text": _text,
    "messages": _messages,
    "similar": _similar,
    "habit": _habit,
    "together": _together,
    "tests": _tests,
}


FIRST = ("named", "exact", "literal")
"""What the goal says outright comes before anything that is found out."""
REPORTED_AS = {
    **dict.fromkeys(("whole", "title", "block", "blocks", "cover", "phrases"), "text"),
    **dict.fromkeys(("identifiers", "identifiers_share", "defined"), "exact"),
    **dict.fromkeys(("precedents", "nearest"), "similar"),
    **dict.fromkeys(("changes", "recent", "rest"), "habit"),
    **dict.fromkeys(("head", "called", "scope"), "path"),
    **dict.fromkeys(("namesake",), "tests"),
}
"""Measures that the sentence of another one tells as well."""


def _changes(index: Index, number: int) -> Iterator[Mapping[str, int]]:
    past = index.past
    return (past.messages[place] for place in past.by_file[number])


def _words(index: Index, evidence: Evidence, counts: Mapping[str, int]) -> list[str]:
    """Return the asked words that are in `counts`, the most telling first."""
    terms = [term for term in evidence.terms if term in counts]
    terms.sort(key=lambda term: (-index.text.weight(term), term))
    return [evidence.spelt[term] for term in terms[:WORDS_MAX]]


def _short(text: str) -> str:
    if len(text) <= TITLE_LENGTH_MAX:
        return text
    return text[:TITLE_LENGTH_MAX].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:WORDS_MAX])


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _of(count: int, thing: str) -> str:
    return f"{count:,} {thing}" + ("" if count == 1 else "s")
