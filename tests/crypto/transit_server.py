"""A stand-in for HashiCorp Vault: as much of the published API of its transit engine as a KEK provider uses, on loopback.

Written from the API's documentation (secret/transit): derived keys, contexts, versions, batches, minimum versions, trim. It answers wrongly
nowhere on purpose; what the documentation refuses it refuses.
"""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Refused(Exception):
    """An answer with a status that is not 200."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Transit:
    """The engine: named keys with versions."""

    def __init__(self) -> None:
        self.token = "token-1"
        self.keys: dict[str, dict[str, Any]] = {}
        self.calls = 0
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, token: str | None, body: dict[str, Any]) -> dict[str, Any] | None:
        with self._lock:
            self.calls += 1
            if token != self.token:
                raise Refused(403)
            match = re.fullmatch(r"/v1/transit/(keys|encrypt|decrypt|rewrap)/([\w.-]+)(?:/(rotate|config|trim))?", path)
            if match is None:
                raise Refused(404)
            verb, name, change = match.groups()
            if (method, verb, change) == ("POST", "keys", None):
                self.keys.setdefault(name, {"derived": body["derived"], "versions": {1: new_version()}, "dec": 1, "enc": 0, "avail": 0})
                return {}
            if name not in self.keys:
                raise Refused(404)
            key = self.keys[name]
            if method == "GET":
                return read(name, key)
            if method == "DELETE":
                if not key.get("deletion_allowed"):
                    raise Refused(400)
                del self.keys[name]
                return None
            if verb == "keys":
                return {"rotate": rotate, "config": config, "trim": trim}[change](key, body)
            return {
                "batch_results": [
                    {"encrypt": encrypt, "decrypt": decrypt, "rewrap": rewrap}[verb](key, each) for each in body["batch_input"]
                ]
            }


def new_version() -> tuple[bytes, int]:
    return os.urandom(32), int(time.time())


def read(name: str, key: dict[str, Any]) -> dict[str, Any]:
    shown = {str(number): made for number, (_, made) in key["versions"].items() if number >= key["dec"]}
    versions = {"min_decryption_version": key["dec"], "min_encryption_version": key["enc"], "latest_version": max(key["versions"])}
    return {"name": name, "type": "aes256-gcm96", "derived": key["derived"], "keys": shown, **versions}


def rotate(key: dict[str, Any], _body: dict[str, Any]) -> None:
    key["versions"][max(key["versions"]) + 1] = new_version()


def config(key: dict[str, Any], body: dict[str, Any]) -> None:
    if "deletion_allowed" in body:
        key["deletion_allowed"] = body["deletion_allowed"]
        return
    if not body["min_decryption_version"] <= body["min_encryption_version"] <= max(key["versions"]):
        raise Refused(400)
    key["dec"], key["enc"] = body["min_decryption_version"], body["min_encryption_version"]


def trim(key: dict[str, Any], body: dict[str, Any]) -> None:
    least = body["min_available_version"]
    if not key["dec"] or not key["enc"] or least > min(key["dec"], key["enc"]):
        raise Refused(400)
    key["versions"] = {number: version for number, version in key["versions"].items() if number >= least}


def derived(key: dict[str, Any], number: int, context: str) -> AESGCM:
    raw = base64.b64decode(context, validate=True)
    if not raw or number not in key["versions"]:
        raise Refused(400)
    return AESGCM(HKDF(hashes.SHA256(), 32, None, raw).derive(key["versions"][number][0]))


def encrypt(key: dict[str, Any], each: dict[str, Any]) -> dict[str, str]:
    number = each.get("key_version") or max(key["versions"])
    if number < key["enc"]:
        raise Refused(400)
    nonce = os.urandom(12)
    sealed = nonce + derived(key, number, each["context"]).encrypt(nonce, base64.b64decode(each["plaintext"], validate=True), None)
    return {"ciphertext": f"vault:v{number}:{base64.b64encode(sealed).decode()}"}


def decrypt(key: dict[str, Any], each: dict[str, Any]) -> dict[str, str]:
    match = re.fullmatch(r"vault:v(\d+):([\w+/=]+)", each["ciphertext"])
    if match is None or int(match[1]) < key["dec"]:
        raise Refused(400)
    sealed = base64.b64decode(match[2])
    try:
        plain = derived(key, int(match[1]), each["context"]).decrypt(sealed[:12], sealed[12:], None)
    except (InvalidTag, ValueError):
        raise Refused(400) from None
    return {"plaintext": base64.b64encode(plain).decode()}


def rewrap(key: dict[str, Any], each: dict[str, Any]) -> dict[str, str]:
    return encrypt(key, {**each, **decrypt(key, each)})


@contextmanager
def running(transit: Transit, certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Serve the engine, over TLS when it has a certificate and its key -> its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_DELETE(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}"))

        def _answer(self, body: dict[str, Any]) -> None:
            try:
                data = transit.answer(self.command, self.path, self.headers["X-Vault-Token"], body)
                status, text = (204, b"") if data is None else (200, json.dumps({"data": data}).encode())
            except Refused as refused:
                status, text = refused.status, b'{"errors":["no"]}'
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}/v1/transit"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
