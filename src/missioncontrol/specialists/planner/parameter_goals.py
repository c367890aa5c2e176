"""What is given to what: “give `get` a limit”, “let `cached` take a `timeout`”."""

import re
from typing import NamedTuple

LENGTH_MAX = 60
_WHOM = r"(?P<whom>`[^`]+`|(?:(?:the|each|every|all|our|a|an)\s+)?[\w.-]+(?:\s[\w.-]+){0,2}?)"
_WHAT = r"(?P<what>(?:(?:an?|its own|some|optional|more)\s+)+\S.*|`[^`]+`.*)$"
_GIVEN = re.compile(rf"(?i)^give\s+{_WHOM}\s+{_WHAT}")
_ENABLED = re.compile(
    rf"(?i)^(?:let|make|allow|enable|have|get|teach)\s+{_WHOM}\s+(?:to\s+)?(?:also\s+)?"
    rf"(?:take|accept|receive)\s+{_WHAT}"
)
_ARTICLE = re.compile(r"(?i)^(?:(?:an?|its own|some|optional|more)\s+)+")
_ENDS = re.compile(r"(?i)[,;:]\s|\s\(|\s+(?:so|and|instead|as well|too)\b")
_JOINT = re.compile(
    r"(?i)\s+(?:to|that|which|for|with|on|in|of|when|where|whose|by|from|as|at|between|after)\s+"
)


class Given(NamedTuple):
    """A thing, without its article, and what gets it."""

    what: str
    whom: str
    joint: str  # “of” or “for”

    @property
    def head(self) -> str:
        """The thing by its name alone: “option” of “option to skip empty values”."""
        return _JOINT.split(self.what, maxsplit=1)[0]

    @property
    def thing(self) -> str:
        """What is asked for, as one name: “option of `add` to skip empty values”."""
        whole = f"{self.head} {self.joint} {self.whom}{self.what[len(self.head) :]}"
        return whole if len(whole) <= LENGTH_MAX else f"{self.head} {self.joint} {self.whom}"


def given(text: str) -> Given | None:
    """Return what an ask gives to what; None where it says it in another way."""
    for pattern, joint in ((_GIVEN, "of"), (_ENABLED, "for")):
        match = pattern.match(text)
        if match:
            what = _ENDS.split(_ARTICLE.sub("", match["what"]), maxsplit=1)[0].strip()
            return Given(what, match["whom"], joint) if what else None
    return None
