"""The self-mention scan finds a statement's own people wherever they are written, and nothing else changes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.privacy import mentions
from lrs.privacy.mentions import Mentions, fold, seal_mentions
from tests.effort import Effort


def boxed(body: bytes, mentioned: Mentions) -> tuple[bytes, list[bytes]]:
    boxes: list[bytes] = []

    def seal(value: bytes, letter: bytes) -> bytes:
        boxes.append(value)
        return b'{"$%s":%d}' % (letter, len(boxes) - 1)

    return seal_mentions(body, mentioned, seal), boxes


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ("jeanne.dupré@example.fr", "Write to Jeanne.Dupré@Example.FR today"),
        ("jeanne.dupré@example.fr", "https://example.fr/u/jeanne.dupr%C3%A9%40example.fr/posts"),
        ("zoé martin", "message de ZOÉ MARTIN"),
        ("zoé martin", "message de Zoe\u0301 Martin"),
        ("anna", "Bravo Anna!"),
        ("anna", "user_anna_home"),
        ("strasse", "Straße"),
        ("renée", "https://example.fr/u/ren%C3%A9e"),
        ("jeanne@example.org", "https://example.org/u/jeanne%40example.org"),
        ("a-a", "ba-a-a"),
    ],
)
def test_a_mention_is_found_in_any_spelling(known: str, text: str) -> None:
    """Case, accents composed or not, URL encoding and word borders do not hide a mention."""
    mentioned = Mentions([known])
    assert mentioned(text)
    for body in (json.dumps({"a": text}).encode(), json.dumps({"a": text}, ensure_ascii=False).encode()):
        assert mentioned.may_be_in(body)
        sealed, boxes = boxed(body, mentioned)
        assert json.loads(sealed) == {"a": {"$b": 0}}
        assert [json.loads(box) for box in boxes] == [text]


@pytest.mark.parametrize("text", ["anna", "anna.", "l'anna", "_anna_", "annanna anna", "hannah, anna", "éanna/anna"])
def test_a_short_name_is_found_as_a_word_of_its_own(text: str) -> None:
    """With anything but letters and digits beside it, after places where it is a part of a word."""
    assert Mentions(["anna"])(text)


@pytest.mark.parametrize("text", ["hanna", "annab", "anna1", "annaé", "ßanna", "annanna", "anna\u0660"])
def test_a_short_name_is_not_found_beside_letters_and_digits(text: str) -> None:
    """Of whatever script they are."""
    assert not Mentions(["anna"])(text)


def test_a_short_name_is_not_found_within_a_word() -> None:
    """An account named ``anna`` is not mentioned by ``annals``, and a body without it is passed by unread."""
    mentioned = Mentions(["anna"])
    assert not mentioned("the annals of history")
    assert not mentioned.may_be_in(b'{"name":"the annals"}')


def test_an_extension_key_that_mentions_hides_the_object() -> None:
    """A key can't be replaced on its own, so the object that has it is sealed whole."""
    body = b'{"extensions":{"https://x.example/users/jdupont/score":[1.10]},"n":1e2}'
    sealed, boxes = boxed(body, Mentions(["jdupont"]))
    assert sealed == b'{"extensions":{"$o":0},"n":1e2}'
    assert boxes == [b'{"https://x.example/users/jdupont/score":[1.10]}']


def test_placeholders_and_property_names_stay() -> None:
    """A person named like a property does not break the statement, and placeholders are no text."""
    body = b'{"actor":{"$p":0,"member":[{"$p":1}]},"result":{"response":{"$b":0}},"member":"member"}'
    sealed, boxes = boxed(body, Mentions(["member", "response"]))
    assert sealed == b'{"actor":{"$p":0,"member":[{"$p":1}]},"result":{"response":{"$b":0}},"member":{"$b":0}}'
    assert boxes == [b'"member"']


def test_a_large_group_is_searched_once() -> None:
    """What stands for its people is not searched for each of them, and a mention beside it is still found."""
    mentioned = Mentions([f"learner-{n:06}@example.fr" for n in range(20_000)])
    body = b'{"member":[' + b",".join(b'{"$p":%d}' % n for n in range(20_000)) + b'],"name":"%b"}'
    with Effort() as effort:
        assert not mentioned.may_be_in(body % b"a course")
    assert effort.seconds < 2
    assert mentioned.may_be_in(body % b"by learner-019999@example.fr")


@given(
    st.text(min_size=6),
    st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
)
def test_the_quick_look_never_misses_what_the_walk_finds(known: str, value: object) -> None:
    """``may_be_in`` may be wrong in saying yes, never in saying no."""
    mentioned = Mentions([fold(known)])
    for body in (
        json.dumps({"v": value}).encode(),
        json.dumps({"v": [value, f"x{known}y"]}, ensure_ascii=False).encode("utf-8", "replace"),
    ):
        _, boxes = boxed(body, mentioned)
        if boxes:
            assert mentioned.may_be_in(body)


def test_the_same_people_share_what_is_looked_for() -> None:
    """Preparing the search is done once for the same strings."""
    assert mentions.of(("jdupont",)) is mentions.of(("jdupont",))
