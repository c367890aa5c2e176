"""What an ask says of itself, as facts: figures, evidence, its news, what it adds and how."""

import re
from collections.abc import Sequence

from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.imperatives import verbs
from missioncontrol.specialists.planner.outcomes import cases
from missioncontrol.specialists.planner.outside import named_technologies, target_of
from missioncontrol.specialists.planner.places import OF_ITS_OWN, new_names
from missioncontrol.specialists.planner.playbook import listed
from missioncontrol.specialists.planner.sentences import shortened
from missioncontrol.specialists.planner.source import Place
from missioncontrol.specialists.planner.subject import given, is_generic, phrase_of, subject_of
from missioncontrol.specialists.planner.tasks import ASIDE_KINDS

QUIET_KINDS = frozenset({"tests", "documentation", "refactoring", "release"})
"""Work that users of a package need not know of."""
_FLAG = re.compile(r"`?--?[a-zA-Z]")
"""How an option of a command line begins: `--limit`."""
BELONGING = frozenset(
    [
        "option",
        "options",
        "flag",
        "flags",
        "parameter",
        "parameters",
        "argument",
        "arguments",
        "keyword",
        "setting",
        "settings",
        "method",
        "methods",
        "property",
        "properties",
        "attribute",
        "attributes",
        "field",
        "fields",
        "hook",
        "callback",
        "default",
        "limit",
        "timeout",
        "switch",
    ]
)
"""What is never a part by itself: it belongs to something that is there."""
FAULT_LENGTH_MAX = 160
_HOW_TO = re.compile(
    r"(?i)\bhow (?:to|one|you|users?)\b.+?(?=\s+(?:in|into|on) (?:the|our|its)\b|[,;.]|$)"
)
_REPAIRED = re.compile(
    r"(?P<case>.+?) (?P<then>(?:should|must) .+?); today (?P<who>it|they) (?P<today>.+)$"
)
_TESTED_EXAMPLE = re.compile(r"(?i)\bexamples?\b.*\b(?:tests?|tested|run|runs)\b")
_FIGURE = re.compile(
    r"(?i)\d[\d,.]*\s*(?:ms|milliseconds?|s|seconds?|%|percent|mb|kb|gb|x|times)\b"
)
_EVIDENCE = re.compile(r"(?i)```|traceback|\bsteps to reproduce\b|\bversion \d|\b\d+\.\d+\.\d+\b")
_EXPECTED = re.compile(r"(?i)\b(?:should|must|instead|expected)\b")
_ROLLBACK = re.compile(r"(?i)\broll(?:ing|ed)?[- ]?back|\brevert|\bgo(?:ing)? back|\bundo")
_HTTP = re.compile(
    r"(?i)\b(?:https?|endpoints?|rest|webhooks?|graphql|grpc|openapi|status \d{3}|status codes?"
    r"|routes?|urls?|requests? (?:body|bodies|and answers?))\b"
)
"""Words of an interface that is spoken to over a network."""
_LANGUAGE = re.compile(
    r"\b(?:Python|TypeScript|JavaScript|Node(?:\.js)?|Go|Golang|Rust|Java|Kotlin|Ruby|Elixir|PHP|C#|Swift|Django|Rails|FastAPI|Flask)(?!\w|\.\w)"
)


def goal_facts(
    ground: Ground, whole: str, ask: Ask, kinds: Sequence[str], places: Sequence[Place]
) -> dict[str, str]:
    """Return facts about what the goal says, beside those about the code."""
    language = _LANGUAGE.search(whole)
    technology = named_technologies(ask.text)
    component = technology[0].kind if technology else ""
    found = {
        "nothing_yet": not ground.has_code,
        "figure": _FIGURE.search(whole) is not None,
        "evidence": _EVIDENCE.search(whole) is not None
        or _has_both(ask, whole, kinds[0])
        or ask.label == "bug-fix",  # Who writes the label of a commit knows the fault.
        "rollback": _ROLLBACK.search(whole) is not None,
        "extends": bool(places)
        and not (new_thing(ask) or new_names(ground, ask) or any(p.seam for p in places[:2])),
        "is_aside": kinds[0] in ASIDE_KINDS or bool(places and places[0].kind != "code"),
        "no_announcement": kinds[0] in QUIET_KINDS,
        "repairs": kinds[0] == "bug-fix",
        "speeds": kinds[0] == "performance",
    }
    missing = new_names(ground, ask)
    whole_names = [name for name in missing if not any(m.endswith(f".{name}") for m in missing)]
    unknown = listed([f"`{name}`" for name in whole_names])
    quoted = [f"“{case}”" for case in cases(ask.text)]
    fault = _fault(ask) if kinds[0] == "bug-fix" or ask.fault else ""
    texts = {
        "beside": ground.name if ground.has_code and kinds[0] in OF_ITS_OWN else "",
        "timer": "`python -m timeit`" if places and places[0].language == "Python" else "",
        "http": phrase_of(ask, subject_of(ask)) if _HTTP.search(whole) else "",
        "tested_example": "the example" if _TESTED_EXAMPLE.search(ask.text) else "",
        "repair": ask.fault.repair if ask.fault and kinds[0] == "bug-fix" else "",
        "right": f"“{_wanted(ask)}” holds" if _is_answered(ask) else "",
        "unsaid": f"“{_fault(ask)}”"
        if ask.fault and not (ask.fault.is_answered or ask.label)
        else "",
        "fault": f"“{shortened(fault, FAULT_LENGTH_MAX)}”" if fault else "",
        "belongs": (unknown or _own_name(ask)) if _is_option(ask) else "",
        "optional": "a keyword argument"
        if places and places[0].language == "Python"
        else "an optional argument",
        "cases": listed(quoted) if len(quoted) > 1 else "",
        "case": quoted[0] if len(quoted) == 1 else "",
        "new_thing": new_thing(ask),
        "how_to": _how_to(ask, ground) if kinds[0] == "documentation" else "",
        **_repaired(ask),
        "news": _news(ask, kinds[0]),
        "new_name": unknown,
        "language_named": language.group() if language else "",
        "tech_component": component,
    }
    return {name: "yes" for name, holds in found.items() if holds} | {
        name: text for name, text in texts.items() if text
    }


def _own_name(ask: Ask) -> str:
    """Return what an option is called, where the ask writes that as code: “`limit` option of …”."""
    if has := given(ask.text):
        return has.head if has.head.startswith("`") else f"the {has.head}"
    subject = subject_of(ask)
    name = re.match(r"`[^`]+`", subject)
    return name.group() if name else phrase_of(ask, subject)


def _how_to(ask: Ask, ground: Ground) -> str:
    """Return which way a text is to show: “how to measure `f`”, with what “it” stands for."""
    match = _HOW_TO.search(ask.text)
    if match is None:
        return ""
    main = phrase_of(ground.goal.main, subject_of(ground.goal.main))
    return re.sub(r"\b(?:it|them|this|that)\b", lambda _: main, match.group().strip(" .,"))


def _repaired(ask: Ask) -> dict[str, str]:
    """Return the case that shows a fault, what comes of it today, and what should."""
    match = _REPAIRED.match(ask.fault.wanted) if ask.fault else None
    return {f"fault_{name}": stated for name, stated in match.groupdict().items()} if match else {}


def _fault(ask: Ask) -> str:
    """Return what goes wrong: all of the description, or what follows “Fix …:”."""
    return ask.fault.told if ask.fault else ask.text.partition(": ")[2]


def _wanted(ask: Ask) -> str:
    return ask.fault.wanted.partition("; today ")[0] if ask.fault else ""


def _is_answered(ask: Ask) -> bool:
    return ask.fault is not None and ask.fault.is_answered


def _has_both(ask: Ask, whole: str, kind: str) -> bool:
    """Whether a report of a fault says what happens and what should happen in its place."""
    if ask.fault:
        return _is_answered(ask)
    if ask.label == "bug-fix" and verbs().get(ask.verb, "bug-fix") != "bug-fix":
        return True  # “fix: return 404 for …” says what is to come, and tells no fault.
    return kind == "bug-fix" and ": " in ask.text and _EXPECTED.search(whole) is not None


def new_thing(ask: Ask) -> str:
    """Return what is to be added where the ask says “a …” or “an …”: it is not there yet."""
    added = re.match(r"(?i)(?:add|create|build|introduce|write|implement)\s+an?\s", ask.text)
    titled = (
        None
        if ask.verb
        else re.match(r"(?i)(?:an?\s)?[\w][\w -]{2,40}\s(?:that|which)\s", ask.text)
    )
    added = None if _is_option(ask) else added or titled
    return phrase_of(ask, subject_of(ask)) if added else ""


def _news(ask: Ask, kind: str) -> str:
    """Return the news for users: not the fault, but its repair."""
    phrase = phrase_of(ask, subject_of(ask))
    if kind == "security" and ask.verb == "harden" and "“" not in phrase:
        return f"the hardening of {phrase}"
    if kind == "dependency" and (target := target_of(ask.text)):
        return phrase if target in phrase else f"{phrase} {target}"
    if kind == "feature" and phrase.startswith("`") and not is_generic(ask.verb):
        return f"the change of {phrase}"
    if kind == "migration" and "“" not in phrase and "migrat" not in phrase:
        return f"the migration of {phrase}"
    if kind == "performance" and "“" not in phrase and "fast" not in phrase:
        return f"faster {phrase.removeprefix('the ')}"
    if kind == "removal" and re.search(r"(?i)\bsupport for\b", ask.text):
        return f"the end of support for {phrase.removeprefix('support for ')}"
    if kind == "removal" and not phrase.startswith(("“", "support for")):
        return f"the removal of {phrase}"
    if kind == "bug-fix" and ask.fault and "`" not in phrase:
        return f"the repair of “{shortened(ask.fault.told, FAULT_LENGTH_MAX)}”"
    return f"the repair of {phrase}" if kind == "bug-fix" else phrase


def _is_option(ask: Ask) -> bool:
    """Whether what is asked for belongs to something that stands: an option, a method, a limit."""
    has = given(ask.text)
    if has and has.joint == "for":
        return True  # What a thing takes is one of its parameters.
    head = re.split(r"\s(?:for|of|to|in|on|with|that)\s", subject_of(ask))[0].split()
    if any(_FLAG.match(word) for word in head):
        return True
    return bool(head) and head[-1].lower() in BELONGING
