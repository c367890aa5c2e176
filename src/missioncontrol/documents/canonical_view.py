"""Plain values in canonical order with every character visible, as the digest covers them."""

from collections.abc import Iterator, Sequence
from typing import Any

from missioncontrol.domain.approval.states import Approval
from missioncontrol.domain.canonical import canonical, digest
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.visible import visible


def exact(value: Any, width: int) -> list[str]:
    """Return a plain value as indented JSON in canonical order, every odd character written out.

    Short lists stay on one line; nothing is ever cut.
    """
    return [visible(line) for line in _exact(value, "", width)]


def is_whole(approval: Approval) -> bool:
    """Whether the stored subject is all that the digest covers: secrets are never stored."""
    try:
        return digest(approval.subject) == approval.digest
    except Rejected:
        return False


def _exact(value: Any, indent: str, width: int) -> Iterator[str]:
    """Yield lines; the first is not indented, for it stands behind a key or a dash."""
    whole = _on_one_line(value) if _is_flat(value) else ""
    if whole and (not isinstance(value, list | tuple) or len(indent) + len(whole) <= width):
        yield whole
        return
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [(canonical(key).decode() + ": ", value[key]) for key in in_order(value)]
    else:
        parts = [("", part) for part in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield opening
    for number, (start, part) in enumerate(parts, start=1):
        first, *rest = _exact(part, inner, width)
        lines = [f"{inner}{start}{first}", *rest]
        lines[-1] += "," if number < len(parts) else ""
        yield from lines
    yield indent + closing


def in_order(keys: Sequence[str] | dict[str, Any]) -> list[str]:
    """Return keys in the order of the canonical form: by their UTF-16 code units."""
    return sorted(keys, key=lambda key: key.encode("utf-16-be"))


def _on_one_line(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(canonical(part).decode() for part in value)}]"
    return canonical(value).decode()


def _is_flat(value: Any) -> bool:
    match value:
        case list() | tuple():
            return not any(isinstance(part, dict | list | tuple) and part for part in value)
        case dict():
            return not value
    return True
