"""A table as a spreadsheet: OpenDocument 1.3, with nothing but the standard library. The same rows give the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

_MIME = "application/vnd.oasis.opendocument.spreadsheet"
_MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">'
    f'<manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{_MIME}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    "</manifest:manifest>"
)
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.3">'
    "<office:body><office:spreadsheet>"
)
_END = "</table:table></office:spreadsheet></office:body></office:document-content>"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def as_ods(rows: Iterable[Sequence[str]], *, title: str) -> bytes:
    """Rows of texts -> a document with one sheet of this name."""
    sheet = f"{_HEAD}<table:table table:name={quoteattr(title)}>{''.join(map(_row, rows))}{_END}"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        # The type comes first and uncompressed, so that it can be told from the first bytes (OpenDocument 1.3 part 2, 3.3).
        for name, text, method in (
            ("mimetype", _MIME, zipfile.ZIP_STORED),
            ("content.xml", sheet, zipfile.ZIP_DEFLATED),
            ("META-INF/manifest.xml", _MANIFEST, zipfile.ZIP_DEFLATED),
        ):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), text.encode(), method)
    return made.getvalue()


def _row(cells: Sequence[str]) -> str:
    return f"<table:table-row>{''.join(map(_cell, cells))}</table:table-row>"


def _cell(text: str) -> str:
    return f'<table:table-cell office:value-type="string"><text:p>{escape(text)}</text:p></table:table-cell>'
