"""Resources of a server: each method is written once, and serves both clients.

A method says what is to be asked; what decorates it asks. With `Client` it returns the answer, with
`AsyncClient` the same answer to be awaited, and type checkers know which.
"""

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from missioncontrol.client.async_line import AsyncLine
from missioncontrol.client.calls import Call, Pages, Script, StreamScript
from missioncontrol.client.line import Line
from missioncontrol.client.lists import AsyncListed, Listed
from missioncontrol.client.play import Play

P = ParamSpec("P")
T = TypeVar("T")
L = TypeVar("L", bound=Line | AsyncLine)


class Resource(Generic[L]):
    """One kind of things on a server."""

    def __init__(self, line: L) -> None:
        """It asks through `line`."""
        self.line = line


class _Method(Generic[P, T]):
    """A method of a resource; who looks at it sees what its author wrote."""

    def __init__(self, method: Callable[Concatenate[Any, P], T]) -> None:
        self._function = method
        update_wrapper(self, method)  # type: ignore[arg-type]
        seen = inspect.signature(method)
        self.__signature__ = seen.replace(
            parameters=list(seen.parameters.values())[1:], return_annotation=seen.empty
        )

    def _bound(self, held: Any, do: Callable[[T], Any]) -> Any:
        """Return the method of one resource: it passes its script to `do`."""

        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return do(self._function(held, *args, **kwargs))

        update_wrapper(method, self._function)
        method.__signature__ = self.__signature__  # type: ignore[attr-defined]
        return method


class requested(_Method[P, Call[T]], Generic[P, T]):
    """Asks once."""

    @overload
    def __get__(self, held: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, held: Resource[Line], owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, held: Resource[AsyncLine], owner: Any
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, held: Any, owner: Any) -> Any:
        return self if held is None else self._bound(held, held.line.ask)


class listed(_Method[P, Pages[T]], Generic[P, T]):
    """Asks for one page after another."""

    @overload
    def __get__(self, held: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, held: Resource[Line], owner: Any) -> Callable[P, Listed[T]]: ...
    @overload
    def __get__(self, held: Resource[AsyncLine], owner: Any) -> Callable[P, AsyncListed[T]]: ...
    def __get__(self, held: Any, owner: Any) -> Any:
        if held is None:
            return self
        kind: Any = Listed if isinstance(held.line, Line) else AsyncListed
        return self._bound(held, lambda first: kind(held.line, first))


class carried_out(_Method[P, Script[T]], Generic[P, T]):
    """Asks more than once, for one thing."""

    @overload
    def __get__(self, held: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, held: Resource[Line], owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, held: Resource[AsyncLine], owner: Any
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, held: Any, owner: Any) -> Any:
        return self if held is None else self._bound(held, held.line.carry_out)


class streamed(_Method[P, StreamScript[T]], Generic[P, T]):
    """Yields one thing after another, for as long as the caller reads."""

    @overload
    def __get__(self, held: None, owner: Any) -> Self: ...
    @overload
    def __get__(
        self, held: Resource[Line], owner: Any
    ) -> Callable[P, Generator[T, None, None]]: ...
    @overload
    def __get__(
        self, held: Resource[AsyncLine], owner: Any
    ) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, held: Any, owner: Any) -> Any:
        return self if held is None else self._bound(held, lambda it: held.line.stream(Play(it)))
