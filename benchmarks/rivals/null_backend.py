"""A backend for Ralph that stores nothing and has nothing: what its server costs by itself. Runs in Ralph's environment."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any

from ralph.backends.data.base import DataBackendStatus
from ralph.backends.lrs.base import BaseLRSBackend, BaseLRSBackendSettings, StatementQueryResult


class NullLRSBackend(BaseLRSBackend[BaseLRSBackendSettings]):
    """Says that everything is stored."""

    name = "null"

    def status(self) -> DataBackendStatus:
        """Be well."""
        return DataBackendStatus.OK

    def _read_bytes(self, *_arguments: Any, **_options: Any) -> Iterator[bytes]:
        return iter(())

    def _read_dicts(self, *_arguments: Any, **_options: Any) -> Iterator[dict[str, Any]]:
        return iter(())

    def write(self, data: Sized, *_arguments: Any, **_options: Any) -> int:
        """Count what is given."""
        return len(data)

    def query_statements(self, *_arguments: Any, **_options: Any) -> StatementQueryResult:
        """Find nothing."""
        return StatementQueryResult(statements=[])

    def query_statements_by_ids(self, *_arguments: Any, **_options: Any) -> Iterator[dict[str, Any]]:
        """Find nothing."""
        return iter(())

    def close(self) -> None:
        """Have nothing to close."""
