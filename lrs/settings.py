"""What an operator may choose. Read from arguments, ``LRS_*`` variables and ``lrs.toml``, in this order; never at import.

Settings are checked when they are made: an unknown key or an impossible value raises :class:`lrs.errors.ConfigurationError` that names it.
"""

from __future__ import annotations

import os
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

from lrs.errors import ConfigurationError

_PREFIX = "LRS_"
SUPPORTED_VERSIONS = ("1.0.3", "2.0.0")
TOKEN_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""All that are known here have a public and a private key (RFC 7518 3.1, RFC 8037): who checks a token can't make one."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _positive(_settings: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value <= 0:
        raise ConfigurationError(f"setting {attribute.name} must be greater than 0")


def _known_versions(_settings: object, attribute: attrs.Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    if not value or set(value) - set(SUPPORTED_VERSIONS):
        raise ConfigurationError(f"setting {attribute.name} takes one or both of {', '.join(SUPPORTED_VERSIONS)}")


def _known_algorithms(_settings: object, attribute: attrs.Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    if not value or set(value) - set(TOKEN_ALGORITHMS):
        raise ConfigurationError(f"setting {attribute.name} takes some of {', '.join(TOKEN_ALGORITHMS)}")


def is_safe_address(value: str) -> bool:
    """Tell whether an address is ``https``, or on this machine."""
    parts = urlsplit(value)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def _issuer_address(_settings: object, attribute: attrs.Attribute[str | None], value: str | None) -> None:
    if value is not None and not is_safe_address(value):
        raise ConfigurationError(f"setting {attribute.name} takes an https address")


def _store_address(schemes: tuple[str, ...]) -> Any:
    def check(_settings: object, attribute: attrs.Attribute[str | None], value: str | None) -> None:
        if value is not None and urlsplit(value).scheme.partition("+")[0] not in schemes:
            raise ConfigurationError(
                f"setting {attribute.name} takes an address that starts with {' or '.join(s + '://' for s in schemes)}"
            )

    return check


@attrs.frozen(kw_only=True)
class Settings:
    """All settings. Sizes are bytes, times are seconds, days are days."""

    data: Path = attrs.field(default=Path("data"), converter=Path)
    """Directory of the embedded stores, the key file and the audit trail."""
    warehouse: str | None = attrs.field(default=None, repr=False, validator=_store_address(("clickhouse", "clickhouses")))
    """``clickhouse://user:password@host:8123/database`` (``clickhouses://`` over TLS); absent: embedded under ``data``."""
    warehouse_ca: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """Certificate authority file by which the ClickHouse server's certificate is verified."""
    vault: str | None = attrs.field(default=None, repr=False, validator=_store_address(("postgresql", "sqlite")))
    """SQLAlchemy address of the vault; absent: ``data/vault.sqlite``."""
    vault_ca: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """Certificate authority file by which the PostgreSQL server's certificate is verified."""
    key_file: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """The keyring; absent: ``data/keys.json``."""
    keyring: str | None = attrs.field(default=None, repr=False)
    """The keyring itself, as text, in place of a file (meant for ``LRS_KEYRING``)."""
    kms: str | None = attrs.field(default=None, repr=False, validator=_store_address(("https", "http")))
    """``https://host:8200/v1/transit``: the transit engine of a HashiCorp Vault that keeps the KEKs; absent: the keyring keeps them."""
    kms_token_file: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """File with the token for Vault, which its agent renews."""
    kms_ca: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """Certificate authority file by which Vault's certificate is verified; absent: those that the system trusts."""
    tenant: str = "default"
    """The tenant of statements that come through Python or the command line without a credential."""
    home_page: str = "https://lrs.invalid"
    """``account.homePage`` of the authority that statements get; an IRL of the institution."""
    supported_versions: tuple[str, ...] = attrs.field(default=SUPPORTED_VERSIONS, converter=tuple, validator=_known_versions)
    """xAPI versions that the server answers."""
    policy: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """The policy of ``tenant``; absent: ``data/policy.toml``, if it is there. Other tenants have theirs in ``data/policies``."""
    audit_days: int = attrs.field(default=365, validator=_positive)
    """How long the audit trail is kept: segments go a month after another, once their month is longer past than this."""
    audit_checkpoints: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """Directory, best on another machine, into which each signed checkpoint of the audit trail is put too."""
    backup_statements: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """Folder for backups of the warehouse; each of the three is best on a machine of its own."""
    backup_vault: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """Folder for backups of the vault."""
    backup_keys: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """Folder for backups of the keyring, the policies and the audit trail: whoever has it and the other two can read everything."""
    warehouse_backups: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """Folder on the ClickHouse server's own machine, inside its ``backups.allowed_path``, into which it puts backups; needed with ``warehouse``."""
    suppression_days: int = attrs.field(default=30, validator=attrs.validators.ge(0))
    """How long what was erased is not taken in again, so that late batches bring nobody back: keyed hashes of identifiers and statement ids are kept for it."""
    forward_targets: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """File with the record stores that statements are forwarded to; absent: ``forward.toml`` in the data directory, if it is there."""
    sources: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """File with the platforms whose events the server takes; absent: ``sources.toml`` in the data directory, if it is there."""
    max_body_bytes: int = attrs.field(default=32 * 1024 * 1024, validator=_positive)
    """Largest request body."""
    max_bodies_bytes: int = attrs.field(default=256 * 1024 * 1024, validator=_positive)
    """What the bodies of all requests under way may take together; beyond that a request is refused as busy."""
    max_document_bytes: int = attrs.field(default=32 * 1024 * 1024, validator=_positive)
    """Largest document (state or profile), what is merged into it included."""
    max_batch_statements: int = attrs.field(default=10_000, validator=_positive)
    """Most statements in one batch."""
    max_statement_bytes: int = attrs.field(default=4 * 1024 * 1024, validator=_positive)
    """Largest single statement."""
    max_quarantine_bytes: int = attrs.field(default=256 * 1024 * 1024, validator=_positive)
    """What may be in quarantine of one tenant; beyond that what can't be taken is refused as busy."""
    max_page_statements: int = attrs.field(default=1000, validator=_positive)
    """Most statements on a page; the default page too, as ``limit=0`` asks for it."""
    group_statements: int = attrs.field(default=40_000, validator=_positive)
    """Statements that one insert takes at most, when many requests wait or a stream comes; of a stream it has 32 MiB at most."""
    second_process: bool = True
    """Whether long streams (of a program, of ``lrs ingest``) and, over HTTP, large batches and what many send at the same time are checked in a second
    process, too; it ends with the store."""
    queue_statements: int = attrs.field(default=100_000, validator=_positive)
    """Statements that may wait for their insert, of one tenant half as many as the others leave room for; beyond that a write is refused as busy."""
    spool_bytes: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    """What may wait, sealed in the data directory, for a ClickHouse server that is away; 0: nothing is taken then, and a write is answered 503."""
    body_seconds: int = attrs.field(default=300, validator=_positive)
    """Seconds within which a whole request body must have come; who takes longer is refused, and keeps nothing busy any more."""
    read_seconds: int = attrs.field(default=60, validator=_positive)
    """Seconds that the warehouse may take for one query; a read that needs more is refused."""
    cors_origins: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    """Origins whose pages may call the server from a browser; ``*`` for all."""
    oidc_issuer: str | None = attrs.field(default=None, validator=_issuer_address)
    """Issuer of OpenID Connect whose bearer tokens are taken beside passwords, spelled as it spells itself; needs ``oidc_audience`` and ``oidc_view``."""
    oidc_ca: Path | None = attrs.field(default=None, converter=attrs.converters.optional(Path))
    """Certificate authority file by which the issuer's certificate is verified; absent: those of the system."""
    oidc_audience: str | None = None
    """What the ``aud`` of a token must name: this store, as the issuer knows it."""
    oidc_algorithms: tuple[str, ...] = attrs.field(default=TOKEN_ALGORITHMS, converter=tuple, validator=_known_algorithms)
    """Algorithms by which a token may be signed."""
    oidc_scopes: tuple[str, ...] = attrs.field(default=(), converter=tuple)
    """The issuer's scopes and what they grant here, each as ``theirs=ours``; absent: ours by their own names. Others grant nothing."""
    oidc_view: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.in_(("identified", "pseudonymous", "aggregate")))
    )
    """How much of a person the bearer of a token sees when reading."""
    oidc_view_claim: str | None = None
    """The claim in which a token may name another view; absent: none."""
    oidc_tenant: str | None = None
    """The tenant that the tokens' statements belong to; absent: ``tenant``."""
    oidc_tenant_claim: str | None = None
    """The claim in which every token names its tenant; absent: ``oidc_tenant`` for all."""
    oidc_client_claims: tuple[str, ...] = attrs.field(default=("client_id", "azp"), converter=tuple)
    """The claims that may name the application which got the token; the first that is there counts."""

    def __attrs_post_init__(self) -> None:
        """Refuse settings that contradict each other."""
        if self.max_bodies_bytes < 2 * self.max_body_bytes:
            raise ConfigurationError(
                "setting max_bodies_bytes must be at least twice max_body_bytes", hint="Or the largest body is never taken."
            )
        if self.spool_bytes and self.warehouse is None:
            raise ConfigurationError(
                "setting spool_bytes is for a ClickHouse server: an embedded warehouse is never away", hint="Leave it out."
            )
        for name in ("oidc_audience", "oidc_view"):
            if self.oidc_issuer and not getattr(self, name):
                raise ConfigurationError(f"setting oidc_issuer needs {name} too", hint="See docs/how-to/oidc.md.")


def load(
    data: str | os.PathLike[str] | None = None,
    *,
    config: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    **arguments: Any,
) -> Settings:
    """Gather settings: ``arguments`` over ``LRS_*`` in ``environ`` over the TOML file ``config``.

    Without ``config`` the file ``lrs.toml`` in the data directory is read if it is there. Raises :class:`lrs.errors.ConfigurationError`.
    """
    environ = os.environ if environ is None else environ
    chosen: dict[str, Any] = _from_environ(environ)
    chosen.update({name: value for name, value in arguments.items() if value is not None})
    if data is not None:
        chosen["data"] = data
    path = Path(config) if config is not None else Path(chosen.get("data", "data")) / "lrs.toml"
    if config is not None or path.is_file():
        chosen = _from_toml(path) | chosen
    unknown = set(chosen) - {field.name for field in attrs.fields(Settings)}
    if unknown:
        raise ConfigurationError(f"unknown setting {min(unknown)}", hint="The settings are listed in docs/reference/settings.md.")
    return Settings(**chosen)


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"the configuration file {path} can't be read: {type(error).__name__}") from error


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    types = typing.get_type_hints(Settings)
    chosen: dict[str, Any] = {}
    for field in attrs.fields(Settings):
        text = environ.get(_PREFIX + field.name.upper())
        if text is None or text == "":
            continue
        wanted = types[field.name]
        if "tuple" in str(wanted):
            chosen[field.name] = tuple(part.strip() for part in text.split(",") if part.strip())
        elif wanted in (int, int | None):
            try:
                chosen[field.name] = int(text)
            except ValueError:
                raise ConfigurationError(f"{_PREFIX}{field.name.upper()} must be a whole number") from None
        else:
            chosen[field.name] = text
    return chosen
