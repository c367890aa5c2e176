"""An OpenAI-compatible endpoint on the loopback interface that answers from a script."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """One answer of the script."""

    text: str = ""
    status: int = 200
    seconds: float = 0.0  # how long the server waits before it answers
    input_tokens: int = 100
    cached_tokens: int = 40
    output_tokens: int = 20
    reasoning_tokens: int = 5
    model: str = "scripted"


class ModelServer:
    """Answers each request with the next reply; the last one is repeated."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        """Listen on a free port; `serving` starts and stops it."""
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self._replies = list(replies)
        self._stopped = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    @property
    def url(self) -> str:
        """The base address to configure."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def serve(self) -> None:
        """Answer until `stop` is called."""
        self._http.serve_forever(poll_interval=0.01)

    def stop(self) -> None:
        """Stop listening, and let a waiting reply go."""
        self._stopped.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, request: dict[str, Any], authorization: str) -> tuple[int, bytes]:
        """Record the request and return status and body of its reply."""
        self.requests.append(request)
        self.authorizations.append(authorization)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        self._stopped.wait(reply.seconds)
        if reply.status != 200:
            return reply.status, json.dumps({"error": {"message": reply.text}}).encode()
        return 200, json.dumps(_completion(reply)).encode()


@contextmanager
def serving(*replies: Reply) -> Iterator[ModelServer]:
    """Serve the script while the block runs."""
    server = ModelServer(replies)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


def _completion(reply: Reply) -> dict[str, Any]:
    return {
        "id": "scripted-1",
        "object": "chat.completion",
        "created": 0,
        "model": reply.model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": reply.text},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": reply.input_tokens,
            "completion_tokens": reply.output_tokens,
            "total_tokens": reply.input_tokens + reply.output_tokens,
            "prompt_tokens_details": {"cached_tokens": reply.cached_tokens},
            "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
        },
    }


def _handler(server: ModelServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Hands each request to the script."""

        def do_POST(self) -> None:
            """Answer a chat completion."""
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            authorization = self.headers.get("Authorization", "")
            status, answer = server.answer(json.loads(body), authorization)
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # The client gave up waiting, as a script may want.

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing: tests read `requests` instead."""

    return Handler
