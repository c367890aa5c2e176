"""Refuses to plan a new product by rule: without code there is nothing to plan from."""

import re

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.planner.ground import Ground
from missioncontrol.specialists.planner.imperatives import verbs

NEW_SERVICE = "new-service"
_NAMES = (
    r"(?:web ?|mobile |desktop |phone )?(?:apps?|applications?|products?|services?|micro-?services?"
    r"|platforms?|web ?sites?|sites?|tools?|games?|bots?|systems?|dashboards?"
    r"|portals?|shops?|stores?"
    r"|marketplaces?|saas|start-?ups?|librar(?:y|ies)|servers?|back-?ends?|front-?ends?|clients?"
    r"|cli|apis?|plugins?|extensions?|programs?|prototypes?|mvp)"
)
_PRODUCT = re.compile(
    rf"(?i)(?:^|\b(?:an?|another|new|our own|my own)\s+)(?:[\w'/-]+\s+){{0,5}}?{_NAMES}\b"
)
FILES_OF_AN_EMPTY_ONE = 10
"""A README, a licence and some settings: a repository in which nothing was begun."""
_NOT_A_PRODUCT = frozenset({"documentation", "security-review", "incident"})


def is_new_product(ground: Ground, kinds: tuple[str, ...]) -> bool:
    """Whether a goal asks for something that begins with no code at all.

    In a repository with next to nothing in it, every addition is one; in an empty one, every goal.
    """
    if ground.has_code or kinds[:1] != (NEW_SERVICE,) or not _NOT_A_PRODUCT.isdisjoint(kinds):
        return False
    if ground.tree is not None and not ground.tree.files:
        return True
    main = ground.goal.main
    asked = verbs().get(main.verb, "any")
    if ground.tree is not None and len(ground.tree.files) <= FILES_OF_AN_EMPTY_ONE:
        return asked in {NEW_SERVICE, "feature"} or bool(_PRODUCT.search(main.text))
    return asked == NEW_SERVICE or (asked == "any" and bool(_PRODUCT.search(main.text)))


def cannot_plan(why: str) -> AttemptFailed:
    """Return the refusal of a goal for a new product; `why` says why no model plans it."""
    return AttemptFailed(
        "plan.new_product",
        "This goal can't be planned here: there is no code to plan from, so it asks for a new "
        f"product, and {why.rstrip('. ')}.",
        hint="Configure a model (MISSION_MODEL_URL and MISSION_MODEL_NAME), or name a repository "
        "with code by --repo, or write a first piece and then ask for one part at a time.",
        retryable=False,
    )
