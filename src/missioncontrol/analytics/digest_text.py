"""A summary as Markdown, for whoever reads it away from the page."""

from missioncontrol.analytics.narrative import THIN
from missioncontrol.analytics.summary import PARTS, Summary

NOTHING = "Nothing."
_SPECIAL = str.maketrans({each: f"\\{each}" for each in "\\`*_[]<>#|~"})


def markdown(summary: Summary, name: str) -> str:
    """Return a summary of the product `name` as Markdown."""
    lines = [f"# {_plain(name)}: {_plain(summary.verdict.text)}", ""]
    for part, title in PARTS.items():
        lines += [f"## {title}", ""]
        lines += [f"- {_plain(point.text)}" for point in getattr(summary, part)] or [NOTHING]
        lines.append("")
    if summary.hint:
        lines += [f"To set up: {_plain(summary.hint)}.", ""]
    by = f"Written by {summary.written_by} from the same figures" if summary.written_by else ""
    by = by or "Made of the figures by rule"
    lines.append(f"{_plain(summary.scope)} {_plain(by)}, by the definition {summary.definition}.")
    return "\n".join(lines).replace(THIN, " ") + "\n"


def _plain(text: str) -> str:
    """Return words that no Markdown reader takes for anything else: names come from outside."""
    return " ".join(text.split()).translate(_SPECIAL)
