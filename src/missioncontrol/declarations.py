"""Operations and queries: what may be done and what may be asked, each declared in one place.

An operation names a domain command, who may give it and what comes of it. A query names its rows,
its filters and their order. `app.execute` runs operations; `surfaces` renders both as routes,
client methods, commands, MCP tools and reference pages.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Literal, Optional, TypeAlias, TypeVar
from urllib.parse import quote

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.principal import PERMISSIONS, Needed, Permission

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

PLACE = re.compile(r"{(\w+)(?::\w+)?}")
"""A place in the path of a route: of the id of a thing, or of a field that callers say."""

ROWS_MAX = 10_000
"""Rows of a long list that are read at most where a caller says no limit."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The kind of thing that an operation changes or a query returns, and how it is named."""

    noun: str
    path: str  # of all of them, below `within` or the root of the API: /decisions
    help: str  # what its id looks like
    field: str = "id"  # of commands that name one
    metavar: str = "ID"  # of the command line
    command: str = ""  # the path on the command line, where it is not the noun: document share
    is_single: bool = False  # there is one, and it has no id
    within: Optional["Target"] = None  # what each is a part of: a source is one of a product
    parameter: str = ""  # what its place in a path is called, where that is not the noun
    resource: str = ""  # the client's attribute, where that is not the end of the path
    # The id that a caller means, where that may be shortened.
    resolve: Callable[["Reader", str], Awaitable[str]] | None = None
    to_path: Callable[[str], str] = str  # an id as one segment of a path
    from_path: Callable[[str], str] = str

    @property
    def plural(self) -> str:
        """What several of them are called."""
        return self.path.rpartition("/")[2].replace("-", "_")

    @property
    def list_path(self) -> str:
        """The path of all of them, with a name in braces for each thing that they are part of."""
        return f"{self.within.item_path if self.within else ''}{self.path}"

    @property
    def item_path(self) -> str:
        """The path of one of them, with a name in braces where an id stands."""
        return self.list_path if self.is_single else f"{self.list_path}/{{{self.placeholder}}}"

    @property
    def named(self) -> Optional["Target"]:
        """The innermost thing that is named where one of these is meant."""
        return self.within if self.is_single else self

    @property
    def chain(self) -> tuple["Target", ...]:
        """All things that are named where one of these is meant, the outermost first.

        Their ids, joined by `/`, are the id of one of these: `shop/web` is a source of a product.
        """
        outer = self.within.chain if self.within else ()
        return outer if self.is_single else (*outer, self)

    def join(self, ids: Sequence[str]) -> str:
        """Return the id of one of these, by the ids of its chain.

        Raises:
            Rejected: `<noun>.bad_input`, where that would name another thing.
        """
        for outer, id_ in zip(self.chain[:-1], ids, strict=False):
            if "/" in id_:
                raise Rejected(f"{self.noun}.bad_input", f"There is no {outer.noun} {id_[:80]!r}.")
        return "/".join(ids)

    def split(self, id_: str) -> dict[str, str]:
        """Return the ids of the chain by the fields of commands that name them.

        Raises:
            Rejected: `<noun>.bad_input`, where one is missing.
        """
        ids = id_.split("/", len(self.chain) - 1)
        if len(ids) != len(self.chain):
            form = "/".join(each.metavar for each in self.chain)
            raise Rejected(f"{self.noun}.bad_input", f"{id_[:80]!r} is not {form}.")
        return {each.field: part for each, part in zip(self.chain, ids, strict=True)}

    def address(self, route: str, id_: str) -> str:
        """Return a route with the ids of the chain in place of the names in braces.

        Raises:
            Rejected: as `split`.
        """
        for each, part in zip(self.chain, self.split(id_).values(), strict=True):
            route = route.replace(f"{{{each.placeholder}}}", quote(each.to_path(part), safe=":"))
        return route

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
    # By field, also those of ids: of what kind the thing is that people name.
    resolve: Mapping[str, str] = {}
    switches: Mapping[str, Switch] = {}  # by option
    build: Callable[[dict[str, Any]], dict[str, Any]] | None = None  # the last resort
    fixed: Mapping[str, Any] = {}  # values of fields that it does not ask for
    defaults: Mapping[str, str] = {}  # by field: the text that holds where none is typed
    done: str | Callable[[Any], str] = "{id} is {status}."  # printed for an operation's answer
    empty: str = ""  # printed for a list without any rows
    rows: int = 0  # so many of a list by default; `--limit` says another number
    # An answer, or a row, in so many columns.
    lines: Callable[[Any, int], Sequence[str]] | None = None
    # What of an answer, or a row, is printed as JSON; of an operation without answer: of the id.
    json: Callable[[Any], Any] | None = None


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
    def resource(self) -> str:
        """The client's attribute that has its method."""
        about = self.of
        while about is not None and about.noun != self.noun and about.within is not None:
            about = about.within  # A source is asked for as a part of its product.
        if about is None:
            return self.noun
        return about.resource or (self.noun if about.is_single else about.plural)

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
    def pattern(self) -> str:
        """The path of its route below the root of the API, with the kind of what is no segment."""
        raise NotImplementedError

    @property
    def route(self) -> str:
        """The path of its route below the root of the API: `/decisions/{decision}/accept`."""
        return PLACE.sub(r"{\1}", self.pattern)

    @property
    def given(self) -> type[msgspec.Struct]:
        """The struct of what callers say besides the id of `named`."""
        raise NotImplementedError

    @property
    def chain(self) -> tuple[Target, ...]:
        """The things whose ids a caller gives, the outermost first."""
        return self.named.chain if self.named is not None else ()

    @cached_property
    def in_path(self) -> tuple[str, ...]:
        """The fields of `given` that stand in the path of its route, in their order."""
        ids = {each.placeholder for each in self.chain}
        return tuple(name for name in PLACE.findall(self.pattern) if name not in ids)

    def address(self, id_: str, given: Mapping[str, Any]) -> str:
        """Return the route with ids and fields in place of the names in braces.

        Raises:
            Rejected: as `Target.split`.
        """
        path = self.named.address(self.route, id_) if self.named is not None else self.route
        for name in self.in_path:
            path = path.replace(f"{{{name}}}", quote(str(given[name]), safe=""))
        return path

    @property
    def sentence(self) -> str:
        """The first sentence of the text."""
        return self.text.partition("\n")[0].partition(". ")[0].rstrip(".") + "."


class Query(Declared, frozen=True, kw_only=True):
    """A thing that may be asked."""

    permission: Needed = "read"
    source: Callable[["Reader"], Any] = attrgetter("present")  # what `find` is given


class NoFilters(msgspec.Struct, frozen=True):
    """The filters of what is always asked for as a whole."""


ALL = NoFilters()


class ItemQuery(Query, Generic[R], frozen=True, kw_only=True):
    """Returns one thing. Its answer gives the ETag that `If-Match` of a change is compared with."""

    target: Target
    find: Callable[..., Awaitable[R]]  # source, id; and options, where there are any
    returns: type[R]
    # What of it the ETag is made of, where parts of it change with the time alone.
    state: Callable[[R], Any] = lambda found: found
    options: type[msgspec.Struct] = NoFilters  # what callers may say about the answer

    def found(self, reader: "Reader", id_: str, given: Mapping[str, Any] = {}) -> Awaitable[R]:
        """Return the thing as the caller of `reader` sees it; `given` are options by field.

        Raises:
            Rejected: as `checked`.
        """
        options = checked(self.name, given, self.options)
        more = () if self.options is NoFilters else (options,)
        return self.find(self.source(reader), id_, *more)

    @property
    def given(self) -> type[msgspec.Struct]:
        """See `Declared.given`."""
        return self.options

    @property
    def named(self) -> Target | None:
        """See `Declared.named`."""
        return self.target.named

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


class Portion(msgspec.Struct, Generic[R], frozen=True):
    """Rows of a list, and where the search for them stopped."""

    rows: Sequence[R]
    stopped: tuple[Any, ...] | None = None  # the place to go on from; None at the end of the list


class ListQuery(Query, Generic[F, R], frozen=True, kw_only=True):
    """Returns the rows that fit a struct of filters, in pages.

    Where the rows are parts of another thing, fields of the filters are the ids of that thing.
    """

    target: Target  # what the rows are
    filters: type[F]
    # Source and filters; in the order of `key`. Not needed beside `find_after`.
    find: Callable[[Any, F], Awaitable[Sequence[R]]] | None = None
    row: type[R]
    key: Callable[[R], tuple[Any, ...]]  # the place of a row; cursors are made of it
    kinds: tuple[type, ...]  # of the parts of `key`
    # So many rows after a place, for a list that is too long to be read as a whole for each page;
    # a portion where the search for them has a bound.
    find_after: (
        Callable[
            [Any, F, tuple[Any, ...] | None, int], Awaitable[Sequence[R]] | Awaitable[Portion[R]]
        ]
        | None
    ) = None
    columns: tuple[Column, ...] = ()  # on the command line

    def found(self, reader: "Reader", filters: F, limit: int = ROWS_MAX) -> Awaitable[Sequence[R]]:
        """Return the rows as the caller of `reader` sees them; at most `limit` of a long list."""
        source = self.source(reader)
        return self.find(source, filters) if self.find else self._first(source, filters, limit)

    async def _first(self, source: Any, filters: F, limit: int) -> Sequence[R]:
        return (await self._portion(source, filters, None, limit)).rows

    def asked(self, id_: str, given: Mapping[str, Any]) -> F:
        """Return the filters that a caller means; `id_` is that of `named`.

        Raises:
            Rejected: as `checked` and `Target.split`.
        """
        ids = self.named.split(id_) if self.named is not None else {}
        return checked(self.name, {**given, **ids}, self.filters)

    def portion(
        self, reader: "Reader", filters: F, place: tuple[Any, ...] | None, limit: int
    ) -> Awaitable[Portion[R]]:
        """Return up to `limit` rows after a place, of a list that has `find_after`."""
        return self._portion(self.source(reader), filters, place, limit)

    async def _portion(
        self, source: Any, filters: F, place: tuple[Any, ...] | None, limit: int
    ) -> Portion[R]:
        assert self.find_after is not None, self.name
        found = await self.find_after(source, filters, place, limit + 1)
        if isinstance(found, Portion) and len(found.rows) <= limit:
            return found
        rows = found.rows if isinstance(found, Portion) else found
        return Portion(rows[:limit], self.key(rows[limit - 1]) if len(rows) > limit else None)

    @cached_property
    def given(self) -> type[msgspec.Struct]:
        """See `Declared.given`."""
        return _without_ids(self.filters, self.chain)

    @property
    def named(self) -> Target | None:
        """See `Declared.named`: what the rows are parts of."""
        return self.target.within

    @property
    def of(self) -> Target:
        """See `Declared.of`."""
        return self.target

    @property
    def pattern(self) -> str:
        """See `Declared.pattern`."""
        return f"{self.target.list_path}/{self.path}".rstrip("/")

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
    also: tuple[str, ...] = ()  # further paths of it below that of the target
    in_address: bool = False  # fields stand in the query of the address, and no body is sent
    in_query: tuple[str, ...] = ()  # fields that stand there, beside a body
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
        named = {*self.fixed, *self.callers, *self.narrow, *self.in_query}
        named |= {each.field for each in self.chain}
        if unknown := named - set(self.command.__struct_fields__):
            raise ValueError(f"{self.name}: {self.command.__name__} has no {sorted(unknown)}")

    @property
    def named(self) -> Target | None:
        """See `Declared.named`. Of what is created only that is named which it is part of."""
        if self.target is not None:
            return self.target.named
        return self.creates.within if self.creates is not None else None

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
            return f"{self.creates.list_path}/{self.path}".rstrip("/")
        return f"/{self.path or self.verb}"

    @property
    def further(self) -> list[str]:
        """The further paths of its route below the root of the API."""
        return [f"{self.target.item_path}/{path}" for path in self.also] if self.target else []

    def made(self, target: str, answer: Any) -> str:
        """Return the id of what is created, by the answer and the id of what it is part of."""
        assert self.creates is not None
        id_: str = getattr(answer, self.creates.field)
        return f"{target}/{id_}" if self.creates.within else id_

    @cached_property
    def given(self) -> type[msgspec.Struct]:
        """See `Declared.given`; it has the bounds of the command."""
        return self._struct_without(()) if self.is_sent_whole else self._struct_without((), "Given")

    @cached_property
    def sent(self) -> type[msgspec.Struct]:
        """The struct of a body: those fields of `given` that don't stand in the address."""
        if self.in_address or self.is_sent_whole:
            return self.given
        return self._struct_without((*self.in_path, *self.in_query))

    @property
    def is_sent_whole(self) -> bool:
        """Whether no field stands in the address beside a body."""
        return not self.in_path and not self.in_query

    def takes_in_query(self, name: str) -> bool:
        """Whether a field stands in the query of the address."""
        return self.in_address or name in self.in_query

    def _struct_without(self, others: Sequence[str], ending: str = "") -> type[msgspec.Struct]:
        left_out = {*self.fixed, *others, *(each.field for each in self.chain)}
        fields = [
            each
            for each in msgspec.structs.fields(self.command)
            if each.name not in left_out and (not self.callers or each.name in self.callers)
        ]
        body = self.body or Body(self.routine.title().replace("_", ""), self.text)
        return _struct(
            Body(f"{body.name}{ending}", body.text),
            tuple((each, self.narrow.get(each.name, each.type)) for each in fields),
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
        kinds = {each.name: each.type for each in msgspec.structs.fields(self.command)}
        for name in self.narrow:  # An amount that callers write as text is a number here.
            values[name] = msgspec.convert(msgspec.to_builtins(values[name]), kinds[name])
        needed = self.at_least_one
        if needed is not None and not any(values[name] for name in needed.fields):
            hint = f"Give {' or '.join(needed.fields)}."
            raise Rejected(f"{self.noun}.bad_input", needed.reason, hint=hint)
        if self.named is not None:
            values |= self.named.split(target)
        return self.command(**values, **self.fixed)

    @property
    def answer_type(self) -> type[Any]:
        """What callers are answered."""
        return self.shows.returns if self.shows is not None else self.returns

    def answered(self, answer: Any) -> R:
        """Return the answer that came as plain values; secrets of a repeated one are None.

        Raises:
            Rejected: `request.answer_not_kept`, where an earlier release gave it in another shape.
        """
        if self.returns is type(None):
            return None
        whole = {**dict.fromkeys(self.shown_once), **answer} if self.shown_once else answer
        try:
            return msgspec.convert(whole, self.returns)
        except msgspec.ValidationError:
            raise Rejected(
                "request.answer_not_kept",
                "This request was made before and done, by an earlier release whose answer has "
                "another shape.",
                hint="Look at what it was about.",
            ) from None

    def arguments(self, target: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a request as another process is sent it; see `understood`."""
        plain: dict[str, Any] = msgspec.to_builtins(given)
        return {**self.named.split(target), **plain} if self.named else plain

    def understood(self, arguments: Mapping[str, Any]) -> C:
        """Return the command of a request that another process sent.

        Raises:
            Rejected: as `build`.
        """
        given = dict(arguments)
        ids = [given.pop(each.field, "") for each in self.chain]
        for each, id_ in zip(self.chain, ids, strict=True):
            if not isinstance(id_, str):
                raise _malformed(self.name, f"Expected `str` - at `$.{each.field}`")
        return self.build(self.named.join(ids) if self.named else "", given)


def _without_ids(kind: type[msgspec.Struct], chain: Sequence[Target]) -> type[msgspec.Struct]:
    """Return a struct without the fields of ids."""
    ids = {each.field for each in chain}
    fields = msgspec.structs.fields(kind)
    left = [each for each in fields if each.name not in ids]
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
    value, field = _at(given, path), path.rpartition(".")[2].partition("[")[0]
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
                kw_only=True,  # A command may have what is required after what is not.
                forbid_unknown_fields=True,
                module=__name__,
                namespace={"__doc__": body.text},
            ),
        )
    if known[0] != same:
        raise ValueError(f"two operations mean different things by the body {body.name}")
    return known[1]
