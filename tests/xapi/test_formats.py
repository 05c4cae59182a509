"""Formats of single values: what has them and what only looks like it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi import formats
from lrs.xapi.versions import takes

GOOD = {
    formats.is_iri: "http://a uuid://7d course-v1:FUN-MOOC+00002+session01 https://é.fr/x?a[]=1#b urn:x a:%20 http://[::1]/ tag:a@b,2020:c",
    formats.is_mailto: "mailto:a@b.fr mailto:zoë@x mailto:a+b.c@x.y mailto:a%20b@x",
    formats.is_uuid: "12345678-1234-5678-1234-567812345678 AA97B177-9383-4934-8543-0F91A7A02836 00000000-0000-0000-0000-000000000000",
    formats.is_sha1: "ebd31e95054c018b10727ccffd2ef2ec3a016ee9 EBD31E95054C018B10727CCFFD2EF2EC3A016EE9",
    formats.is_sha2: " ".join("aB" * size for size in (28, 32, 48, 64)),
    formats.is_language_tag: (
        "en en-US zh-Hans-CN sr-Cyrl ase fr-CA x-private de-CH-1901 sl-rozaj-biske i-klingon zh-min-nan und de-DE-u-co-phonebk "
        "zh-cmn-Hans-CN en-a-bbb-x-a-ccc es-419 qaa-Qaaa-QM-x-southern EN-us en-GB-oed sgn-BE-FR art-lojban tlh "
        "de-1901-1996 en-a-bbbbb-b-bbbbb fr-x-aaaaa-aaaaa"
    ),
    formats.is_duration: "P4W PT1S P1Y P3Y1M29DT4H35M59.14S PT0.5H P1DT12H P4.5W PT1.5S P0D P1Y2M PT16559.14S P1,5D PT36H PT1.123456789S",
    formats.is_media_type: "text/plain application/json;charset=utf-8 application/vnd.x+json a/b;c=d;e=f",
}
BAD = {
    formats.is_iri: [
        "",
        "a",
        "http:",
        "http://a b",
        "//x/y",
        "1a:b",
        "http://a%zz",
        "http://<x>",
        "x:\n",
        "http://a\n",
        "a:b\\c",
        "a:{b}",
        "\u200ba:b",
        ":x",
    ],
    formats.is_mailto: [
        "a@b",
        "mailto:a",
        "mailto:@b",
        "mailto:a@",
        "mailto:a@b@c",
        "mailto:a@b?subject=x",
        "MAILTO:a@b",
        "mailto:a@b,c@d",
        "mailto:a b@c",
    ],
    formats.is_uuid: [
        "",
        "aa97b1779383493485430f91a7a02836",
        "{AA97B177-9383-4934-8543-0F91A7A02836}",
        "AA97B177-9383-4934-8543-0F91A7A0283",
        "x" * 36,
    ],
    formats.is_sha1: ["", "ab" * 19, "ab" * 21, "zz" * 20, "ab" * 20 + "\n"],
    formats.is_sha2: ["", "ab" * 20, "ab" * 33, "zz" * 32],
    formats.is_language_tag: [
        "",
        "a12345678",
        "en_US",
        "en-",
        "en-a",
        "e-US",
        "en-US-",
        "a-DE",
        "ar-a-aaa-b-",
        "\u017fl",
        "en-abcdefghi",
        "x",
        "en--US",
        "e",
        "en us",
        "-en",
        "de-419-DE",
        "ar-a-aaa-b-bbb-a-ccc",
        "ar-a-aaa-b-bbb-A-ccc",
        "de-CH-1901-1901",
        "sl-rozaj-biske-Rozaj",
    ],
    formats.is_duration: [
        "",
        "P",
        "P1",
        "PT",
        "P4W1D",
        "P1YT",
        "1D",
        "P-1D",
        "-P1D",
        "PT1S1M",
        "P1.5DT1H",
        "PT1.5H1M",
        "P1M1Y",
        "P16559.14S",
        "pt1s",
        "PT1,S",
        "P1Y1W",
        "P٣D",
    ],
    formats.is_media_type: ["", "text", "text/", "/plain", "text/plain; charset", "text plain/x", "text/plain;charset=a b"],
}


@pytest.mark.parametrize(("test", "text"), [(test, text) for test, texts in GOOD.items() for text in texts.split(" ")])
def test_what_has_the_format(test, text):
    """Whatever the format's own RFC or standard allows is accepted."""
    assert test(text)


@pytest.mark.parametrize(("test", "text"), [(test, text) for test, texts in BAD.items() for text in texts])
def test_what_only_looks_like_it(test, text):
    """What the format does not allow is refused, trailing line ends and digits of other scripts included."""
    assert not test(text)


MOMENTS = {
    "2021-11-29T23:09:00.867219+00:00": 1_638_227_340_867_219,
    "2021-11-29T23:09:00Z": 1_638_227_340_000_000,
    "2021-11-29t23:09:00z": 1_638_227_340_000_000,
    "2021-11-29 23:09:00Z": 1_638_227_340_000_000,
    "2021-11-29T23:09:00.123456789Z": 1_638_227_340_123_456,
    "2021-11-29T23:09:00.9999999Z": 1_638_227_340_999_999,
    "2021-11-29T23:09:00.5+01:30": 1_638_221_940_500_000,
    "2021-11-29T23:09:00-0130": 1_638_232_740_000_000,
    "2021-11-29T23:09:00+01": 1_638_223_740_000_000,
    "2021-11-29T23:09:00+00:00": 1_638_227_340_000_000,
    "2016-12-31T23:59:60Z": 1_483_228_800_000_000,
    "1969-12-31T23:59:59.999999Z": -1,
    "0001-01-01T00:00:00Z": -62_135_596_800_000_000,
}
ONLY_BEFORE_2 = {
    "2021-11-29T23:09:00": 1_638_227_340_000_000,
    "2021-11-29T23:09Z": 1_638_227_340_000_000,
    "20211129T230900Z": 1_638_227_340_000_000,
    "2021-11-29T23:09:00,5Z": 1_638_227_340_500_000,
}
NEVER = [
    "", "x", "2021-11-29", "2021-11-29T23Z", "2021-13-29T23:09:00Z", "2021-02-29T00:00:00Z", "2021-11-29T25:09:00Z", "2021-11-29T24:00:00Z",
    "2021-11-29T23:09:00-00", "2021-11-29T23:09:00-0000", "2021-11-29T23:09:00-00:00", "2021-11-29T23:09:00.867219-00:00",
    "2021-W01-1T00:00:00Z",
    "2021-11-29T23:09:00Z\n", "\uff12021-11-29T23:09:00Z", "2021-11-29T23:09:00+25:00", "2021-11-29T23:09:00.Z", "2021-11-29_23:09:00Z",
    "01/011/2015",
    "2021-11-29T23:09:61Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "9999-12-31T23:59:60Z",
]  # fmt: skip


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize(("text", "moment"), (MOMENTS | ONLY_BEFORE_2).items())
def test_timestamps_are_points_in_time(version, text, moment):
    """A timestamp is read to the microsecond, finer digits cut and not rounded; 2.0 takes RFC 3339 alone."""
    raw = json.dumps(text).encode()
    if version == "2.0.0" and text in ONLY_BEFORE_2:
        assert formats.read_timestamp(raw, version=version) is None
        with pytest.raises(ValueError, match="a timestamp"):
            formats.parse_timestamp(text, version=version)
    else:
        assert formats.parse_timestamp(text, version=version) == moment
        assert formats.read_timestamp(raw, version=version) == moment


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("text", NEVER)
def test_what_is_no_timestamp(version, text):
    """A negative zero offset, a day that does not exist or another notation is refused, and not quoted."""
    assert formats.read_timestamp(json.dumps(text).encode(), version=version) is None
    with pytest.raises(ValueError, match="a timestamp") as caught:
        formats.parse_timestamp(text, version=version)
    assert len(text) < 11 or text not in str(caught.value)


_FIRST = datetime.fromisoformat("1000-01-02")
_LAST = datetime.fromisoformat("9999-12-30")


@given(
    st.datetimes(min_value=_FIRST, max_value=_LAST),
    st.integers(-23 * 60, 23 * 60),
    st.sampled_from(["auto", "seconds", "milliseconds", "microseconds"]),
    st.sampled_from(["T", " "]),
)
def test_both_ways_to_read_a_timestamp_agree(naive, minutes, spec, between):
    """The quick reader and the exact one agree on every timestamp, and with the calendar."""
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    text = moment.isoformat(between, spec)
    expected = (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    for version in ("1.0.3", "2.0.0"):
        assert formats.parse_timestamp(text, version=version) == expected
        assert formats.read_timestamp(json.dumps(text).encode(), version=version) == expected
    assert formats.parse_timestamp(formats.format_timestamp(expected)) == expected


@given(st.text(alphabet="0123456789-+:.,TtZz \\u", max_size=36) | st.text(max_size=8))
def test_readers_agree_on_nonsense(text):
    """Whatever one reader refuses the other refuses too."""
    raw = json.dumps(text).encode()
    for version in ("1.0.3", "2.0.0"):
        try:
            expected = formats.parse_timestamp(text, version=version)
        except ValueError:
            expected = None
        assert formats.read_timestamp(raw, version=version) == expected


IN_UTC = {
    "2021-11-29T23:09:00.123456789-09:30": "2021-11-30T08:39:00.123456789Z",
    "2021-11-29 00:09:00.10+01:00": "2021-11-28T23:09:00.10Z",
    "0999-12-31t23:59:59-0001": "1000-01-01T00:00:59Z",
    "2016-12-31T23:59:60+01": "2016-12-31T22:59:60Z",
}
UTC_ALREADY = ["2021-11-29T23:09:00Z", "2021-11-29t23:09:00.50z", "2021-11-29 23:09:00.867219+00:00", "2021-11-29T23:09:00+0000"]


@pytest.mark.parametrize(("text", "there"), [*IN_UTC.items(), *((text, text) for text in UTC_ALREADY)])
def test_a_timestamp_in_utc(text, there):
    """Bringing a timestamp to UTC keeps the point in time and every digit of its seconds; what is in UTC keeps its spelling."""
    raw = formats.in_utc(json.dumps(text).encode())
    assert json.loads(raw) == there
    assert formats.parse_timestamp(there, version="2.0.0") == formats.parse_timestamp(text, version="2.0.0")


@pytest.mark.parametrize(
    "raw", [b'"2021-11-29T23:09:00-00\\u003a00"', b'"2021-11-29T23:09:00-\\u00300:00"', b"1638227340", b"null", b'"\xff"', b'"']
)
def test_a_timestamp_in_disguise(raw):
    """Escapes don't hide a negative zero offset, and numbers or broken strings are no timestamps."""
    assert formats.read_timestamp(raw) is None


def test_escapes_in_a_timestamp():
    """A timestamp with escapes is read like the same one without: cut after the microseconds, not rounded."""
    assert formats.read_timestamp(b'"2021-11-29T23:09:00.12345\\u0036789Z"') == MOMENTS["2021-11-29T23:09:00.123456789Z"]


def test_uuids_are_read_in_their_standard_form():
    """A UUID is read from 8-4-4-4-12 digits of either case and from nothing else."""
    text = "AA97B177-9383-4934-8543-0F91A7A02836"
    assert formats.parse_uuid(text) == formats.read_uuid(f'"{text}"'.encode()) == UUID(text)
    for bad in (
        "aa97b1779383493485430f91a7a02836",
        "{AA97B177-9383-4934-8543-0F91A7A02836}",
        "",
        "urn:uuid:aa97b177-9383-4934-8543-0f91a7a02836",
    ):
        assert formats.read_uuid(f'"{bad}"'.encode()) is None
        with pytest.raises(ValueError, match="8-4-4-4-12"):
            formats.parse_uuid(bad)
    assert formats.read_uuid(b'"aa97b1779383493485430f91a7a\\u0030836"') is None


@pytest.mark.parametrize(
    ("version", "given_version", "accepted"),
    [
        ("1.0.3", "1.0.0", True), ("1.0.3", "1.0.17", True), ("1.0.3", "2.0.0", False), ("1.0.3", "1.1.0", False), ("1.0.3", "1.0", True),
        ("1.0.3", "1", False), ("1.0.3", "1.0.", False), ("1.0.3", "2.0", False), ("2.0.0", "2.0", True), ("2.0.0", "1.0", True),
        ("1.0.3", "1.0.01", False), ("1.0.3", "1.0.0\n", False), ("1.0.3", "1.0.٣", False), ("1.0.3", "0.9.9", False),
        ("2.0.0", "2.0.0", True), ("2.0.0", "1.0.3", True), ("2.0.0", "2.1.0", False), ("2.0.0", "0.9.9", False), ("2.0.0", "1.1.0", False),
    ],
)  # fmt: skip
def test_which_statement_versions_are_taken(version, given_version, accepted):
    """1.0.3 takes 1.0.x; 2.0 takes 2.0.x and still 1.0.x; both in the form of Semantic Versioning, or without a patch as in the header."""
    assert takes(version, given_version) == accepted
