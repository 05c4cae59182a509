"""Whatever is done to the files of the trail is found, and the entry from which on is named."""

from __future__ import annotations

import base64
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lrs.crypto.keyring import Keyring
from lrs.crypto.notes import NoteKey
from lrs.errors import TamperedData
from lrs.privacy.audit import Audit, Event, entry
from lrs.privacy.audit.chain import chains, checkpoints, header, segments
from lrs.privacy.audit.tree import Tree
from lrs.privacy.audit.verify import Problem, verify
from lrs.settings import Settings
from tests.audit.conftest import Clock

TIMES = int(os.environ.get("LRS_TEST_TAMPERINGS", "2000"))
Lines = list[bytes]


@pytest.fixture
def written(audit: Callable[[], Audit], settings: Settings, clock: Clock) -> Path:
    """A chain of three months' segments with four checkpoints, closed -> its folder."""
    for month in range(3):
        trail = audit()
        for n in range(9):
            trail.record(Event(action="read statements", tenant="default", credential=f"c{n % 3}", counts={"n": n}, sids=[n, month]))
        trail.close()
        clock.days(31)
    return chains(settings.data / "audit")[0]


@pytest.fixture
def key(keyring: Keyring) -> NoteKey:
    return keyring.signer.key


def problems(folder: Path, key: NoteKey, notes: list[str] | None = None) -> list[Problem]:
    return [problem for report in verify(folder.parent, key, notes or []) for problem in report.problems]


def flip(lines: Lines, n: int, chance: random.Random) -> int:
    """Change one bit of a line."""
    place = chance.randrange(len(lines[n]))
    lines[n] = lines[n][:place] + bytes([lines[n][place] ^ 1 << chance.randrange(8)]) + lines[n][place + 1 :]
    return n


def delete(lines: Lines, n: int, _chance: random.Random) -> int:
    del lines[n]
    return n


def insert(lines: Lines, n: int, chance: random.Random) -> int:
    """Put another entry in front, a copy of any."""
    lines.insert(n, chance.choice(lines))
    # Of two that are the same, the second one is the strange one.
    return n + (lines[n] == lines[n + 1])


def reorder(lines: Lines, n: int, chance: random.Random) -> int:
    other = chance.choice([m for m in range(len(lines)) if m != n])
    lines[n], lines[other] = lines[other], lines[n]
    return min(n, other)


def truncate(lines: Lines, n: int, _chance: random.Random) -> int:
    del lines[n:]
    return n


def rewrite(lines: Lines, n: int, _chance: random.Random) -> int:
    """Change an entry and compute anew every chain hash from there on, as someone who has read this program can."""
    chain = base64.b64decode(entry.split(lines[n - 1])[1][10:54]) if n else bytes(32)
    for m in range(n, len(lines)):
        content = entry.split(lines[m])[0]
        content = content.replace(b'"credential":"c', b'"credential":"d') if m == n else content
        content = content.replace(b'"open the', b'"shut  the').replace(b'"close the', b'"shut  the') if m == n else content
        _, chain = entry.link(chain, content)
        lines[m] = entry.line(content, chain)[:-1]
    return n


TAMPERINGS = (flip, delete, insert, reorder, truncate, rewrite)


def test_thousands_of_tamperings_are_found(written: Path, key: NoteKey) -> None:
    """Of every kind, at every entry of a closed chain; the first problem names the entry, or for a rewriting the checkpoint that it breaks."""
    assert problems(written, key) == []
    chance = random.Random(2026)
    paths = segments(written)
    texts = {path: path.read_bytes() for path in paths}
    sizes = [len(text.splitlines()) - 1 for text in texts.values()]
    signed = sorted(int(note.split("\n")[1]) for note in checkpoints(written))
    for n in range(TIMES):
        tamper = TAMPERINGS[n % len(TAMPERINGS)]
        which = chance.randrange(len(paths))
        path, before = paths[which], sum(sizes[:which])
        first, *lines = texts[path].split(b"\n")[:-1]
        old = list(lines)
        seq = before + tamper(lines, chance.randrange(len(lines)), chance)
        if lines == old:
            continue
        path.write_bytes(b"\n".join([first, *lines, b""]))
        found = problems(written, key)
        path.write_bytes(texts[path])
        assert found, (tamper.__name__, seq)
        if tamper is rewrite:
            assert min(problem.seq for problem in found) in {seq, *(size - 1 for size in signed if size > seq), before + sizes[which]}
        elif b"\n" not in b"".join(lines):
            assert found[0].seq == seq, (tamper.__name__, seq, found[:3])


def test_other_files_are_not_forgotten(written: Path, key: NoteKey, tmp_path: Path) -> None:
    """First lines of segments, checkpoints, whole segments, and bytes cut from the end."""
    kept = tmp_path / "kept"
    shutil.copytree(written, kept)

    def again() -> None:
        shutil.rmtree(written)
        shutil.copytree(kept, written)

    chance = random.Random(7)
    for name in ["checkpoints", *(path.name for path in segments(written))]:
        path, text = written / name, (kept / name).read_bytes()
        length = len(text) if name == "checkpoints" else text.index(b"\n")
        for place in chance.sample(range(2 if name == "checkpoints" else 0, length), min(100, length - 2)):
            path.write_bytes(text[:place] + bytes([text[place] ^ 1]) + text[place + 1 :])
            assert problems(written, key), (name, place)
        path.write_bytes(text)
    for path in segments(written):
        path.unlink()
        assert problems(written, key), path.name
        again()
    last = segments(written)[-1]
    for cut in (1, 2, 60, 400):
        last.write_bytes((kept / last.name).read_bytes()[:-cut])
        assert problems(written, key), cut
    again()
    assert problems(written, key) == []


def test_who_cuts_log_and_checkpoints_is_found_by_a_note_that_left(written: Path, key: NoteKey) -> None:
    """Without it nothing would tell; with it the missing entries are named."""
    away = checkpoints(written)[-1]
    segments(written)[-1].unlink()
    notes = checkpoints(written)
    size = int(notes[-1].split("\n")[1])
    fitting = [note for note in notes if int(note.split("\n")[1]) < size]
    (written / "checkpoints").write_text("\n\n".join(["", *fitting]))
    assert problems(written, key) == []
    (found,) = problems(written, key, [away])
    assert "missing" in found.what
    assert found.seq == int(fitting[-1].split("\n")[1])


def test_a_chain_that_is_gone_is_missed_by_its_neighbour(audit: Callable[[], Audit], settings: Settings, key: NoteKey) -> None:
    """Its folder too."""
    one, two = audit(), audit()
    one.record(Event(action="x"))
    two.record(Event(action="y"))
    two.close()
    one.close()
    names = {path.name for path in chains(settings.data / "audit")}
    (joined,) = [each.object.split()[0] for _, each in _entries(settings) if each.action == "join"]
    assert joined in names
    shutil.rmtree(settings.data / "audit" / joined)
    (found,) = problems(settings.data / "audit" / "any", key)
    assert "missing" in found.what


def _entries(settings: Settings) -> Iterator[tuple[str, entry.Entry]]:
    from lrs.privacy.audit.verify import entries

    return entries(settings.data / "audit")


def test_another_key_signs_for_nobody(written: Path) -> None:
    """Checkpoints by another store's key are worth nothing."""
    other = Keyring.generate("default").signer.key
    assert problems(written, other)
    with pytest.raises(TamperedData):
        problems(written, other, [checkpoints(written)[0]])


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 33])
def test_the_root_is_that_of_rfc_9162(size: int) -> None:
    """As its recursive definition computes it, of any size, grown in one go or taken up from its peaks."""
    leaves = [entry.link(b"", b"%d" % n)[0] for n in range(size)]

    def recursive(hashes: list[bytes]) -> bytes:
        from hashlib import sha256

        if len(hashes) < 2:
            return hashes[0] if hashes else sha256(b"").digest()
        k = 1 << (len(hashes) - 1).bit_length() - 1
        return sha256(b"\1" + recursive(hashes[:k]) + recursive(hashes[k:])).digest()

    tree = Tree()
    for hashed in leaves:
        tree = Tree(tree.size, tree.peaks)
        tree.add(hashed)
    assert tree.root() == recursive(leaves)
    assert header("o", tree, bytes(32)).endswith(b"\n")


def test_notes_are_read_as_the_specification_says(keyring: Keyring) -> None:
    """A note of the C2SP form: other signatures beside ours are passed over, ours has to be right, and the key's written form comes back."""
    signer = keyring.signer
    note = signer.sign("audit.example/1\n3\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", "audit.example/1")
    key = NoteKey.read(signer.key.written("audit.example/1"))
    other = Keyring.generate("a").signer.sign("x\n", "witness.example").split("\n\n")[1]
    assert key.open(note) == key.open(note + other) == note.split("\n\n")[0] + "\n"
    for altered in (note.replace("\n3\n", "\n4\n"), note.replace(" audit.example/1 ", " audit.example/2 "), other, ""):
        with pytest.raises(TamperedData):
            key.open(altered)


def test_the_published_example_of_a_note_verifies() -> None:
    """RFC 8032 7.1, test 2, through a signed note's own construction: key id, algorithm byte, signature."""
    from lrs.crypto.notes import NoteSigner

    signer = NoteSigner(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    assert signer.key.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert signer._key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
