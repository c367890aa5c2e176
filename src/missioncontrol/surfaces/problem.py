"""The shape of a refusal for programs."""

import msgspec


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457: what went wrong, for programs and for people."""

    type: str  # `urn:mission-control:` and the code
    title: str
    status: int
    detail: str
    code: str  # stable between releases
    hint: str = ""  # what to do
    instance: str = ""  # the request's id
    faults: tuple[str, ...] = ()  # each thing that does not fit, where there are several
    kind: str = ""  # how it was refused: rejected, conflict, not_found, unavailable or corrupt
