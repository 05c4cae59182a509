"""The platforms whose events the server takes, as a TOML file names them: ``[sources.NAME]`` each, at ``/sources/NAME``."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import msgspec
from msgspec import Meta

from lrs.errors import ConfigurationError, InvalidRequest
from lrs.sources import Outcome, Platform, converter
from lrs.sources.attendance import Attendance

if TYPE_CHECKING:
    from lrs.settings import Settings

FILE = "sources.toml"
_HINT = "What a source may say is in docs/how-to/sources/endpoints.md."
_REMEMBERING = ("bigbluebutton", "livekit")
_KEY_BYTES = 32
Name = Annotated[str, Meta(pattern=r"\A[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?\Z")]


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A platform that sends events.

    ``source`` is the converter, by default that of the same name. ``credential`` is the id, username or name of the one in whose name its statements
    are stored, and by whose password it comes in, unless the emitter signs: then ``secret_file`` holds the secret (BigBlueButton), or lines of API key and
    secret (LiveKit), and ``address`` is the callback's, as BigBlueButton knows it. ``key_file``, ``names``, ``people`` and ``notice`` are what
    ``lrs convert`` takes too.
    """

    name: Name
    source: str
    home: str
    credential: str
    secret_file: Path | None = None
    address: str = ""
    key_file: Path
    names: Path | None = None
    people: Path | None = None
    notice: Path | None = None


@attrs.frozen(eq=False)
class Emitter:
    """A source that is ready: ``convert`` turns its events into statements; ``secrets`` are those that it signs with, by API key, empty where it does not."""

    source: Source
    convert: Callable[[Iterable[bytes], Attendance], Iterator[Outcome]]
    secrets: dict[str, str] = attrs.field(repr=False)
    lock: Lock = attrs.field(factory=Lock, repr=False)
    """Held while events are converted and who is in which class is noted, so that the next event finds it."""


def load(settings: Settings) -> dict[str, Emitter]:
    """Read the sources of a store, none where there is no file -> name -> emitter; raises :class:`lrs.errors.ConfigurationError`."""
    path = settings.sources or settings.data / FILE
    if settings.sources is None and not path.is_file():
        return {}
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the file of sources {path} can't be read: {type(error).__name__}") from None
    told = tables.pop("sources", {})
    if tables or not isinstance(told, dict) or not all(isinstance(each, dict) for each in told.values()):
        raise ConfigurationError(f"{path} holds tables [sources.NAME] and nothing else", hint=_HINT)
    return {name: _emitter(_source(name, each, settings)) for name, each in told.items()}


def _source(name: str, told: dict[str, Any], settings: Settings) -> Source:
    defaults = {"source": name, "key_file": settings.data / "source.key"}
    try:
        return msgspec.convert({**defaults, **told, "name": name}, Source, dec_hook=lambda _kind, value: Path(value))
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"source {name}: {error}", hint=_HINT) from None


def _emitter(source: Source) -> Emitter:
    try:
        convert: Callable[..., Iterator[Outcome]] = converter(source.source)
    except InvalidRequest as error:
        raise ConfigurationError(f"source {source.name}: {error.message}", hint=error.hint) from None
    known = {"names": _texts(source.names), "people": _texts(source.people)}
    platform = Platform(source.home, secret(source.key_file), names=known["names"], people=known["people"], notice=_digest(source.notice))
    remembers = source.source in _REMEMBERING

    def converted(events: Iterable[bytes], attendance: Attendance) -> Iterator[Outcome]:
        return convert(events, platform, attendance) if remembers else convert(events, platform)

    return Emitter(source, converted, _secrets(source))


def secret(path: Path) -> bytes:
    """Read the secret that makes the ids of statements, or make one that its owner alone can read."""
    with suppress(FileExistsError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_bytes(_KEY_BYTES).hex() + "\n")
    try:
        return bytes.fromhex(_text(path))
    except ValueError:
        raise ConfigurationError(f"{path} can't be read as a secret in hexadecimal digits", hint=_HINT) from None


def _secrets(source: Source) -> dict[str, str]:
    if source.secret_file is None:
        return {}
    lines = [line.split() for line in _text(source.secret_file).splitlines() if line.strip()]
    if source.source == "livekit" and lines and all(len(line) == 2 for line in lines):  # noqa: PLR2004 -- API key and secret
        return dict(lines)
    if source.source == "bigbluebutton" and len(lines) == 1 and len(lines[0]) == 1:
        return {"": lines[0][0]}
    raise ConfigurationError(f"source {source.name}: its secret_file does not hold what this kind of source signs with", hint=_HINT)


def _texts(path: Path | None) -> dict[str, str]:
    try:
        return msgspec.json.decode(_text(path), type=dict[str, str]) if path else {}
    except msgspec.MsgspecError:
        raise ConfigurationError(f"{path} can't be read as a JSON object of texts", hint=_HINT) from None


def _digest(path: Path | None) -> str:
    return sha256(_text(path).encode()).hexdigest() if path else ""


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} can't be read: {type(error).__name__}", hint=_HINT) from None
