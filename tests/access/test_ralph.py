"""The users of Ralph, another record store, come over with their passwords."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from lrs.access import Scope, View
from lrs.credentials import Credentials, ralph
from lrs.crypto import passwords
from lrs.errors import ConfigurationError, NotAuthenticated
from lrs.privacy.audit import open_trail
from lrs.settings import Settings
from lrs.storage.vault import Vault

PASSWORD = "Pa55 wörd"


def hashed(password: str, *, marker: bytes = b"$2b$") -> str:
    return (marker + bcrypt.hashpw(password.encode(), bcrypt.gensalt(4))[4:]).decode()


HASH = hashed(PASSWORD)


def user(**more: Any) -> dict[str, Any]:
    """One entry as Ralph writes it."""
    agent = {"mbox": "mailto:jeanne.canary@example.fr"}
    return {"username": "jeanne", "hash": HASH, "scopes": ["statements/write"], "agent": agent} | more


def entries(*users: Any) -> list[ralph.Entry]:
    return ralph.read(json.dumps(users).encode())


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    opened = Vault.open(Settings(data=tmp_path))
    yield opened
    opened.close()


@pytest.fixture
def credentials(vault: Vault, tmp_path: Path) -> Credentials:
    return Credentials(
        vault,
        Settings(data=tmp_path),
        clock=lambda: 1_800_000_000_000_000,
        audit=open_trail(Settings(data=tmp_path), clock=lambda: 1_800_000_000_000_000),
        profile=passwords.CHEAPEST,
    )


@pytest.mark.parametrize("marker", [b"$2a$", b"$2b$", b"$2y$"])
def test_a_user_comes_in_with_the_old_password(marker: bytes, credentials: Credentials) -> None:
    """As the agent, with the scopes, in the tenant that the file names; nobody else does."""
    entry = user(hash=hashed(PASSWORD, marker=marker), target="lyon", agent={"name": "Jeanne", "openid": "https://jeanne.example.fr/"})
    credentials.take_over(entries(entry, user(username="paul")))
    principal = credentials.authenticate("jeanne", PASSWORD)
    assert (principal.tenant, principal.view, principal.scopes) == ("lyon", View.IDENTIFIED, {Scope.STATEMENTS_WRITE})
    assert json.loads(principal.authority) == entry["agent"]
    assert credentials.authenticate("paul", PASSWORD).tenant == "default"
    for wrong in ("", PASSWORD + "x", HASH):
        with pytest.raises(NotAuthenticated):
            credentials.authenticate("jeanne", wrong)


def test_a_password_is_hashed_anew_when_it_is_first_used(credentials: Credentials, vault: Vault) -> None:
    """And works as before; one that bcrypt saw only the start of keeps its hash, since what was typed may not be the whole of it."""
    long = "x" * 100
    credentials.take_over(entries(user(), user(username="long", hash=hashed(long[:72]))))
    with pytest.raises(NotAuthenticated):
        credentials.authenticate("jeanne", "wrong")
    assert [row.secret[:4] for row in credentials.list()] == ["$2b$", "$2b$"]
    for username, password in (("jeanne", PASSWORD), ("long", long)):
        credentials.authenticate(username, password)
    kept = {row.username: row.secret for row in credentials.list()}
    assert kept["jeanne"].startswith("$argon2id$")
    assert kept["long"].startswith("$2b$")
    credentials._known.clear()
    assert credentials.authenticate("jeanne", PASSWORD).shown == credentials.authenticate("jeanne", PASSWORD).credential_id
    with pytest.raises(NotAuthenticated):
        credentials.authenticate("jeanne", "wrong")


def test_the_agent_is_kept_sealed(credentials: Credentials, tmp_path: Path) -> None:
    """It may be a person; and it opens only where it belongs."""
    (row,) = credentials.take_over(entries(user()))
    credentials.authenticate("jeanne", PASSWORD)
    assert not any(b"jeanne.canary" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert "canary" not in repr(row) + repr(entries(user()))


@pytest.mark.parametrize(
    ("names", "scopes", "ignored"),
    [
        (["all"], {"all"}, ()),
        (["statements/read/mine", "define", "all/read"], {"statements/read/mine", "define", "all/read"}, ()),
        (["state/read", "state/write", "profile/read"], {"state"}, ("profile/read",)),
        (["example_scope"], set(), ("example_scope",)),
        ([], set(), ()),
    ],
)
def test_scopes(names: list[str], scopes: set[str], ignored: tuple[str, ...]) -> None:
    """Those of one name are the same; what Ralph grants by halves takes both; no other name grants anything."""
    (entry,) = entries(user(scopes=names))
    assert (set(entry.scopes), entry.ignored) == (scopes, ignored)


def test_scopes_tenant_and_view_may_be_given(credentials: Credentials) -> None:
    """In place of what the file says."""
    credentials.take_over(entries(user(target="lyon")), tenant="paris", scopes=["state"], view="pseudonymous")
    principal = credentials.authenticate("jeanne", PASSWORD)
    assert (principal.tenant, principal.scopes, principal.view) == ("paris", {Scope.STATE}, View.PSEUDONYMOUS)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"{}",
        b"[{}]",
        b"\xff",
        json.dumps([user(hash="secret")]).encode(),
        json.dumps([user(hash=HASH.replace("$04$", "$31$"))]).encode(),
        json.dumps([user(hash=HASH + "x")]).encode(),
        json.dumps([user(agent={"name": "canary"})]).encode(),
        json.dumps([user(agent="canary")]).encode(),
        json.dumps([user(agent={"objectType": "Group", "mbox": "mailto:canary@example.fr"})]).encode(),
        json.dumps([user(scopes="canary")]).encode(),
        json.dumps([user(), user()]).encode(),
    ],
)
def test_a_file_that_is_none_is_refused(wrong: bytes) -> None:
    """By the place of what is wrong, never by its content."""
    with pytest.raises(ConfigurationError) as refused:
        ralph.read(wrong)
    assert "canary" not in str(refused.value)


def test_all_come_or_none(credentials: Credentials) -> None:
    """A username in use, or with a colon, stops the whole file."""
    credentials.add("x", username="paul")
    for other in ("paul", "a:b"):
        with pytest.raises(ConfigurationError):
            credentials.take_over(entries(user(), user(username=other)))
    assert [row.username for row in credentials.list()] == ["paul"]
    assert credentials.take_over([]) == []
