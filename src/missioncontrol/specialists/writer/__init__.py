"""The writer: the specification, the technical outline and the execution pack of one mission."""

from missioncontrol.specialists.writer.writer import Writer

__all__ = ["Writer"]
