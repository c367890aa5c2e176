"""The least general rewrite that several pairs are cases of: what differs becomes a variable.

Plotkin's anti-unification, over both sides at once: the same differences on either side are the
same variable, and a right side that would need more than the left one has is no rewrite.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from missioncontrol.learning.node_pairs import CLASSES, Pair
from missioncontrol.learning.tree import Node

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BEFORE_REST, AFTER_REST = "$$$BEFORE", "$$$AFTER"
CALLS = frozenset({"call", "call_expression", "new_expression", "method_invocation"})
ARGUMENTS = frozenset({"argument_list", "arguments"})
MEMBERS = frozenset(
    {
        "scoped_identifier",
        "attribute",
        "member_expression",
        "selector_expression",
        "field_expression",
        "field_access",
    }
)
_FILLED = re.compile(r"""(?i)(?:rf|fr|f)["']""")
NAMED_ARGUMENT = "keyword_argument"


class Term:
    """A node without its source: its text, and the text between its children."""

    __slots__ = ("gaps", "is_named", "is_whole", "kind", "parts", "text")

    def __init__(
        self,
        kind: str,
        text: str,
        parts: "tuple[Term, ...]",
        gaps: tuple[str, ...],
        *,
        is_named: bool,
        is_whole: bool,
    ) -> None:
        """`gaps` stand before, between and behind `parts`; what is no whole can't be a variable."""
        self.kind = kind
        self.text = text
        self.parts = parts
        self.gaps = gaps
        self.is_named = is_named
        self.is_whole = is_whole


def term_of(node: Node, *, is_whole: bool = True) -> Term:
    """Return the term of a node, with all that is in it."""
    parts, gaps, at = [], [], node.begin
    for number, child in enumerate(node.children):
        gap = node.text[at - node.begin : child.begin - node.begin]
        last = node.children[number - 1].text if number else ""
        gaps.append("" if "\n" in gap and _hugs(last, child.text) else _joined(gap))
        parts.append(term_of(child, is_whole=_may_vary(node, number)))
        at = child.begin + len(child.text)
    gaps.append(_joined(node.text[at - node.begin :]))
    text = node.text if not parts else _join_parts(gaps, [each.text for each in parts])
    return Term(
        node.kind, text, tuple(parts), tuple(gaps), is_named=node.is_named, is_whole=is_whole
    )


def _join_parts(gaps: Sequence[str], parts: Sequence[str]) -> str:
    return gaps[0] + "".join(part + gap for part, gap in zip(parts, gaps[1:], strict=True))


def _hugs(last: str, text: str) -> bool:
    return last in ("(", "[", "{") or text in (")", "]", "}")


def _joined(gap: str) -> str:
    return re.sub(r"\s*\n\s*", " ", gap)


def _may_vary(parent: Node, number: int) -> bool:
    """Whether a child can be anything: what is called, and the name of a part, says what it is."""
    child = parent.children[number]
    if parent.kind in CALLS and number == 0:
        return False
    if parent.kind in MEMBERS and number == len(parent.children) - 1:
        return False
    if child.kind in ARGUMENTS:
        return False
    if parent.kind == "method_invocation" and child.kind == "identifier":
        return False
    return not (parent.kind == NAMED_ARGUMENT and number == 0)


def terms_of(pair: Pair) -> tuple[Term, Term]:
    """Return both sides, with changed named arguments apart from unchanged ones."""
    before, after = (term_of(node) for node in pair)
    lists = _argument_lists(before), _argument_lists(after)
    if lists[0] is None or lists[1] is None or before.kind != after.kind:
        return before, after
    one, other = before.parts[lists[0]], after.parts[lists[1]]
    given, wanted = _arguments(one), _arguments(other)
    first = _shared(given, wanted)
    last = _shared(given[first:][::-1], wanted[first:][::-1])
    changed = given[first : len(given) - last]
    became = wanted[first : len(wanted) - last]
    if not changed or any(each.kind != NAMED_ARGUMENT for each in (*changed, *became)):
        return before, after
    return (
        _with(before, lists[0], _rested(one, changed)),
        _with(after, lists[1], _rested(other, became)),
    )


def _argument_lists(term: Term) -> int | None:
    if term.kind not in CALLS:
        return None
    return next((n for n, each in enumerate(term.parts) if each.kind in ARGUMENTS), None)


def _arguments(term: Term) -> list[Term]:
    return [each for each in term.parts if each.is_named]


def _shared(one: Sequence[Term], other: Sequence[Term]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left.text != right.text:
            break
        count += 1
    return count


def _rested(arguments: Term, fixed: Sequence[Term]) -> Term:
    """Return a list of arguments in which all but `fixed` may be any."""
    parts = (_rest(BEFORE_REST), *fixed, _rest(AFTER_REST))
    gaps = ("(", *[", "] * (len(parts) - 1), ")")
    text = _join_parts(gaps, [each.text for each in parts])
    return Term(arguments.kind, text, parts, gaps, is_named=True, is_whole=False)


def _rest(name: str) -> Term:
    return Term("rest", name, (), ("",), is_named=True, is_whole=False)


def _with(term: Term, number: int, part: Term) -> Term:
    parts = (*term.parts[:number], part, *term.parts[number + 1 :])
    text = _join_parts(term.gaps, [each.text for each in parts])
    return Term(term.kind, text, parts, term.gaps, is_named=True, is_whole=term.is_whole)


# Which pairs may be cases of one rewrite.


def shape_of(before: Term, after: Term, *, is_loose: bool = False) -> tuple[str, str]:
    """Return the same for pairs that differ in the same way.

    A loose shape says nothing of what is dropped on the way.
    """
    common = {each.text for each in _wholes(before)} & {each.text for each in _wholes(after)}
    names: dict[str, str] = {}
    left = _shape(before, common, names, is_loose=is_loose)
    return left, _shape(after, common, names, is_loose=False)


def _wholes(term: Term) -> Iterator[Term]:
    if term.is_whole and term.is_named:
        yield term
    for part in term.parts:
        yield from _wholes(part)


def _shape(term: Term, common: set[str], names: dict[str, str], *, is_loose: bool) -> str:
    if term.is_whole and term.is_named and term.text in common:
        return names.setdefault(term.text, f"${len(names)}")
    if not term.parts:
        return "?" if is_loose and term.is_whole and term.is_named else f"{term.kind}:{term.text}"
    inside = " ".join(_shape(part, common, names, is_loose=is_loose) for part in term.parts)
    return f"{term.kind}({inside})"


# The rewrite itself.


class NoRewrite(Exception):
    """These pairs are not cases of one rewrite."""


def generalised(cases: Sequence[tuple[Term, Term]], local: Collection[str] = ()) -> tuple[str, str]:
    """Return the least general rewrite: before and after, with variables.

    `local` are names that mean something in one place only: they become variables too.

    Raises:
        NoRewrite: what comes out would have to say what is not in what went in.
    """
    befores = [before for before, _ in cases]
    afters = [after for _, after in cases]
    common = set(_aligned(befores)) & set(_aligned(afters))
    table: dict[tuple[str, ...], str] = {}
    left = _least(befores, common, table, local, may_name=True)
    right = _least(afters, common, table, local, may_name=False)
    if left == right:
        raise NoRewrite
    return left, right


def _aligned(terms: Sequence[Term]) -> Iterator[tuple[str, ...]]:
    if all(each.is_whole and each.is_named for each in terms):
        yield tuple(each.text for each in terms)
    if _have_same_form(terms):
        for number in range(len(terms[0].parts)):
            yield from _aligned([each.parts[number] for each in terms])


def _have_same_form(terms: Sequence[Term]) -> bool:
    return len({(each.kind, len(each.parts)) for each in terms}) == 1 and bool(terms[0].parts)


def _least(
    terms: Sequence[Term],
    common: set[tuple[str, ...]],
    table: dict[tuple[str, ...], str],
    local: Collection[str],
    *,
    may_name: bool,
) -> str:
    texts = tuple(each.text for each in terms)
    if len(set(texts)) == 1 and not _has_local(terms[0], local):
        return texts[0]
    if texts in table:
        return table[texts]
    is_variable = texts in common and all(each.is_whole for each in terms)
    if not is_variable and _have_same_form(terms):
        first = terms[0]
        parts = [
            _least([each.parts[n] for each in terms], common, table, local, may_name=may_name)
            for n in range(len(first.parts))
        ]
        return _join_parts(first.gaps, parts)
    if not may_name or len(table) >= len(LETTERS) or not all(each.is_named for each in terms):
        raise NoRewrite
    return table.setdefault(texts, f"${LETTERS[len(table)]}")


def _has_local(term: Term, local: Collection[str]) -> bool:
    if term.kind == "identifier" and term.is_whole:
        return term.text in local
    if not term.parts and _FILLED.match(term.text):
        return any(name in local for name in re.findall(r"\{\s*(\w+)", term.text))
    return any(_has_local(part, local) for part in term.parts)


def is_head(kind: str, text: str) -> bool:
    """Whether this is the head of a class, with dots in place of its body."""
    return kind in CLASSES and text.endswith(": ...")
