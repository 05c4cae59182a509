"""Which policy was in force, and when it became another one, is in the trail (ACC-1)."""

from __future__ import annotations

from pathlib import Path

import lrs
from lrs.privacy.audit.entry import Entry
from lrs.privacy.audit.verify import entries
from lrs.privacy.policy.reader import parsed
from tests.audit.test_actions import POLICY
from tests.cli.calling import call


def trail(data: Path, action: str) -> list[Entry]:
    return sorted((each for _, each in entries(data / "audit") if each.action == action), key=lambda each: each.time)


def test_another_policy_is_in_the_trail(tmp_path: Path) -> None:
    """When a store opens under another one than the last time: the digests before and after, once; the same policy with other comments is none."""
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    for text in (POLICY, f"# the same\n{POLICY}", POLICY.replace('"trial"', '"study"'), POLICY.replace('"trial"', '"study"')):
        path.write_text(text, "utf-8")
        lrs.open(tmp_path).close()
    path.unlink()
    lrs.open(tmp_path).close()
    digests = [each.policy for each in trail(tmp_path, "open the store")]
    changes = trail(tmp_path, "change the policy")
    assert [each.object for each in changes] == [f"{digests[1]} {digests[2]}", f"{digests[3]} {digests[4]}"]
    assert [(each.tenant, each.policy) for each in changes] == [("default", digests[2]), ("default", digests[4])]


def test_a_broken_policy_of_another_tenant_is_passed_over(tmp_path: Path) -> None:
    """The store opens for the others; when the file is right again, and another policy, that is recorded."""
    with lrs.open(tmp_path) as store:
        store.credentials.add("x", tenant="lyon")
    path = tmp_path / "policies" / "lyon.toml"
    path.parent.mkdir()
    for text in ("", "broken =", POLICY):
        path.write_text(text, "utf-8") if text else None
        lrs.open(tmp_path).close()
    assert [each.tenant for each in trail(tmp_path, "change the policy")] == ["lyon"]


def test_what_is_done_without_a_store_names_the_policy_too(tmp_path: Path) -> None:
    """A command that opens the vault alone; while the file can't be read it says so, and works."""
    lrs.open(tmp_path).close()
    for text, expected in ((POLICY, None), ("broken =", "unreadable")):
        (tmp_path / "policy.toml").write_text(text, "utf-8")
        assert call("request", "add", "access", "--data", tmp_path).status == 0
        last = trail(tmp_path, "add a request")[-1]
        policy, _ = parsed(text)
        assert last.policy == (expected or (policy and policy.digest))
