"""The reviewer: checks plan, evidence and documents, and says what is missing."""

from missioncontrol.specialists.reviewer.reviewer import Reviewer

__all__ = ["Reviewer"]
