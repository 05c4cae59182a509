"""``lrs serve``."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from lrs.cli.options import settings_of, store_options
from lrs.errors import MissingExtra

_EVERY = 5.0
_HOUR = 3600.0


@click.command()
@store_options
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--tls-cert", metavar="FILE", type=click.Path(path_type=Path), help="Certificate chain, PEM.")
@click.option("--tls-key", metavar="FILE", type=click.Path(path_type=Path), help="Private key of the certificate, PEM.")
@click.option("--behind-proxy", is_flag=True, help="A proxy in front ends TLS: allow plain HTTP on this address.")
@click.option("--root-path", default="", metavar="PREFIX", help="Prefix under which the proxy shows the server, such as /lrs.")
@click.option("--forward", is_flag=True, help="Forward to the targets of forward.toml meanwhile, looking every 5 seconds.")
@click.option(
    "--backup-every",
    metavar="HOURS",
    type=click.FloatRange(0.01),
    help="Back up into the places of the settings backup_... meanwhile, whenever the newest backup is older than this.",
)
def serve(  # noqa: PLR0913 -- one parameter an option
    data: Path | None,
    config: Path | None,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    *,
    behind_proxy: bool,
    root_path: str,
    forward: bool,
    backup_every: float | None,
) -> None:
    """Serve xAPI over HTTP: statements at /xapi/statements, probes at /healthz and /readyz.

    SIGTERM or Ctrl-C stops it: what was accepted is stored and answered first.

    \b
    lrs serve --data data/
    lrs serve --data data/ --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem
    lrs serve --data data/ --host 0.0.0.0 --behind-proxy --root-path /lrs
    """  # noqa: D301 -- click keeps the lines after a backspace as they are
    import lrs

    try:
        from lrs.server import serving
    except ModuleNotFoundError:
        raise MissingExtra("the server", "server") from None
    listening = serving.Listening(host=host, port=port, tls_cert=tls_cert, tls_key=tls_key, behind_proxy=behind_proxy, root_path=root_path)
    settings = settings_of(data, config)
    serving.forbid_core_dumps()
    with lrs.open(settings) as store:
        if not any(row.revoked is None for row in store.credentials.list()):
            click.echo(f"Nobody can log in yet. Add a credential with: lrs credentials add NAME --data {settings.data}")
        with (
            store.erasures.following(),
            store.replays.following(),
            store.forwarding.following(every=_EVERY) if forward else nullcontext(),
            store.backups.regularly(every=backup_every * _HOUR) if backup_every else nullcontext(),
        ):
            serving.serve(store, listening, started=lambda address: click.echo(f"lrs listens on {address}/xapi/"))
    click.echo("lrs stopped; everything accepted is stored.")
