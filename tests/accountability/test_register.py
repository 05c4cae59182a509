"""The register as a table."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lrs.accountability.ods import as_ods
from lrs.accountability.register import COLUMNS, TEXTS, as_csv, table
from lrs.accountability.request import Delay, Kind, Refusal, State
from lrs.accountability.requests import Requests
from tests.accountability.conftest import ANA

ODF = {"table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0", "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0"}


def cells(document: bytes) -> list[list[str]]:
    """Read a sheet back."""
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        sheet = ET.fromstring(archive.read("content.xml"))
    return [
        ["".join(cell.itertext()) for cell in row.iterfind("table:table-cell", ODF)] for row in sheet.iter(f"{{{ODF['table']}}}table-row")
    ]


def test_every_word_has_a_text_in_both_languages() -> None:
    """Whatever a column, a kind, a state or a reason is called; French has nothing that is English by default."""
    words = {*COLUMNS, *Kind, *Delay, *Refusal, *State, "yes", "no"}
    assert words - TEXTS["fr"].keys() == set()
    assert {word for word in words if "_" in TEXTS["en"].get(word, word)} == set()


def test_the_register_is_a_table_of_days_and_words(register: Requests) -> None:
    """One row a request, the reasons in words with their article; CSV and spreadsheet hold the same cells."""
    register.add("erasure", agent=ANA, reference="DPD/1")
    register.close(register.add("portability").number, refusal="inapplicable")
    rows = table(register.entries(), "fr")
    assert rows[1] == ["1", "effacement (art. 17)", "2026-01-31", "2026-02-28", "reçue", "", "", "", "DPD/1", "oui"]
    assert rows[2][4:8] == ["refusée", "", "2026-01-31", "droit non applicable à cette base légale (art. 20(1), 21(1))"]
    assert list(csv.reader(io.StringIO(as_csv(rows).decode()))) == rows
    assert cells(as_ods(rows, title="x")) == rows
    assert table(register.entries(), "en")[1][1] == "erasure (art. 17)"


def test_a_cell_can_hold_any_text() -> None:
    """Marks of XML are text; the same rows give the same bytes; the type stands first and readable."""
    rows = [["<a & b>", 'quote " here', ""]]
    made = as_ods(rows, title='a "title" & <more>')
    assert cells(made) == rows
    assert made == as_ods(rows, title='a "title" & <more>')
    assert made[30:84] == b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_it(register: Requests, tmp_path: Path) -> None:
    """What it makes a CSV of is the same table."""
    register.add("erasure")
    rows = table(register.entries(), "fr")
    (tmp_path / "register.ods").write_bytes(as_ods(rows, title="x"))
    subprocess.run(["soffice", "--headless", "--convert-to", "csv", "register.ods"], cwd=tmp_path, check=True, timeout=120)
    assert list(csv.reader((tmp_path / "register.csv").open(encoding="utf-8"))) == rows
