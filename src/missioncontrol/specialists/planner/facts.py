"""The facts about one ask and its code that the sentences of the playbooks are filled with."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.change_log import LogRule, log_rule
from missioncontrol.specialists.planner.ground import CHANGES, NUMBERED, Ground, main_manifest
from missioncontrol.specialists.planner.outside import outside_facts
from missioncontrol.specialists.planner.places import COMMON, OF_ITS_KIND, is_vague
from missioncontrol.specialists.planner.playbook import listed, phrase_table
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.planner.source import (
    PAPERS,
    Place,
    holds_tests,
    informative_reasons,
)
from missioncontrol.specialists.planner.subject import (
    phrase_of,
    search_text,
    subject_of,
)
from missioncontrol.specialists.ranking.ranker import ranked
from missioncontrol.specialists.ranking.roles import CHANGE_LOG
from missioncontrol.specialists.words import head_stems, significant_words, stem

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree


ASK_LENGTH_MAX = 140


LOGGED_MIN = 0.3
"""Share of the changes of code that change the log, below which a change is not asked to."""
NAMED_LENGTH_MAX = 40
"""Characters of an ask that sentences repeat; a longer one is read once, where it has its id."""


_OPTION = re.compile(r"(?<![\w-])(--[a-z][\w-]+|[a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b(?!\()")
"""An option or a setting, as a goal writes it."""
_REFERENCE = re.compile(r"(?i)reference|config|options?|settings?|(?:^|/)cli|usage|api")
_BENCH = re.compile(r"(?i)(?:^|/)bench\w*/|(?:^|/|_)bench(?:mark)?s?\b|benchmark")


_ABOUT_SYMBOL = (
    "symbol",
    "symbol_place",
    "symbols",
    "siblings",
    "document",
    "exported",
    "moved",
    "private",
)
_MOVES = re.compile(
    r"(?i)\b(?:extract|move|split|rename|reorgani[sz]e|separate|merge|modulari[sz]e|relocate)\b"
    r"|\binto (?:its|their) own\b"
)


_LOCK = re.compile(r"(?i)^[\w.-]*lock(?:b|file|\.json|\.yaml)?$|^npm-shrinkwrap\.json$")
_RELEASING = re.compile(
    r"(?i)^(?:docs?/)?releas(?:e|es|ing)(?:_process|-process)?\.\w+$|^(?:scripts|tools)/release\.\w+$"
)
_MOVED = re.compile(
    r"(?i)\b(?:extract|move|split|separate)\s+(?:out\s+)?(?P<what>.{3,60}?)\s+(?:in)?to\b"
)
_CI = re.compile(
    r"(?i)^(?:\.github/|\.circleci/|\.gitlab-ci|\.travis|\.?appveyor|azure-pipelines|ci/)"
)
_STEP = re.compile(r"(?i)(?:^|/)migrations/[^/]*\d[^/]*\.(?:py|sql|rb|js|ts)$")


def ask_facts(ground: Ground, ask: Ask, number: int, places: Sequence[Place]) -> dict[str, str]:
    """Return every fact that sentences about this ask may use; what is unknown is absent."""
    facts: dict[str, str | None] = {
        "id": f"R{number}",
        "ask": shortened(ask.text, ASK_LENGTH_MAX),
        "thing": subject_of(ask),
        "subject": phrase_of(ask, subject_of(ask)),
        "main": shortened(ground.goal.main.text, ASK_LENGTH_MAX),
        "it": _named(ask, number),
        "whole": _named(ground.goal.main, ground.goal.asks.index(ground.goal.main) + 1),
        "whole_goal": ground.goal.text,
        "name": ground.name or None,
        "covered": phrase_of(ground.goal.main, subject_of(ground.goal.main))
        if is_vague(ground, ask)
        else phrase_of(ask, subject_of(ask)),
        "inherits": "yes" if is_vague(ground, ask) else None,
        "fresh": None if is_vague(ground, ask) else phrase_of(ask, subject_of(ask)),
        "terms": ", ".join(f"`{word}`" for word in _terms(ask)[:4]) or None,
        "said_in": ask.where,
    }
    facts |= _place_facts(_moved_first(ask, places), moves=_MOVES.search(ask.text) is not None)
    is_answered = not places or (ground.trace is not None and ask is ground.goal.main)
    facts["unanswered"] = None if is_answered else _unanswered(ground, ask)
    if facts["unanswered"]:
        facts |= dict.fromkeys(_ABOUT_SYMBOL)  # What the rest of the words lead to is a guess.
    facts |= _kind_facts(ground, places)
    facts |= _stack_facts(ground, places)
    facts |= _tree_facts(ground)
    facts |= _probe_facts(ground, ask, places)
    facts |= outside_facts(ground, ask)
    facts |= _option_facts(ground, ask)
    facts["new_path"] = None if places else _slug_path(ask)
    return {name: value for name, value in facts.items() if value}


def _option_facts(ground: Ground, ask: Ask) -> dict[str, str | None]:
    """Return an option or a setting that the ask names, and the document that describes it."""
    if ground.sources is None or ground.tree is None:
        return {}
    for name in _OPTION.findall(ask.text):
        whole = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        counts: list[tuple[bool, int, str]] = []
        for file in ground.sources.naming("document", [name]):
            if PAPERS.search(file.path) or CHANGE_LOG.search(file.path):
                continue
            count = len(whole.findall(ground.tree.text(file.path) or ""))
            is_other = _REFERENCE.search(file.path) is None
            counts += [(is_other, -count, file.path)] if count else []
        if counts:
            path = min(counts)[2]
            text = ground.tree.text(path) or ""
            match = whole.search(text)
            line = text.count("\n", 0, match.start()) + 1 if match else 1
            return {"option": f"`{name}`", "option_place": f"`{path}:{line}`"}
    return {}


def _moved_first(ask: Ask, places: Sequence[Place]) -> list[Place]:
    """Put the definition first that an ask wants moved: “split the writers into …”."""
    moved = _MOVED.search(ask.text)
    if moved is None or not places:
        return list(places)
    words = [word.lower() for word in moved["what"].replace("`", " ").split() if len(word) > 3]
    first = sorted(
        places[0].symbols, key=lambda each: not any(word in each.name.lower() for word in words)
    )
    return [msgspec.structs.replace(places[0], symbols=tuple(first)), *places[1:]]


def _named(ask: Ask, number: int) -> str:
    """Return how a sentence speaks of an ask: in its own words where they are few, else by id."""
    return f"“{ask.text}”" if len(ask.text) <= NAMED_LENGTH_MAX else f"R{number}"


def _terms(ask: Ask) -> list[str]:
    """Return the words that lead into the code; “documentation” and “test” only for want of any."""
    found = significant_words(search_text(ask))
    return [word for word in found if stem(word) not in COMMON] or found


def _unanswered(ground: Ground, ask: Ask) -> str | None:
    """Return the words that name the thing and stand nowhere in the repository, if none does."""
    text = search_text(ask)
    found = [word for word in significant_words(text) if word.lower() != ask.verb]
    heads = [word for word in found if stem(word) in head_stems(text)]
    missing = [word for word in heads if ground.index and not ground.index.says(word)]
    return listed([f"`{word}`" for word in missing]) if heads and missing == heads else None


def _slug_path(ask: Ask) -> str | None:
    whole = set(re.findall(r"[a-z]+", subject_of(ask).lower()))
    found = [word.lower() for word in significant_words(subject_of(ask)) if word.lower() in whole]
    return "_".join(found[:3]) or None


def _place_facts(places: Sequence[Place], *, moves: bool) -> dict[str, str | None]:
    if not places:
        return {}
    first = places[0]
    names = [symbol.name for symbol in first.symbols]
    tested = places[:4] if first.kind == "code" else places[:1]
    return {
        "place": f"`{first.path}`",
        "floor_here": first.reasons[0].partition(" asks for ")[2] or None
        if first.reasons
        else None,
        "place_file": f"`{PurePosixPath(first.path).name}`",
        "place_lines": f"{first.lines:,}",
        "spot": first.spot.label if first.spot else None,
        "large": f"{first.lines:,}" if first.lines >= 1_000 else None,
        "symbol": f"`{names[0]}`" if names else None,
        "symbol_place": f"`{first.path}:{first.symbols[0].line}`" if names else None,
        "symbols": listed([f"`{name}`" for name in names[:4]]) if len(names) > 1 else None,
        "siblings": listed([f"`{name}`" for name in names[1:4]]) or None,
        "why": "; ".join(informative_reasons(first.reasons)[:3]) or None,
        "others": listed([_also(place) for place in places[1:4]]) or None,
        "importers": listed([f"`{path}`" for path in first.importers[:4]]) or None,
        "importers_count": str(len(first.importers)) if len(first.importers) > 4 else None,
        "importers_many": str(len(first.importers)) if len(first.importers) >= 3 else None,
        "test": next((f"`{place.tests[0]}`" for place in tested if place.tests), None),
        "settings": None if first.kind in {"code", "test"} else f"`{first.path}`",
        "new_test": "the new test" if first.kind in {"code", "test"} else None,
        "tests": listed([f"`{path}`" for path in first.tests]) if len(first.tests) > 1 else None,
        "document": f"`{first.documents[0]}`" if first.documents else None,
        "exported": f"`{first.exported}`" if first.exported else None,
        "deprecated": listed(list(first.deprecated)) or None,
        "moved": f"`{names[0]}`" if names and moves else None,
        "private": f"`{names[0]}`" if names and names[0].startswith("_") else None,
        **_seam_facts(places),
    }


def _kind_facts(ground: Ground, places: Sequence[Place]) -> dict[str, str | None]:
    """Return the folder in which a new thing stands among others of its kind, and some of them."""
    if ground.tree is None or not places or not places[0].reasons[0].endswith(OF_ITS_KIND):
        return {}
    folder = PurePosixPath(places[0].path).parent
    others = [
        PurePosixPath(file.path)
        for file in ground.tree.files
        if PurePosixPath(file.path).parent == folder and file.kind == "code"
    ]
    names = [
        f"`{path.name}`" for path in others if not path.name.startswith(("_", "base", "index"))
    ]
    return {"kind_folder": f"`{folder}/`", "kind_files": listed(names[:3])} if names[1:] else {}


def _also(place: Place) -> str:
    if place.spot:
        name = f" in `{place.spot.name}`" if place.spot.name else ""
        return f"`{place.path}` ({place.spot.label}{name})"
    names = [symbol.name for symbol in place.symbols[:2]]
    return f"`{place.path}`" + (f" ({listed([f'`{name}`' for name in names])})" if names else "")


def _seam_facts(places: Sequence[Place]) -> dict[str, str | None]:
    seam = next((place.seam for place in places[:2] if place.seam), None)
    if seam is None:
        return {}
    path = next(place.path for place in places if place.seam is seam)
    return {
        "seam": f"`{seam.name}`",
        "seam_place": f"`{path}:{seam.line}`",
        "seam_methods": listed([f"`{name}`" for name in seam.methods]) or None,
        "seam_kind": f"`{seam.kinds[0]}`" if seam.kinds else None,
        "seam_kinds": listed([f"`{name}`" for name in seam.kinds[:4]]) or None,
        "wired": f"`{seam.wired}`" if seam.wired else None,
        "wiring": f"`{shortened(seam.wiring, 100)}`" if seam.wiring else None,
    }


def _stack_facts(ground: Ground, places: Sequence[Place]) -> dict[str, str | None]:
    stack = ground.stack
    if stack is None:
        return {}
    runtime = [
        d for d in stack.dependencies if d.group == "runtime" and d.manifest in stack.manifests[:1]
    ]
    extras = sorted(
        {d.group for d in stack.dependencies if d.optional and d.manifest == main_manifest(stack)}
    )
    language = places[0].language if places else ""
    versions = [r for r in stack.runtimes if r.language == language] or list(stack.runtimes)
    test = stack.test_commands[0] if stack.test_commands else None
    return {
        "manifest": f"`{main_manifest(stack)}`" if main_manifest(stack) else None,
        "runtime_count": str(len(runtime)) if runtime else None,
        "runtime_dependencies": listed([f"`{d.name}`" for d in runtime[:8]]) or None,
        "no_dependencies": "none" if stack.packages and not runtime else None,
        "extras": listed([f"`{name}`" for name in extras[:5]]) or None,
        "test_command": f"`{' '.join(test.argv)}`" if test else None,
        "test_source": f"`{test.source}`" if test else None,
        "guessed_command": f"`{' '.join(test.argv)}`" if test and test.guessed else None,
        "ci": f"`{stack.ci[0].path}`" if stack.ci else None,
        "ci_missing": None if stack.ci or _has_checks(places) else "in the repository",
        "floor": f"{versions[0].language} {versions[0].requirement}"
        if versions and versions[0].requirement
        else None,
        "version": stack.version or None,
    }


def _has_checks(places: Sequence[Place]) -> bool:
    return any(_CI.search(place.path) for place in places)


def _tree_facts(ground: Ground) -> dict[str, str | None]:
    tree = ground.tree
    if tree is None:
        return {}
    rule = log_rule(tree)
    changes = next((file.path for file in tree.files if CHANGES.match(file.path)), "")
    if not _is_logged(ground, rule):
        changes = ""  # It is written at release, and not with the change of the code.
    steps = [file.path for file in tree.files if _STEP.search(file.path)]
    bench = [f.path for f in tree.files if _BENCH.search(f.path) and f.kind in {"code", "test"}]
    tests = [
        file
        for file in tree.files
        if file.kind == "test" and holds_tests(file.path, tree.text(file.path) or "")
    ]
    return {
        "changes": f"`{changes}`" if changes else None,
        "log_rule": f"The project asks for it ({rule.place})." if rule and rule.asks else None,
        **_release_facts(_heading(tree, changes), ground),
        "steps": str(len(steps)) if steps else None,
        "steps_folder": f"`{PurePosixPath(steps[-1]).parent}`" if steps else None,
        "last_step": f"`{_newest(steps)}`" if steps else None,
        "bench": f"`{_closest(ground, bench)}`" if bench else None,
        "tests_count": f"{len(tests):,}" if tests else None,
        "no_tests": "none" if not tests else None,
        "no_test_file": None if tests else "no test file",
        "typed": "`py.typed`" if any(f.path.endswith("py.typed") for f in tree.files) else None,
        "how_released": next(
            (f"`{f.path}`" for f in tree.files if _RELEASING.search(f.path)), None
        ),
        "lock": next((f"`{f.path}`" for f in tree.files if _LOCK.search(f.path)), None),
        "files_count": f"{len(tree.files):,}" if tree.files else None,
    }


def _is_logged(ground: Ground, rule: LogRule | None) -> bool:
    """Whether a change of code brings its own entry: the guide says so, or else the past does."""
    if rule is not None:
        return rule.asks
    index = ground.index
    return not (index and index.has_past) or index.habits["log_habit"] >= LOGGED_MIN


def version_named(text: str) -> str | None:
    """Return the number of the version that a text wants to release."""
    found = re.search(r"\b\d+(?:\.\w+)+", text)
    return found.group().rstrip(".") if found else None


def _release_facts(heading: str | None, ground: Ground) -> dict[str, str | None]:
    version = ground.stack.version if ground.stack else ""
    is_open = re.search(r"(?i)unreleased|\bdev\b|\bnext\b|upcoming", heading or "")
    is_out = bool(heading and version and version in heading and not is_open)
    manifest = main_manifest(ground.stack) if ground.stack else ""
    is_numbered = NUMBERED.search(ground.goal.main.text) is not None
    return {
        "changes_released" if is_out else "changes_open": heading,
        "target_version": version_named(ground.goal.main.text) if is_numbered else None,
        "version_manifest": f"`{manifest}`" if is_numbered and manifest else None,
    }


def _closest(ground: Ground, paths: Sequence[str]) -> str:
    if ground.index:
        for each in ranked(ground.index, ground.goal.main.text, limit=200):
            if each.path in paths:
                return each.path
    return paths[0]


def _newest(steps: Sequence[str]) -> str:
    return max(steps, key=lambda path: PurePosixPath(path).name)


def _heading(tree: "Tree", path: str) -> str | None:
    """Return the newest release's heading in the change log."""
    for line in (tree.text(path) or "").split("\n")[:60] if path else ():
        plain = re.sub(r"\]\(.*", "", line).strip("#=*[] \t")
        if re.match(r"(?i)(?:version\s+|v)?\d+\.\d|unreleased|dev\b|next\b", plain):
            return f"“{shortened(plain, 60)}”"
    return None


def _probe_facts(ground: Ground, ask: Ask, places: Sequence[Place]) -> dict[str, str | None]:
    """Look into the places, and into those they are seen with, for what `probes.toml` names."""
    if ground.sources is None or not places:
        return {}
    found: dict[str, str | None] = {}
    paths = [place.path for place in places[:4]]
    for name, probe in phrase_table("probes.toml").items():
        if probe["when"] and not re.search(rf"(?i)\b(?:{probe['when']})", ask.text):
            continue
        wanted = probe["find"] if isinstance(probe["find"], list) else [probe["find"]]
        in_text = bool(probe.get("in_text"))
        hits = (ground.sources.find(regex, paths, in_text=in_text) for regex in wanted)
        hit = next((each for each in hits if each), None)
        if hit:
            text, path, line = hit
            found[name] = f"`{' '.join(text.split()).removeprefix('async ').removeprefix('def ')}`"
            found[f"{name}_place"] = f"`{path}:{line}`"
    return found
