"""What expressions speak of, remembered: each is looked at several times in a check."""

from functools import lru_cache

from missioncontrol.domain.expression import Reference, calls, references

REMEMBERED = 4096


@lru_cache(REMEMBERED)
def references_in(source: str) -> tuple[Reference, ...]:
    """See `missioncontrol.domain.expression.references`."""
    return references(source)


@lru_cache(REMEMBERED)
def calls_in(source: str) -> frozenset[str]:
    """See `missioncontrol.domain.expression.calls`."""
    return calls(source)
