"""Finds ids and addresses of people in values, because the log can't lose them again."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import msgspec

from missioncontrol.domain.cohorts import Cohort, Dashboard
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.product.states import Product

LETTER = r"[^\s@*?,;:<>()\"']"
ADDRESS = re.compile(rf"{LETTER}+@{LETTER}+\.{LETTER}{{2,}}")
"""An e-mail address of one person; the pattern `*@example.com` does not match."""

WORD_MIN = 4
"""Shorter ids match whole values only, because any word may contain them."""

HINT = "The log can't remove it later. Use a property such as role=test, or `*@example.com`."


def refuse_addresses(field: str, *values: Any) -> None:
    """Refuse an e-mail address of a person anywhere in JSON values.

    Raises:
        Rejected: `analytics.names_person`.
    """
    if any(ADDRESS.search(text) for text in strings_in(values)):
        raise Rejected(
            "analytics.names_person", f"The {field} holds the address of a person.", hint=HINT
        )


def refuse_named(person: str, reason: str) -> None:
    """Refuse a reason that names the person to be removed.

    Raises:
        Rejected: `analytics.names_person`.
    """
    if re.search(rf"(?<!\w){re.escape(person)}(?!\w)", reason, re.IGNORECASE):
        raise Rejected(
            "analytics.names_person",
            "The reason names the person to be removed, and the log can't remove it later.",
            hint="Give the reason without the person's id.",
        )


def objects_naming(
    product: Product,
    cohorts: Iterable[Cohort],
    dashboards: Iterable[Dashboard],
    ids: Collection[str],
) -> tuple[str, ...]:
    """Return the settings and saved objects of a product that hold one of these ids."""
    names_one = id_matcher(ids)
    places: list[tuple[str, Any]] = [
        ("the product's name", product.name),
        ("exclusions", product.exclusions),
        ("key measures", product.measures),
        *((f"source {each.id}", (each.id, each.name)) for each in product.sources.values()),
        *((f"cohort {each.id}", each) for each in cohorts),
        *((f"dashboard {each.id}", each) for each in dashboards),
    ]
    return tuple(
        name
        for name, value in places
        if any(map(names_one, strings_in(msgspec.to_builtins(value))))
    )


def id_matcher(ids: Collection[str]) -> Callable[[str], bool]:
    """Return a predicate that says whether a text holds one of these ids, whatever their case.

    An id of at least `WORD_MIN` letters also matches as a word within a text.
    """
    wanted = {each.casefold() for each in ids}
    longer = [re.escape(each) for each in wanted if len(each) >= WORD_MIN]
    among = re.compile(rf"(?<!\w)(?:{'|'.join(longer)})(?!\w)") if longer else None

    def names_one(text: str) -> bool:
        folded = text.casefold()
        return folded in wanted or (among is not None and among.search(folded) is not None)

    return names_one


def strings_in(value: Any) -> Iterator[str]:
    """Yield all strings in JSON values, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from strings_in(key)
            yield from strings_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from strings_in(each)
