"""What a person wants mended in proposed work; the next round hands it to the builder."""

from typing import Annotated

import msgspec
from msgspec import Meta

FINDINGS_MAX = 50
"""For one round: as many as a builder is shown."""

TEXT_MAX = 4_000
PATH_MAX = 4_096
LINE_MAX = 10_000_000


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to mend, in the shape of the findings of tests, rules and agents that review."""

    message: Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, description="What is wrong.")]
    path: Annotated[
        str, Meta(max_length=PATH_MAX, description="The file; empty where it is of no single one.")
    ] = ""
    line: Annotated[
        int, Meta(ge=0, le=LINE_MAX, description="The line as changed; 0 for no single line.")
    ] = 0
    quote: Annotated[str, Meta(max_length=500, description="The text of that line.")] = ""


Findings = Annotated[tuple[Finding, ...], Meta(max_length=FINDINGS_MAX)]
