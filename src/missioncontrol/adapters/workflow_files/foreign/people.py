"""Texts that are there for people, as a workflow file takes them."""

import re

from missioncontrol.adapters.workflow_files.foreign.listing import Listing
from missioncontrol.adapters.workflow_files.foreign.marked import Node

TITLE_MAX = 300
DESCRIPTION_MAX = 20_000


def for_people(
    node: Node, listing: Listing, most: int = DESCRIPTION_MAX, text: str | None = None
) -> str:
    """Return what a node says, or `text` made from it, and list what had to be taken away."""
    said = (node.text if text is None else text).strip()
    kept = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", said).strip()
    if kept != said:
        listing.note(node, "It holds control characters, which are left out.")
    if len(kept) > most:
        listing.note(node, f"It is cut after {most:,} characters.")
    if kept:
        node.carry()
    return kept[:most].strip()
