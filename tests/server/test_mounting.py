"""The application inside another one, and behind a proxy that shows it under a prefix."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

import lrs
from lrs.asgi import create_app
from tests.server.process import BOTH, PATIENT, VERSION, Server, add_credentials

STATEMENT = {
    "actor": {"mbox": "mailto:a@example.fr"},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
    "object": {"id": "https://lms.example.fr/course"},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """Open a store with three statements."""
    data = tmp_path_factory.mktemp("mounted")
    add_credentials(data)
    with lrs.open(data) as opened:
        opened.ingest([STATEMENT] * 3)
        yield opened


def walk(application: Any, first: str) -> list[tuple[str, int]]:
    """Follow the links from a page to the last one -> (link, number of statements) of each."""

    async def run() -> list[tuple[str, int]]:
        transport = httpx.ASGITransport(application)
        pages = []
        async with httpx.AsyncClient(transport=transport, base_url="http://platform.example", auth=BOTH, headers=VERSION) as client:
            link = first
            while link:
                reply = (await client.get(link)).raise_for_status().json()
                pages.append((link, len(reply["statements"])))
                link = reply["more"]
        return pages

    return anyio.run(run)


def home(_request: Any) -> PlainTextResponse:
    """Be the platform beside it."""
    return PlainTextResponse("platform")


@pytest.mark.parametrize("where", ["/lrs", "/api/lrs"])
def test_more_links_are_right_wherever_it_is_mounted(where: str, store: lrs.LRS) -> None:
    """In a Starlette application, and in a sub-application of one, as FastAPI mounts it."""
    inner: Any = create_app(store)
    for part in reversed(where.strip("/").split("/")):
        inner = Starlette(routes=[Mount(f"/{part}", inner), Route("/", home)])
    pages = walk(inner, f"{where}/xapi/statements?limit=1")
    assert [count for _, count in pages] == [1, 1, 1]
    assert all(link.startswith(f"{where}/xapi/statements?more=") for link, _ in pages[1:])


def test_an_asgi_server_may_mount_it_by_cutting_the_path(store: lrs.LRS) -> None:
    """As Django's dispatchers and older frameworks do: the path is what is left, root_path what was cut."""
    application = create_app(store)

    async def dispatch(scope: Any, receive: Any, send: Any) -> None:
        await application({**scope, "root_path": "/lrs", "path": scope["path"].removeprefix("/lrs")}, receive, send)

    assert [count for _, count in walk(dispatch, "/lrs/xapi/statements?limit=2")] == [2, 1]


def test_it_agrees_to_lifespan_events(store: lrs.LRS) -> None:
    """Servers that insist on them start and stop; the store stays open."""
    sent = []
    events = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, str]:
        return {"type": next(events)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    anyio.run(create_app(store), {"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    store.ready()


def test_a_prefix_is_kept_whether_or_not_the_proxy_cuts_it(tmp_path: Path) -> None:
    """``--root-path``: the address that is printed, links, and both spellings of a path."""
    (tmp_path / "data").mkdir()
    add_credentials(tmp_path / "data")
    server = Server(tmp_path, "--root-path", "/lrs/")
    try:
        assert server.address.endswith("/lrs")
        origin = server.address.removesuffix("/lrs")
        with httpx.Client(auth=BOTH, headers=VERSION, **PATIENT) as client:
            client.post(f"{origin}/lrs/xapi/statements", json=[STATEMENT, STATEMENT]).raise_for_status()
            for prefix in ("", "/lrs"):
                page = client.get(f"{origin}{prefix}/xapi/statements", params={"limit": 1}).raise_for_status().json()
                assert page["more"].startswith("/lrs/xapi/statements?more=")
                for seen in ("", "/lrs"):
                    link = origin + seen + page["more"].removeprefix("/lrs")
                    assert len(client.get(link).raise_for_status().json()["statements"]) == 1
    finally:
        server.stop()
