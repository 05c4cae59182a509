"""The versions of xAPI that are spoken here, and which statement versions each of them takes."""

from __future__ import annotations

import re

V1 = "1.0.3"
V2 = "2.0.0"
VERSIONS = (V1, V2)

DEFAULT_STATEMENT_VERSION = {V1: "1.0.0", V2: "2.0.0"}
"""The version that a statement without one gets (xAPI 1.0.3 Data 2.4.10; IEEE 9274.1.1 4.2.4.3)."""

_PATCH = r"(?:0|[1-9][0-9]*)(?:-[0-9A-Za-z-]+)?"
_STATEMENT_VERSIONS = {
    V1: re.compile(rf"1\.0\.{_PATCH}", re.ASCII),
    V2: re.compile(rf"(?:1\.0|2\.0)\.{_PATCH}", re.ASCII),
}


def takes(version: str, statement_version: str) -> bool:
    """Tell whether a request under ``version`` may carry a statement of ``statement_version``."""
    return _STATEMENT_VERSIONS[version].fullmatch(statement_version) is not None


def section(version: str, first: str, second: str) -> str:
    """Name the section of the specification that holds under ``version``: ``first`` of 1.0.3 Data, ``second`` of IEEE 9274.1.1."""
    return f"IEEE 9274.1.1 {second}" if version == V2 else f"xAPI 1.0.3 Data {first}"
