"""The auditor: secrets, unsafe patterns, moving dependencies and likely defects."""

from missioncontrol.specialists.auditor.auditor import Auditor

__all__ = ["Auditor"]
