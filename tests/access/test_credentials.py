"""Who is let in, and how far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from lrs.access import Action, Handling, Principal, Scope, View, decide, software_authority
from lrs.credentials import Credentials, open_credentials
from lrs.crypto import passwords
from lrs.errors import ConfigurationError, NotAuthenticated, NotPermitted
from lrs.privacy.audit import open_trail
from lrs.settings import Settings
from lrs.storage.vault import Vault


class Clock:
    now = 1_800_000_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def credentials(tmp_path: Path, clock: Clock) -> Iterator[Credentials]:
    settings = Settings(data=tmp_path, home_page="https://campus.example")
    vault = Vault.open(settings)
    yield Credentials(vault, settings, clock=clock, audit=open_trail(settings, clock=clock), profile=passwords.CHEAPEST)
    vault.close()


def test_who_was_added_is_let_in(credentials: Credentials) -> None:
    """With the password that was made up, as the principal that was asked for."""
    row, username, password = credentials.add("Moodle", scopes=["statements/write", "statements/read"], view="pseudonymous")
    principal = credentials.authenticate(username, password)
    assert principal.scopes == {Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ}
    assert (principal.view, principal.tenant, principal.credential_id) == (View.PSEUDONYMOUS, "default", row.id)
    assert principal.authority == software_authority("https://campus.example", row.id)
    assert len(password) >= 24


@pytest.mark.parametrize(
    ("username", "password"),
    [("moodle", "wrong"), ("nobody", "secret"), ("moodle", ""), ("MOODLE", "secret"), ("moodles", "ecret"), ("moodle", "é\x00")],
)
def test_everybody_else_is_not(credentials: Credentials, username: str, password: str) -> None:
    """In the same words, whether the username exists or not."""
    credentials.add("Moodle", username="moodle", password="secret")
    with pytest.raises(NotAuthenticated) as refused:
        credentials.authenticate(username, password)
    assert str(refused.value) == "username or password is wrong"


def test_the_password_is_kept_only_as_a_hash(credentials: Credentials, tmp_path: Path) -> None:
    """Nor is it shown by what is kept."""
    row, _, password = credentials.add("Moodle")
    assert password not in repr(row) + row.secret
    assert not any(password.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_once_known_it_costs_next_to_nothing(tmp_path: Path, clock: Clock) -> None:
    """The slow hash is computed once, also when forty callers come at the same time."""
    settings = Settings(data=tmp_path)
    vault = Vault.open(settings)
    credentials = Credentials(vault, settings, clock=clock, audit=open_trail(settings, clock=clock))
    credentials.add("Moodle", username="moodle", password="secret")
    start = time.process_time()
    with ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda _: credentials.authenticate("moodle", "secret"), range(40)))
    first = time.process_time() - start
    start = time.process_time()
    for _ in range(1000):
        credentials.authenticate("moodle", "secret")
    assert (time.process_time() - start) / 1000 < first / 20
    vault.close()


def test_a_revoked_credential_is_refused(credentials: Credentials, tmp_path: Path, clock: Clock) -> None:
    """At once where it was revoked; within two seconds in a server that another process revokes it from."""
    credentials.add("Moodle", username="moodle", password="secret")
    credentials.authenticate("moodle", "secret")
    with open_credentials(Settings(data=tmp_path), clock=clock) as other:
        other.revoke("Moodle")
    clock.now += 2_100_000
    with pytest.raises(NotAuthenticated):
        credentials.authenticate("moodle", "secret")
    credentials.add("Moodle", username="moodle2", password="secret")
    credentials.authenticate("moodle2", "secret")
    credentials.revoke("moodle2")
    with pytest.raises(NotAuthenticated):
        credentials.authenticate("moodle2", "secret")


def test_what_makes_no_sense_is_refused(credentials: Credentials) -> None:
    """Unknown scopes and views, names without end, a colon in a username, an ambiguous revocation."""
    for wrong in ({"scopes": ["everything"]}, {"view": "all"}, {"username": "a:b"}, {"tenant": "t" * 65}):
        with pytest.raises(ConfigurationError):
            credentials.add("Moodle", **wrong)  # type: ignore[arg-type]
    credentials.add("Moodle")
    credentials.add("Moodle")
    for which in ("Moodle", "nothing"):
        with pytest.raises(ConfigurationError):
            credentials.revoke(which)
    assert all(row.revoked is None for row in credentials.list())


def test_a_new_tenant_gets_keys_of_its_own(credentials: Credentials) -> None:
    """And its credentials are its own."""
    row, *_ = credentials.add("Moodle", tenant="lyon")
    assert [each.id for each in credentials.list("lyon")] == [row.id]
    assert credentials.list("default") == []


GRANTED = {
    Action.WRITE_STATEMENTS: {Scope.STATEMENTS_WRITE, Scope.ALL},
    Action.READ_STATEMENTS: {Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE, Scope.ALL_READ, Scope.ALL},
    Action.COUNT_STATEMENTS: {Scope.STATEMENTS_READ, Scope.ALL_READ, Scope.ALL},
    Action.READ_PERSONS: {Scope.STATEMENTS_READ, Scope.STATEMENTS_READ_MINE, Scope.ALL_READ, Scope.ALL},
    Action.READ_ACTIVITIES: {Scope.STATEMENTS_READ, Scope.DEFINE, Scope.ALL_READ, Scope.ALL},
    Action.READ_STATES: {Scope.STATE, Scope.ALL_READ, Scope.ALL},
    Action.WRITE_STATES: {Scope.STATE, Scope.ALL},
    Action.READ_PROFILES: {Scope.PROFILE, Scope.ALL_READ, Scope.ALL},
    Action.WRITE_PROFILES: {Scope.PROFILE, Scope.ALL},
    Action.READ_CONSENTS: {Scope.CONSENTS, Scope.ALL},
    Action.RECORD_CONSENTS: {Scope.CONSENTS, Scope.ALL},
    Action.READ_METRICS: {Scope.METRICS},
}

ONLY_IDENTIFIED = {
    Action.READ_PERSONS,
    Action.READ_STATES,
    Action.WRITE_STATES,
    Action.READ_PROFILES,
    Action.WRITE_PROFILES,
    Action.READ_CONSENTS,
    Action.RECORD_CONSENTS,
}


@pytest.mark.parametrize("action", list(Action))
def test_only_what_a_scope_grants_is_allowed(action: Action) -> None:
    """No scope, no action; each scope on its own grants what the specification says of it."""

    def caller(*scopes: Scope, view: View = View.IDENTIFIED) -> Principal:
        return Principal("t", "c", frozenset(scopes), view, b"{}")

    def allowed(make: Callable[[], Principal]) -> bool:
        try:
            decide(make(), action)
        except NotPermitted:
            return False
        return True

    assert not allowed(caller)
    assert {scope for scope in Scope if allowed(lambda scope=scope: caller(scope))} == GRANTED[action]
    assert allowed(lambda: caller(Scope.ALL, view=View.AGGREGATE)) == (action in (Action.WRITE_STATEMENTS, Action.COUNT_STATEMENTS))
    assert allowed(lambda: caller(Scope.ALL, view=View.PSEUDONYMOUS)) == (action not in {*ONLY_IDENTIFIED, Action.READ_METRICS})


def test_what_is_done_with_what_it_sends_can_be_changed(credentials: Credentials, clock: Clock) -> None:
    """What is named changes and the rest stays; a caller who is known already hears of it, and an unknown rule changes nothing."""
    row, username, password = credentials.add("Marsha", handling=Handling(("non-iri-parent",), ("video=report",)))
    assert credentials.authenticate(username, password).handling == Handling(("non-iri-parent",), ("video=report",))
    assert credentials.change_handling("Marsha", repairs=()).repairs == ()
    assert credentials.authenticate(username, password).handling == Handling((), ("video=report",))
    # As another process does it.
    credentials._vault.change_credential(msgspec.structs.replace(row, profiles=()))
    clock.now += 3_000_000
    assert credentials.authenticate(username, password).handling == Handling(("non-iri-parent",))
    for changes in ({"repairs": ("none",)}, {"profiles": ("video",)}, {"quarantine_days": 400}):
        with pytest.raises(ConfigurationError):
            credentials.change_handling("Marsha", **changes)
    assert credentials.authenticate(username, password).handling == Handling(("non-iri-parent",))
