"""``lrs credentials``: who may log in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import bcrypt
import pytest

import lrs
from lrs.access import PLATFORM, Scope, View
from tests.cli.calling import Done, call


def made_up(done: Done) -> tuple[str, str]:
    """Read username and password from what was printed."""
    assert done.status == 0, done.err
    return re.search(r"username: (\S+)", done.out)[1], re.search(r"password: (\S+)", done.out)[1]


def test_what_is_made_up_works(data: Path) -> None:
    """Username and password are printed once, and log in with what a platform does and nothing more: of statements it reads its own."""
    username, password = made_up(call("credentials", "add", "My platform", "--data", data))
    assert username.startswith("my-platform-")
    with lrs.open(data) as store:
        principal = store.authenticate(username, password)
        assert (principal.scopes, principal.view, principal.tenant) == (set(PLATFORM), View.IDENTIFIED, "default")
        assert Scope.STATEMENTS_WRITE in PLATFORM
        assert not set(PLATFORM) & {Scope.STATEMENTS_READ, Scope.ALL_READ, Scope.ALL}
        with pytest.raises(lrs.NotAuthenticated):
            store.authenticate(username, password + "x")
    listed = call("credentials", "list", "--data", data).out
    assert password not in listed
    assert username in listed


@pytest.mark.parametrize(
    ("options", "scopes", "view"),
    [
        (("--view", "pseudonymous"), {Scope.STATEMENTS_READ}, View.PSEUDONYMOUS),
        (("--view", "aggregate", "--scope", "all/read"), {Scope.ALL_READ}, View.AGGREGATE),
        (("--scope", "statements/write", "--scope", "statements/read"), {Scope.STATEMENTS_WRITE, Scope.STATEMENTS_READ}, View.IDENTIFIED),
    ],
)
def test_scopes_and_views(options: tuple[str, ...], scopes: set[Scope], view: View, data: Path) -> None:
    """A view without a scope is for reading."""
    username, password = made_up(call("credentials", "add", "x", "--data", data, *options))
    with lrs.open(data) as store:
        principal = store.authenticate(username, password)
    assert (principal.scopes, principal.view) == (scopes, view)


def test_what_is_given_is_taken(data: Path) -> None:
    """And a password that was given is not printed."""
    done = call("credentials", "add", "x", "--data", data, "--username", "u", "--password", "s3cret")
    assert (done.status, "s3cret" in done.out + done.err) == (0, False)
    piped = call("credentials", "add", "y", "--data", data, "--username", "v", "--password-stdin", stdin=b"from a pipe\nrest\n")
    assert piped.status == 0
    with lrs.open(data) as store:
        store.authenticate("u", "s3cret")
        store.authenticate("v", "from a pipe")


def test_wrong_calls_are_refused(data: Path) -> None:
    """A username in use, an unknown scope or view, two passwords, none on standard input."""
    call("credentials", "add", "x", "--data", data, "--username", "u")
    taken = call("credentials", "add", "y", "--data", data, "--username", "u")
    assert (taken.status, "in use" in taken.err) == (1, True)
    for wrong in (("--scope", "everything"), ("--view", "blurred"), ("--password", "a", "--password-stdin"), ("--password-stdin",)):
        assert call("credentials", "add", "z", "--data", data, *wrong).status == 2


def test_revoking(data: Path) -> None:
    """By name, username or id; twice is an error; the list shows it."""
    for name in ("a", "b", "c"):
        call("credentials", "add", name, "--data", data, "--username", f"user-{name}", "--password", "p")
    rows = [line.split("\t") for line in call("credentials", "list", "--data", data).out.splitlines()[1:]]
    for which in ("a", "user-b", rows[2][0]):
        assert call("credentials", "revoke", which, "--data", data).status == 0
    again = call("credentials", "revoke", "a", "--data", data)
    assert (again.status, "no live credential" in again.err) == (1, True)
    assert all(line.split("\t")[-1] for line in call("credentials", "list", "--data", data).out.splitlines()[1:])
    with lrs.open(data) as store, pytest.raises(lrs.NotAuthenticated):
        store.authenticate("user-b", "p")


def test_importing(data: Path, tmp_path: Path) -> None:
    """Ralph's auth.json: who has come, which scopes mean nothing here, and a clear refusal of another file."""
    file = tmp_path / "auth.json"
    user = {"username": "jeanne", "hash": bcrypt.hashpw(b"p", bcrypt.gensalt(4)).decode(), "agent": {"mbox": "mailto:jeanne@example.fr"}}
    file.write_text(json.dumps([user | {"scopes": ["statements/write", "other"]}]))
    done = call("credentials", "import", file, "--data", data)
    assert (done.status, done.out) == (0, "1 credentials imported.\n")
    assert "entry 1: these scopes mean nothing here: other" in done.err
    with lrs.open(data) as store:
        principal = store.authenticate("jeanne", "p")
        assert principal.scopes == {Scope.STATEMENTS_WRITE}
        (identifier,) = store.ingest(statement(), principal=principal)
        assert store.query(statement_id=identifier).statements[0]["authority"] == user["agent"]
    again = call("credentials", "import", file, "--data", data)
    assert (again.status, "in use" in again.err) == (1, True)
    file.write_text("{}")
    assert call("credentials", "import", file, "--data", data).status == 1


def statement() -> dict[str, Any]:
    return {
        "actor": {"mbox": "mailto:ana@example.fr"},
        "verb": {"id": "https://verbs.example.fr/v"},
        "object": {"id": "https://lms.example.fr/a"},
    }


def test_none_yet(data: Path) -> None:
    """An empty list says how to go on."""
    assert "lrs credentials add NAME" in call("credentials", "list", "--data", data).out


def test_what_is_done_with_what_it_sends(data: Path) -> None:
    """Repairs and profiles are switched on when it is added or later, and off again; wrong names are refused."""
    made_up(call("credentials", "add", "marsha", "--data", data, "--repair", "non-iri-parent", "--profile", "video=report"))
    changed = call(
        "credentials", "set", "marsha", "--data", data, "--repair", "bbb-no-id", "--repair", "host-as-home-page", "--no-profiles"
    )
    assert changed.out == "marsha: repairs bbb-no-id host-as-home-page, profiles -, quarantine 0 days\n"
    assert "bbb-no-id" in call("credentials", "list", "--data", data).out
    assert call("credentials", "set", "marsha", "--data", data, "--no-repairs").out == "marsha: repairs -, profiles -, quarantine 0 days\n"
    assert call("credentials", "set", "marsha", "--data", data, "--profile", "video").status == 1
    assert call("credentials", "set", "marsha", "--data", data, "--no-repairs", "--repair", "bbb-no-id").status == 2
    assert call("credentials", "set", "marsha", "--data", data, "--repair", "none").status == 2
