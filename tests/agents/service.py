"""A real HTTP server on this machine that answers as a test says."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], Any]


class Service:
    """Answers each request with what `answer` says of it, and remembers all of them."""

    def __init__(
        self,
        answer: Callable[["Service", dict[str, Any]], Reply],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self.heard = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                request = {
                    "method": self.command,
                    "path": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": body,
                }
                service.requests.append(request)
                service.heard.set()
                status, headers, content = answer(service, request)
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                if "Content-Type" not in headers:
                    self.send_header("Content-Type", "application/json")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with suppress(ConnectionError):  # The client gave up waiting, as a test may want.
                    self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = handle_one

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
            self.url = f"https://localhost:{self._http.server_port}"

    def serve(self) -> None:
        self._http.serve_forever(poll_interval=0.01)

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def serving(
    answer: Callable[[Service, dict[str, Any]], Reply], tls: ssl.SSLContext | None = None
) -> Iterator[Service]:
    service = Service(answer, tls)
    thread = threading.Thread(target=service.serve)
    thread.start()
    try:
        yield service
    finally:
        service.stop()
        thread.join()


def always(content: Any, status: int = 200, **headers: str) -> Callable[..., Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda service, request: (status, named, content)


def in_turn(*replies: Reply) -> Callable[[Service, dict[str, Any]], Reply]:
    return lambda service, request: replies[min(len(service.requests), len(replies)) - 1]
