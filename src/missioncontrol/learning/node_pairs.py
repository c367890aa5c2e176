"""A change of a file as pairs of nodes: the smallest that differ, and their ancestors."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from missioncontrol.learning.tree import BLOCKS, Node, parsed

Pair = tuple[Node, Node]
Chain = tuple[Pair, ...]
"""A pair that differs, with all the pairs around it before it."""

CHAINS_MAX = 4_000
"""Of one file: a rewritten file teaches nothing."""

CHILDREN_MAX = 3_000
DEPTH_MAX = 200
ALIKE_MIN = 0.5
WORDS_MAX = 120
_WORD = re.compile(r"\w+|[^\w\s]")
CLASSES = frozenset({"class_definition"})


def chains(before: str, after: str, language: str) -> list[Chain]:
    """Return what differs, the first first; a bounded number."""
    found: list[Chain] = []
    for chain in _differing(parsed(before, language), parsed(after, language), ()):
        found.append(chain)
        if len(found) >= CHAINS_MAX:
            return []
    return found


def _differing(before: Node, after: Node, around: Chain) -> Iterator[Chain]:
    if before.text == after.text or len(around) > DEPTH_MAX:
        return
    chain = (*around, (before, after))
    if before.kind != after.kind or not before.children or not after.children:
        yield chain
        return
    if before.kind in BLOCKS:
        for one, other in _alike(before.children, after.children):
            yield from _differing(one, other, chain)
        return
    bodies = [_bodies(before), _bodies(after)]
    if len(bodies[0]) == len(bodies[1]) and bodies[0]:
        for one, other in zip(*bodies, strict=True):
            yield from _differing(one, other, chain)
    pairs = _paired(_head(before), _head(after))
    if pairs is None:
        yield from _class_head(chain) if before.kind in CLASSES else _whole(chain, bodies[0])
        return
    for one, other in pairs:
        yield from _differing(one, other, chain)


def _whole(chain: Chain, bodies: Sequence[Node]) -> Iterator[Chain]:
    """Yield the pair as it is, unless it holds statements: then its head alone has changed."""
    if not bodies:
        yield chain


def _class_head(chain: Chain) -> Iterator[Chain]:
    """Yield a class by its head alone: its body is paired separately."""
    one, other = (_headed(node) for node in chain[-1])
    if one is not None and other is not None and one.text != other.text:
        yield (*chain[:-1], (one, other))


def _headed(node: Node) -> Node | None:
    body = _bodies(node)
    if not body:
        return None
    head = node.text[: body[0].begin - node.begin].rstrip()
    if "\n" in head or not head.endswith(":"):
        return None
    made = parsed(f"{head} ...", "python")
    only = made.children[0] if len(made.children) == 1 else None
    if only is not None:
        only.__dict__["line"] = node.line
    return only


def _bodies(node: Node) -> list[Node]:
    return [each for each in node.children if each.kind in BLOCKS]


def _head(node: Node) -> list[Node]:
    return [each for each in node.children if each.kind not in BLOCKS]


def _paired(before: Sequence[Node], after: Sequence[Node]) -> list[Pair] | None:
    """Return the children that took each other's place; None where some came or went."""
    if len(before) != len(after):
        return None
    pairs = [(one, other) for one, other in zip(before, after, strict=True)]
    differing = [pair for pair in pairs if pair[0].text != pair[1].text]
    if any(one.is_named != other.is_named for one, other in differing):
        return None
    if any(one.kind != other.kind and not one.is_named for one, other in differing):
        return None  # Another operator: what it joins belongs to it.
    return differing


def _alike(before: Sequence[Node], after: Sequence[Node]) -> Iterator[Pair]:
    """Yield statements that took each other's place, as far as they are alike."""
    if len(before) > CHILDREN_MAX or len(after) > CHILDREN_MAX:
        return
    texts = [each.text for each in before], [each.text for each in after]
    matcher = SequenceMatcher(None, texts[0], texts[1], autojunk=False)
    for verb, i, j, k, m in matcher.get_opcodes():
        if verb == "replace":
            yield from _in_order(before[i:j], after[k:m])


def _in_order(before: Sequence[Node], after: Sequence[Node]) -> Iterator[Pair]:
    start = 0
    for number, one in enumerate(before):
        reach = start + max(len(after) - len(before), 0) + 2
        for place in range(start, min(reach, len(after))):
            other = after[place]
            same_place = len(before) == len(after) and place == number
            if one.kind == other.kind and (same_place or _ratio(one, other) >= ALIKE_MIN):
                yield one, other
                start = place + 1
                break


def _ratio(one: Node, other: Node) -> float:
    first, second = (_WORD.findall(node.text)[:WORDS_MAX] for node in (one, other))
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE_MIN else 0.0
