"""What is known of a memory item that was seen more than once."""

import msgspec

from missioncontrol.domain.memory import PLANNED, Item


def confirmed(known: Item, harvested: Item) -> Item:
    """Return what is known of a thing after it was harvested once more; the newest words hold."""
    if harvested.confirmed < known.confirmed:
        known, harvested = harvested, known
    return _joined(harvested, known)


def whole(harvested: Item | None, logged: Item | None) -> Item:
    """Return a thing as runs left it and the log of decisions has it.

    A person's judgement outweighs what a plan stated, also where that is harvested later. The
    two are stored separately, so that it does not matter in which portions the log was read.
    """
    if harvested is None or logged is None:
        only = harvested or logged
        assert only is not None, "an item comes from somewhere"
        return only
    if (_is_judged(logged), logged.confirmed) >= (_is_judged(harvested), harvested.confirmed):
        return _joined(logged, harvested)
    return _joined(harvested, logged)


def _joined(first: Item, second: Item) -> Item:
    """Return the first with what only the second says.

    The log of decisions does not say of which repository, and maybe about which files, a plan was.
    """
    return msgspec.structs.replace(
        first,
        created=min(first.created, second.created),
        seen=first.seen + second.seen,
        repository=first.repository or second.repository,
        files=first.files or second.files,
    )


def _is_judged(item: Item) -> bool:
    return item.kind == "decision" and PLANNED not in item.tags
