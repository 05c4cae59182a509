"""The options that commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

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


def store_options(command: Command) -> Command:
    """Add ``--data`` and ``--config`` to a command."""
    return _DATA(_CONFIG(command))


def settings_of(data: Path | None, config: Path | None, **arguments: Any) -> Settings:
    """Gather the settings that these options, the environment and the settings file make."""
    from lrs.settings import load

    return load(data, config=config, **arguments)
