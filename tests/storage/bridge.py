"""A bridge that speaks ClickHouse's HTTP interface over a chDB engine, in a process of its own.

No ClickHouse server can be had on the machines that test this, so this one is: ``python -m tests.storage.bridge FOLDER`` prints its port and serves
on loopback until its standard input ends, five minutes at most. It does what clickhouse-connect asks of a server: queries with server-side
parameters, Native inserts in the body, compression, ``/ping``, and errors with their code as a server words them.
"""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import tempfile
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_SECONDS = 300
_INSERT = re.compile(rb"INSERT INTO (.*?) FORMAT Native\s?\n", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)")
_NOT_SETTINGS = frozenset(
    "query database compress decompress session_id session_timeout query_id client_protocol_version wait_end_of_query quota_key role "
    "enable_http_compression send_progress_in_http_headers http_headers_progress_interval_ms buffer_size default_format".split()
)


class Engine:
    """One chDB connection, used by one request at a time."""

    def __init__(self, folder: str) -> None:
        import chdb

        self._connection = chdb.connect(folder)
        self._lock = threading.Lock()

    def run(self, sql: str, parameters: dict[str, Any], database: str) -> bytes:
        with self._lock:
            self._connection.query(f"USE `{database}`", "TabSeparated")
            result = self._connection.query(sql, "TabSeparated", params=parameters)
            return bytes(result.bytes())

    def insert(self, target: str, block: bytes, database: str, settings: dict[str, str]) -> None:
        with tempfile.NamedTemporaryFile(suffix=".native") as file:
            file.write(block)
            file.flush()
            clause = " SETTINGS " + ", ".join(f"{name} = '{value}'" for name, value in settings.items()) if settings else ""
            self.run(f"INSERT INTO {target} FROM INFILE '{file.name}'{clause} FORMAT Native", {}, database)


class Handler(BaseHTTPRequestHandler):
    """One request of ClickHouse's HTTP interface."""

    protocol_version = "HTTP/1.1"
    engine: Engine

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: queries name no identity, but the tests look at what is printed."""

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._reply(200, b"Ok.\n")
        else:
            self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def _answer(self, body: bytes) -> None:
        values = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if self.headers.get_content_type() == "multipart/form-data":
            values |= _form(self.headers["Content-Type"], body)
            body = b""
        parameters = {name[6:]: value for name, value in values.items() if name.startswith("param_")}
        settings = {name: value for name, value in values.items() if not name.startswith("param_") and name not in _NOT_SETTINGS}
        database = values.get("database", "default")
        text = values.get("query", "").encode() + (b"\n" if values.get("query") and body else b"") + body
        try:
            inserted = _INSERT.match(text)
            if inserted:
                self.engine.insert(inserted[1].decode(), text[inserted.end() :], database, settings)
                self._reply(200, b"")
            else:
                self._reply(200, self.engine.run(text.decode(), parameters, database))
        except Exception as error:  # noqa: BLE001 -- whatever the engine says, a server says it so
            message = str(error)
            code = _CODE.search(message)
            self._reply(500, message.encode(), {"X-ClickHouse-Exception-Code": code[1] if code else "1002"})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            raw = b"".join(self._chunks())
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return _decompressed(raw, self.headers.get("Content-Encoding", ""))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"X-ClickHouse-Summary": "{}", "X-ClickHouse-Timezone": "UTC", **(headers or {})}.items():
            self.send_header(name, value)
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 1000:
            body = gzip.compress(body, 1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _form(content_type: str, body: bytes) -> dict[str, str]:
    message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    return {str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True).decode() for part in message.get_payload()}  # type: ignore[union-attr]


def _decompressed(raw: bytes, encoding: str) -> bytes:
    if encoding == "lz4":
        import lz4.frame

        return bytes(lz4.frame.decompress(raw))
    if encoding == "zstd":
        from backports import zstd

        return zstd.decompress(raw)
    if encoding in ("gzip", "deflate"):
        return zlib.decompress(raw, zlib.MAX_WBITS | 32)
    return raw


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a bridge over an engine in ``folder`` -> the address for the setting ``warehouse``; ended when the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.storage.bridge", str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield f"clickhouse://default:@127.0.0.1:{port}/lrs"
    finally:
        process.kill()
        process.wait(10)


def main(folder: str) -> None:
    """Serve until the parent closes standard input."""
    Handler.engine = Engine(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Timer(_SECONDS, lambda: os._exit(1)).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
