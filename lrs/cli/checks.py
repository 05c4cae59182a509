"""What ``lrs doctor`` looks at, one function a check. Nothing is made or changed, but that an existing store is opened."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from lrs.errors import DataDirectoryInUse, LRSError

if TYPE_CHECKING:
    from lrs.engine import LRS
    from lrs.settings import Settings

_LITTLE = 5 * 1024**3
_TOO_LITTLE = 256 * 1024**2
_FILES = 1024
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
_SLACK = timedelta(seconds=5)
_RENEW = timedelta(days=21)
_DAYS_BEFORE = 7


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@attrs.frozen
class Finding:
    """What a check found, and what to do about it."""

    level: Level
    subject: str
    message: str
    advice: str = ""


def all_findings(settings: Settings, tls_cert: Path | None, tls_key: Path | None) -> Iterator[Finding]:
    """Check everything, the store itself last."""
    yield from data_directory(settings)
    yield from keyring(settings)
    yield from disk(settings)
    yield from spool(settings)
    yield from limits()
    yield from clock()
    if tls_cert is not None and tls_key is not None:
        yield from certificate(tls_cert, tls_key)
    if settings.oidc_issuer is not None:
        yield issuer(settings.oidc_issuer, settings.oidc_ca)
    yield from policies(settings)
    if settings.vault is None and not (settings.data / "vault.sqlite").exists():
        yield Finding(Level.WARNING, "store", "there is no store yet", "Start with: lrs ingest FILE, or lrs serve.")
        return
    yield from requests(settings)
    yield from breaches(settings)
    yield from store(settings)


def data_directory(settings: Settings) -> Iterator[Finding]:
    """Check that the data directory is there, ours, and closed to others."""
    data = settings.data
    if not data.exists():
        yield Finding(
            Level.WARNING, "data", f"the data directory {data} is not there yet", "The first command that stores something makes it."
        )
        return
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            Level.FAILURE, "data", f"this user may not write the data directory {data}", "Run lrs as its owner, or change the owner."
        )
        return
    mode = stat.S_IMODE(data.stat().st_mode)
    if mode & 0o077:
        yield Finding(Level.WARNING, "data", f"other users may look into {data} (mode {mode:04o})", f"chmod 0700 {data}")
        return
    yield Finding(Level.OK, "data", f"the data directory is {data.resolve()}")


def keyring(settings: Settings) -> Iterator[Finding]:
    """Check that the keys are there and readable by us alone; whether they fit the data shows when the store is opened."""
    from lrs.crypto.providers import key_file

    if settings.keyring is not None:
        yield Finding(Level.OK, "keys", "the keyring comes from the environment (LRS_KEYRING)")
        return
    path = key_file(settings)
    if not path.exists():
        there = settings.vault is not None or (settings.data / "vault.sqlite").exists()
        if there:
            yield Finding(
                Level.FAILURE,
                "keys",
                f"the keyring {path} is missing, but there is a vault",
                "Put the keyring back from your backup: without it nobody's identity can be read.",
            )
        else:
            yield Finding(
                Level.WARNING,
                "keys",
                f"the keyring {path} is not there yet",
                "It is made together with the store. Back it up, apart from the data.",
            )
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Finding(
            Level.FAILURE,
            "keys",
            f"other users may read the keyring {path} (mode {mode:04o})",
            f"chmod 0400 {path}, and think about who read it.",
        )
    elif not os.access(path, os.R_OK):
        yield Finding(Level.FAILURE, "keys", f"this user may not read the keyring {path}", "Run lrs as its owner.")
    else:
        yield Finding(Level.OK, "keys", f"the keyring is {path}, for its owner alone; keep a copy apart from the data")


def disk(settings: Settings) -> Iterator[Finding]:
    """Check the space that is left."""
    place = next(path for path in (settings.data.absolute(), *settings.data.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / 1024**3:.1f} GiB are free on the disk of {settings.data}"
    if free < _TOO_LITTLE:
        yield Finding(Level.FAILURE, "disk", text, "Make space: soon nothing can be stored.")
    elif free < _LITTLE:
        yield Finding(Level.WARNING, "disk", text, "Make space, or move the data: merging needs room for the largest part twice.")
    else:
        yield Finding(Level.OK, "disk", text)


def spool(settings: Settings) -> Iterator[Finding]:
    """Check what waits for a warehouse that is away."""
    from lrs.spool.folder import folder_of, waiting_in

    found = waiting_in(folder_of(settings))
    if found.unreadable:
        text = f"{found.unreadable} files of the spool can't be used, and were put aside"
        yield Finding(
            Level.FAILURE, "spool", text, "Put the keyring back that belongs to this data, then take .unreadable off their names."
        )
    if found.statements:
        since = datetime.fromtimestamp(found.since / 1_000_000, UTC)
        text = f"{found.statements} statements ({found.size} bytes) wait for the warehouse since {since:%Y-%m-%d %H:%M:%S} UTC"
        yield Finding(Level.WARNING, "spool", text, "They go on by themselves once it answers, as long as lrs serve runs.")
    elif settings.spool_bytes and not found.unreadable:
        yield Finding(Level.OK, "spool", "nothing waits for the warehouse")


def limits() -> Iterator[Finding]:
    """Check how many files a process may open."""
    import resource

    most, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < _FILES:
        yield Finding(
            Level.WARNING,
            "limits",
            f"a process may open {most} files only",
            "Raise it (ulimit -n, LimitNOFILE=): connections and parts need them.",
        )
    else:
        yield Finding(Level.OK, "limits", "a process may open enough files")


def clock() -> Iterator[Finding]:
    """Check that the clock is not set to the past."""
    if datetime.now(UTC) < _EARLIEST:
        yield Finding(
            Level.FAILURE,
            "clock",
            "the clock shows a year that is over",
            "Set it (NTP): statements would be dated wrongly, and expire wrongly.",
        )


def issuer(address: str, ca: Path | None) -> Finding:
    """Check that the issuer of bearer tokens publishes its keys."""
    from lrs.oidc.issuer import Issuer

    try:
        Issuer(address, ca=ca).current()
    except LRSError as error:
        return Finding(Level.FAILURE, "issuer", error.message, error.hint)
    return Finding(Level.OK, "issuer", "the issuer of bearer tokens publishes its keys")


def certificate(cert: Path, key: Path) -> Iterator[Finding]:
    """Check that a TLS certificate works with its key and is not about to end."""
    from lrs.cli.certificate import valid_until

    try:
        end = valid_until(cert, key)
    except LRSError as error:
        yield Finding(Level.FAILURE, "tls", str(error), error.hint)
        return
    left = end - datetime.now(UTC)
    text = f"the certificate {cert} is valid until {end:%Y-%m-%d}"
    yield Finding(Level.WARNING, "tls", text, "Renew it.") if left < _RENEW else Finding(Level.OK, "tls", text)


def policies(settings: Settings) -> Iterator[Finding]:
    """Check that there is a policy for the tenant of the settings, and that nothing is wrong with it."""
    from lrs.privacy.policy.reader import examine, path_of

    path = path_of(settings, settings.tenant)
    if not path.exists():
        yield Finding(
            Level.WARNING,
            "policy",
            "there is no policy: everything is kept, for ever",
            "Start from a preset: lrs policy presets, lrs policy init",
        )
        return
    policy, wrong = examine(path)
    if policy is None or wrong:
        yield Finding(Level.FAILURE, "policy", f"the policy {path}: {wrong[0]}", "lrs policy check names all that is wrong.")
    else:
        yield Finding(Level.OK, "policy", f"{policy.title.en} ({len(policy.purposes)} purposes, digest {policy.digest[:12]})")


def store(settings: Settings) -> Iterator[Finding]:
    """Open the store and check what only it can tell."""
    import lrs

    start = time.perf_counter()
    try:
        with lrs.open(settings) as opened:
            opened.ready()
            yield Finding(Level.OK, "store", f"vault and warehouse answer and the keyring is theirs ({time.perf_counter() - start:.1f} s)")
            yield from last_stored(opened)
            yield from credentials(opened)
    except DataDirectoryInUse:
        yield Finding(
            Level.OK,
            "store",
            "another process holds it, surely a server: ask its /readyz; engine, last time and credentials were not checked",
        )
    except LRSError as error:
        yield Finding(Level.FAILURE, "store", str(error), error.hint)


def last_stored(opened: LRS) -> Iterator[Finding]:
    """Check the clock against the newest statement."""
    stored = opened.last_stored()
    if stored is None:
        yield Finding(Level.OK, "clock", "the clock is fine; nothing is stored yet")
        return
    if stored > datetime.now(UTC) + _SLACK:
        yield Finding(
            Level.FAILURE,
            "clock",
            f"the newest statement was stored at {stored:%Y-%m-%d %H:%M:%S} UTC, which the clock says is to come",
            "Set the clock (NTP).",
        )
    else:
        yield Finding(Level.OK, "clock", f"the clock is after the newest statement, stored at {stored:%Y-%m-%d %H:%M:%S} UTC")


def credentials(opened: LRS) -> Iterator[Finding]:
    """Check that somebody can log in."""
    live = sum(row.revoked is None for row in opened.credentials.list())
    if live:
        yield Finding(Level.OK, "credentials", f"{live} can log in")
    else:
        yield Finding(Level.WARNING, "credentials", "nobody can log in over HTTP", "lrs credentials add NAME")


def requests(settings: Settings) -> Iterator[Finding]:
    """Check that persons were answered in time (GDPR art. 12(3))."""
    from lrs.accountability.requests import open_requests

    try:
        with open_requests(settings) as register:
            late, soon = len(register.overdue()), len(register.overdue(within=_DAYS_BEFORE))
    except LRSError as error:
        yield Finding(Level.FAILURE, "requests", str(error), error.hint)
        return
    if late:
        yield Finding(Level.FAILURE, "requests", f"{late} requests of persons are overdue", "Answer them today: lrs request list --open")
    elif soon:
        yield Finding(
            Level.WARNING, "requests", f"{soon} requests of persons are due within a week", "Answer them: lrs request list --open"
        )
    else:
        yield Finding(Level.OK, "requests", "no request of a person is due within a week")


def breaches(settings: Settings) -> Iterator[Finding]:
    """Check that breaches were told in time (GDPR art. 33(1))."""
    from lrs.accountability.office import open_office

    try:
        with open_office(settings) as office:
            late, pending = len(office.breaches.late()), len(office.breaches.pending())
    except LRSError:
        return  # of the keyring and the vault there are findings of their own
    if late:
        yield Finding(Level.FAILURE, "breaches", f"{late} breaches were not told within 72 hours", "Tell the authority, and why so late.")
    elif pending:
        yield Finding(Level.WARNING, "breaches", f"{pending} breaches have still to be told", "See when: lrs breach list")
    else:
        yield Finding(Level.OK, "breaches", "no breach has still to be told")
