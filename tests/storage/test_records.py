"""A record is whole in its file, or not there."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from lrs.errors import ConfigurationError
from lrs.storage.contract import Record
from lrs.storage.warehouse.records import RecordFile

ONE = Record(b"i" * 32, b"t" * 16, b"what is new", b"the block of one")
OTHER = Record(b"j" * 16, b"u" * 8, b"", b"")


def test_records_come_back_in_order(tmp_path: Path) -> None:
    """What was added is read again, by whoever opens the file later too."""
    file = RecordFile(tmp_path / "0")
    file.add(ONE)
    file.add(OTHER)
    file.close()
    again = RecordFile(tmp_path / "0")
    assert list(again.read()) == [ONE, OTHER]
    again.add(ONE)
    assert list(again.read()) == [ONE, OTHER, ONE]
    again.close()


def test_a_record_that_was_cut_short_is_none(tmp_path: Path) -> None:
    """Wherever the file ends, the records before that place are there, and nothing else."""
    file = RecordFile(tmp_path / "0")
    file.add(ONE)
    first = len(file)
    file.add(OTHER)
    file.close()
    whole = (tmp_path / "0").read_bytes()
    for end in range(len(whole)):
        (tmp_path / "1").write_bytes(whole[:end])
        cut = RecordFile(tmp_path / "1")
        assert list(cut.read()) == ([ONE] if end >= first else [])
        cut.close()


def test_a_record_that_was_changed_is_none(tmp_path: Path) -> None:
    """A single byte that is not what was written ends the reading, wherever it is but in the number of the version."""
    file = RecordFile(tmp_path / "0")
    file.add(ONE)
    file.close()
    whole = (tmp_path / "0").read_bytes()
    for place in {*range(len(whole))} - {whole.index(b"4")}:
        (tmp_path / "1").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        changed = RecordFile(tmp_path / "1")
        assert list(changed.read()) == []
        changed.close()


def test_what_could_not_be_written_is_not_there_and_hinders_nothing(tmp_path: Path) -> None:
    """Where a file may not grow, adding raises, and what is added after it is read."""
    file = RecordFile(tmp_path / "0")
    file.add(ONE)
    before, most = len(file), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (before + 60, most[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            file.add(Record(b"k" * 16, b"t" * 8, b"", b"x" * 1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
    assert (tmp_path / "0").stat().st_size == before
    file.add(OTHER)
    assert list(file.read()) == [ONE, OTHER]
    file.close()


@pytest.mark.parametrize("version", [1, 2, 5])
def test_what_another_version_wrote_is_not_taken_for_nothing(version: int, tmp_path: Path) -> None:
    """It says so, be it earlier or later: nobody is to empty the file without having stored what is in it."""
    (tmp_path / "0").write_bytes(b"lrs%d" % version + bytes(1000))
    file = RecordFile(tmp_path / "0")
    with pytest.raises(ConfigurationError, match="another version"):
        list(file.read())
    file.close()


def test_an_emptied_file_holds_nothing(tmp_path: Path) -> None:
    """Its bytes leave the file, and it can be filled anew."""
    file = RecordFile(tmp_path / "0")
    file.add(ONE)
    file.empty()
    assert (tmp_path / "0").read_bytes() == b""
    file.add(OTHER)
    assert list(file.read()) == [OTHER]
    file.close()


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    """It is its owner's alone."""
    RecordFile(tmp_path / "0").close()
    assert (tmp_path / "0").stat().st_mode & 0o777 == 0o600
