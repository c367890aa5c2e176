"""Model endpoints on the loopback interface that answer from a script, for tests of any tool."""

from missioncontrol.testing.scripted_models.script import Answering, Reply, Request, ToolCall
from missioncontrol.testing.scripted_models.server import ModelServer, serving

__all__ = ["Answering", "ModelServer", "Reply", "Request", "ToolCall", "serving"]
