"""An approval: exactly what is to run, who may agree to it, and what became of the question.

It is bound to the digest of what it shows and covers one attempt. Its end is final: who wants
something else asks a new one. What a person says carries who, on whose behalf and why.
"""

from missioncontrol.domain.approval.events import EVENTS, ApprovalEvent

__all__ = ["EVENTS", "ApprovalEvent"]
