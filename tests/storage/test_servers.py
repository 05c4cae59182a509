"""A warehouse on a ClickHouse server: how it is reached, and what is said when it can't be."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lrs.errors import ConfigurationError, StoreUnavailable
from lrs.settings import Settings
from lrs.storage.contract import Selection
from lrs.storage.warehouse import Warehouse
from lrs.storage.warehouse.engines import server_options
from tests.certificates import certificate
from tests.storage.engines import USER, bridge
from tests.storage.rows import NOW, row


def at(address: str, folder: Path, authority: Path | None = None) -> Settings:
    """Settings of a warehouse at an address."""
    return Settings(data=folder, warehouse=f"{address}/tls", warehouse_ca=authority)


def test_an_address_is_read_whole() -> None:
    """Scheme, port, database, user and an escaped password; what is missing has ClickHouse's defaults; certificates are always verified."""
    options, database = server_options("clickhouses://u:p%40ss%2Fword@db.example.org:9443/events", None)
    assert database == "events"
    wanted = {"host": "db.example.org", "port": 9443, "username": "u", "password": "p@ss/word", "secure": True, "verify": True}
    assert options.items() >= wanted.items()
    options, database = server_options("clickhouse://localhost", None)
    assert database == "lrs"
    assert options.items() >= {"host": "localhost", "port": 8123, "username": "default", "password": "", "secure": False}.items()


@pytest.mark.parametrize(
    "address",
    [
        "clickhouse://db.example.org/lrs",
        "clickhouse://10.0.0.7:8123/lrs",
        "clickhouses://db.example.org/lrs?verify=0",
        "clickhouses://db.example.org/a-b",
        "clickhouses://db.example.org/a;DROP",
        "clickhouses://db.example.org:port/lrs",
    ],
)
def test_an_address_that_is_unsafe_or_unclear_is_refused(address: str) -> None:
    """Plain HTTP to another machine, an unknown parameter, a database that is no name; the message does not repeat the address."""
    with pytest.raises(ConfigurationError) as refused:
        server_options(address, None)
    assert "db.example.org" not in str(refused.value)


def test_plain_http_needs_a_word_of_the_operator() -> None:
    """``?insecure=1`` says that the network itself is protected."""
    assert server_options("clickhouse://db.example.org/lrs?insecure=1", None)[0]["secure"] is False


def test_a_server_is_reached_over_verified_tls(tmp_path: Path) -> None:
    """With the authority that signed the server's certificate rows go there and back; without it nothing is sent."""
    cert, key = certificate(tmp_path)
    with bridge(tmp_path / "engine", certificate=cert, key=key) as running:
        warehouse = Warehouse.open(at(running.address, tmp_path, cert))
        stored = row()
        warehouse.insert([stored])
        assert [found.id for found in warehouse.find("t", Selection(), now=NOW)] == [stored.id]
        warehouse.close()
        with pytest.raises(StoreUnavailable):
            Warehouse.open(at(running.address, tmp_path))


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    """A certificate that is trusted but belongs to another address proves nothing."""
    cert, key = certificate(tmp_path, address="127.0.0.9")
    with bridge(tmp_path / "engine", certificate=cert, key=key) as running, pytest.raises(StoreUnavailable):
        Warehouse.open(at(running.address, tmp_path, cert))


def test_a_wrong_password_is_said_and_not_shown(tmp_path: Path) -> None:
    """The message names the setting, neither user nor password."""
    with bridge(tmp_path / "engine") as running:
        address = running.address.replace(running.address.split("@")[0], f"clickhouse://{USER}:wr0ng-secret")
        with pytest.raises(StoreUnavailable, match="setting warehouse") as refused:
            Warehouse.open(at(address, tmp_path))
    assert "wr0ng-secret" not in f"{refused.value!r} {refused.value} {refused.value.hint}"


def test_nobody_listening_is_said(tmp_path: Path) -> None:
    """An address at which nobody answers is an outage that may pass."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(StoreUnavailable, match="nobody answers") as refused:
        Warehouse.open(at(f"clickhouse://127.0.0.1:{port}", tmp_path))
    assert refused.value.retryable


def test_a_server_that_goes_away_is_an_outage(tmp_path: Path) -> None:
    """A server that is killed while the store is open: reads and writes raise, none of them hangs or pretends."""
    with bridge(tmp_path / "engine") as running:
        warehouse = Warehouse.open(at(running.address, tmp_path))
        warehouse.insert([row()])
        running.process.kill()
        running.process.wait()
        with pytest.raises(StoreUnavailable):
            warehouse.insert([row(1)])
        with pytest.raises(StoreUnavailable):
            warehouse.find("t", Selection(), now=NOW)
        with pytest.raises(StoreUnavailable):
            warehouse.ping()
        warehouse.close()
