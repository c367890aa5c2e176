"""Values as plain JSON for programs: every field is there, also one that holds its default."""

from functools import cache
from typing import Any

import msgspec

PLAIN = frozenset({str, int, float, bool, type(None)})


def in_full(value: Any) -> Any:
    """Return `value` as plain values, the fields of every structure in it complete.

    What is stored leaves out fields that hold their defaults, so that it stays small and can be
    read by its type again. A reader of an answer has no such type.
    """
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is dict:
        return {key: each if type(each) in PLAIN else in_full(each) for key, each in value.items()}
    if kind in (list, tuple):
        return [each if type(each) in PLAIN else in_full(each) for each in value]
    if isinstance(value, msgspec.Struct) and not value.__struct_config__.array_like:
        return _struct_in_full(value)
    return msgspec.to_builtins(value)


def _struct_in_full(value: msgspec.Struct) -> dict[str, Any]:
    tag, fields = _shape(type(value))
    plain = dict(tag)
    for shown, name in fields:
        each = getattr(value, name)
        if type(each) in PLAIN:
            plain[shown] = each
        elif each is not msgspec.UNSET:
            plain[shown] = in_full(each)
    return plain


@cache
def _shape(kind: type[msgspec.Struct]) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
    """Return what names the type, where anything does, and each field as it is shown and named.

    There are as many as there are types.
    """
    config = kind.__struct_config__
    tag = {config.tag_field: config.tag} if config.tag_field else {}
    return tag, tuple(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))
