"""Recognises what kind of work a goal is, by whole words and whatever a project is called."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.plan import STUDIES
from missioncontrol.specialists.planner import phrasing
from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.goal import Goal
from missioncontrol.specialists.planner.imperatives import verbs
from missioncontrol.specialists.planner.moves import is_move
from missioncontrol.specialists.planner.side_changes import aside
from missioncontrol.specialists.words import head_stems, stem, words

VERB_SCORE, WORD_SCORE, PHRASE_SCORE = 3.0, 2.0, 2.5
HEAD_SCORE = 1.0
"""What a word adds when it names the thing: “documentation on testing” is documentation."""
LATER_SHARE = 0.5
"""What a later ask counts for beside the first: the first one says what the work mainly is."""
CONSTRAINT_SHARE = 0.2
FOLLOWING = ("documentation", "tests", "release")
"""Kinds of work that go with other work: they are what a mission mainly is only by its main ask."""
COMPLAINED_OF = ("performance", "documentation", "tests")
"""What a described fault may be of beside the code: then it is no bug that is fixed."""
FOLLOWING_LESS = 0.05
SCORE_MIN = 1.0
KINDS_MAX = 4
TIE_SCORE = 0.1
_TOO_LONG = re.compile(
    r"(?i)\btakes? (?:[\w.,]+ ){0,2}(?:seconds|minutes|hours|days|ages|too long|for ever)\b"
)
_PULLED_OUT = re.compile(
    r"(?i)^(?:pull|factor|split|move|take)\s.*\sout(?:\s(?:of|into|to)\b|[.!]?$)"
)
"""“Pull the common part out”: its verb alone may ask for anything."""
_MOVED = re.compile(r"(?i)^(?:move|swap)\s(?!(?:from|to|away|off|on|over)\b)")
_NEWER = re.compile(
    r"(?i)^(?:update|upgrade|move|switch|downgrade)\s(?:[\w./@-]+\s)?to\s(?:[\w./@-]+\s)?"
    r"(?:v\d[\w.]*|\d+(?:\.\w+)+|(?<=[a-z\d]\s)\d+)(?=\s(?:and|in|for)\b|\W*$)"
)
"""“Update to clap 4.1”: what goes to another version is a dependency."""
_SECOND_VERB = re.compile(r"(?i)^[a-z]+\s+and\s+(?P<verb>[a-z]+)\s")
_NEVER = re.compile(r"(?i)^(?:do not|don['\u2019]t|never)\s")
_DOCUMENT = (
    r"(?:docs?|documentation|doc ?strings?|readmes?(?:\.\w+)?|change ?logs?(?:\.\w+)?|tutorials?"
    r"|manuals?|man ?pages?|(?:\w+ )?guides?|javadocs?|(?:doc\w*|code|example|inline) comments?"
    r"|[\w./-]+\.(?:md|rst|adoc))"
)
_ARTICLES = r"(?:(?:an?|the|some|all|more|our|its|few|several|missing|broken)\s+)*"
_OF_DOCUMENTS = re.compile(
    rf"(?i)^[a-z-]+\s+{_ARTICLES}(?:[\w`.:-]+\s+){{0,3}}?{_DOCUMENT}"
    r"(?=\W*$|[.,;:]|\s(?:for|of|about|regarding|on|in|to|from|with|so|that|and)\b)"
    rf"|^[a-z-]+\s+{_ARTICLES}(?:typos?|spelling|grammar|wording|(?:dead |broken )?links?)\b"
    rf".*\b{_DOCUMENT}(?:\W|$)"
    r"|^add\s+(?:an?\s+|some\s+)?comments?\s(?:about|on|that|explaining|why)\b"
)
"""What changes a text: the docs, the README, a comment, or a typo in one of them."""
_TEST = r"(?:tests?(?: suite)?|`?test_\w+`?|`?Test[A-Z]\w+`?|`?[\w./-]*[._-](?:test|spec)\.\w+`?)"
_OF_TESTS = re.compile(
    rf"(?i)^(?:[a-z-]+\s+(?:and\s+[a-z]+\s+)?)?{_ARTICLES}(?:[\w`.:-]+\s+){{0,3}}?(?-i:{_TEST})"
    r"(?=\W*$|[.,;:]|\s(?:for|of|in|on|to|from|with|so|that|when|and|which|using|as)\b)"
)
"""What changes tests: a flaky one is repaired, and more are written."""
_PACKED = re.compile(
    r"(?i)\b(?:tests?|docs|documentation|examples?)\s+(?:\w+\s+){0,2}?(?:from|in|out of|to|into)\s+"
    r"(?:(?:the|our|a)\s+)?(?:\w+\s+)?(?:wheels?|sdists?|tarballs?|distributions?|gems?|crates?|npm"
    r"|published \w+|release (?:archive|tarball)|source (?:archive|distribution)|bundle)\b"
)
"""“Exclude tests from the wheel” changes what is packed, and no test."""
_REMOVAL = re.compile(
    r"(?i)^(?:remove|drop|eliminate|avoid|get\s+rid\s+of)\s+(?:(?:the|our|its|any|all)\s+)?"
    r"(?:need|requirement|reliance|uses?|usages?)\s+(?:for|on|of)\s"
)
"""“Remove the need for `A` in `B`” changes `B` and takes nothing of it away."""
_IN_TESTS = re.compile(
    r"(?i)^(?:fix|repair|correct|speed up|stabili[sz]e|clean(?:\s*up)?|simplify|refactor)\b[^.;:]*?"
    r"\s(?:in|of)\s+(?:(?:the|our)\s+)?(?:[\w`-]+\s+)?(?:test suite|tests|specs)\b"
)
"""What is repaired or tidied in the tests: the code behind them stays."""
_OF_WORKFLOW = re.compile(
    r"(?i)\b(?:tests?|docs?|lint|release|build) (?:workflows?|pipelines?|jobs?|matrix)\b"
)
"""A workflow that runs tests is no test."""
_FAILING = re.compile(
    r"(?i)^(?:fix|repair|debug|stabili[sz]e|investigate|reproduce)\b"
    r"|^(?!add\b|write\b|create\b).*\b(?:flaky|flakiness|intermittent)\b"
)
_NON_WRITING = frozenset({"exclude", "remove", "delete", "drop", "move", "run", "ignore", "skip"})
"""Verbs by which nothing is written into what they name."""
STANDING = frozenset(
    {"bug-fix", "performance", "refactoring", "removal", "documentation", "tests", "dependency"}
)
"""Kinds of work on what is there: they build no new service, whatever words a goal uses."""
_LOOKING = frozenset({"review", "examine", "inspect", "audit", "assess"})
"""Verbs of those who look and change nothing."""
_ATTACK = re.compile(
    r"(?i)\b(?:attack\w*|vulnerab\w*|cve|exploit\w*|inject\w*|csrf|xss|traversal|secur\w*|leak\w*"
    r"|disclos\w*|bypass\w*|escap\w*)\b"
)
"""Words by which a repair is one of security."""
_SPEED = re.compile(r"(?i)\b(?:fast\w*|slow\w*|speed\w*|optimi[sz]\w+|quick\w*|perform well)\b")


class KindWords(msgspec.Struct, frozen=True):
    """One kind of work and how a goal speaks of it."""

    key: str
    label: str
    stems: frozenset[str]
    phrases: tuple[re.Pattern[str], ...]


@cache
def kinds() -> tuple[KindWords, ...]:
    """Return the kinds of `kinds.toml` in its order."""
    path = Path(__file__).with_name("kinds.toml")
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        KindWords(
            key,
            entry["label"],
            frozenset(stem(word) for word in entry["words"]),
            tuple(
                re.compile(rf"(?i)(?<!\w){re.escape(text)}(?:s|es)?(?!\w)")
                for text in entry["phrases"]
            ),
        )
        for key, entry in data["kinds"].items()
    )


def label(key: str) -> str:
    """Return the words for a kind."""
    return next(kind.label for kind in kinds() if kind.key == key)


def recognised(
    goal: Goal, *, names: Iterable[str] = (), has_code: bool, has_pages: bool = True
) -> tuple[str, ...]:
    """Return the kinds of work, the main one first; none is of pages where there are none.

    `names` are the project's and its dependencies' names: they say nothing about the work, and
    neither does anything quoted as code or written like a path.
    """
    scores = dict.fromkeys((kind.key for kind in kinds()), 0.0)
    hidden = _hidden(names)
    first: dict[str, float] = {}
    for number, ask in enumerate(ask for ask in goal.asks if not ask.aside):
        share = 1.0 if number == 0 else LATER_SHARE
        if ask.kind == "constraint" and number:
            share = CONSTRAINT_SHARE
        for key, score in _scores_of(ask, hidden).items():
            scores[key] += share * score
        first = first or dict(scores)
    for sentence in goal.background:
        for key, score in _scores(hidden.sub(" ", sentence), "").items():
            scores[key] += LATER_SHARE * score
    first["ui"] = first.get("ui", 0.0) * has_pages
    scores["ui"] *= has_pages  # A theme of a terminal is no page.
    _count_fault(scores, first, goal.main)
    _count_object(scores, first, goal.main)
    if not has_code and max(scores, key=lambda key: scores[key]) not in STANDING:
        scores["new-service"] += max(VERB_SCORE, max(scores.values())) + 1
    if has_code:
        _count_looking(scores, first, goal.main.verb)
    spoken = verbs().get(goal.main.verb, "any")
    if spoken != "any" and scores[spoken] == max(scores.values()):
        scores[spoken] += TIE_SCORE  # The verb names the work: “refactor the migrator”.
    if has_code:
        _demote_followers(scores, first)
    speeds = any(_SPEED.search(ask.text) for ask in goal.asks)
    chosen = _chosen(scores, first or scores, has_code=has_code, speeds=speeds)
    return _with_asides(chosen, goal)


def is_failing_test(text: str) -> bool:
    """Whether an ask about tests wants one repaired rather than written."""
    return _FAILING.search(text) is not None


def with_kind(kind: str, found: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kinds with `kind` as the main one; unknown ones change nothing."""
    if kind not in {each.key for each in kinds()}:
        return found
    others = () if kind in STUDIES else (each for each in found if each != kind)
    return (kind, *others)[:KINDS_MAX]


def _scores_of(ask: Ask, hidden: re.Pattern[str]) -> dict[str, float]:
    refuses = phrasing.REFUSAL.match(ask.text) is not None
    found = _scores(hidden.sub(" ", ask.text), "" if refuses else ask.verb)
    for key, score in _scores(hidden.sub(" ", ask.scope), "").items():
        if key in FOLLOWING:  # “log: support …” names a part of the code, and asks for no logging.
            found[key] = found.get(key, 0.0) + LATER_SHARE * score
    if "bug-fix" in {ask.label, verbs().get(ask.verb)} and not _ATTACK.search(ask.text):
        found.pop("security", None)  # What goes wrong with a permission is no attack.
    second = _SECOND_VERB.match(ask.text)
    if second and (kind := verbs().get(second["verb"], "any")) != "any":
        found[kind] = found.get(kind, 0.0) + VERB_SCORE  # “Update and fix the example”
    if _NEWER.match(ask.text):
        found["dependency"] = found.get("dependency", 0.0) + VERB_SCORE
    if _MOVED.match(ask.text):
        found["refactoring"] = found.get("refactoring", 0.0) + VERB_SCORE
    moved = {"refactoring": found.get("refactoring", 0.0) + VERB_SCORE}
    return found | (moved if is_move(ask.text) else {})


def _scores(text: str, verb: str) -> dict[str, float]:
    found: dict[str, float] = {}
    spoken = verbs().get(verb, "any")
    if spoken != "any":
        found[spoken] = VERB_SCORE
    if _PULLED_OUT.match(text):
        found["refactoring"] = VERB_SCORE
    # The verb has been counted already.
    stems = {stem(word) for word in words(text) if word.lower() != verb}
    heads = head_stems(subject_only(text, verb))
    for kind in kinds():
        hits = len(kind.stems & stems)
        leads = HEAD_SCORE if kind.stems & heads else 0.0
        phrases = sum(1 for phrase in kind.phrases if phrase.search(text))
        if hits or phrases:
            found[kind.key] = found.get(kind.key, 0.0) + _added(hits, phrases) + leads
    return found


def subject_only(text: str, verb: str) -> str:
    """Return the text behind its verb."""
    return text[len(verb) :] if verb and text.lower().startswith(verb) else text


def _added(hits: int, phrases: int) -> float:
    return WORD_SCORE * min(hits, 2) + PHRASE_SCORE * min(phrases, 2)


def _hidden(names: Iterable[str]) -> re.Pattern[str]:
    quoted = [
        r"(?i:\b(?:log|sign)(?:ged|ging)?[ -](?:in|out|up|on|into)\b)",
        r"(?i:\btest (?:client|runner|server|mode|harness|helper)s?\b)",
        r"(?i:\b(?:one|two|next|last|previous|each|every) releases?\b(?! (?:process|pipeline)))",
        r"(?i:\bdocuments?\b)",  # What a database keeps is nothing that is written.
        r"(?i:\b(?:the|an?|this|that|its|each) port\b)",
        r"`[^`]*`",
        r"\S*/\S*",
        r"\b[\w-]+\.[a-z]\w{0,8}\b",
        r"\b\w+_\w+\b",
    ]
    known = [rf"(?i:(?<![\w-]){re.escape(name)}(?![\w-]))" for name in sorted(set(names)) if name]
    return re.compile("|".join([*quoted, *known]))


def _chosen(
    scores: dict[str, float], first: dict[str, float], *, has_code: bool, speeds: bool
) -> tuple[str, ...]:
    """Choose among all scores; those of the `first` ask decide what “add” refers to."""
    order = list(scores)
    if has_code and scores["new-service"] < VERB_SCORE + 1:
        # “Create a session backend” in a repository with code adds to it.
        scores["feature"] += scores["new-service"]
        scores["new-service"] = 0.0
    if _is_about(first, "feature", ("tests", "documentation", "ui", "release")):
        scores["feature"] = 0.5
    if scores["observability"] >= VERB_SCORE - 1 and not speeds:
        scores["performance"] = 0.0  # “Metrics for latency” asks for no speed.
    chosen = [key for key in order if scores[key] >= SCORE_MIN]
    chosen.sort(key=lambda key: (-scores[key], order.index(key)))
    return tuple(chosen[:KINDS_MAX]) or (("feature",) if has_code else ("new-service",))


def _demote_followers(scores: dict[str, float], first: dict[str, float]) -> None:
    """Keep behind the main ask what only a later one speaks of (“… Say in the README how”).

    A main ask that speaks of no kind by its words (“Give `cache` a limit.”) changes code.
    """
    following = [key for key in FOLLOWING if scores[key] > 0 and not first.get(key)]
    if not following:
        return
    best = max(score for key, score in scores.items() if key not in following)
    if best < SCORE_MIN:
        best = scores["feature"] = max(SCORE_MIN, *(scores[key] for key in following))
    for key in following:
        scores[key] = min(scores[key], best - FOLLOWING_LESS)


def _with_asides(chosen: Sequence[str], goal: Goal) -> tuple[str, ...]:
    """Add what goes with a change behind its kinds: it is never what the work mainly is."""
    asides = (ask.aside for ask in goal.asks if ask.aside)
    return tuple(dict.fromkeys([*chosen, *asides]))[:KINDS_MAX]


def _count_looking(scores: dict[str, float], first: dict[str, float], verb: str) -> None:
    """Take a review for secrets for a search of findings: nothing is repaired."""
    if verb in _LOOKING and first.get("security"):
        scores["security-review"] += VERB_SCORE + max(scores.values())


def _count_fault(scores: dict[str, float], first: dict[str, float], main: Ask) -> None:
    """Count a described fault as a bug, unless it is one of speed, of the tests or the docs."""
    if main.fault is None:
        return
    if _TOO_LONG.search(main.fault.told):
        scores["performance"] += VERB_SCORE
        first["performance"] = scores["performance"]
    if any(first.get(kind) for kind in COMPLAINED_OF):
        scores["bug-fix"] = 0.0
    else:
        scores["bug-fix"] += VERB_SCORE + max(scores.values())


def _count_object(scores: dict[str, float], first: dict[str, float], main: Ask) -> None:
    """Score the work by its label, or else by the object that it changes: a text or tests."""
    kind = main.label or _object_of(main)
    if _REMOVAL.match(main.text):
        scores["removal"] = 0.0
    if kind:
        scores[kind] += VERB_SCORE + max(scores.values())
        first[kind] = scores[kind]


def _object_of(ask: Ask) -> str:
    """Return the kind of an ask that changes only documents or tests, or stops what is done."""
    text = ask.text
    if _NEVER.match(text):
        return "bug-fix"  # “Do not drop the header …”: it is dropped today.
    if ask.scope and re.fullmatch(rf"(?i){_DOCUMENT}", ask.scope):
        return "documentation"
    if _PACKED.search(text):
        return "release"
    if _REMOVAL.match(text):
        return "refactoring"
    if _IN_TESTS.match(text):
        return "tests"
    if _OF_WORKFLOW.search(text):
        return "release"
    if ask.verb in _NON_WRITING or ask.fault:
        return ""
    if _OF_DOCUMENTS.match(text) or aside(text) == "documentation":
        return "documentation"
    return "tests" if _OF_TESTS.match(text) or aside(text) == "tests" else ""


def _is_about(scores: dict[str, float], verb_kind: str, objects: Sequence[str]) -> bool:
    """Whether “add” only says that tests, documentation or the like are added."""
    best = max(scores[key] for key in objects)
    return 0 < scores[verb_kind] <= VERB_SCORE and best >= WORD_SCORE
