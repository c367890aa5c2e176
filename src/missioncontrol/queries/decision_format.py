"""A decision in full, as lines of text for people."""

import textwrap
from collections.abc import Sequence

from missioncontrol.application.decision_views import DecisionView
from missioncontrol.domain.decision_text import DecisionOption, DecisionText


def lines_of(found: DecisionView, width: int) -> list[str]:
    """Return a decision in full, in lines of at most `width` columns."""

    def part(name: str, texts: Sequence[str]) -> list[str]:
        return _part(name, texts, max(width - 13, 30))

    text = found.text
    about = f"{found.status} on {found.date}"
    about += f", by {found.superseded_by}" if found.superseded_by else ""
    lines = [f"{found.id}  {found.title}", f"  {about}"]
    came = {
        "plan": f"from the plan of {found.mission_title or found.mission}",
        "file": found.source,
    }
    lines += [f"  {came[found.origin]}"] if found.origin in came else []
    lines += part("chosen", [f"{text.choice}{_because(text)}"] if text.choice else [])
    lines += part("decided", [text.outcome])
    lines += part("why", [text.context])
    lines += part("turns on", text.drivers)
    lines += part("follows", [text.consequences, *(f"+ {each}" for each in text.good)])
    lines += part("", [f"· {each}" for each in text.neutral])
    lines += part("gives up", text.bad)
    others = [each for each in text.options if each.title != text.choice]
    lines += part("instead", [_option_line(each) for each in others])
    lines += part("confirmed", [text.confirmation])
    lines += part("more", [text.more])
    lines += part("replaces", found.supersedes)
    lines += part("decided by", text.decision_makers)
    lines += part("tasks", found.tasks)
    lines += part("files", found.files)
    return lines


def _because(text: DecisionText) -> str:
    return f" — {text.reason}" if text.reason else ""


def _option_line(option: DecisionOption) -> str:
    lines = [option.description, *(f"+ {each}" for each in option.good)]
    lines += [*(f"· {each}" for each in option.neutral), *(f"- {each}" for each in option.bad)]
    return "\n".join([option.title, *filter(None, lines)])


def _part(name: str, texts: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    for text in filter(None, texts):
        for line in text.split("\n"):
            lines += textwrap.wrap(line, width, break_on_hyphens=False) or [""]
    return [f"  {name if number == 0 else '':<10} {line}" for number, line in enumerate(lines)]
