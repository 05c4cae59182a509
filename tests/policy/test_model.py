"""Policy files: what is taken, what is refused, and what a digest stands for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import lrs
from lrs.privacy.policy import UNLIMITED, reader
from lrs.privacy.policy.force import Policies

GOOD = """
title = { fr = "Essai", en = "Trial" }
default_purpose = "trial"
unassigned = "refuse"

[[parties]]
name = "Institution"
role = "controller"
location = "FR"

[[purposes]]
id = "trial"
title = { fr = "Essai", en = "Trial" }
legal_basis = "public_task"
audiences = ["learner"]
recipients = ["Institution"]

[[rules]]
purposes = ["trial"]
"""


def wrong(text: str) -> str:
    """Everything that is wrong with a text, on one line."""
    return " | ".join(reader.parsed(text)[1])


def test_a_good_policy_has_no_faults() -> None:
    """The text that the other tests break is right."""
    assert wrong(GOOD) == ""


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ('unassigned = "refuse"', 'unasigned = "refuse"', "unasigned"),
        ('location = "FR"', 'location = "FR"\ncountry = "FR"', "country"),
        ('recipients = ["Institution"]', "retention = { days = 3 }", "purposes[0].retention"),
        ('location = "FR"\n', "", "location"),
        ('location = "FR"', 'location = "US"', "parties[0].transfer_tool"),
        ('role = "controller"', 'role = "owner"', "parties[0].role"),
        ('role = "controller"', 'role = "processor"', "none is the controller"),
        ('role = "controller"', 'role = "joint-controller"', "another one"),
        ('legal_basis = "public_task"\n', "", "purposes[0].legal_basis"),
        ('legal_basis = "public_task"', 'legal_basis = "habit"', "purposes[0].legal_basis"),
        ('audiences = ["learner"]\n', "", "purposes[0].audiences"),
        ('audiences = ["learner"]', 'audiences = ["pets"]', "purposes[0].audiences"),
        ('recipients = ["Institution"]', 'recipients = ["Somebody"]', "purposes[0].recipients"),
        ('recipients = ["Institution"]', 'fields = ["actor.shoes"]', "purposes[0].fields"),
        ('recipients = ["Institution"]', "retention = { statement_days = 3 }", "retention.identity_days"),
        ('recipients = ["Institution"]', "retention = { identity_days = 4, statement_days = 3 }", "retention.identity_days"),
        ('recipients = ["Institution"]', "retention = { identity_days = 0 }", "identity_days"),
        ('default_purpose = "trial"', 'default_purpose = "other"', "default_purpose"),
        ('unassigned = "refuse"', 'unassigned = "keep"', "unassigned"),
        ('purposes = ["trial"]', 'purposes = ["other"]', "rules[0].purposes"),
        ('purposes = ["trial"]', "purposes = []", "rules[0].purposes"),
        ('id = "trial"', 'id = "refuse"', "purposes"),
        ('title = { fr = "Essai", en = "Trial" }\ndefault', 'title = { fr = "Essai" }\ndefault', "title"),
        ("[[rules]]", '[[ingest.care]]\ndrop = ["actor"]\n[[rules]]', "ingest.care[0].drop"),
        ("[[rules]]", '[[ingest.care]]\nverbs = ["v:1"]\n[[rules]]', "ingest.care[0]"),
        ("[[rules]]", '[ingest]\nfree_text = "burn"\n[[rules]]', "ingest.free_text"),
    ],
)
def test_a_fault_is_named_by_its_key(before: str, after: str, place: str) -> None:
    """Unknown keys and values, what is missing, and what contradicts something else are refused (PRO-1, PRO-3)."""
    assert before in GOOD
    assert place in wrong(GOOD.replace(before, after, 1))


def test_who_processes_for_others_names_its_sub_processors() -> None:
    """The profile saas refuses without processor and sub-processor, each with its location (PRO-1)."""
    saas = GOOD.replace('unassigned = "refuse"', 'unassigned = "refuse"\nprofile = "saas"')
    assert "sub-processor" in wrong(saas)
    party = '[[parties]]\nname = "{0}"\nrole = "{1}"\nlocation = "FR"\n\n'
    both = party.format("Operator", "processor") + party.format("Host", "sub-processor")
    assert wrong(saas.replace("[[purposes]]", both + "[[purposes]]")) == ""


def test_a_transfer_out_of_the_area_names_its_tool() -> None:
    """A location outside the EEA is taken with what makes the transfer lawful (PRO-3)."""
    assert wrong(GOOD.replace('location = "FR"', 'location = "CA"\ntransfer_tool = "adequacy decision"')) == ""


def test_the_digest_names_what_the_policy_says() -> None:
    """Comments and order of keys change nothing in it; every value does (ACC-2)."""
    first = reader.parsed(GOOD)[0]
    swapped = GOOD.replace('default_purpose = "trial"\nunassigned = "refuse"', 'unassigned = "refuse"\n# why\ndefault_purpose = "trial"')
    assert reader.parsed(swapped)[0].digest == first.digest
    for before, after in (("Essai", "Test"), ('"FR"', '"DE"'), ('"refuse"', '"trial"'), ("public_task", "consent")):
        assert reader.parsed(GOOD.replace(before, after))[0].digest != first.digest


def test_every_preset_is_a_policy_in_two_languages() -> None:
    """Each has an own digest, a controller, and purposes with legal basis, limits and titles in French and English."""
    found = dict(reader.presets())
    assert tuple(found) == reader.PRESETS
    assert len({policy.digest for policy in found.values()}) == len(found)
    for policy in found.values():
        for purpose in policy.purposes:
            assert purpose.title.fr != purpose.title.en
            assert purpose.retention.identity_days
            assert purpose.retention.statement_days
        assert policy.ingest.drop_devices


def test_without_a_file_everything_is_kept(tmp_path: Path) -> None:
    """A plain store has one purpose for all statements, and no limit; a policy that was named has to be there."""
    force = Policies(lrs.Settings(data=tmp_path)).of("default")
    assert force.policy is UNLIMITED
    assert force.intake.takes_all
    assert force.retention(("records",)).statement_days is None
    with pytest.raises(lrs.ConfigurationError):
        Policies(lrs.Settings(data=tmp_path, policy=tmp_path / "missing.toml")).of("default")


@pytest.mark.parametrize("tenant", ["../policy", "a/b", "..", "policy", "é"])
def test_a_tenants_name_is_no_way_out_of_the_folder(tmp_path: Path, tenant: str) -> None:
    """Whatever a tenant is called, its policy stands in the folder of policies."""
    assert reader.path_of(lrs.Settings(data=tmp_path), tenant).resolve().parent == tmp_path.resolve() / "policies"


def test_a_wrong_policy_keeps_the_store_closed(tmp_path: Path) -> None:
    """A store does not open with a policy that it can't follow."""
    (tmp_path / "policy.toml").write_text(GOOD.replace("refuse", "keep"), "utf-8")
    with pytest.raises(lrs.ConfigurationError, match="unassigned"):
        lrs.open(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_policy_that_can_not_be_read_is_no_missing_one(tmp_path: Path) -> None:
    """A file without permission is an error, not the policy that keeps everything."""
    path = tmp_path / "policy.toml"
    path.write_text(GOOD, "utf-8")
    path.chmod(stat.S_IWUSR)
    with pytest.raises(lrs.ConfigurationError):
        Policies(lrs.Settings(data=tmp_path)).of("default")
