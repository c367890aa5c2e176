"""An item of memory in full, as lines of text for people."""

import textwrap

from missioncontrol.application.queries.memory import ItemDetail
from missioncontrol.documents.figures import counted, moment


def detail_lines(detail: ItemDetail, width: int) -> list[str]:
    """Return an item in full, in lines of at most `width` columns."""
    item = detail.item
    lines = [item.title, *_wrapped(item.text, width, "  ", "  "), ""]
    facts = {
        "kind": item.kind,
        "item": item.id,
        "status": item.status + (", corrected by a person" if item.is_corrected else ""),
        "from": item.source,
        "about": item.repository or "everywhere",
        "files": ", ".join(item.files),
        "tags": ", ".join(item.tags),
        "seen": f"{_often(item.seen)}, last {moment(item.confirmed)}",
        "until": moment(item.expires) if item.expires else "",
    }
    for name, value in facts.items():
        if value:
            lines += _wrapped(value, width, f"  {name:<9} ", " " * 12)
    for near in detail.near[:10]:
        shared = counted(len(near.files), "file") if near.files else "the mission"
        lines.append(f"  shares {shared} with {near.item.kind} {near.item.id}: {near.item.title}")
    return lines


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _often(times: int) -> str:
    return "once" if times == 1 else f"{times:,} times"
