"""Writes decisions as files of MADR 4, so that reading them gives the same decisions again."""

import re
from collections.abc import Iterable, Mapping, Sequence

from missioncontrol.documents.madr.lines import BEGINS_LIKE_A_CHOICE, OUTCOME, escaped, scalar
from missioncontrol.domain.decision import LoggedDecision
from missioncontrol.domain.decision_text import DecisionOption, DecisionText

SLUG_MAX = 60


def files_of(decisions: Iterable[LoggedDecision]) -> dict[str, str]:
    """Return the text of one file for each decision, by name: `0007-title.md`."""
    chosen = sorted(decisions, key=lambda each: each.number)
    names = {each.id: name_of(each) for each in chosen}
    return {names[each.id]: page_of(each, names) for each in chosen}


def name_of(decision: LoggedDecision) -> str:
    """Return the name of a decision's file."""
    words = re.findall(r"[a-z0-9]+", decision.text.title.lower())
    slug = "-".join(words)[:SLUG_MAX].strip("-") or "decision"
    return f"{decision.number:04}-{slug}.md"


def page_of(decision: LoggedDecision, names: Mapping[str, str]) -> str:
    """Return the file of a decision; `names` are those of the files of all."""
    text = decision.text
    parts = [_front(decision, names), f"# {text.title}"]
    parts += _section("Context and Problem Statement", [escaped(text.context)])
    parts += _section("Decision Drivers", [_items(text.drivers)])
    parts += _section("Considered Options", [_items([each.title for each in text.options])])
    parts += _outcome(text)
    argued = [part for option in text.options for part in _option(option)]
    parts += _section("Pros and Cons of the Options", argued)
    parts += _section("More Information", [escaped(text.more)])
    return "\n\n".join(parts) + "\n"


def _front(decision: LoggedDecision, names: Mapping[str, str]) -> str:
    text = decision.text
    status: str = decision.status
    if decision.superseded_by:
        name = names.get(decision.superseded_by, "")
        by = decision.superseded_by
        status = f"superseded by [{by}]({name})" if name else f"superseded by {by}"
    lists = {
        "decision-makers": text.decision_makers,
        "consulted": text.consulted,
        "informed": text.informed,
    }
    known = {
        "id": decision.id,
        "mission": decision.mission,
        "run": decision.run,
        "repository": decision.repository,
        "source": decision.source,
    }
    links = {
        "supersedes": decision.supersedes,
        "tasks": decision.tasks,
        "files": decision.files,
    }
    lines = [f"status: {scalar(status)}", f"date: {decision.date}"]
    lines += [f"{key}: {_list(values)}" for key, values in lists.items() if values]
    lines += [f"{key}: {scalar(value)}" for key, value in known.items() if value]
    lines += [f"{key}: {_list(values)}" for key, values in links.items() if values]
    return "\n".join(["---", *lines, "---"])


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(map(scalar, values)) + "]"


def _section(title: str, parts: Iterable[str]) -> list[str]:
    found = [part for part in parts if part]
    return [f"## {title}", *found] if found else []


def _outcome(text: DecisionText) -> list[str]:
    chosen = ""
    if text.choice:
        quoted = text.choice.replace("\\", "\\\\").replace('"', '\\"')
        because = f", {_because(text.reason)}" if text.reason else ""
        chosen = f'Chosen option: "{quoted}"{because}'
    elif text.reason:
        chosen = f"Because{_joint(text.reason)} {text.reason}"
    elif BEGINS_LIKE_A_CHOICE.match(text.outcome):
        chosen = OUTCOME
    follows = _under("### Consequences", [escaped(text.consequences), _argued(text)])
    confirmation = _under("### Confirmation", [escaped(text.confirmation)])
    return _section("Decision Outcome", [chosen, escaped(text.outcome), *follows, *confirmation])


def _under(heading: str, parts: Iterable[str]) -> list[str]:
    found = [part for part in parts if part]
    return [heading, *found] if found else []


def _option(option: DecisionOption) -> list[str]:
    return _under(f"### {option.title}", [escaped(option.description), _argued(option)])


def _argued(argued: DecisionText | DecisionOption) -> str:
    sides = (("Good", argued.good), ("Neutral", argued.neutral), ("Bad", argued.bad))
    return "\n".join(_item(f"{side}, {_because(each)}") for side, of in sides for each in of)


def _because(reason: str) -> str:
    return f"because{_joint(reason)} {reason}"


def _joint(reason: str) -> str:
    """Return the colon before what begins as a sentence: “because Nothing is new” is no English."""
    return ":" if reason[:1].isalpha() and reason[:1].isupper() else ""


def _items(items: Iterable[str]) -> str:
    return "\n".join(map(_item, items))


def _item(text: str) -> str:
    """Return an item of a list; what goes on in it is indented, and so is never a heading."""
    first, *rest = text.split("\n")
    return "\n".join([f"* {first}", *(f"  {line}" if line else "" for line in rest)])
