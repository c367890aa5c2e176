"""Turns the message of a commit into a goal."""

import re

BODY_MAX = 600
"""Characters of what a message says below its subject that are part of the goal."""
READ_MAX, SUBJECT_MAX = 4_000, 300
LISTED_MIN = 2
"""Passages of the form `* subject` from which on they are the list that a squash leaves."""
_NUMBER = re.compile(
    r"(?i)(?:\s*(?:\((?:fix(?:e[sd])?|close[sd]?|resolve[sd]?|refs?|see)[:\s]+#\d+\)|\(?#\d+\)?))+\s*$"
)
_COMMENT = re.compile(r"<!--.*?(?:-->|$)", re.DOTALL)
_CHECK = re.compile(r"(?m)^[*-] \[[ xX]\] .*(?:\n(?![*#-])[ \t]+\S.*)*$")
_HEADING = re.compile(r"(?im)^#+ \W*(?:checklist|changes|description|type of change|summary)\W*$")
"""Headings of the forms that people fill in; other headings say something."""
_TRAILER = re.compile(
    r"(?i)^[a-z]+(?:-[a-z]+)*-(?:by|to|id|from): .*$"
    r"|^(?:cc|change-id|git-svn-id|differential revision|pull-request|pr|bug|issue): .*$"
    r"|^[*-]? ?(?:fix(?:es|ed)?|close[sd]?|resolve[sd]?|refs?|see(?: also)?|related to|part of)\b"
    r":? *(?:[\w./-]*#\d+|GH-\d+|https?://\S+)[\s.,;&#\d]*$"
    r"|^this reverts commit [0-9a-f]{7,64}\.?$|^-{3,}$"
)
_ADDRESS = re.compile(r"<?[\w.+%-]+@[\w-]+(?:\.[\w-]+)+>?")


def cleaned(message: str) -> str:
    """Return a message without trailers, numbers of requests, check lists and mail addresses.

    What a squash lists of the commits that it was made of is left out as well, and the part below
    the subject is cut after `BODY_MAX` characters.
    """
    message = message[:READ_MAX]  # What follows would be cut anyhow, and takes long to look at.
    text = _HEADING.sub("", _CHECK.sub("", _COMMENT.sub("", message.replace("\r\n", "\n"))))
    first, _, rest = text.strip().partition("\n")
    first = first[:SUBJECT_MAX]
    subject = _ADDRESS.sub("(address)", _NUMBER.sub("", first).strip(" ;"))
    lines = [line.rstrip() for line in rest.split("\n")]
    body = "\n".join(line for line in lines if not _TRAILER.match(line.strip()))
    body = _ADDRESS.sub("(address)", "\n\n".join(_passages(body)))
    if len(body) > BODY_MAX:
        body = body[:BODY_MAX].rpartition(" ")[0] + "…"
    return f"{subject}\n\n{body}".strip()


def _passages(body: str) -> list[str]:
    found = [each.strip("\n") for each in re.split(r"\n\s*\n", body) if each.strip()]
    listed = [each for each in found if each.startswith("* ") and "\n" not in each]
    return [each for each in found if each not in listed] if len(listed) >= LISTED_MIN else found
