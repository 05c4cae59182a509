"""The options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from lrs.errors import InvalidRequest

if TYPE_CHECKING:
    from lrs.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

_DATA = click.option(
    "--data",
    envvar="LRS_DATA",
    show_envvar=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of the store: identities, statements, keys. Made if it is missing; 'data' if not given.",
)
_CONFIG = click.option(
    "--config",
    envvar="LRS_CONFIG",
    show_envvar=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings file, in place of DIR/lrs.toml.",
)


_FILTERS = (
    click.option("--agent", metavar="JSON", help="Agent or identified group, as JSON; mailto:... for short."),
    click.option("--verb", metavar="IRI"),
    click.option("--activity", metavar="IRI"),
    click.option("--registration", metavar="UUID"),
    click.option("--related-agents", is_flag=True, help="Find --agent in every role, not as actor or object alone."),
    click.option("--related-activities", is_flag=True, help="Find --activity in contexts and SubStatements too."),
    click.option("--since", metavar="TIME", help="Stored after this time (RFC 3339)."),
    click.option("--until", metavar="TIME", help="Stored at or before this time."),
)


def filter_options(command: Command) -> Command:
    """Add the filters of statements to a command; :func:`filters_of` reads them."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def filters_of(agent: str | None, **filters: Any) -> dict[str, Any]:
    """Gather the filters that were given, as ``store.query`` takes them."""
    return {name: value for name, value in filters.items() if value} | ({"agent": agent_of(agent)} if agent else {})


def agent_of(text: str) -> Any:
    """Read an agent as people type it: JSON, or ``mailto:...`` for short."""
    if text.startswith("mailto:"):
        return {"mbox": text}
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise InvalidRequest(
            "the agent is not JSON", parameter="agent", hint='For example: --agent \'{"mbox": "mailto:a@b.fr"}\''
        ) from None


def store_options(command: Command) -> Command:
    """Add ``--data`` and ``--config`` to a command."""
    return _DATA(_CONFIG(command))


def settings_of(data: Path | None, config: Path | None, **arguments: Any) -> Settings:
    """Gather the settings that these options, the environment and the settings file make."""
    from lrs.settings import load

    return load(data, config=config, **arguments)
