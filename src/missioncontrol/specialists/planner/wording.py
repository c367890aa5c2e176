"""How people word what they ask for: lead-ins, modals, reasons, refusals, lists."""

import re

LEAD_IN = re.compile(
    r"""(?ix)^(?:(?:
    please|kindly|also|then|and|but|next|finally|additionally|furthermore|in\ addition|now
    |first(?:ly)?|second(?:ly)?|third(?:ly)?|todo:?|task:?|goal:?|let['\u2019]?s|let\ us
    |i(?:['\u2019]d|\ would)?\ (?:want|like|need)(?:\ you)?\ to
    |we\ (?:want|need|have|would\ like|must|should|shall)\ to|we(?:['\u2019]d|\ would)\ like\ to
    |(?:can|could|would|will)\ you(?:\ please)?|you\ (?:should|must|need\ to|have\ to)
    |help\ (?:me|us)(?:\ to)?|make\ sure(?:\ that)?|ensure\ that|be\ sure\ to
    |we\ (?:must|should|need)|the\ goal\ is\ to|it\ would\ be\ (?:nice|good|great)\ to
    )[\s,:]+)+"""
)
"""Politeness and order before the ask itself."""
MODAL = re.compile(
    r"(?i)\b(?:should|must|shall|needs?(?: to)?|ha(?:s|ve) to|ought to|may not|is required"
    r"|are required|want|wants|required to|may only|would like)\b|\w['\u2019]d (?:like|love)\b"
)
DEMANDED_OF = re.compile(
    r"(?i)(?:it|they|this|that|(?:the|all|each|every) \w+) "
    r"(?:should|must|shall|needs? to|has to|have to)\b"
)
DEMAND = re.compile(r"(?i)(?:do not|don['\u2019]t|never|must not|should not|should|must)\s")
REASON = re.compile(
    r"(?i)[,;]?\s+(?:so that|so as to|in order to|in order that|because|since|as this|such that)\b"
)
WITHOUT = re.compile(
    r"(?i)(?:,|;)?\s+(?:but |and )?(?=(?:while (?:keep|preserv|retain)\w*|without (?:\w+ing"
    r"|loss|downtime|regressions?|new|extra|any (?:new|extra|change|loss|downtime)\w*))\b)"
)
"""“Cookies without SameSite” describes; “without breaking callers” demands."""
JOINT = re.compile(
    r"(?i)(?:\s*[,;]\s*(?:and then|and|but|then|or else|plus)?"
    r"|\s+(?:and(?: then| also)?|but|then|plus))\s+"
)
NEGATIVE_START = re.compile(
    r"(?i)^(?:without|never|do not|don['\u2019]t|must not|no |avoid|keep|preserve|retain"
    r"|leave|only)\b"
)
NEGATIVE = re.compile(
    r"(?i)^(?:without|never|do not|don['\u2019]t|must not|no |not |avoid|keep|preserve|retain"
    r"|leave|only|while (?:keep|preserv))"
    r"|\b(?:must not|should not|may not|shall not|cannot|must never|must stay|must remain"
    r"|(?:stays?|remains?) (?:as\b|the same|unchanged|readable|compatible|valid|working|intact)"
    r"|should stay|at most|at least|no more than|no less than|no longer than)\b"
)
QUALITY = re.compile(
    r"(?i)\b(?:fast(?:er)?|slow|quick(?:ly)?|latency|throughput|performance|secure|security|safe"
    r"|reliab\w+|robust|scal(?:e|able|ability)|maintainab\w+|readab\w+|accessib\w+|coverage"
    r"|consisten\w+|memory|efficien\w+|idempotent|deterministic|backwards?[- ]compatib\w+"
    r"|thread[- ]safe|\d+\s*(?:ms|milliseconds?|%|percent|mb|gb|kb|rps|qps)"
    r"|(?:within|under|below|less than|at most|in)\s+\d+\s*seconds?)\b"
)
PREPOSITION = re.compile(
    r"(?i)\b(?:for|of|to|with|in|on|from|by|between|across|as|at|into|over|via|when|if|that"
    r"|which|under|like|using)\b"
)
STATEMENT = re.compile(
    r"(?i)\b(?:is|are|was|were|am|has|have|had|does|do|did|doesn['\u2019]t|don['\u2019]t|there"
    r"|we|i|our|currently)\b"
)
REFERRING = re.compile(r"(?i)\b(?:it|its|them|they|this|that|these|those|each|both)\b")
BEFORE_VERB = re.compile(
    r"(?i)^(?:quickly|carefully|fully|properly|always|never|do not|don['\u2019]t|to)\s+"
)
STATES = re.compile(
    r"(?i)\b(?:is|are|has|have|can|may|will|does|do|gets?|becomes?|must|should|stays?|remains?)\b"
)
"""A piece with a verb of its own, which needs no other piece's."""
POINTING = re.compile(r"(?i)\b(?:following|these|below)\b")
"""A heading that only announces the list below it."""
