"""``lrs policy``: a preset becomes a policy, which is shown, checked and followed."""

from __future__ import annotations

from pathlib import Path

import pytest

import lrs
from lrs.privacy.policy import reader
from tests.cli.calling import call
from tests.policy.test_projects import POLICY
from tests.store.conftest import World


@pytest.mark.parametrize("preset", reader.PRESETS)
def test_a_preset_is_written_and_followed(tmp_path: Path, preset: str) -> None:
    """What init writes passes the check, is shown with its digest, and is not replaced by another init."""
    assert call("policy", "init", preset, "--data", tmp_path).status == 0
    digest = dict(reader.presets())[preset].digest
    checked, shown = call("policy", "check", "--data", tmp_path), call("policy", "show", "--data", tmp_path, "--language", "fr")
    assert digest in checked.out
    assert digest in shown.out
    assert "every statement" in shown.out
    again = call("policy", "init", preset, "--data", tmp_path)
    assert again.status == 1
    assert "already" in again.err


def test_everything_that_is_wrong_is_named(tmp_path: Path) -> None:
    """One line a fault, and status 1; another tenant's policy has its own place."""
    call("policy", "init", "campus", "--tenant", "other", "--data", tmp_path)
    path = tmp_path / "policies" / "other.toml"
    path.write_text(path.read_text("utf-8").replace("sub-processor", "recipient").replace('location = "FR"', 'location = "US"'), "utf-8")
    checked = call("policy", "check", "--tenant", "other", "--data", tmp_path)
    assert checked.status == 1
    assert "sub-processor" in checked.out
    assert checked.out.count("transfer_tool") == 3


def test_presets_are_listed_in_both_languages() -> None:
    """Each with its title."""
    assert "A research project" in call("policy", "presets").out
    assert "Projet de recherche" in call("policy", "presets", "--language", "fr").out


def test_without_a_policy_the_one_that_keeps_everything_is_shown(tmp_path: Path) -> None:
    """And a preset that does not exist is refused with the list of those that do."""
    assert "records (default)" in call("policy", "show", "--data", tmp_path).out
    refused = call("policy", "init", "everything", "--data", tmp_path)
    assert refused.status == 1
    assert "fun-mooc" in refused.err


def test_what_is_printed_is_what_the_purpose_shows(tmp_path: Path) -> None:
    """Over pages too; a purpose that shows pseudonyms prints no name, one that shows counts prints no statement, and one that is not there nothing."""
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    with lrs.open(tmp_path) as store:
        store.ingest([World().statement() for _ in range(3)])
    printed = {purpose: call("query", "--purpose", purpose, "--data", tmp_path) for purpose in ("teaching", "one", "curiosity")}
    assert [done.status for done in printed.values()] == [0, 0, 1]
    assert [done.out.count("@example.fr") for done in printed.values()] == [3, 0, 0]
    assert printed["one"].out.count("lrs.invalid/pseudonym") >= 3
    assert call("query", "--purpose", "one", "--count-by", "verb", "--data", tmp_path).out.count('"count":1') == 3
