"""A file that holds a secret of a tool, made when it is first needed."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from lrs.errors import ConfigurationError

_BYTES = 32


def secret_of(path: Path) -> bytes:
    """Read a secret, or make one that its owner alone can read."""
    try:
        return bytes.fromhex(path.read_text("ascii"))
    except FileNotFoundError:
        return _made(path)
    except (OSError, ValueError):
        raise ConfigurationError(f"{path} can't be read as a secret in hexadecimal digits", hint="Name another file.") from None


def _made(path: Path) -> bytes:
    secret = secrets.token_bytes(_BYTES)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{path} can't be made: {error.strerror}", hint="Name another file.") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(secret.hex() + "\n")
    click.echo(f"Made {path}: keep it and keep it secret; with it the same event becomes the same statement again.", err=True)
    return secret
