"""Operations and queries: what may be done and what may be asked, each declared in one place.

An operation names a domain command, who may give it and what comes of it. A query names its rows,
its filters and their order. `app.execute` runs operations; `surfaces` renders both as routes,
client methods, commands, MCP tools and reference pages.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.permission import PERMISSIONS, Needed, Permission

if TYPE_CHECKING:
    from missioncontrol.application.office import Office
    from missioncontrol.application.reader import Reader

C = TypeVar("C", bound=msgspec.Struct)
F = TypeVar("F", bound=msgspec.Struct)
R = TypeVar("R")

Surface: TypeAlias = Literal["http", "client", "cli", "mcp"]
Risk: TypeAlias = Literal["write", "end"]
"""What an operation does to the world; `end` takes away what nothing brings back."""

EVERYWHERE: frozenset[Surface] = frozenset({"http", "client", "cli", "mcp"})

OF_MODELS: frozenset[Permission] = frozenset({"read", "operate"})
"""What a tool may need: to approve and to govern is for people, and no model does it for them."""

BY_PEOPLE: frozenset[Surface] = EVERYWHERE - {"mcp"}
"""The surfaces of operations that need any other permission."""

SERVED: frozenset[Surface] = frozenset({"http", "client"})
"""The surfaces of what people reach through a server only."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The kind of thing that an operation changes or a query returns, and how it is named."""

    noun: str
    path: str  # of all of them, below the root of the API: /decisions
    help: str  # what its id looks like
    field: str = "id"  # of commands that name one
    metavar: str = "ID"  # of the command line
    command: str = ""  # the path on the command line, where it is not the noun: document share
    is_single: bool = False  # there is one, and it has no id
    collection: str = ""  # the client's attribute, where that is not what several are called
    parameter: str = ""  # what its place in a path is called, where that is not the noun
    # The id that a caller means, where that may be shortened.
    resolve: Callable[["Reader", str], Awaitable[str]] | None = None
    to_path: Callable[[str], str] = str  # an id as one segment of a path
    from_path: Callable[[str], str] = str

    @property
    def plural(self) -> str:
        """What several of them are called."""
        return self.path.rpartition("/")[2].replace("-", "_")

    @property
    def item_path(self) -> str:
        """The path of one of them, with a name in braces where its id stands."""
        return self.path if self.is_single else f"{self.path}/{{{self.placeholder}}}"

    @property
    def placeholder(self) -> str:
        """What its place in a path is called."""
        return self.parameter or self.noun


class Column(msgspec.Struct, frozen=True):
    """A field of a row in a list for people."""

    name: str
    width: int = 0  # 0: as wide as the text
    tones: Mapping[str, str] = {}  # ok, ask or bad, by the value
    text: Callable[[Any], str] = str  # of a value


class Switch(msgspec.Struct, frozen=True):
    """An option without a value that stands for a value of a field."""

    field: str
    value: Any
    help: str


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line can't derive of an operation or a query."""

    verb: str = ""  # else that of the name
    noun: str = ""  # the path before it, where neither target nor name say that
    positional: tuple[str, ...] = ()  # fields that are no options, in their order
    flatten: str = ""  # a field whose own fields become options
    names: Mapping[str, str] = {}  # options by field, where they are called differently
    metavars: Mapping[str, str] = {}  # by field
    parse: Mapping[str, Callable[[str], Any]] = {}  # by field: the value that a text means
    resolve: Mapping[str, str] = {}  # by field: of what kind the thing is that people name
    switches: Mapping[str, Switch] = {}  # by option
    build: Callable[[dict[str, Any]], dict[str, Any]] | None = None  # the last resort
    fixed: Mapping[str, Any] = {}  # values of fields that it does not ask for
    defaults: Mapping[str, str] = {}  # by field: the text that holds where none is typed
    done: str | Callable[[Any], str] = "{id} is {status}."  # printed for an operation's answer
    empty: str = ""  # printed for a list without any rows
    rows: int = 0  # so many of a list by default; `--limit` says another number
    # An answer, or a row, in so many columns.
    lines: Callable[[Any, int], Sequence[str]] | None = None
    json: Callable[[Any], Any] | None = None  # what of an answer, or a row, is printed as JSON


class Body(msgspec.Struct, frozen=True):
    """How the OpenAPI document names and describes what a caller sends."""

    name: str
    text: str


class AtLeastOne(msgspec.Struct, frozen=True):
    """Fields of which one has to say something, and why it is refused where none does."""

    fields: tuple[str, ...]
    reason: str


class Declared(msgspec.Struct, frozen=True, dict=True, kw_only=True):
    """What operations and queries have in common.

    Raises:
        ValueError: where the name is not `noun.verb`, or the permission is none.
    """

    name: str  # noun.verb: also the client's method, the command and the word of the audit
    title: str  # a few words: the summary of a route
    text: str  # sentences: what help, the OpenAPI document, tools and the client say
    permission: Needed
    surfaces: frozenset[Surface] = EVERYWHERE
    tool: bool = False  # an MCP tool of its own; each costs every client a part of its context
    operation_id: str = ""  # in the OpenAPI document, where it is not VERB_NOUN
    # Below that of the target, with fields of what callers say in braces: `steps/{step:path}`. Of
    # an operation by default its verb, or nothing where the method is not POST.
    path: str = ""
    terminal: Terminal = Terminal()

    def __post_init__(self) -> None:
        """Refuse a name, permission or surface that does not fit."""
        if not re.fullmatch(r"[a-z_]+\.[a-z_]+", self.name):
            raise ValueError(f"{self.name!r} is not NOUN.VERB")
        if self.permission not in (*PERMISSIONS, "sign_in"):
            raise ValueError(f"{self.name}: there is no permission {self.permission!r}")
        if "mcp" in self.surfaces and self.permission not in OF_MODELS:
            raise ValueError(f"{self.name}: what needs {self.permission!r} is no tool of a model")
        if self.tool and not {"mcp", "http"} <= self.surfaces:
            raise ValueError(f"{self.name}: a tool asks over HTTP; name both surfaces")

    @property
    def noun(self) -> str:
        """What it is about."""
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        """What is done."""
        return self.name.partition(".")[2]

    @property
    def named(self) -> Target | None:
        """The kind of thing whose id a caller gives; None where none is given."""
        return None

    @property
    def given(self) -> type[msgspec.Struct]:
        """The struct of what callers say besides the id of `named`."""
        return NoFilters

    @property
    def in_path(self) -> tuple[str, ...]:
        """The fields of `given` that stand in the path of the route, in their order."""
        return tuple(re.findall(r"{(\w+)", self.path))

    @property
    def pattern(self) -> str:
        """The path of its route below the root of the API, with the kind of what is no segment."""
        raise NotImplementedError

    @property
    def route(self) -> str:
        """The path of its route below the root of the API: `/decisions/{decision}/accept`."""
        return re.sub(r":\w+}", "}", self.pattern)

    @property
    def resource(self) -> str:
        """The client's attribute that has its method."""
        about = self.of
        if about is None:
            return self.noun
        return about.collection or (self.noun if about.is_single else about.plural)

    @property
    def of(self) -> Target | None:
        """The kind of thing that it is about."""
        return None

    @property
    def command_verb(self) -> str:
        """The verb of the command line."""
        return self.terminal.verb or self.verb.replace("_", "-")

    @property
    def command_noun(self) -> str:
        """The path of the command line to the verb: `decision`, `document share`."""
        return self.terminal.noun or (self.of.command if self.of else "") or self.noun

    @property
    def routine(self) -> str:
        """The name of the route's function, and of the tool."""
        raise NotImplementedError

    @property
    def sentence(self) -> str:
        """The first sentence of the text."""
        return self.text.partition("\n")[0].partition(". ")[0].rstrip(".") + "."


class Query(Declared, frozen=True, kw_only=True):
    """A thing that may be asked."""

    permission: Needed = "read"
    source: Callable[["Reader"], Any] = attrgetter("present")  # what `find` is given


class ItemQuery(Query, Generic[R], frozen=True, kw_only=True):
    """Returns one thing. Its answer gives the ETag that `If-Match` of a change is compared with."""

    target: Target
    find: Callable[[Any, Any], Awaitable[R]]  # source, and the id or a question
    returns: type[R]
    question: type[msgspec.Struct] | None = None  # has the id, and what else callers may say

    def found(self, reader: "Reader", id_: str, given: Mapping[str, Any] = {}) -> Awaitable[R]:
        """Return the thing as the caller of `reader` sees it.

        Raises:
            Rejected: as `checked`.
        """
        return self.find(self.source(reader), self.asked(id_, given))

    def asked(self, id_: str, given: Mapping[str, Any]) -> Any:
        """Return what `find` is given.

        Raises:
            Rejected: as `checked`.
        """
        if self.question is None:
            return id_
        return checked(self.name, _with_id(self.named, id_, given), self.question)

    @cached_property
    def given(self) -> type[msgspec.Struct]:
        """See `Declared.given`."""
        return _without_id(self.question or NoFilters, self.named)

    @property
    def named(self) -> Target | None:
        """See `Declared.named`."""
        return None if self.target.is_single else self.target

    @property
    def of(self) -> Target:
        """See `Declared.of`."""
        return self.target

    @property
    def pattern(self) -> str:
        """See `Declared.pattern`."""
        return f"{self.target.item_path}/{self.path}".rstrip("/")

    @property
    def routine(self) -> str:
        """The name of the route's function, and of the tool."""
        return self.operation_id or f"{self.verb}_{self.target.noun}"


ROWS_MAX = 10_000
"""Rows of a long list that are read at most where a caller says no limit."""


class NoFilters(msgspec.Struct, frozen=True):
    """The filters of a list that is always asked for as a whole."""


ALL = NoFilters()


class ListQuery(Query, Generic[F, R], frozen=True, kw_only=True):
    """Returns the rows that fit a struct of filters, in pages."""

    target: Target  # what the rows are
    is_of_one: bool = False  # they are rows of one target, whose id is a field of the filters
    filters: type[F]
    # Source and filters; in the order of `key`. Not needed beside `find_after`.
    find: Callable[[Any, F], Awaitable[Sequence[R]]] | None = None
    row: type[R]
    key: Callable[[R], tuple[Any, ...]]  # the place of a row; cursors are made of it
    kinds: tuple[type, ...]  # of the parts of `key`
    # So many rows after a place, for a list that is too long to be read as a whole for each page.
    find_after: Callable[[Any, F, tuple[Any, ...] | None, int], Awaitable[Sequence[R]]] | None = (
        None
    )
    columns: tuple[Column, ...] = ()  # on the command line

    def found(self, reader: "Reader", filters: F, limit: int = ROWS_MAX) -> Awaitable[Sequence[R]]:
        """Return the rows as the caller of `reader` sees them; at most `limit` of a long list."""
        if self.find is None:
            assert self.find_after is not None, self.name
            return self.find_after(self.source(reader), filters, None, limit)
        return self.find(self.source(reader), filters)

    def asked(self, id_: str, given: Mapping[str, Any]) -> F:
        """Return the filters that a caller means.

        Raises:
            Rejected: as `checked`.
        """
        return checked(self.name, _with_id(self.named, id_, given), self.filters)

    @cached_property
    def given(self) -> type[msgspec.Struct]:
        """See `Declared.given`."""
        return _without_id(self.filters, self.named)

    @property
    def named(self) -> Target | None:
        """See `Declared.named`."""
        return self.target if self.is_of_one else None

    @property
    def of(self) -> Target:
        """See `Declared.of`."""
        return self.target

    @property
    def pattern(self) -> str:
        """See `Declared.pattern`."""
        above = self.target.item_path if self.is_of_one else self.target.path
        return f"{above}/{self.path}".rstrip("/")

    @property
    def routine(self) -> str:
        """The name of the route's function, and of the tool."""
        return self.operation_id or f"{self.verb}_{self.target.plural}"


class Operation(Declared, Generic[C, R], frozen=True, kw_only=True):
    """A thing that may be done."""

    command: type[C]
    returns: type[R]
    handle: Callable[["Office", C, str], Awaitable[Any]]  # services, command, actor
    by_agents: bool = False  # also agents at work may ask for it
    risk: Risk = "write"
    fixed: Mapping[str, Any] = {}  # fields of the command that no caller says
    callers: tuple[str, ...] = ()  # the only fields that callers say; empty: all others
    narrow: Mapping[str, Any] = {}  # types of fields of which callers may say less
    leading: tuple[str, ...] = ()  # fields that the client takes by place too, after the needed
    at_least_one: AtLeastOne | None = None
    target: Target | None = None  # of what exists; its id is a field of the command
    creates: Target | None = None  # answered with 201 and its address
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = "POST"  # of the route
    in_address: bool = False  # fields stand in the query of the address, and no body is sent
    # For what only the console has, after the engine: console, command, answer, caller and key.
    finish: Callable[[Any, C, Any, str], Awaitable[R]] | None = None
    body: Body | None = None
    unless_changed: ItemQuery[Any] | None = None
    shows: ItemQuery[Any] | None = None  # callers are answered with the thing as it is then
    shown_once: tuple[str, ...] = ()  # fields of the answer that are secrets: nothing keeps them
    former: str = ""  # what requests in the log call it that were made before it had this name

    def __post_init__(self) -> None:
        """Refuse fields that the command does not have."""
        super().__post_init__()
        named = {*self.fixed, *self.callers, *self.narrow}
        named |= {self.target.field} if self.target else set()
        if unknown := named - set(self.command.__struct_fields__):
            raise ValueError(f"{self.name}: {self.command.__name__} has no {sorted(unknown)}")

    @property
    def named(self) -> Target | None:
        """See `Declared.named`."""
        return self.target

    @property
    def of(self) -> Target | None:
        """See `Declared.of`."""
        return self.target or self.creates

    @property
    def routine(self) -> str:
        """The name of the route's function, and of the tool."""
        return self.operation_id or f"{self.verb}_{self.of.noun if self.of else self.noun}"

    @property
    def pattern(self) -> str:
        """See `Declared.pattern`."""
        if self.target is not None:
            path = self.path or (self.verb if self.method == "POST" else "")
            return f"{self.target.item_path}/{path}".rstrip("/")
        if self.creates is not None:
            return self.creates.path
        return f"/{self.path or self.verb}"

    @cached_property
    def given(self) -> type[msgspec.Struct]:
        """The struct of what callers say besides the target, with the bounds of the command."""
        left_out = {*self.fixed, self.target.field if self.target else ""}
        fields = [
            each
            for each in msgspec.structs.fields(self.command)
            if each.name not in left_out and (not self.callers or each.name in self.callers)
        ]
        body = self.body or Body(self.routine.title().replace("_", ""), self.text)
        if self.in_path:
            body = msgspec.structs.replace(body, name=f"{body.name}Given")
        return _struct(
            body, tuple((each, self.narrow.get(each.name, each.type)) for each in fields)
        )

    @cached_property
    def sent(self) -> type[msgspec.Struct]:
        """The struct of the body: what callers say, but for what stands in the path."""
        if not self.in_path:
            return self.given
        fields = msgspec.structs.fields(self.given)
        body = self.body or Body(self.routine.title().replace("_", ""), self.text)
        return _struct(
            body, tuple((each, each.type) for each in fields if each.name not in self.in_path)
        )

    @property
    def needs_body(self) -> bool:
        """Whether nothing at all can be asked for without saying something."""
        required = any(each.required for each in msgspec.structs.fields(self.sent))
        return required or self.at_least_one is not None

    def build(self, target: str, given: Mapping[str, Any]) -> C:
        """Return the command that a caller means; all surfaces have the same bounds.

        `target` is the id of what is changed, "" where nothing is. `given` are plain values or
        structs, by field.

        Raises:
            Rejected: `<noun>.bad_input`, or `control.malformed` for values of another type.
        """
        found = checked(self.name, given, self.given)
        values = {name: getattr(found, name) for name in found.__struct_fields__}
        needed = self.at_least_one
        if needed is not None and not any(values[name] for name in needed.fields):
            hint = f"Give {' or '.join(needed.fields)}."
            raise Rejected(f"{self.noun}.bad_input", needed.reason, hint=hint)
        if self.target is not None:
            values[self.target.field] = target
        return self.command(**values, **self.fixed)

    @property
    def answer_type(self) -> type[Any]:
        """What callers are answered."""
        return self.shows.returns if self.shows is not None else self.returns

    def answered(self, answer: Any) -> R:
        """Return the answer that came as plain values; secrets of a repeated one are None."""
        if self.returns is type(None):
            return None
        whole = {**dict.fromkeys(self.shown_once), **answer} if self.shown_once else answer
        return msgspec.convert(whole, self.returns)

    def arguments(self, target: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a request as another process is sent it; see `understood`."""
        plain: dict[str, Any] = msgspec.to_builtins(given)
        return {self.target.field: target, **plain} if self.target else plain

    def understood(self, arguments: Mapping[str, Any]) -> C:
        """Return the command of a request that another process sent.

        Raises:
            Rejected: as `build`.
        """
        given = dict(arguments)
        target = given.pop(self.target.field, "") if self.target else ""
        if not isinstance(target, str):
            raise _malformed(self.name, f"Expected `str` - at `$.{self.of and self.of.field}`")
        return self.build(target, given)


def _with_id(target: Target | None, id_: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {**given, target.field: id_} if target is not None else dict(given)


def _without_id(kind: type[msgspec.Struct], target: Target | None) -> type[msgspec.Struct]:
    """Return a struct without the field of an id."""
    fields = msgspec.structs.fields(kind)
    left = [each for each in fields if target is None or each.name != target.field]
    if len(left) == len(fields):
        return kind
    body = Body(f"{kind.__name__}Given", kind.__doc__ or "")
    return _struct(body, tuple((each, each.type) for each in left))


def checked(name: str, given: Mapping[str, Any], kind: type[F]) -> F:
    """Return what a caller says in the shape `kind`.

    Raises:
        Rejected: `<noun>.bad_input` where a bound is broken, `control.malformed` where the type
            does not fit.
    """
    plain = msgspec.to_builtins(given)
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        words = _bound_in_words(str(error), plain)
        if words:
            raise Rejected(f"{name.partition('.')[0]}.bad_input", words) from None
        raise _malformed(name, str(error)) from None


def _malformed(name: str, why: str) -> Rejected:
    return Rejected("control.malformed", f"{name} is malformed: {why}.")


_BROKEN = re.compile(r"Expected `(\w+)` (?:of length )?([<>]=?) (-?[\d.]+) - at `\$\.([^`]+)`")


def _bound_in_words(message: str, given: Any) -> str:
    """Return which bound is broken, with the value in it; "" where no bound is."""
    found = _BROKEN.fullmatch(message)
    if found is None:
        return ""
    kind, sign, bound, path = found.groups()
    value, field = _at(given, path), re.split(r"[.\[]", path)[0]
    if kind == "str" and sign == "<=":
        return f"The {field} has {len(value):,} characters; at most {int(bound):,} fit."
    if kind == "str":
        return (
            f"The {field} hold {value!r}, which names nothing."
            if "[" in path
            else (f"The {field} is empty.")
        )
    if kind == "array" and sign == "<=":
        return f"The {field} are {len(value):,}; at most {int(bound):,} fit."
    return f"The {field} is {value!r}; it must be {sign} {bound}."


def _at(value: Any, path: str) -> Any:
    """Return what stands at a path such as `tasks[0].name`."""
    for part in re.findall(r"[^.\[\]]+", path):
        value = value[int(part)] if isinstance(value, list | tuple) else value[part]
    return value


_STRUCTS: dict[str, tuple[Any, type[msgspec.Struct]]] = {}
"""By name, with what each is made of: operations that are asked for alike share a struct."""


def _struct(
    body: Body, fields: tuple[tuple[msgspec.structs.FieldInfo, Any], ...]
) -> type[msgspec.Struct]:
    """Return the struct of a body.

    Raises:
        ValueError: where two operations say different things under one name.
    """
    parts: list[Any] = []
    for each, kind in fields:
        if each.required:
            parts.append((each.name, kind))
        elif each.default_factory is not msgspec.NODEFAULT:
            parts.append((each.name, kind, msgspec.field(default_factory=each.default_factory)))
        else:
            parts.append((each.name, kind, each.default))
    same = (body.text, repr(parts))
    known = _STRUCTS.get(body.name)
    if known is None:
        known = _STRUCTS[body.name] = (
            same,
            msgspec.defstruct(
                body.name,
                parts,
                frozen=True,
                forbid_unknown_fields=True,
                module=__name__,
                namespace={"__doc__": body.text},
            ),
        )
    if known[0] != same:
        raise ValueError(f"two operations mean different things by the body {body.name}")
    return known[1]
