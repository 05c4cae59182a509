"""A small issuer of OpenID Connect on this machine: discovery, keys that rotate, tokens, and a switch."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "https://lrs.example.fr"
CLIENT = "exercise-player"
USER = "5f0c7a1e-canary-user"


@cache
def private_key(algorithm: str, name: str) -> Any:
    """Make a private key; the same name gives the same key."""
    if algorithm.startswith("ES"):
        return ec.generate_private_key({"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}[algorithm])
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 1024 if "short" in name else 2048)


def jwk(algorithm: str, name: str, **more: Any) -> dict[str, Any]:
    """Give the public half as an issuer publishes it."""
    kind = jwt.get_algorithm_by_name(algorithm)
    public: dict[str, Any] = kind.to_jwk(private_key(algorithm, name).public_key(), as_dict=True)
    return {key: value for key, value in public.items() if key != "key_ops"} | {"kid": name, "use": "sig"} | more


class TestIssuer:
    """The issuer. ``answers`` maps its paths to what it answers, ``asked`` counts questions, ``up`` switches it off."""

    __test__ = False

    def __init__(self) -> None:
        self.up = True
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_port}/realms/campus"
        self.token_endpoint = self.address + "/token"
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.say("/.well-known/openid-configuration", self.configuration())
        self.rotate("one")
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def configuration(self, **more: Any) -> dict[str, Any]:
        """Give the discovery document."""
        return {"issuer": self.address, "jwks_uri": self.address + "/keys", "token_endpoint": self.token_endpoint} | more

    def say(self, path: str, value: Any, status: int = 200) -> None:
        """Answer at a path with the JSON of a value."""
        self.answers["/realms/campus" + path] = (status, json.dumps(value).encode())

    def rotate(self, *names: str, algorithm: str = "RS256") -> None:
        """Publish these keys, and no others."""
        self.publish(*(jwk(algorithm, name) for name in names))

    def publish(self, *keys: dict[str, Any]) -> None:
        """Publish keys as they are."""
        self.say("/keys", {"keys": list(keys)})

    def token(self, *, signed_by: str = "one", algorithm: str = "RS256", headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """Issue a token; a claim that is None is left out."""
        now = int(time.time())
        all_claims = {"iss": self.address, "aud": AUDIENCE, "exp": now + 300, "iat": now, "client_id": CLIENT, "sub": USER} | claims
        kept = {name: value for name, value in all_claims.items() if value is not None}
        return jwt.encode(kept, private_key(algorithm, signed_by), algorithm, {"kid": signed_by} | (headers or {}))

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(issuer) -> Callable[..., BaseHTTPRequestHandler]:  # noqa: N805 -- the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                status, text = issuer.answers.get(self.path, (404, b"{}")) if issuer.up else (500, b"")
                self.send_response(status)
                if status in (301, 302):
                    self.send_header("location", json.loads(text))
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        return Handler
