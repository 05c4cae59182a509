"""The record stores to which statements are forwarded, as a TOML file names them: ``[targets.NAME]`` each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from lrs.access import Principal, Scope, View, software_authority
from lrs.errors import ConfigurationError, InvalidRequest
from lrs.exchange.peer import basic, bearer
from lrs.xapi.query import StatementQuery, from_arguments

if TYPE_CHECKING:
    from lrs.settings import Settings

FILE = "forward.toml"
_HINT = "What a target may say is in docs/how-to/forward.md."
_WITH_CONTENTS = 10
_SETTLE = 60


class Erasure(StrEnum):
    """How a target is told that a statement was erased."""

    VOID = "void"
    DELETE = "delete"
    NONE = "none"


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record store that is given statements.

    ``view`` and ``erasure`` have no default: whoever names a target says how much of people it sees, and what it hears of erasures. The secret is in a
    variable of the environment or in a file, never in the TOML. ``purpose`` is one of
    the policy's, its default one if empty: the target sees no more. ``settle_seconds`` is how far behind now reading stops.
    """

    name: Annotated[str, Meta(min_length=1, max_length=50)]
    url: str
    view: View
    erasure: Erasure
    credential_variable: str | None = None
    credential_file: str | None = None
    token_variable: str | None = None
    token_file: str | None = None
    version: Literal["1.0.3", "2.0.0"] = "1.0.3"
    tenant: str
    purpose: str = ""
    verb: str | None = None
    activity: str | None = None
    related_activities: bool = False
    since: str | None = None
    attachments: bool = False
    batch: Annotated[int, Meta(ge=1, le=1000)] = 100
    rate: Annotated[float, Meta(gt=0)] | None = None
    settle_seconds: Annotated[float, Meta(ge=0)]

    def principal(self, home_page: str) -> Principal:
        """Say who reads for this target."""
        reader = f"forward-{self.name}"
        return Principal(
            self.tenant, reader, frozenset({Scope.STATEMENTS_READ}), self.view, software_authority(home_page, reader), purpose=self.purpose
        )

    def query(self, after: int | None) -> StatementQuery:
        """Give the query of what it wants, from where it begins or ``after`` a time."""
        limit = min(self.batch, _WITH_CONTENTS) if self.attachments else self.batch
        wanted = from_arguments(
            verb=self.verb,
            activity=self.activity,
            related_activities=self.related_activities,
            since=self.since,
            attachments=self.attachments,
            limit=limit,
        )
        return wanted if after is None else msgspec.structs.replace(wanted, since=after)

    def authorization(self, environ: Mapping[str, str]) -> str:
        """Give the header of this name; raises :class:`lrs.errors.ConfigurationError`, which does not quote it."""
        found = [
            (make, text)
            for make, variable, file in (
                (basic, self.credential_variable, self.credential_file),
                (bearer, self.token_variable, self.token_file),
            )
            for text in (environ.get(variable) if variable else None, _first_line(file) if file else None)
            if text
        ]
        if len(found) != 1:
            raise ConfigurationError(f"target {self.name}: it needs one credential or token, in a variable or a file", hint=_HINT)
        make, text = found[0]
        return make(text)


def load(settings: Settings) -> list[Target]:
    """Read the targets of a store, none where there is no file; raises :class:`lrs.errors.ConfigurationError`."""
    path = settings.forward_targets or settings.data / FILE
    if settings.forward_targets is None and not path.is_file():
        return []
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the file of targets {path} can't be read: {type(error).__name__}") from None
    targets = tables.pop("targets", {})
    if tables or not isinstance(targets, dict) or not all(isinstance(each, dict) for each in targets.values()):
        raise ConfigurationError(f"{path} holds tables [targets.NAME] and nothing else", hint=_HINT)
    return [_target(name, told, settings) for name, told in targets.items()]


def _target(name: str, told: dict[str, Any], settings: Settings) -> Target:
    defaults = {"tenant": settings.tenant, "settle_seconds": _SETTLE if settings.warehouse else 0}
    try:
        target = msgspec.convert({**defaults, **told, "name": name}, Target)
        target.query(None)
    except (msgspec.ValidationError, InvalidRequest) as error:
        raise ConfigurationError(f"target {name}: {error}", hint=_HINT) from None
    if target.view is View.AGGREGATE:
        raise ConfigurationError(f"target {name}: the view aggregate has counts only, and no statements to forward", hint=_HINT)
    return target


def _first_line(file: str) -> str:
    try:
        return Path(file).read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"the secret of a target can't be read from {file}") from None
