"""What answers and bodies of the API are written in, and requests that want something else."""

from typing import Any

from litestar import Request

from missioncontrol.domain.errors import MissionControlError

JSON = "application/json"

OTHERS = {
    "get_report": ("text/html", "text/markdown", JSON, "application/zip"),
    "get_artifact": ("*/*",),
    "export_log": ("application/jsonl",),
    "download_lines": ("text/plain", "application/jsonl"),
    "export_version": ("application/yaml",),
    "follow_events": ("text/event-stream",),
    "answer_as_csv": ("text/csv",),
    "export_events": ("application/jsonl", "text/csv", "application/vnd.apache.parquet"),
    "members_as_csv": ("text/csv",),
    "artifact": ("application/octet-stream",),
    "heads": ("application/jsonl",),
}
"""By the handler: what is answered that is not, or not always, JSON."""


class NotAcceptable(MissionControlError):
    """The client accepts none of the types that the answer can have."""

    status = 406


class OtherType(MissionControlError):
    """What is sent is in no form that is read here."""

    status = 415


def refuse_other_types(request: Request[Any, Any, Any], handler: str, *, has_body: bool) -> None:
    """Refuse a body that is declared as something else than JSON, and who can't read the answer.

    Raises:
        NotAcceptable: `request.not_acceptable`.
        OtherType: `request.other_type`.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if has_body and kind and kind != JSON and not kind.endswith("+json"):
        raise OtherType(
            "request.other_type",
            f"A body of the type {kind[:80]!r} is not read here.",
            hint=f"Send JSON, and say so: Content-Type: {JSON}.",
        )
    accept = request.headers.get("accept", "")
    offered = OTHERS.get(handler, (JSON,))
    if accept and not any(_takes(accept, each) for each in offered):
        raise NotAcceptable(
            "request.not_acceptable",
            f"You accept {accept[:80]!r}; what is here is {' or '.join(offered)}.",
            hint=f"Accept {offered[0]}, or leave the header out.",
        )


def _takes(accept: str, offered: str) -> bool:
    """Whether an `Accept` takes a type: the most exact range that fits says so (RFC 9110)."""
    if offered == "*/*":
        return True
    found = [
        (name.count("*"), weight)
        for name, weight in map(_range, accept.split(","))
        if _fits(name, offered)
    ]
    return bool(found) and min(found, key=lambda each: (each[0], -each[1]))[1] > 0


def _range(part: str) -> tuple[str, float]:
    """Return what one part of an `Accept` names, and its weight; 1 where that is unreadable."""
    name, *parameters = (each.strip().lower() for each in part.split(";"))
    for each in parameters:
        key, _, value = each.partition("=")
        if key.strip() == "q":
            try:
                return name, float(value)
            except ValueError:
                return name, 1.0
    return name, 1.0


def _fits(name: str, offered: str) -> bool:
    kind, _, part = name.partition("/")
    ours, _, our_part = offered.partition("/")
    return name in ("*", "*/*") or (kind == ours and part in ("*", our_part))
