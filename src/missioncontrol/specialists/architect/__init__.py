"""The architect: modules, imports, cycles and layers, read from the code."""

from missioncontrol.specialists.architect.architect import Architect

__all__ = ["Architect"]
