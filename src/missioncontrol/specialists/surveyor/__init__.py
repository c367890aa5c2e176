"""The surveyor: what a repository consists of, what it stands on, and what it says of itself."""

from missioncontrol.specialists.surveyor.surveyor import Surveyor

__all__ = ["Surveyor"]
