"""The HTTP server of scripted models: every API of theirs on one port of the loopback interface."""

import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import msgspec

from missioncontrol.testing.scripted_models import chat_completions, messages, responses
from missioncontrol.testing.scripted_models.script import Answering, Reply, Request

# Errors as each of the three APIs writes them.

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


APIS: dict[str, ModuleType] = {
    "/v1/responses": responses,
    "/v1/chat/completions": chat_completions,
    "/v1/messages": messages,
}


class ModelServer:
    """Answers each request with the next line of the script; the last one is repeated."""

    def __init__(
        self, script: Sequence[Answering], *, models: Sequence[str] = ("scripted",)
    ) -> None:
        """Listen on a free port; `serving` starts and stops it. `models` are those it lists."""
        self.calls: list[Request] = []
        """Requests to models in their order; not those for lists and counts."""
        self.others: list[Request] = []
        self._script = list(script)
        self._models = tuple(models)
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._connections: set[socket.socket] = set()
        self._http = _Listener(self)

    @property
    def origin(self) -> str:
        """The address without a path, as Anthropic's clients want it."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def url(self) -> str:
        """The base address as OpenAI's clients want it."""
        return f"{self.origin}/v1"

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The bodies of `calls`."""
        return [call.body for call in self.calls]

    @property
    def authorizations(self) -> list[str]:
        """The credential that each of `calls` was sent with."""
        return [
            call.headers.get("authorization", call.headers.get("x-api-key", ""))
            for call in self.calls
        ]

    def serve(self) -> None:
        """Answer until `stop` is called."""
        self._http.serve_forever(poll_interval=0.01)

    def stop(self) -> None:
        """Stop listening, release waiting replies, and end every connection."""
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def connected(self, connection: socket.socket) -> None:
        """Remember a connection until it is `gone`."""
        self._connections.add(connection)

    def gone(self, connection: socket.socket) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def wait(self, seconds: float) -> None:
        """Wait, but not longer than the server runs."""
        if seconds:
            self._stopped.wait(seconds)

    def next(self, request: Request) -> tuple[Reply, int]:
        """Return the reply to a request to a model, and how many such there have been."""
        with self._turn:
            self.calls.append(request)
            number = len(self.calls)
            line = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        reply = line if isinstance(line, Reply) else line(request)
        named = tuple(call.numbered(f"{number}_{n}") for n, call in enumerate(reply.calls))
        return msgspec.structs.replace(reply, calls=named), number

    def listed(self, request: Request) -> dict[str, Any]:
        """Return the list of models, in the form that the request's API has for it."""
        if "anthropic-version" in request.headers:
            data = [
                {"type": "model", "id": name, "display_name": name, "created_at": _LONG_AGO}
                for name in self._models
            ]
            ends = {"first_id": self._models[0], "last_id": self._models[-1]}
            return {"data": data, "has_more": False, **ends}
        listed = [
            {"id": name, "object": "model", "created": 0, "owned_by": "scripted"}
            for name in self._models
        ]
        return {"object": "list", "data": listed}


_LONG_AGO = "2026-01-01T00:00:00Z"


@contextmanager
def serving(*script: Answering, models: Sequence[str] = ("scripted",)) -> Iterator[ModelServer]:
    """Serve the script while the block runs."""
    server = ModelServer(script, models=models)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


class _Listener(ThreadingHTTPServer):
    """Takes connections, each in a thread that ends with the process."""

    daemon_threads = True

    def __init__(self, models: ModelServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.models = models


class _Handler(BaseHTTPRequestHandler):
    """Hands each request to the script."""

    protocol_version = "HTTP/1.1"

    @property
    def _models(self) -> ModelServer:
        assert isinstance(self.server, _Listener)
        return self.server.models

    def setup(self) -> None:
        """Take a connection."""
        super().setup()
        self._models.connected(self.request)

    def finish(self) -> None:
        """Close a connection."""
        self._models.gone(self.request)
        with suppress(OSError):
            super().finish()

    def handle(self) -> None:
        """Serve a connection; the other end may close it at any time."""
        with suppress(ConnectionError):
            super().handle()

    def do_HEAD(self) -> None:
        """Answer that the server is up."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        """Answer with the list of models."""
        request = self._request({})
        self._models.others.append(request)
        if self.path.partition("?")[0].rstrip("/") == "/v1/models":
            self._send(200, self._models.listed(request))
        else:
            self._send(404, openai_error(Reply(text="There is no such page.", status=404)))

    def do_POST(self) -> None:
        """Answer a request to a model, or a count."""
        request = self._request(msgspec.json.decode(self._read()))
        path = self.path.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            self._models.others.append(request)
            # About four characters are a token; callers need no more precision.
            count = len(msgspec.json.encode(request.body)) // 4
            self._send(200, {"input_tokens": count})
        elif path in APIS:
            self._answer(APIS[path], request)
        else:
            self._send(404, openai_error(Reply(text="There is no such page.", status=404)))

    def _request(self, body: dict[str, Any]) -> Request:
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.path, headers, body)

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        content = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _answer(self, api: ModuleType, request: Request) -> None:
        reply, number = self._models.next(request)
        self._models.wait(reply.seconds)
        if reply.status != 200:
            form = anthropic_error if api is messages else openai_error
            self._send(reply.status, form(reply), reply.headers)
        elif request.is_stream:
            self._stream(reply, api.stream(reply, request, number))
        else:
            self._send(200, api.body(reply, request, number), reply.headers)

    def _send(self, status: int, body: Any, headers: Any = None) -> None:
        content = msgspec.json.encode(body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, reply: Reply, events: Iterable[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for count, event in enumerate(events, 1):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            if count == reply.cut_after:
                self.close_connection = True
                return
            self._models.wait(reply.piece_seconds)
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: tests read `calls` instead."""
