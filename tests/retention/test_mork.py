"""Following mork: who is on its list is forgotten in time, or erased at their own wish, and it is told of whom nothing is left (RET-3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import lrs
from lrs.cli.commands import lrs as command
from lrs.engine import LRS
from lrs.retention.mork import Followed, Mork
from tests.retention.mork_server import mork
from tests.retention.test_inactivity import people
from tests.retention.world import INACTIVITY, Clock, opened, policy, statement

HOME = "https://lms.example.fr"


def following(store: LRS, url: str, home_page: str = "", key: str = "key-1") -> Followed:
    asked = Mork(url, key, service="joanie", pause=lambda _: None)
    try:
        return store.retention.follow(asked, erase=store.erase, home_page=home_page)
    finally:
        asked.close()


def test_who_is_listed_is_forgotten_after_the_notice(tmp_path: Path) -> None:
    """Not before they stood on the list for 30 days, whatever mork says it did; then nothing is left, and mork is told so."""
    clock = Clock()
    with mork() as (server, url), opened(tmp_path, policy(INACTIVITY), clock) as store:
        store.ingest([statement("ana"), statement("bob"), statement("eve")])
        clock.pass_days(100)
        for name in ("ana", "bob", "stranger"):
            server.add(name)
        assert following(store, url) == Followed(listed=3, own_wish=0, forgotten=0, told=1)
        assert (server.status("ana"), server.status("stranger"), server.status("stranger", "edx")) == ("to_delete", "deleted", "to_delete")
        clock.pass_days(29)
        assert following(store, url).forgotten == 0
        store.ingest([statement("bob")])
        clock.pass_days(2)
        assert following(store, url) == Followed(listed=2, own_wish=0, forgotten=1, told=1)
        assert people(store) >= {"bob", "eve"}
        assert "ana" not in people(store)
        assert (server.status("ana"), server.status("bob")) == ("deleted", "to_delete")
        assert following(store, url) == Followed(listed=1, own_wish=0, forgotten=0, told=0)
    assert not [each for each in server.asked if "canary" in each]


def test_who_was_seen_this_month_is_left_in_peace_until_it_is_over(tmp_path: Path) -> None:
    """Who is seen in the month in which they come onto the list might be seen again in it: their notice begins after it."""
    clock = Clock()
    with mork() as (server, url), opened(tmp_path, policy(INACTIVITY), clock) as store:
        store.ingest([statement("ana")])
        server.add("ana")
        following(store, url)
        store.ingest([statement("ana")])
        clock.pass_days(62)
        assert following(store, url).forgotten == 0
        clock.pass_days(31)
        assert following(store, url).forgotten == 1


def test_who_asked_for_it_is_erased_at_once(tmp_path: Path) -> None:
    """By e-mail and by account: their own statements are gone when mork is told."""
    clock = Clock()
    with mork() as (server, url), opened(tmp_path, policy(), clock) as store:
        account = {"account": {"homePage": HOME, "name": "ana"}}
        store.ingest([statement("ana"), statement("ana", actor=account), statement("bob")])
        server.add("ana", "user_requested")
        assert following(store, url, HOME) == Followed(listed=1, own_wish=1, forgotten=0, told=1)
        assert server.status("ana") == "deleted"
        assert people(store) >= {"bob"}
        assert {each["actor"]["mbox"] for each in store.query().statements} == {"mailto:bob@canary.example"}


def test_a_list_of_many_pages_is_followed_whole(tmp_path: Path) -> None:
    """More than mork gives at once, with a fault on the way."""
    clock = Clock()
    with mork() as (server, url), opened(tmp_path, policy(), clock) as store:
        for n in range(1203):
            server.add(f"p{n}")
        server.faults = [503]
        assert following(store, url) == Followed(listed=1203, own_wish=0, forgotten=0, told=1203)
        assert {server.status(f"p{n}") for n in range(1203)} == {"deleted"}


def test_what_mork_refuses_is_said(tmp_path: Path) -> None:
    """A wrong key, a service that it does not know, an answer that is none: each has an error of its own, and nobody is forgotten."""
    clock = Clock()
    with mork() as (_, url), opened(tmp_path, policy(), clock) as store:
        with pytest.raises(lrs.NotAuthenticated):
            following(store, url, key="key-2")
        asked = Mork(url, "key-1", service="lrs", pause=lambda _: None)
        with pytest.raises(lrs.StoreUnavailable, match="422"):
            store.retention.follow(asked, erase=store.erase)
        with pytest.raises(lrs.ConfigurationError):
            Mork("http://mork.example.fr", "key-1", service="joanie")
        assert "key-1" not in repr(asked)


def test_the_command_follows_mork(tmp_path: Path) -> None:
    """lrs retention mork takes its key from a file or the environment, never from the command line."""
    key = tmp_path / "key"
    key.write_text("key-1\n")
    with mork() as (server, url):
        server.add("nobody")
        arguments = ["retention", "mork", "--data", str(tmp_path / "data"), "--url", url, "--service", "joanie"]
        missing = CliRunner().invoke(command, arguments)
        assert missing.exit_code != 0
        done = CliRunner().invoke(command, [*arguments, "--key-file", str(key)])
        assert done.output == "1 on mork's list: 0 erased at their own wish, 0 forgotten, 1 told as deleted.\n"
