"""Which document an aside such as “say so in the README” is about, in this repository."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import msgspec

from missioncontrol.specialists.definition_names import exact_names, is_file_name
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.draft import Part
from missioncontrol.specialists.planner.ground import CHANGES, Ground
from missioncontrol.specialists.planner.playbook import Facts
from missioncontrol.specialists.planner.source import PAPERS, Place
from missioncontrol.specialists.planner.subject import search_text
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.ranker import Ranked, ranked
from missioncontrol.specialists.ranking.roles import CHANGE_LOG

LOOKED_AT = 60
RENEWING = frozenset(
    ["refactoring", "removal", "dependency", "bug-fix", "performance", "migration"]
)
"""Work on what documents speak of already: what they say of it has to be looked through."""
_README = re.compile(r"(?i)\breadme\b")
_CHANGES = re.compile(
    r"(?i)\b(?:change ?logs?|release notes?|what['\u2019]?s new)\b|\b(?-i:HISTORY|NEWS|CHANGES)\b"
)
_IN_CODE = re.compile(r"(?i)\bdoc ?strings?\b|\bhelp (?:text|page|output|message)s?\b")
_COMMENT = re.compile(
    r"(?i)\b(?:doc(?:umentation|s)?[ -])?comments?\b"
    r"|\b(?:docstring|(?:java|go|rust|ts|js)[ -]?doc)s?\b"
    r"|\b(?:docs?|documentation) to (?-i:`[A-Za-z_]\w*`|[A-Z]\w*[a-z]\w*[A-Z]\w*)(?![\w./])"
)
_PAGE = re.compile(
    r"(?i)\b(guide|manual|tutorial|cook ?book|quick ?start|faq|how-?to|reference|migration"
    r"|upgrade|usage|install\w*|api|cli)\w*\b"
)
_OWN_PAGE = re.compile(
    r"(?i)\b(?!(?:the|our|its|any|each|this|that|all)\b)(\w{3,}) "
    r"(?:page|section|chapter|guide|notes)\b"
)
_LOG = re.compile(
    r"(?i)^(?:docs?/(?:source/|src/)?)?"
    r"(?:changes|changelog|history|news|release[-_]?notes|whats?[-_]?new)(?:\.\w+)?$"
)
_WRITTEN = re.compile(r"(?i)\.(?:md|rst|txt|adoc)$")
_FIRST_PAGE = re.compile(r"(?i)^docs?/(?:source/|src/)?(?:index|readme)\.\w+$")


def _rank(path: str, words: Sequence[str]) -> int:
    """Return which of the words a document is called by, the first one first."""
    return next(n for n, word in enumerate(words) if word in PurePosixPath(path).stem.lower())


def document_for(ground: Ground, ask: Ask, main: Sequence[Place]) -> tuple[str, str] | None:
    """Return the path of the document that an ask names, and why it is that one.

    `main` are the files at which the change begins that the document is to speak of.
    """
    if ground.tree is None:
        return None
    paths = [file.path for file in ground.tree.files]
    whose = f" of {ground.name}" if ground.name else ""
    for name in exact_names(ask.text):
        if is_file_name(name) and name in paths:
            return name, "is the document that the goal names"
    if _named_paper(ask):
        return None  # It is to be written, and no other one is changed in its place.
    if _IN_CODE.search(ask.text) and main:
        return main[0].path, "holds the words that its users are shown"
    if _README.search(ask.text):
        readme = _first(_shortest(paths, r"(?i)^readme(?:\.\w+)?$"), f"is the README{whose}")
        return readme or _first(filter(_FIRST_PAGE.search, paths), "is what readers open first")
    if _CHANGES.search(ask.text):
        return _first(_shortest(paths, _LOG.pattern), f"is the change log{whose}")
    return _page(ground, ask, main)


def speaks_of_comments(text: str) -> bool:
    """Whether the text that an ask is about stands in code."""
    return _COMMENT.search(text) is not None


def documents_for(index: Index, text: str, *, limit: int) -> list[Ranked]:
    """Return the documents that a text most likely changes; what each version brings is none."""
    found = ranked(index, text, limit=LOOKED_AT, kinds=("document",))
    own = [each for each in found if each.is_sure and not PAPERS.search(each.path)]
    return [each for each in own if not CHANGE_LOG.search(each.path)][:limit]


def paper_facts(ask: Ask, places: Sequence[Place]) -> dict[str, str]:
    """Return the document that an aside names, as the fact `log` where it is the change log."""
    if ask.aside != "documentation":
        return {}
    if not places:
        paper = _named_paper(ask)
        missing = f"`{paper}`" if paper else "README" if _README.search(ask.text) else "change log"
        return {"no_paper": missing} if is_own_document(ask) else {}
    path = places[0].path
    return {"log" if _LOG.match(path) else "paper": f"`{path}`"}


def announced(parts: Sequence[Part]) -> list[Part]:
    """Leave the change log and the page to the ask that names them: each is stated once."""
    logged = any("log" in part.facts for part in parts)
    main = next((part for part in parts if not part.ask.aside), parts[0])
    news = main.facts["news"]
    renewed = news if main.kinds[0] in RENEWING else ""
    covered = {part.facts.get("paper", "").strip("`") for part in parts}
    return [
        msgspec.structs.replace(
            part, facts=_not_twice(part.facts, covered, news if logged else "", renewed)
        )
        for part in parts
    ]


def _not_twice(facts: Facts, covered: set[str], news: str, renewed: str) -> Facts:
    page = facts.get("document", "").strip("`")
    page = "" if "old_name" in facts else page  # Its documents are renamed with it.
    own = {} if not page or page.rpartition(":")[0] in covered else {"agreeing": f"`{page}`"}
    own |= {"renewed": renewed} if renewed and "paper" in facts else {}
    return {**facts, **own, **({"no_announcement": "yes", "news": news} if news else {})}


def home_of(part: Part) -> str:
    """Return the one file that an aside is about, where it is documented."""
    is_paper = part.ask.aside == "documentation" or "inherits" in part.facts
    return part.places[0].path if part.ask.aside and is_paper and part.places else ""


def has_home(part: Part) -> bool:
    """Whether an aside is about one file, be it one that is not there yet."""
    return "no_paper" in part.facts or home_of(part) != ""


def is_own_document(ask: Ask) -> bool:
    """Whether an ask names a document that no other one stands for: a README, a path, a log."""
    named = _named_paper(ask) or _README.search(ask.text) or _CHANGES.search(ask.text)
    return bool(named)


def _named_paper(ask: Ask) -> str:
    """Return the path of a document that an ask names, whether it is there or not."""
    names = exact_names(ask.text)
    return next((name for name in names if "/" in name and _WRITTEN.search(name)), "")


def _page(ground: Ground, ask: Ask, main: Sequence[Place]) -> tuple[str, str] | None:
    """Return the page of the documentation that an ask goes to."""
    found = _first(_pages(ground, ask, main), "is where its readers look")
    for place in main[:1]:
        for line in (each for each in place.documents if found and each.startswith(found[0])):
            names = [symbol.name for symbol in place.symbols[:1]]
            if found and names:
                return found[0], f"speaks of `{names[0]}` in line {line.rpartition(':')[2]}"
    return found


def _first(found: Iterator[str], why: str) -> tuple[str, str] | None:
    path = next(found, "")
    return (path, why) if path else None


def _shortest(paths: Sequence[str], named: str) -> Iterator[str]:
    found = (path for path in paths if re.search(named, path))
    yield from sorted(found, key=lambda path: (path.count("/"), len(path), path))


def _pages(ground: Ground, ask: Ask, main: Sequence[Place]) -> Iterator[str]:
    """Yield documents beside README and change log: the page named, then one about the thing."""
    assert ground.tree is not None
    every = [file.path for file in ground.tree.files if file.kind == "document"]
    every = [path for path in every if "/" in path or not PAPERS.search(path)]
    every = [path for path in every if not CHANGES.match(path)]
    about = [each.rpartition(":")[0] for place in main[:1] for each in place.documents]
    words = [match[1].lower().replace(" ", "")[:6] for match in _PAGE.finditer(ask.text)]
    words = [*(match[1].lower() for match in _OWN_PAGE.finditer(ask.text)), *words]
    named = [p for p in every if any(word in PurePosixPath(p).stem.lower() for word in words)]
    pages = [path for path in every if "/" in path and not _README.search(path)]
    yield from (path for path in about if path in named)
    yield from sorted(named, key=lambda path: (_rank(path, words), path.count("/"), path))
    yield from (path for path in about if path in pages)
    if ground.index:
        found = ranked(ground.index, search_text(ground.goal.main), limit=9, kinds=("document",))
        yield from (each.path for each in found if each.is_sure and each.path in pages)
    yield from (path for path in pages if _FIRST_PAGE.search(path))
    yield from _shortest(every, r"(?i)^readme(?:\.\w+)?$")
