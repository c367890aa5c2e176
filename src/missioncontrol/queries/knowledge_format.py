"""How the terminal shows what a search of knowledge found."""

import textwrap

from missioncontrol.documents.figures import moment
from missioncontrol.knowledge.search import Hit


def hit_lines(hit: Hit, width: int) -> list[str]:
    """Return a hit in lines of at most `width` columns: title, source, passage and uses."""
    title = f"{hit.title} · {hit.section}" if hit.section else hit.title
    lines = [f"{hit.score:.2f}  {hit.kind:<8}  {title}"[:width]]
    lines += textwrap.wrap(hit.passage, width, initial_indent="    ", subsequent_indent="    ")
    at = f", {moment(hit.time)}" if hit.time else ""
    lines.append(f"    {hit.cite or hit.id}{at}")
    if hit.used_by:
        lines.append(f"    quoted by {', '.join(use.mission for use in hit.used_by[:3])}")
    return lines
