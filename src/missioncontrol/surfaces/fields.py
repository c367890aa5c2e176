"""The fields of commands, filters and bodies, as surfaces need them."""

import types
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec


class Field(msgspec.Struct, frozen=True):
    """A field, with what its annotations say."""

    name: str
    kind: Any  # its type without bounds and without None: `str`, `tuple[...]`, a struct
    annotation: Any  # as it is written
    is_required: bool
    is_optional: bool  # None is one of its values
    default: Any  # where it is not required
    description: str  # "" where there is none
    bounds: msgspec.Meta

    @property
    def is_list(self) -> bool:
        """Whether it holds several values."""
        return get_origin(self.kind) in (tuple, list)

    @property
    def item(self) -> Any:
        """The type of one of its values, without bounds."""
        return plain(get_args(self.kind)[0]) if self.is_list else self.kind

    @property
    def choices(self) -> tuple[Any, ...]:
        """The only values that one of its values may have; empty where there are others."""
        return get_args(self.item) if get_origin(self.item) is Literal else ()

    @property
    def help(self) -> str:
        """The description as it stands in lists: no capital, and no full stop."""
        return in_list(self.description)


def fields_of(kind: type[msgspec.Struct]) -> list[Field]:
    """Return the fields of a struct, in its order."""
    return [_field(each) for each in msgspec.structs.fields(kind)]


def _field(info: msgspec.structs.FieldInfo) -> Field:
    default = None
    if not info.required:
        has_factory = info.default_factory is not msgspec.NODEFAULT
        default = info.default_factory() if has_factory else info.default
    kind, metas = _unwrapped(info.type)
    inner = get_args(kind)[0] if _is_union(kind) else kind  # An optional number has bounds there.
    metas = [*metas, *_unwrapped(inner)[1]]
    return Field(
        info.name,
        plain(info.type),
        info.type,
        info.required,
        _is_union(kind) and type(None) in get_args(kind),
        default,
        next((meta.description for meta in metas if meta.description), "") or "",
        metas[-1] if metas else msgspec.Meta(),
    )


def plain(annotation: Any) -> Any:
    """Return a type without bounds around it and without None as another choice."""
    kind, _ = _unwrapped(annotation)
    if _is_union(kind):
        left = [each for each in get_args(kind) if each is not type(None)]
        return plain(left[0]) if len(left) == 1 else kind
    return kind


def _unwrapped(annotation: Any) -> tuple[Any, Sequence[msgspec.Meta]]:
    if get_origin(annotation) is not Annotated:
        return annotation, ()
    kind, *notes = get_args(annotation)
    return kind, [each for each in notes if isinstance(each, msgspec.Meta)]


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def in_list(sentence: str) -> str:
    """Return a sentence as lists of commands and options have it."""
    return f"{sentence[:1].lower()}{sentence[1:]}".rstrip(".")
