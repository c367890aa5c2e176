"""What a decision says, in the parts that decision records have, in one form."""

from collections.abc import Iterator
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import Rejected

T = TypeVar("T")

LINE_MAX = 1_000
TEXT_MAX = 50_000
ITEMS_MAX = 100
WHOLE_MAX = 200_000
"""Characters of all texts of one decision together."""


class DecisionOption(msgspec.Struct, frozen=True, omit_defaults=True):
    """One way that was looked at, and what spoke for and against it."""

    title: str
    description: str = ""
    good: tuple[str, ...] = ()
    neutral: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()  # its trade-offs


class DecisionText(msgspec.Struct, frozen=True, omit_defaults=True):
    """A decision in words: why it was needed, what was looked at, what was chosen, what follows.

    Lines have no breaks; all else is Markdown.
    """

    title: Annotated[str, Meta(description="What was decided, in a line.")]
    context: Annotated[str, Meta(description="Why there is something to decide.")] = ""
    drivers: Annotated[tuple[str, ...], Meta(description="What the decision turns on.")] = ()
    options: Annotated[
        tuple[DecisionOption, ...], Meta(description="A way that was looked at.")
    ] = ()
    choice: Annotated[str, Meta(description="The option that is chosen, in a line.")] = ""
    reason: Annotated[str, Meta(description="Why that one, in a line.")] = ""
    outcome: Annotated[str, Meta(description="What else was decided.")] = ""
    consequences: Annotated[
        str, Meta(description="Consequences that are neither good, neutral nor bad.")
    ] = ""
    good: Annotated[tuple[str, ...], Meta(description="A good consequence.")] = ()
    neutral: Annotated[tuple[str, ...], Meta(description="A neutral consequence.")] = ()
    bad: Annotated[tuple[str, ...], Meta(description="What the decision gives up.")] = ()
    confirmation: Annotated[str, Meta(description="How to verify that it is followed.")] = ""
    more: Annotated[str, Meta(description="What else should be known.")] = ""
    decision_makers: Annotated[tuple[str, ...], Meta(description="Who decides.")] = ()
    consulted: Annotated[tuple[str, ...], Meta(description="Who was consulted.")] = ()
    informed: Annotated[tuple[str, ...], Meta(description="Who was informed.")] = ()


LINES = ("title", "choice", "reason")
TEXTS = ("context", "outcome", "consequences", "confirmation", "more")
ITEMS = ("drivers", "good", "neutral", "bad")
NAMES = ("decision_makers", "consulted", "informed")


def canonical_text(text: DecisionText) -> DecisionText:
    """Return the one form of what `text` says: its blanks and ends of lines changed, no word."""
    changed: dict[str, object] = {name: line_of(getattr(text, name)) for name in LINES}
    changed |= {name: block_of(getattr(text, name)) for name in TEXTS}
    changed |= {name: items_of(getattr(text, name)) for name in ITEMS}
    changed |= {name: tuple(dict.fromkeys(_lines(getattr(text, name)))) for name in NAMES}
    changed["options"] = tuple(_canonical_option(each) for each in text.options)
    return msgspec.structs.replace(text, **changed)


def line_of(text: str) -> str:
    """Return `text` on one line."""
    return " ".join(text.split())


def block_of(text: str) -> str:
    """Return `text` without blanks around it and at the ends of its lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def items_of(items: tuple[str, ...]) -> tuple[str, ...]:
    """Return the items that say something."""
    return tuple(filter(None, map(block_of, items)))


def _lines(texts: tuple[str, ...]) -> Iterator[str]:
    return filter(None, map(line_of, texts))


def _canonical_option(option: DecisionOption) -> DecisionOption:
    return DecisionOption(
        line_of(option.title),
        block_of(option.description),
        items_of(option.good),
        items_of(option.neutral),
        items_of(option.bad),
    )


def refuse_bad_text(text: DecisionText) -> None:
    """Refuse a decision that says too much, or nothing.

    Raises:
        Rejected: `decision.bad_input`, naming the field.
    """
    if not text.title:
        raise _bad("title", "is empty")
    titles = [option.title for option in text.options]
    if not all(titles):
        raise _bad("options", "hold one without a title")
    twice = next((title for title in titles if titles.count(title) > 1), "")
    if twice:
        raise _bad("options", f"hold {twice[:80]!r} twice")
    whole = 0
    for name, each in _texts(text):
        most = LINE_MAX if name in (*LINES, *NAMES) else TEXT_MAX
        if len(each) > most:
            raise _bad(name, f"has {len(each):,} characters; at most {most:,} fit")
        odd = next((c for c in each if _is_odd(c)), "")
        if odd:
            raise _bad(name, f"holds the control character U+{ord(odd):04X}")
        whole += len(each)
    if whole > WHOLE_MAX:
        raise _bad("text", f"has {whole:,} characters; at most {WHOLE_MAX:,} fit")


def _texts(text: DecisionText) -> Iterator[tuple[str, str]]:
    for name in (*LINES, *TEXTS):
        yield name, getattr(text, name)
    for name in (*ITEMS, *NAMES):
        for item in _bounded(name, getattr(text, name)):
            yield name, item
    for option in _bounded("options", text.options):
        yield "title", option.title
        yield "options", option.description
        for name in ("good", "neutral", "bad"):
            for item in _bounded(name, getattr(option, name)):
                yield name, item


def _bounded(name: str, items: tuple[T, ...]) -> tuple[T, ...]:
    if len(items) > ITEMS_MAX:
        raise _bad(name, f"are {len(items)}; at most {ITEMS_MAX} fit")
    return items


def _is_odd(letter: str) -> bool:
    return (letter < " " and letter not in "\n\t") or "\ud800" <= letter <= "\udfff"


def _bad(field: str, wrong: str) -> Rejected:
    return Rejected("decision.bad_input", f"The {field} {wrong}.", hint="Shorten or mend it.")
