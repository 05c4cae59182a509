"""A stand-in for openfun/mork: as much of the API that its code publishes as a service uses, on loopback.

GET /v1/users?service=&deletion_status=&offset=&limit= (at most 1000), PATCH /v1/users/{id}/status/{service} with {"deletion_status": ...}; a key that
is missing is answered with 403, a wrong one with 401, what is not understood with 422, who is not there with 404.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

SERVICES = ("ashley", "edx", "brevo", "joanie", "sarbacane")
STATUSES = ("to_delete", "deleting", "deleted", "protected")


class Mork(ThreadingHTTPServer):
    """The service: accounts to be deleted, with a status for each other service."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.key = "key-1"
        self.users: list[dict[str, Any]] = []
        self.faults: list[int] = []
        self.asked: list[str] = []

    def add(self, name: str, reason: str = "gdpr") -> dict[str, Any]:
        statuses = [{"service_name": service, "status": "to_delete"} for service in SERVICES]
        times = {"created_at": "2026-01-01T00:00:00", "updated_at": "2026-01-01T00:00:00"}
        user = {"id": str(uuid4()), "username": name, "edx_user_id": len(self.users), "email": f"{name}@canary.example", "reason": reason}
        self.users.append(user | {"service_statuses": statuses} | times)
        return self.users[-1]

    def status(self, name: str, service: str = "joanie") -> str:
        (user,) = [each for each in self.users if each["username"] == name]
        return next(each["status"] for each in user["service_statuses"] if each["service_name"] == service)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Mork

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(f"{self.command} {self.path}")
        given = self.headers.get("X-API-Key")
        if self.server.faults:
            status, found = self.server.faults.pop(0), {"detail": "fault"}
        elif given != self.server.key:
            status, found = (403 if given is None else 401), {"detail": "Missing or invalid API key"}
        else:
            status, found = self._read() if self.command == "GET" else self._change(body)
        text = json.dumps(found).encode()
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PATCH = do_POST = do_DELETE = _answer  # noqa: N815 -- the names that http.server looks for

    def _read(self) -> tuple[int, Any]:
        parts = urlsplit(self.path)
        asked = dict(parse_qsl(parts.query))
        service, status = asked.get("service"), asked.get("deletion_status")
        offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", 100))
        if parts.path not in ("/v1/users", "/v1/users/") or service not in SERVICES or status not in STATUSES or limit > 1000 or offset < 0:
            return 422, {"detail": []}
        wanted = {"service_name": service, "status": status}
        return 200, [user for user in self.server.users if wanted in user["service_statuses"]][offset : offset + limit]

    def _change(self, body: bytes) -> tuple[int, Any]:
        match = re.fullmatch(r"/v1/users/([0-9a-f-]{36})/status/(\w+)", self.path)
        status = json.loads(body).get("deletion_status")
        if self.command != "PATCH" or match is None or match[2] not in SERVICES or status not in STATUSES:
            return 422, {"detail": []}
        for user in self.server.users:
            for each in user["service_statuses"]:
                if (user["id"], each["service_name"]) == (match[1], match[2]):
                    each["status"] = status
                    return 200, {"id": match[1], "service_name": match[2], "status": status}
        return 404, {"detail": "User status not found"}

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


@contextmanager
def mork() -> Iterator[tuple[Mork, str]]:
    """Give the service, and its address."""
    server = Mork()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
