"""An approval: exactly what is to run, who may agree to it, and what became of the question.

Bound to the digest of what it shows, it covers one attempt. Its end is final: a user who wants
something else asks a new one. What a person says carries who, on whose behalf and why.
"""

from missioncontrol.domain.approval.events import EVENTS, ApprovalEvent

__all__ = ["EVENTS", "ApprovalEvent"]
