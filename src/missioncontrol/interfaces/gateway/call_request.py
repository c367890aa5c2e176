"""Reads what a call asks for: its model, its limits, and the most that it can use."""

import json
import math
import re
from typing import Any

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.routing import ModelCard, Needs

EXTRA_TOKENS = 1_000
"""Words of the provider's own around every request, and around each of its own tools."""

CONTEXT_TOKENS = 200_000
"""The context of a model of which none is declared."""

IMAGES = frozenset({"image", "image_url", "input_image"})
UNSEEN = frozenset(
    {"document", "file", "input_file", "input_audio", "container_upload", "item_reference"}
)
"""Content whose tokens do not follow from its bytes: it may be packed, or lie elsewhere."""

EXTERNAL_FIELDS = ("previous_response_id", "conversation", "prompt", "container", "mcp_servers")
"""Fields of a request that bring in what is not in its bytes."""

OURS = frozenset({"", "function", "custom", "namespace"})
"""Types of tools that are described in the request itself."""

THEIRS = ("web_search", "web_fetch", "file_search", "code_interpreter", "code_execution", "mcp")
"""Tools that the provider works itself; what they bring in is paid for as input."""

LONG_FACTOR = 2 / 1.25
"""What an hour in Anthropic's cache costs, beside five minutes, whose price is the listed one."""

DEPTH_MAX = 200

PARTS_MAX = 2_000_000
"""Values in one request. No model reads as many, and to look at more keeps everybody waiting."""

SHOWN_MAX = 80
"""Characters of a value that a refusal repeats; half of one might be half of a secret."""

CONTENT = ("messages", "input", "system")
"""Fields whose parts are read as images and files; all else is text, whatever it looks like."""

ARGUMENTS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
"""Parts whose `input` is what a model wrote, and reads as text."""

READ_HERE = frozenset(
    {
        "model", "stream", "stream_options", "n", "tools", "background", "service_tier", "speed",
        "max_tokens", "max_completion_tokens", "max_output_tokens", *CONTENT, *EXTERNAL_FIELDS,
    }
)  # fmt: skip
"""Fields that are governed by what they say, so that all have to read the same in them."""

_GAP = re.compile(rb"[ \t\r\n]*")


class Asked(msgspec.Struct):
    """A request as far as it matters here. The rest of it is passed on as it is."""

    fields: dict[str, Any]
    size: int  # bytes
    model: str
    is_stream: bool
    output_tokens: int | None  # the caller's own limit for one answer
    answers: int  # how many it wants
    images: int
    image_bytes: int  # of the request that are images
    is_open: bool  # it brings in what its bytes do not show
    offered: tuple[str, ...]
    known_tools: int  # tools that the model knows by their type, with words of the provider's own
    needs_schema: bool
    has_audio: bool = False  # in or out; its tokens have prices of their own
    keeps_long: bool = False  # it writes to a cache for an hour, which costs more than 5 minutes

    @property
    def is_plain(self) -> bool:
        """Whether its tokens follow from its bytes alone."""
        return not (self.is_open or self.images)

    def input_tokens(self, card: ModelCard, known: int | None = None) -> int:
        """Return the most input tokens that the request can be.

        `known` is a bound by what an upstream counted of the same conversation before.

        A byte of text is at most one token, as tokens of all known models are made of whole bytes.
        An image counts as declared for the model, and what can't be seen as the whole context. No
        model reads more than its context. What is cached for an hour counts for more, so that
        what is reserved at the price of five minutes is enough.
        """
        if self.is_open:
            bound = card.context or max(CONTEXT_TOKENS, self.size)
        else:
            extra = EXTRA_TOKENS * (1 + self.known_tools)
            bound = self.size - self.image_bytes + self.images * card.image_tokens + extra
            bound = min(bound, card.context) if card.context else bound
            if known is not None and self.is_plain:
                bound = min(bound, known)
        return math.ceil(bound * LONG_FACTOR) if self.keeps_long else bound

    def needs(self, output_tokens: int) -> Needs:
        """Return what a model has to be able to do; a context is held to what is certain."""
        return Needs(
            vision=self.images > 0,
            tools=bool(self.offered),
            structured=self.needs_schema,
            output_tokens=output_tokens,
        )


def parse_request(body: bytes, limits: tuple[str, ...]) -> Asked:
    """Read a request; `limits` are the fields that may hold its limit of output tokens.

    Raises:
        Rejected: `call.malformed`, saying what is wrong.
    """
    fields = _fields(body)
    model = fields.get("model")
    if not isinstance(model, str) or not model or len(model) > 200:
        raise _malformed("It names no model.", "Give `model` as a text.")
    stream = fields.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise _malformed(f"`stream` is {_shown(stream)}.", "It is true or false.")
    content = _Content()
    content.walk([fields.get(name) for name in CONTENT])
    offered, kinds = tuple(_tool_names(_tools(fields))), _kinds(fields)
    return Asked(
        fields=fields,
        size=len(body),
        model=model,
        is_stream=bool(stream),
        output_tokens=_limit(fields, limits),
        answers=_whole(fields, "n") or 1,
        images=content.images,
        image_bytes=content.image_bytes,
        is_open=content.is_open
        or any(fields.get(name) for name in EXTERNAL_FIELDS)
        or any(kind.startswith(THEIRS) for kind in kinds),
        offered=offered,
        known_tools=sum(kind not in OURS for kind in kinds),
        needs_schema=_wants_schema(fields),
        has_audio=content.has_audio or _speaks(fields),
        keeps_long=content.keeps_long or any(map(_is_cached_long, (fields, *_tools(fields)))),
    )


def rewritten(body: bytes, changes: dict[str, Any]) -> bytes:
    """Return a request with other values in some of its fields; all others stay byte for byte."""
    if not changes:
        return body
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    fields.update({name: msgspec.Raw(msgspec.json.encode(new)) for name, new in changes.items()})
    return msgspec.json.encode(fields)


def _fields(body: bytes) -> dict[str, Any]:
    if len(body) > PARTS_MAX and sum(map(body.count, (b",", b"[", b"{"))) > PARTS_MAX:
        raise _malformed(f"It may hold more than {PARTS_MAX:,} values.", "Send less.")
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
        names = _names(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _malformed(f"It is no JSON object: {error}.", "Send a JSON object.") from None
    _refuse_ambiguous(names)
    return fields


def _names(body: bytes) -> list[str]:
    """Return the names of the fields as they stand there, so that a name may come twice."""
    raw = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    if _is_written_so(body, raw):
        return list(raw)
    pairs: list[tuple[str, Any]] = json.loads(body, object_pairs_hook=list)
    return [name for name, _ in pairs]


def _is_written_so(body: bytes, fields: dict[str, msgspec.Raw]) -> bool:
    """Whether a request is just these fields one after the other, as nearly all are."""
    place, mark = 0, b"{"
    for name, value in fields.items():
        for part in (mark, msgspec.json.encode(name), b":", bytes(value)):
            place = _past_gap(body, place)
            if not body.startswith(part, place):
                return False
            place += len(part)
        mark = b","
    return body.startswith(b"}", _past_gap(body, place))


def _past_gap(body: bytes, place: int) -> int:
    found = _GAP.match(body, place)
    return found.end() if found else place


def _refuse_ambiguous(names: list[str]) -> None:
    """Refuse what an upstream may read otherwise: a field twice, or in letters of another case."""
    known: set[str] = set()
    for name in names:
        if name in known:
            raise _malformed(f"It has the field {_shown(name)} twice.", "Give it once.")
        known.add(name)
        if name.lower() in READ_HERE and name not in READ_HERE:
            meant = name.lower()
            reason = f"It has the field {_shown(name)}, which some read as {meant!r}."
            raise _malformed(reason, f"Call it {meant!r}, or leave it out.")


def _malformed(reason: str, hint: str) -> Rejected:
    return Rejected("call.malformed", f"The request is malformed. {reason}", hint=hint)


def _limit(fields: dict[str, Any], names: tuple[str, ...]) -> int | None:
    """Return the lowest of the limits that the request sets itself."""
    found = [value for name in names if (value := _whole(fields, name)) is not None]
    return min(found, default=None)


def _whole(fields: dict[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise _malformed(f"`{name}` is {_shown(value)}.", "It is a whole number, 0 or more.")
    return value


def _shown(value: Any) -> str:
    shown = repr(value)
    if len(shown) <= SHOWN_MAX:
        return shown
    return f"a value of {len(shown):,} characters"


class _Content:
    """What stands in a request besides text."""

    def __init__(self) -> None:
        self.images = 0
        self.image_bytes = 0
        self.is_open = False
        self.has_audio = False
        self.keeps_long = False

    def walk(self, value: Any, depth: int = 0) -> None:
        """Look at `value` and everything in it."""
        if depth > DEPTH_MAX:
            raise _malformed(f"It is nested deeper than {DEPTH_MAX}.", "Send less deep JSON.")
        if isinstance(value, list):
            for item in value:
                self.walk(item, depth + 1)
        elif isinstance(value, dict):
            self._look(value, depth)

    def _look(self, part: dict[str, Any], depth: int) -> None:
        kind = part.get("type")
        self.keeps_long = self.keeps_long or _is_cached_long(part)
        if kind in IMAGES:
            self.images += 1
            self.image_bytes += _image_length(part)
            self.is_open = self.is_open or _is_by_name(part)
            return
        if kind in UNSEEN and not _is_plain(part):
            self.is_open = True
        self.has_audio = self.has_audio or kind == "input_audio"
        for name, item in part.items():
            if name != "input" or kind not in ARGUMENTS:
                self.walk(item, depth + 1)


def _image_length(part: dict[str, Any]) -> int:
    """Return the length of the content of an image, where each of the APIs has it."""
    place = part.get("image_url") or part.get("source")
    inner = place.get("url") or place.get("data") if isinstance(place, dict) else place
    return len(inner) if isinstance(inner, str) and inner.isascii() else 0


def _is_by_name(part: dict[str, Any]) -> bool:
    """Whether an image is more than one: a file that was sent before may hold anything."""
    source = part.get("source")
    return bool(part.get("file_id")) or (isinstance(source, dict) and "file_id" in source)


def _is_cached_long(part: dict[str, Any]) -> bool:
    """Whether a cache is asked to keep this for longer than five minutes."""
    control = part.get("cache_control")
    return isinstance(control, dict) and control.get("ttl") not in (None, "5m")


def _is_plain(part: dict[str, Any]) -> bool:
    """Whether a document is plain text, which is as long as it looks."""
    source = part.get("source")
    return isinstance(source, dict) and source.get("type") in ("text", "content")


def _tools(fields: dict[str, Any]) -> list[dict[str, Any]]:
    tools = fields.get("tools")
    return [each for each in tools if isinstance(each, dict)] if isinstance(tools, list) else []


def _tool_names(tools: list[dict[str, Any]]) -> list[str]:
    """Return the tools that the model is offered, by name, or by type where they have none."""
    return [name for tool in tools if (name := _name_of(tool))]


def _name_of(tool: dict[str, Any]) -> str:
    function = tool.get("function")
    inner = function.get("name") if isinstance(function, dict) else None
    name = tool.get("name") or inner or tool.get("type") or ""
    return name[:200] if isinstance(name, str) else ""


def _kinds(fields: dict[str, Any]) -> list[str]:
    found = [str(tool.get("type", "")) for tool in _tools(fields)]
    return [*found, *(("web_search",) if fields.get("web_search_options") else ())]


def _speaks(fields: dict[str, Any]) -> bool:
    """Whether the answer contains audio."""
    kinds = fields.get("modalities")
    return "audio" in kinds if isinstance(kinds, list) else bool(fields.get("audio"))


def _wants_schema(fields: dict[str, Any]) -> bool:
    """Whether the answer has to keep a schema, as each of the APIs says it."""
    text, format_ = fields.get("text"), fields.get("response_format")
    inner = text.get("format") if isinstance(text, dict) else fields.get("output_format")
    return any(
        isinstance(each, dict) and each.get("type") == "json_schema" for each in (format_, inner)
    )
