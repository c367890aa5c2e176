"""Chooses the kind of product that a goal describes, by weights learned from labelled goals.

Words and pairs of words say it where people do not name the kind: “a small button next to the
price on …”, “so that our other systems can ask”.
"""

import re
from itertools import pairwise

from missioncontrol.specialists.greenfield.catalogue import Kind, kinds, matches
from missioncontrol.specialists.greenfield.weights import score, weights
from missioncontrol.specialists.greenfield.word_lists import closed_words

_WORD = re.compile(r"[a-z0-9][a-z0-9'\-+#.]*[a-z0-9+#]|[a-z0-9]")
_DENIED = re.compile(r"(?i)\b(?:no|avoid|nothing that needs)\s+[^.,;\n]{2,60}")
BEGINNING = 9
"""Words at the beginning of a goal, where the kind is named most often."""
_BEGINS = 2.0
SHOWN_MAX, MIN_LETTERS, WORTH_MIN = 3, 4, 0.25


def kind_features(goal: str) -> dict[str, float]:
    """Return the words and pairs of words of a goal, and the kinds that it names."""
    plain = _DENIED.sub(" ", goal.lower())
    words = [_stem(word) for word in _WORD.findall(plain)]
    features = {f"w {word}": 1.0 for word in words}
    features |= {f"b {one} {two}": 1.0 for one, two in pairwise(words)}
    spoken = _WORD.findall(plain)
    for kind in kinds():
        strong = sum(any(True for _ in matches(p, spoken)) for p in kind.words)
        hints = sum(any(True for _ in matches(p, spoken)) for p in kind.hints)
        begins = any(any(True for _ in matches(p, spoken[:BEGINNING])) for p in kind.words)
        found = {"strong": min(strong, 3), "hint": min(hints, 3), "begins": _BEGINS * begins}
        features |= {f"{name} {kind.key}": float(n) for name, n in found.items() if n}
    return features


def _stem(word: str) -> str:
    for end, rest in (("ies", "y"), ("es", ""), ("s", "")):
        if word.endswith(end) and len(word) > 4:
            return word[: -len(end)] + rest
    return word


_CALLED = re.compile(
    r"^(?:\S+\s+){0,5}?(?P<name>internal tool|command[- ]line tool|data pipeline|browser extension"
    r"|static (?:web)?site|desktop app|dashboard|cockpit|(?:json|rest) api|marketplace|web ?shop"
    r"|(?:booking|reservation) (?:system|site|tool|page))\b",
    re.IGNORECASE,
)
_ON_A_PAGE = re.compile(r"(?i)\b(?:on|through|via|with) an? (?:web ?page|website|web ?site)\b")
"""Where people use a site of its own, which is no extension of the browser."""
_DENYING = re.compile(r"(?i)\b(?:no|not|without|never|instead|another|than)\b|n't\b")
_BY_NAME = {
    "internal tool": "internal-tool", "command line tool": "command-line",
    "data pipeline": "data-pipeline", "browser extension": "browser-extension",
    "static site": "static-site", "static website": "static-site", "desktop app": "desktop-app",
    "dashboard": "dashboard", "cockpit": "dashboard", "json api": "json-api",
    "rest api": "json-api", "booking system": "web-product", "booking site": "web-product",
    "booking tool": "web-product", "booking page": "web-product",
    "reservation system": "web-product", "reservation site": "web-product",
    "reservation tool": "web-product", "reservation page": "web-product",
    "marketplace": "web-product", "webshop": "web-product", "web shop": "web-product",
}  # fmt: skip
"""Names of kinds that say it at the beginning of a goal, whatever follows."""


_DASHBOARDS = ("dashboard", "orchestration", "product-analytics")
"""Kinds that people call a dashboard or a cockpit."""


def chosen_kind(goal: str) -> tuple[Kind, str]:
    """Return the kind of product that a goal describes, and the words that say so."""
    called = _CALLED.match(goal.strip())
    features = kind_features(goal)
    scores = {kind.key: score(weights(f"kind {kind.key}"), features) for kind in kinds()}
    if called and not _DENYING.search(called[0]):
        key = _BY_NAME[called["name"].lower().replace("-", " ")]
        if key in _DASHBOARDS:
            key = max(_DASHBOARDS, key=lambda each: scores[each])
        return next(each for each in kinds() if each.key == key), called["name"]
    if _ON_A_PAGE.search(goal):
        scores["browser-extension"] = min(scores.values())
    best = max(kinds(), key=lambda kind: scores[kind.key])
    return best, ", ".join(_because(best, goal, features))


def _because(kind: Kind, goal: str, features: dict[str, float]) -> list[str]:
    """Return words of the goal that spoke most for a kind, in the order of the goal."""
    weighted = weights(f"kind {kind.key}")
    spoken = _WORD.findall(goal.lower())
    worth: dict[str, float] = {}
    for word in spoken:
        name = f"w {_stem(word)}"
        if name in features and weighted.get(name, 0.0) > WORTH_MIN:
            worth[word] = weighted[name]
    for one, two in pairwise(spoken):
        name = f"b {_stem(one)} {_stem(two)}"
        if weighted.get(name, 0.0) > 0 and len(one) > 3 and len(two) > 3:
            worth[f"{one} {two}"] = weighted[name] + 0.1
    best = sorted(worth, key=lambda each: -worth[each])
    chosen: list[str] = []
    for each in best:
        says_little = all(
            word in closed_words() or len(word) < MIN_LETTERS for word in each.split()
        )
        if not says_little and not any(each in other or other in each for other in chosen):
            chosen.append(each)
        if len(chosen) == SHOWN_MAX:
            break
    return sorted(chosen, key=goal.lower().find)
