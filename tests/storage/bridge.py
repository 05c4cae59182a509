"""A stand-in for a ClickHouse server: its HTTP interface, as far as a client uses it, over a chDB engine in a process of its own.

    python tests/storage/bridge.py FOLDER USER PASSWORD SECONDS [CERTIFICATE KEY]

prints its port and serves on 127.0.0.1 until its standard input closes, or SECONDS have passed.
"""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import os
import re
import ssl
import sys
import threading
import uuid
import zlib
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, LifoQueue
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb
import lz4.frame

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# What the interface itself reads; everything else in the query string is a setting of the engine.
TRANSPORT = {"query", "database", "default_format", "session_id", "query_id", "wait_end_of_query", "buffer_size", "compress", "decompress"}
TRANSPORT |= {"client_protocol_version", "enable_http_compression", "quota_key", "role"}
MAX_FIELD = 128 * 1024
STATUS = {60: 404, 81: 404, 516: 403, 62: 400, 36: 400, 27: 400, 26: 400, 457: 400}
DECODE = {
    "lz4": lz4.frame.decompress,
    "zstd": zstd.decompress,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}
ENCODE = {
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
    "gzip": lambda data: gzip.compress(data, 1),
    "deflate": zlib.compress,
}
INSERT = re.compile(rb"\s*(INSERT\s+INTO\s+.*?)\s+FORMAT\s+(\w+)\s*\n", re.IGNORECASE | re.DOTALL)
FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)


class Refusal(Exception):
    """An error as ClickHouse writes it."""

    def __init__(self, text: str) -> None:
        found = text.find("Code: ")
        self.text = text[max(found, 0) :].strip()
        code = re.search(r"Code: (\d+)", self.text)
        self.code = int(code[1]) if code else 1002
        super().__init__(self.text)


class Engine:
    """Connections to the engine, one a request at a time; those that may only read apart."""

    def __init__(self, folder: str) -> None:
        # As a server's configuration says where backups may be.
        self._folder = f"{folder}?backups.allowed_path=/"
        self._idle: dict[str, LifoQueue[Any]] = {}
        self._first = chdb.connect(self._folder)

    def run(self, sql: str, form: str, params: dict[str, str], settings: dict[str, str], database: str) -> Any:
        """Run one statement in a database, under settings."""
        readonly = settings.pop("readonly", "0")
        idle = self._idle.setdefault(readonly, LifoQueue())
        try:
            connection = idle.get_nowait()
        except Empty:
            connection = chdb.connect(self._folder + ("" if readonly == "0" else f"&readonly={readonly}"))
        try:
            connection.query(f"USE `{database}`", "TabSeparated")
            for name, value in settings.items():
                if not re.fullmatch(r"\w+", name):
                    raise Refusal(f"Code: 115. DB::Exception: Unknown setting '{name}'. (UNKNOWN_SETTING)")
                connection.query(f"SET {name} = {_quoted(value)}", "TabSeparated")
            try:
                return connection.query(sql, form, params=params)
            finally:
                for name in settings:
                    connection.query(f"SET {name} = DEFAULT", "TabSeparated")
        except RuntimeError as error:
            raise Refusal(str(error)) from None
        finally:
            idle.put(connection)

    def insert(self, head: str, form: str, rows: bytes, settings: dict[str, str], database: str) -> Any:
        """Insert the rows that came with a statement."""
        with os.fdopen(os.memfd_create("rows"), "wb") as file:
            file.write(rows)
            file.flush()
            return self.run(f"{head} FROM INFILE '/dev/fd/{file.fileno()}' FORMAT {form}", "TabSeparated", {}, settings, database)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    engine: Engine
    authorization: str

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        if path.path == "/ping" or (path.path == "/" and not path.query):
            self._reply(200, b"Ok.\n", {})
        else:
            self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""

    def _answer(self, body: bytes) -> None:
        try:
            self._authenticate()
            self._execute(body)
        except Refusal as error:
            text = f"{error.text} (version 26.9.1.1)\n".encode()
            self._reply(STATUS.get(error.code, 500), text, {"X-ClickHouse-Exception-Code": str(error.code)})

    def _authenticate(self) -> None:
        if not hmac.compare_digest(self.headers.get("Authorization", ""), self.authorization):
            raise Refusal("Code: 516. DB::Exception: Authentication failed: wrong password, or no such user. (AUTHENTICATION_FAILED)")

    def _execute(self, body: bytes) -> None:
        fields = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        if self.headers.get_content_type() == "multipart/form-data":
            fields |= self._form(body)
            body = b""
        text = (
            fields.get("query", "").encode() + body
            if "query" in fields and not body
            else fields.get("query", "").encode() + b"\n" * bool(fields.get("query")) + body
        )
        database = fields.get("database", "default")
        params = {name[6:]: value for name, value in fields.items() if name.startswith("param_")}
        settings = {name: value for name, value in fields.items() if name not in TRANSPORT and not name.startswith("param_")}
        insert = INSERT.match(text[:65536])
        if insert:
            result = self.engine.insert(insert[1].decode(), insert[2].decode(), text[insert.end() :], settings, database)
            summary = {"written_rows": str(result.rows_read()), "written_bytes": str(result.bytes_read())}
            return self._reply(200, b"", {"X-ClickHouse-Summary": json.dumps(summary)})
        sql = text.decode()
        form = FORMAT.search(sql)
        result = self.engine.run(sql, form[1] if form else fields.get("default_format", "TabSeparated"), params, settings, database)
        answer = result.bytes() or b""
        headers = {"X-ClickHouse-Summary": json.dumps({"read_rows": str(result.rows_read()), "read_bytes": str(result.bytes_read())})}
        if answer or form:
            headers["X-ClickHouse-Format"] = form[1] if form else "TabSeparated"
        if fields.get("enable_http_compression") == "1":
            wanted = [name.split(";")[0].strip() for name in self.headers.get("Accept-Encoding", "").split(",")]
            encoding = next((name for name in wanted if name in ENCODE), None)
            if encoding and answer:
                answer = ENCODE[encoding](answer)
                headers["Content-Encoding"] = encoding
        return self._reply(200, answer, headers)

    def _form(self, body: bytes) -> dict[str, str]:
        message = message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        fields = {}
        for part in message.get_payload():
            name = part.get_param("name", header="content-disposition")
            value = part.get_payload(decode=True)
            if len(value) > MAX_FIELD:
                raise Refusal(f"Code: 131. DB::Exception: Field value too long: {len(value)}. (TOO_LARGE_STRING_SIZE)")
            fields[str(name)] = value.decode()
        return fields

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            data = b"".join(pieces)
        else:
            data = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        encoding = self.headers.get("Content-Encoding", "identity")
        return data if encoding == "identity" else DECODE[encoding](data)

    def _reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("X-ClickHouse-Query-Id", str(uuid.uuid4()))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(folder: str, user: str, password: str, seconds: str, certificate: str = "", key: str = "") -> None:
    """Serve until the standard input closes or the time is over."""
    Handler.engine = Engine(folder)
    Handler.authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    timer = threading.Timer(float(seconds), os._exit, (3,))
    timer.daemon = True
    timer.start()
    sys.stdin.read()


if __name__ == "__main__":
    serve(*sys.argv[1:])
