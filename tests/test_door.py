"""What `import lrs` shows, and what it costs."""

from __future__ import annotations

import statistics
import subprocess
import sys

import lrs

MOST_NAMES = 25
HEAVY = ("chdb", "clickhouse_connect", "cryptography", "numpy", "pandas", "pyarrow", "rich", "sqlalchemy", "starlette", "uvicorn")


def _run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_all_is_sorted_short_and_true() -> None:
    """The names of the door are sorted, few, and each of them is there."""
    assert lrs.__all__ == sorted(lrs.__all__)
    assert len(lrs.__all__) == len(set(lrs.__all__)) <= MOST_NAMES
    for name in lrs.__all__:
        assert getattr(lrs, name) is not None


def test_nothing_else_is_visible() -> None:
    """What can be seen on the door without an underscore is `__all__`, and the submodules that were imported."""
    code = """
import types, lrs
for name, value in vars(lrs).items():
    if name[0] != "_" and name != "annotations" and not isinstance(value, types.ModuleType):
        print(name)
"""
    visible = set(_run(code).split())
    late = {"LRS", "Settings"}  # given by __getattr__ on first use, so that the import stays light
    assert visible | late == set(lrs.__all__)


def test_star_import_gives_the_same_names() -> None:
    """`from lrs import *` brings what `__all__` says."""
    assert set(_run("from lrs import *\nprint(*[n for n in dir() if n[0] != '_'])").split()) == set(lrs.__all__)


def test_import_loads_nothing_heavy() -> None:
    """No database driver, web framework or cipher is loaded before a store is opened."""
    loaded = set(_run("import sys, lrs; print(*sorted({name.partition('.')[0] for name in sys.modules}))").split())
    assert loaded & set(HEAVY) == set()


def test_every_error_is_exported_from_the_door() -> None:
    """Whoever catches an error of this package can name it as `lrs.<Error>`."""
    from lrs import errors

    tree = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, errors.LRSError)}
    assert tree <= set(lrs.__all__)


def test_import_time_is_printed(capsys) -> None:
    """The import's own time is measured in fresh processes and shown; a machine that is three times too slow fails, one that others keep busy does not."""

    def seconds(code: str) -> float:
        return float(_run(f"import time\nstart = time.process_time()\n{code}\nprint(time.process_time() - start)"))

    added = statistics.median(seconds("import lrs") for _ in range(5)) - statistics.median(seconds("pass") for _ in range(5))
    with capsys.disabled():
        print(f"\nimport lrs adds {added * 1000:.0f} ms to the interpreter (aim: under 80)")
    assert added < 0.240
