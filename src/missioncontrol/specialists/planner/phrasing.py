"""How people word what they ask for: lead-ins, modals, reasons, refusals, lists."""

import re

LEAD_IN = re.compile(
    r"""(?ix)^(?:(?:
    please|kindly|btw|by\ the\ way|oh|also|then|and|but|next|finally|additionally|instead
    |furthermore|moreover|besides|separately|in\ addition|on\ top\ of\ that|now(?!\s+that\b)
    |while\ (?:you|we)(?:['\u2019]re|\ are)\ at\ it
    |first(?:ly)?|second(?:ly)?|third(?:ly)?|todo:?|task:?|goal:?|let['\u2019]?s|let\ us
    |i(?:['\u2019]d|\ would)?\ (?:want|like|need)(?:\ you)?\ to
    |we\ (?:want|need|have|would\ like|must|should|shall)\ to|we(?:['\u2019]d|\ would)\ like\ to
    |(?:can|could|would|will)\ you(?:\ please)?|you\ (?:should|must|need\ to|have\ to)
    |help\ (?:me|us)(?:\ to)?|make\ sure(?:\ that)?|ensure\ that|be\ sure\ to
    |we\ (?:must|should|need)|the\ goal\ is\ to
    |it(?:['\u2019]d|\ would)\ be\ (?:nice|good|great)\ to
    )[\s,:]+)+"""
)
"""Politeness and order before the ask itself."""
ORDERING = re.compile(
    r"(?i)^(?:(?:btw|by the way|oh|also|then|and|but|next|finally|additionally|instead|furthermore"
    r"|moreover|besides|separately|in addition|on top of that|now)[\s,:]+)+"
)
"""The part of a lead-in that only orders sentences: what follows need not be a request."""
MODAL = re.compile(
    r"(?i)\b(?:should|must|shall|(?<!no )needs?(?=\s+\w)|ha(?:s|ve) to|ought to|may not|is required"
    r"|are required|want|wants|required to|may only|would (?:like|love|prefer|expect))\b"
    r"|\w['\u2019]d (?:like|love|prefer|expect)\b"
    r"|^(?:it|that)(?:['\u2019]d| would) be (?:\w+ly |very |so )?\w+ (?:if|when|to)\b"
)
DESIRED = re.compile(
    r"(?i)^(?:(?:it|that)(?:['\u2019]d| would) be (?:\w+ly |very |so )?\w+"
    r"|(?:i|we)(?:['\u2019]d| would) (?:like|love|prefer) it) if\b"
)
"""“It'd be great if …” tells no fault, whatever follows."""
EXPECTED = re.compile(
    r"(?i)^(?:(?:but|instead|here|so)[\s,]+)?(?:(?:i|we)(?:['\u2019]d| would)(?: have expected"
    r"| expect)|i (?:would have )?expected)\s+(?:that\s+)?(?P<what>.+)$"
)
EXPECTED_TO = re.compile(
    r"(?i)^(?P<who>it|they|this|that|`[^`]+`|(?:the|an?|each|every|all)\s(?:[\w`.()-]+\s){0,3}?"
    r"[\w`.()-]+)\s+to\s+(?P<what>.+)$"
)
"""“I'd expect it to fail”: it should fail."""
RATHER_NOT = re.compile(
    r"(?i)^(?:i|we)(?:['\u2019]d| would)?\s+(?:much\s+)?(?:rather\s+not|prefer\s+not\s+to"
    r"|rather\s+(?:you|we)\s+(?:didn['\u2019]t|did\s+not|don['\u2019]t|do\s+not))\s+(?=\w)"
)
"""“I'd rather not touch …”: do not touch it."""
ADDED = re.compile(
    r"(?i)^(?:please[\s,]+)?(?:also|additionally|furthermore|moreover|besides|in addition|and also"
    r"|on top of that|separately|while (?:you are|you['\u2019]re|we are"
    r"|we['\u2019]re) at it)\b"
)
"""What leads in a second thing, which does not answer the description before it."""
INSTEAD = re.compile(
    r"(?i)^(?:there|the|an?|its?|they|this|that|each|every|all|no|both|instead)\b[^,;]*\bshould\b"
)
"""What a report of a fault wants to see in its place."""
BACK_REFERENCE = re.compile(
    r"(?i)^(?:instead,?\s+)?(?:it|they|there)\s+"
    r"(?:should|must|ought to|has to|have to)(?:n['\u2019]t)?\b"
)
"""“It must answer 200”: refers to the sentence before."""
CONDITION = re.compile(
    r"(?i)^(?:when(?:ever)?|if|once|while|where|unless|until|after|before|as soon as)\b"
)
"""What begins so says when something holds, and asks for nothing by itself."""
DEMANDED_OF = re.compile(
    r"(?i)(?:it|they|this|that|(?:the|all|each|every) \w+) "
    r"(?:should|must|shall|needs? to|has to|have to)\b"
)
DEMAND = re.compile(
    r"(?i)(?:please\s+)?(?:do not|don['\u2019]t|never|must not|should not|should|must)\s"
)
REASON = re.compile(
    r"(?i)[,;]?\s+(?:so that|so as to|in order to|in order that|because|since|as this|such that"
    r"|to make (?:it )?possible)\b"
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
    r"|leave|only|nothing\b.*\b(?:may|must|should|can|shall) (?:change|break"
    r"|be (?:changed|broken|touched|edited|altered|affected|removed)))\b"
)
NEGATIVE = re.compile(
    r"(?i)^(?:without|never|do not|don['\u2019]t|must not|no |not |avoid|keep|preserve|retain"
    r"|leave|only|while (?:keep|preserv)|nothing\b.*\b(?:may|must|should|can|shall) (?:change"
    r"|break|be (?:changed|broken|touched|edited|altered|affected|removed))\b)"
    r"|\b(?:must not|should not|may not|shall not|cannot|must never|must stay|must remain"
    r"|(?:stays?|remains?) (?:as\b|the same|unchanged|readable|compatible|valid|working|intact)"
    r"|(?:must|should|(?:has|have|need|needs) to) still|should stay"
    r"|at most|at least|no more than|no less than|no longer than)\b"
)
REFUSAL = re.compile(r"(?i)^(?:do not|don['\u2019]t|never|avoid|stop)\s")
"""What asks that something no longer happens."""
QUALITY = re.compile(
    r"(?i)\b(?:fast(?:er)?|slow|quick(?:ly)?|latency|throughput|performance|secure|security|safe"
    r"|reliab\w+|robust|scal(?:e|able|ability)|maintainab\w+|readab\w+|accessib\w+|coverage"
    r"|consisten\w+|(?:less|little|constant|bounded|linear|peak|mb of|gb of) memory"
    r"|memory[- ](?:us\w+|footprint|consumption|leaks?|growth|limits?|bounds?)|efficien\w+"
    r"|idempotent|deterministic|backwards?[- ]compatib\w+"
    r"|thread[- ]safe|\d+\s*(?:ms|milliseconds?|%|percent|mb|gb|kb|rps|qps)"
    r"|(?:within|under|below|less than|at most|in)\s+\d+\s*seconds?)\b"
)
PREPOSITION = re.compile(
    r"(?i)\b(?:for|of|to|with|in|on|from|by|between|across|as|at|into|over|via|when|if|that"
    r"|which|under|like|using)\b"
)
STATEMENT = re.compile(
    r"(?i)\b(?:is|are|was|were|am|has|have|had|does|do|did|doesn['\u2019]t|don['\u2019]t|there"
    r"|we|i|our|currently)\b|\b(?:it|that|there)['\u2019]s\b"
)
REFERRING = re.compile(r"(?i)\b(?:it|its|them|they|this|that|these|those|each|both)\b")
DEFINITE = re.compile(
    r"(?i)^(?:the|this|that|these|those|such|its|each|every)\s+(?:[\w-]+\s+){0,2}?(?P<noun>[\w-]+)"
    r"\s+(?:must|should|shall|has to|have to|needs? to|may|can|cannot|is to|are to|will)\b"
)
"""A statement about a thing that was spoken of already: “the file must …”."""
OUTCOME = re.compile(
    r"(?i)^(?:errors?|error messages?|messages?|failures?|results?|output|callers|names|defaults)"
    r"\s+(?:must|should|shall|has to|have to|needs? to|may|can|cannot|will)\b"
)
"""A statement about what any change has, and so about the change that was asked for before."""
BEFORE_VERB = re.compile(
    r"(?i)^(?:quickly|carefully|fully|properly|always|never|do not|don['\u2019]t|to)\s+"
)
STATES = re.compile(
    r"(?i)\b(?:is|are|has|have|can|may|will|does|do|gets?|becomes?|must|should|stays?|remains?)\b"
)
"""A piece with a verb of its own, which needs no other piece's."""
POINTING = re.compile(r"(?i)\b(?:following|these|below)\b")
"""A heading that only announces the list below it."""
