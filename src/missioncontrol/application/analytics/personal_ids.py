"""Whom the log would name: nothing can be taken out of it again, whoever is forgotten later."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.product.states import Product
from missioncontrol.domain.saved import Cohort, Dashboard

LETTER = r"[^\s@*?,;:<>()\"']"
ADDRESS = re.compile(rf"{LETTER}+@{LETTER}+\.{LETTER}{{2,}}")
"""An address of one person's mail; `*@example.com` is none."""

WORD_MIN = 4
"""Letters of an id that is looked for among other words."""

HINT = "The log keeps it for ever. A property, such as role=test, or `*@example.com` names nobody."


def refuse_addresses(field: str, *values: Any) -> None:
    """Refuse to write down an address of somebody's mail, anywhere in JSON values.

    Raises:
        Rejected: `analytics.names_person`.
    """
    if any(ADDRESS.search(text) for text in texts(values)):
        raise Rejected(
            "analytics.names_person", f"The {field} holds somebody's address.", hint=HINT
        )


def refuse_named(person: str, reason: str) -> None:
    """Refuse a reason that says who is to be forgotten.

    Raises:
        Rejected: `analytics.names_person`.
    """
    if re.search(rf"(?<!\w){re.escape(person)}(?!\w)", reason, re.IGNORECASE):
        raise Rejected(
            "analytics.names_person",
            "The reason says who is to be forgotten, and the log would keep that for ever.",
            hint="Say why, and not who.",
        )


def named_in(
    product: Product,
    cohorts: Iterable[Cohort],
    dashboards: Iterable[Dashboard],
    ids: Collection[str],
) -> tuple[str, ...]:
    """Return what of a product has one of these ids in it, as people call it."""
    names_one = finder(ids)
    places: list[tuple[str, Any]] = [
        ("the product's name", product.name),
        ("exclusions", product.exclusions),
        ("key measures", product.measures),
        *((f"source {each.id}", (each.id, each.name)) for each in product.sources.values()),
        *((f"cohort {each.id}", each) for each in cohorts),
        *((f"dashboard {each.id}", each) for each in dashboards),
    ]
    return tuple(
        name for name, value in places if any(map(names_one, texts(msgspec.to_builtins(value))))
    )


def finder(ids: Collection[str]) -> Callable[[str], bool]:
    """Return what says whether one of these ids is in a text.

    An id is found in whatever form it has: as a value, and among other words. One of a few letters
    is found as a value alone, as any word may look like it.
    """
    wanted = {each.casefold() for each in ids}
    longer = [re.escape(each) for each in wanted if len(each) >= WORD_MIN]
    among = re.compile(rf"(?<!\w)(?:{'|'.join(longer)})(?!\w)") if longer else None

    def names_one(text: str) -> bool:
        said = text.casefold()
        return said in wanted or (among is not None and among.search(said) is not None)

    return names_one


def texts(value: Any) -> Iterator[str]:
    """Yield all texts in JSON values, keys as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts(key)
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)
