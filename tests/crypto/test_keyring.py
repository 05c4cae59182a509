"""The keyring: where it comes from, who may read it, and what its keys make."""

from __future__ import annotations

import base64
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from lrs.crypto.keyring import Keyring
from lrs.crypto.providers import add_tenant, key_file, open_keyring
from lrs.crypto.pseudonyms import Pseudonyms
from lrs.errors import InvalidRequest, KeyUnavailable
from lrs.settings import Settings


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0400 from the first moment; the second opening reads the same keys."""
    settings = Settings(data=tmp_path / "data")
    first = open_keyring(settings, create=True)
    assert key_file(settings).stat().st_mode & 0o777 == 0o400
    assert open_keyring(settings, create=True).to_json() == first.to_json()


def test_it_is_not_made_where_data_needs_an_old_one(tmp_path: Path) -> None:
    """A new keyring would turn every person of the old one into a stranger."""
    with pytest.raises(KeyUnavailable):
        open_keyring(Settings(data=tmp_path), create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o600 | 0o040])
def test_it_is_refused_when_others_may_read_it(tmp_path: Path, mode: int) -> None:
    """And the hint says how to close it."""
    settings = Settings(data=tmp_path)
    open_keyring(settings, create=True)
    key_file(settings).chmod(mode)
    with pytest.raises(KeyUnavailable) as refused:
        open_keyring(settings, create=True)
    assert "chmod" in refused.value.hint


def test_a_damaged_one_is_refused_and_kept(tmp_path: Path) -> None:
    """Cut short, emptied, or of another form: nothing of it is quoted, nothing is overwritten."""
    settings = Settings(data=tmp_path)
    whole = open_keyring(settings, create=True).to_json()
    path = key_file(settings)
    for damaged in (
        b"",
        whole[:-20],
        b"{}",
        whole.replace(b'"mac"', b'"mac "'),
        b"\xff\xfe",
        whole.replace(b'"format": 1', b'"format": 9'),
    ):
        path.chmod(0o600)
        path.write_bytes(damaged)
        path.chmod(0o400)
        with pytest.raises(KeyUnavailable) as refused:
            open_keyring(settings, create=True)
        assert path.read_bytes() == damaged
        assert whole.decode().split('"mac": "')[1][:20] not in str(refused.value)


def test_it_can_come_from_the_environment(tmp_path: Path) -> None:
    """As JSON or in base64; no file is made."""
    keyring = Keyring.generate("default")
    for text in (keyring.to_json().decode(), base64.b64encode(keyring.to_json()).decode()):
        found = open_keyring(Settings(data=tmp_path, keyring=text), create=True)
        assert found.to_json() == keyring.to_json()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyUnavailable):
        open_keyring(Settings(data=tmp_path, keyring="not a keyring!"), create=True)


def test_a_tenant_is_added_and_the_others_keep_their_keys(tmp_path: Path) -> None:
    """Added twice it is added once."""
    settings = Settings(data=tmp_path)
    before = open_keyring(settings, create=True)
    after = add_tenant(settings, "lyon")
    assert after.tenants == ("default", "lyon")
    assert after.tenant("default").check == before.tenant("default").check
    assert after.tenant("lyon").check != before.tenant("default").check
    assert add_tenant(settings, "lyon").to_json() == after.to_json() == open_keyring(settings, create=False).to_json()
    with pytest.raises(KeyUnavailable):
        before.tenant("lyon")


def test_what_is_derived_is_stable_and_a_tenants_own() -> None:
    """Indexes, fingerprints and hidden IRIs: the same again with the same keyring, another one in every other tenant."""
    keyring = Keyring.generate("a", "b")
    again = Keyring.from_json(keyring.to_json())

    def derived(keys: object) -> list[object]:
        return [
            keys.blind_index(b"x"),  # type: ignore[attr-defined]
            keys.variant_fingerprint(1, b"x"),  # type: ignore[attr-defined]
            keys.content_fingerprint(b"x"),  # type: ignore[attr-defined]
            keys.hidden_iri("https://x.example"),  # type: ignore[attr-defined]
            keys.check,  # type: ignore[attr-defined]
        ]

    one, other = derived(keyring.tenant("a")), derived(keyring.tenant("b"))
    assert one == derived(again.tenant("a"))
    assert all(mine != yours for mine, yours in zip(one, other, strict=True))
    assert keyring.tenant("a").variant_fingerprint(1, b"x") != keyring.tenant("a").variant_fingerprint(2, b"x")


def test_a_pseudonymous_uuid_is_a_uuid() -> None:
    """Of version 8 (RFC 9562), so that it passes wherever an id is asked for."""
    made = Pseudonyms(bytes(32)).uuid(uuid4())
    assert (made.version, made.variant) == (8, UUID(int=0x8000 << 48).variant)


def test_tokens_are_bound_and_expire() -> None:
    """To their credential, until their time; a token that is no token is refused in the same words as another's."""
    tokens = Keyring.generate("a").tenant("a").tokens
    token = tokens.seal(b"payload", bound_to="me", until=100)
    assert tokens.open(token, bound_to="me", now=100) == b"payload"
    messages = set()
    for wrong, who in (
        (token, "you"),
        (token[:-2], "me"),
        ("", "me"),
        ("é", "me"),
        ("A" * 200, "me"),
        (token.replace(token[5], "_", 1), "me"),
    ):
        with pytest.raises(InvalidRequest) as refused:
            tokens.open(wrong, bound_to=who, now=1)
        messages.add(str(refused.value))
    assert len(messages) == 1
    with pytest.raises(InvalidRequest, match="expired"):
        tokens.open(token, bound_to="me", now=101)
