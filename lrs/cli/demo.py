"""``lrs demo``."""

from __future__ import annotations

import shlex
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from lrs.access import Scope
from lrs.cli.attaching import store_lines
from lrs.cli.options import settings_of

if TYPE_CHECKING:
    from lrs.engine import LRS

_PORT = 8000
_VERSION = "X-Experience-API-Version: 1.0.3"


@click.command()
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the store in this directory; without it, it is gone at the end.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on. [default: 8000, or a free one if it is taken]")
@click.option("--serve/--no-serve", "serving", default=True, help="Start the server, or stop when the course is loaded.")
def demo(data: Path | None, port: int | None, *, serving: bool) -> None:
    """Show it: load a course that nobody took, start the server, and print what to try.

    Everyone in the course is made up. Ctrl-C ends it.
    """
    import lrs

    with _folder(data) as folder, lrs.open(settings_of(folder, None)) as store:
        agent, verb = _load_course(store)
        _row, username, password = store.credentials.add("demo", scopes=(Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ, Scope.DEFINE))
        if not serving:
            click.echo(f"credential: {username}:{password}")
            return
        from lrs.server import serving as server

        def started(address: str) -> None:
            click.echo(invitation(address, username, password, agent, verb))

        server.serve(store, server.Listening(port=_usual_port() if port is None else port), started=started)


def invitation(address: str, username: str, password: str, agent: str, verb: str) -> str:
    """Say where the server is and give three commands that work when pasted."""
    url = f"{address}/xapi/statements"
    mine = (
        '{"actor":{"mbox":"mailto:you@example.org"},"verb":{"id":"http://adlnet.gov/expapi/verbs/experienced","display":{"en":"experienced"}},'
        '"object":{"id":"https://example.org/demo","definition":{"name":{"en":"The demo of lrs"}}}}'
    )
    curl = f"curl -s -u {shlex.quote(f'{username}:{password}')} -H {shlex.quote(_VERSION)}"
    return "\n".join(
        (
            f"\nlrs listens on {address}/xapi/",
            f"credential: {username}:{password}\n",
            "Store a statement:",
            f"  {curl} -H 'Content-Type: application/json' -d {shlex.quote(mine)} {url}\n",
            "Read statements by verb:",
            f"  {curl} -G -d limit=2 --data-urlencode {shlex.quote(f'verb={verb}')} {url}\n",
            "Read what one person did:",
            f"  {curl} -G -d limit=2 --data-urlencode {shlex.quote(f'agent={agent}')} {url}\n",
            "Ctrl-C ends it.",
        )
    )


def _load_course(store: LRS) -> tuple[str, str]:
    """Store the course -> an agent (JSON) and a verb that occur in it."""
    from lrs.cli.course import statements

    lines = list(statements())
    count = 0
    for outcome in store_lines(store, iter(lines)):
        if outcome.error is not None:
            raise outcome.error
        count += outcome.statements
    first = msgspec.json.decode(lines[0])
    click.echo(f"{count:,} statements of a made-up course are stored in {store.settings.data}")
    agent = {key: value for key, value in first["actor"].items() if key != "name"}
    return msgspec.json.encode(agent).decode(), first["verb"]["id"]


def _usual_port() -> int:
    """Give the usual port, or 0 for any other when something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _PORT))
        except OSError:
            return 0
    return _PORT


@contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is not None:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="lrs-demo-") as folder:
        yield Path(folder)
