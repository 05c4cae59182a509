"""``lrs doctor``: what is wrong, in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lrs
from tests.access.issuer import TestIssuer
from tests.cli.calling import Done, call
from tests.server.process import Server
from tests.server.test_process import certificate


def levels(done: Done) -> dict[str, set[str]]:
    """Read the levels of each subject."""
    found: dict[str, set[str]] = {}
    for finding in map(json.loads, done.out.splitlines()):
        found.setdefault(finding["subject"], set()).add(finding["level"])
        assert finding["message"]
        assert finding["advice"] or finding["level"] == "ok"
    return found


@pytest.fixture
def stored(data: Path) -> Path:
    """Store a statement."""
    with lrs.open(data) as store:
        store.ingest({"actor": {"mbox": "mailto:a@b.fr"}, "verb": {"id": "http://a/b"}, "object": {"id": "http://a/c"}})
        store.credentials.add("x")
    return data


def test_all_is_well(stored: Path) -> None:
    """Every check is ok, and the exit status 0."""
    done = call("doctor", "--data", stored, "--json")
    found = levels(done)
    assert done.status == 0
    assert {"data", "keys", "disk", "store", "clock", "credentials"} <= set(found)
    assert {level for subject, those in found.items() if subject not in ("disk", "limits", "policy") for level in those} == {"ok"}
    assert "a@b.fr" not in done.out


def test_the_policy_is_looked_at(stored: Path) -> None:
    """None is a warning, a preset is well even where its default purpose may read nothing yet, and one with a fault is a failure that is named."""
    assert levels(call("doctor", "--data", stored, "--json"))["policy"] == {"warning"}
    assert call("policy", "init", "fun-mooc", "--data", stored).status == 0
    found = levels(call("doctor", "--data", stored, "--json"))
    assert (found["policy"], found["store"], found["clock"]) == ({"ok"}, {"ok"}, {"ok"})
    policy = stored / "policy.toml"
    policy.write_text(policy.read_text("utf-8").replace('default_purpose = "learning"', 'default_purpose = "curiosity"'), "utf-8")
    done = call("doctor", "--data", stored, "--json")
    assert (done.status, levels(done)["policy"]) == (1, {"failure"})
    assert "curiosity" in done.out


def test_nothing_is_made_where_nothing_is(data: Path) -> None:
    """Looking at a store that is not there yet warns, and leaves it so."""
    done = call("doctor", "--data", data, "--json")
    assert done.status == 0
    assert levels(done)["store"] == {"warning"}
    assert not data.exists()


def test_an_issuer_that_publishes_no_keys_is_a_failure(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by the setting, with what to compare; one that does is well."""
    issuer = TestIssuer()
    for name, value in (("ISSUER", issuer.address), ("AUDIENCE", "lrs"), ("VIEW", "identified")):
        monkeypatch.setenv(f"LRS_OIDC_{name}", value)
    assert levels(call("doctor", "--data", stored, "--json"))["issuer"] == {"ok"}
    issuer.stop()
    done = call("doctor", "--data", stored)
    assert (done.status, "failure  issuer" in done.out, "oidc_issuer" in done.out) == (1, True, True)


def test_missing_keys_are_a_failure(stored: Path) -> None:
    """With a vault that needs them."""
    (stored / "keys.json").rename(stored.parent / "elsewhere.json")
    done = call("doctor", "--data", stored)
    assert done.status == 1
    assert "failure  keys" in done.out
    assert "backup" in done.out


def test_keys_that_others_may_read_are_a_failure(stored: Path) -> None:
    """And so is opening the store with them."""
    (stored / "keys.json").chmod(0o444)
    found = levels(call("doctor", "--data", stored, "--json"))
    assert (found["keys"], found["store"]) == ({"failure"}, {"failure"})


def test_keys_of_another_store_are_a_failure(stored: Path, tmp_path: Path) -> None:
    """Right permissions don't make them the right ones."""
    with lrs.open(tmp_path / "other"):
        pass
    (tmp_path / "other" / "keys.json").replace(stored / "keys.json")
    assert levels(call("doctor", "--data", stored, "--json"))["store"] == {"failure"}


def test_a_directory_open_to_others_is_a_warning(stored: Path) -> None:
    """With the command that closes it."""
    stored.chmod(0o755)
    done = call("doctor", "--data", stored)
    assert (done.status, f"chmod 0700 {stored}" in done.out) == (0, True)


def test_a_clock_that_went_back_is_a_failure(data: Path) -> None:
    """The newest statement lies in the future."""
    import time

    from lrs.engine import LRS
    from lrs.settings import load

    with LRS(load(data, environ={}), clock=lambda: time.time_ns() // 1000 + 3_600_000_000) as store:
        store.ingest({"actor": {"mbox": "mailto:a@b.fr"}, "verb": {"id": "http://a/b"}, "object": {"id": "http://a/c"}})
    found = levels(call("doctor", "--data", data, "--json"))
    assert "failure" in found["clock"]


def test_a_running_server_is_recognised(tmp_path: Path) -> None:
    """It holds the store, and that is fine."""
    server = Server(tmp_path)
    try:
        done = call("doctor", "--data", server.data)
        assert done.status == 0
        assert "another process holds it" in done.out
    finally:
        server.stop()


@pytest.mark.parametrize(("days", "level"), [(90, "ok"), (5, "warning"), (-5, "failure")])
def test_certificates_are_looked_at(days: int, level: str, data: Path, tmp_path: Path) -> None:
    """Valid, about to end, over."""
    cert, key = certificate(tmp_path, days=days)
    done = call("doctor", "--data", data, "--json", "--tls-cert", cert, "--tls-key", key)
    assert levels(done)["tls"] == {level}


def test_a_key_of_another_certificate_is_a_failure(data: Path, tmp_path: Path) -> None:
    """Before a server tries to start with it."""
    cert, _ = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    _, key = certificate(tmp_path / "other")
    assert levels(call("doctor", "--data", data, "--json", "--tls-cert", cert, "--tls-key", key))["tls"] == {"failure"}
