"""The tester: the project's own tests, run in a disposable copy."""

from missioncontrol.specialists.tester.tester import Tester

__all__ = ["Tester"]
