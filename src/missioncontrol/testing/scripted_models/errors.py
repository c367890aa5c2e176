"""Errors as each of the three APIs writes them."""

from typing import Any

from missioncontrol.testing.scripted_models.script import Reply

_OPENAI = {
    400: ("invalid_request_error", "invalid_request"),
    401: ("invalid_request_error", "invalid_api_key"),
    402: ("insufficient_quota", "budget_exceeded"),
    403: ("permission_error", "policy_violation"),
    429: ("requests", "rate_limit_exceeded"),
    503: ("service_unavailable", "service_unavailable"),
}
_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def openai_error(reply: Reply) -> dict[str, Any]:
    """Return the body of an error of Responses or Chat Completions."""
    kind, code = _OPENAI.get(reply.status, ("server_error", "server_error"))
    error = {"message": reply.text, "type": kind, "param": None, "code": reply.code or code}
    return {"error": error}


def anthropic_error(reply: Reply) -> dict[str, Any]:
    """Return the body of an error of Messages."""
    kind = reply.code or _ANTHROPIC.get(reply.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": reply.text}}
