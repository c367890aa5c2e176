"""An endpoint on the loopback interface that speaks Gemini's language from a script."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Parts = list[dict[str, Any]]
Answering = Callable[[dict[str, Any]], Parts]
USAGE = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 40,
    "candidatesTokenCount": 15,
    "thoughtsTokenCount": 5,
    "totalTokenCount": 120,
}


class GeminiServer:
    """Answers each request with the parts that `answer` gives for it."""

    def __init__(self, answer: Answering) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send(json.dumps({"models": [{"name": "models/scripted"}]}))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))))
                if self.path.partition("?")[0].endswith(":countTokens"):
                    self.send(json.dumps({"totalTokens": 100}))
                    return
                server.requests.append(body)
                server.keys.append(self.headers.get("x-goog-api-key", ""))
                content = {"role": "model", "parts": answer(body)}
                payload = json.dumps(
                    {
                        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
                        "usageMetadata": USAGE,
                        "modelVersion": "scripted",
                        "responseId": f"r-{len(server.requests)}",
                    }
                )
                is_stream = ":streamGenerateContent" in self.path
                self.send(f"data: {payload}\r\n\r\n" if is_stream else payload, is_stream)

            def send(self, text: str, is_stream: bool = False) -> None:
                data = text.encode()
                kind = "text/event-stream" if is_stream else "application/json"
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with suppress(ConnectionError):
                    self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@contextmanager
def serving_gemini(answer: Answering) -> Iterator[GeminiServer]:
    """Serve the script while the block runs."""
    server = GeminiServer(answer)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()
