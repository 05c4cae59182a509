"""The house plan as a test: who may import whom, one door to each guarded package, no SQL put together from values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RANKS = [
    {"errors", "settings", "metrics", "beside"},
    {"xapi", "crypto"},
    {"storage", "access", "sources"},
    {"privacy"},
    {"batch", "waiting", "handling", "confine"},  # what is on its way into the store, and what is done with it
    {"definitions"},  # what reading, and later analytics, puts together of both stores
    # The clock, the queue, memory, signatures, threads and checking that others need; they know no store.
    {"stored", "committer", "collection", "signed", "rounds", "checking"},
    {"write", "read", "documents", "credentials", "oidc", "analytics", "exchange"},
    {"second"},  # another process, in which checking is done as well
    {"aside", "spool", "rights", "retention", "backup", "accountability"},  # what persons and officers ask of what is stored
    {"streams", "singles"},  # what comes one after another; what many send alone
    {"intake"},  # whatever a program gives, made into batches that wait for their insert
    {"selftest", "tenants"},  # what is promised, tried on made-up people
    {"opening"},  # everything opened, wired, closed
    {"annex"},  # what is put onto it when it is asked for
    {"engine"},
    {"server", "asgi"},
    {"cli"},
    {"__main__"},
]
NEIGHBOURS = {("settings", "errors"), ("asgi", "server")}  # of one rank, and still allowed
RANK = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms}
DOORS = {
    "cryptography": ("lrs.crypto",),
    "jwt": ("lrs.crypto",),
    "bcrypt": ("lrs.crypto",),
    "clickhouse_connect": ("lrs.storage.warehouse",),
    "chdb": ("lrs.storage.warehouse",),
    "sqlalchemy": ("lrs.storage.vault",),
    "starlette": ("lrs.server", "lrs.asgi"),
    "uvicorn": ("lrs.server", "lrs.cli"),
    "click": ("lrs.cli",),
    "rich": ("lrs.cli",),
}
BANNED_IMPORTS = {"pickle", "marshal", "shelve", "dill"}
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
SQL = re.compile(r"\s*(SELECT|INSERT INTO|ALTER|DELETE FROM|UPDATE|CREATE|DROP|WHERE|AND|OR|FROM|ORDER BY|LIMIT|VALUES|IN|SET)\s")
COMPOSED_ELSEWHERE = {
    # ClickHouse takes no parameters here: table and columns are constants of this package, the file is a number.
    ("lrs.storage.warehouse.client", "insert_blocks"),
}
FORBIDDEN_IN_STORAGE = ("lrs.crypto", "lrs.privacy")

Sources = dict[str, ast.Module]


def sources(root: Path) -> Sources:
    """Read every module of the package as name -> tree."""
    found = {}
    for path in sorted((root / "lrs").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text("utf-8"))
    return found


def room(module: str) -> str:
    """Name the room of a module: its first step under lrs ('' for the door)."""
    return module.split(".")[1] if "." in module else ""


def imports(trees: Sources, module: str, *, lazy: bool = True) -> Iterator[tuple[str, int]]:
    """Yield (imported module, line); ``lazy``: those inside functions and for type checkers too."""
    for node in ast.walk(trees[module]) if lazy else _at_once(trees[module].body):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: write imports in full"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield (full if full in trees else node.module), node.lineno


def _at_once(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run on import."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        for inner in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _at_once(getattr(node, inner, []))


def rank_faults(trees: Sources) -> Iterator[str]:
    """Find imports that run upward or sideways, and rooms without a rank."""
    for module in trees:
        here = room(module)
        if here and here not in RANK:
            yield f"{module}: the room {here} has no rank; give it one in RANKS"
        for target, line in imports(trees, module):
            there = room(target)
            if target.split(".")[0] != "lrs" or not here or not there or here == there or not {here, there} <= RANK.keys():
                continue
            if RANK[there] >= RANK[here] and (here, there) not in NEIGHBOURS:
                yield f"{module}:{line}: {here} may not import {there}"
            if here == "storage" and target.startswith(FORBIDDEN_IN_STORAGE):
                yield f"{module}:{line}: storage never sees a key or a plain identity"


def cycle_faults(trees: Sources) -> Iterator[str]:
    """Find modules that reach themselves through what runs on import."""
    edges = {
        module: {target for target, _ in imports(trees, module, lazy=False) if target in trees and target != "lrs"} for module in trees
    }
    while leaves := {module for module, targets in edges.items() if not targets & edges.keys()}:
        edges = {module: targets for module, targets in edges.items() if module not in leaves}
    # What is left lies on a cycle or above one; those that nobody imports are only above.
    while above := edges.keys() - set().union(*edges.values()):
        edges = {module: targets for module, targets in edges.items() if module not in above}
    yield from (f"{module}: part of an import cycle" for module in edges)


def door_faults(trees: Sources) -> Iterator[str]:
    """Find a second door to a guarded package, and packages that nobody may import."""
    for module in trees:
        for target, line in imports(trees, module):
            package = target.split(".")[0]
            if package in BANNED_IMPORTS:
                yield f"{module}:{line}: nothing here may import {package}"
            if package in DOORS and not any(f"{module}.".startswith(f"{door}.") for door in DOORS[package]):
                yield f"{module}:{line}: {package} is reached through {' or '.join(DOORS[package])} only"


def name_faults(trees: Sources) -> Iterator[str]:
    """Find modules named for nothing."""
    yield from (f"{module}: name the file for the noun it holds" for module in trees if module.rpartition(".")[2] in BANNED_NAMES)


def sql_faults(trees: Sources) -> Iterator[str]:
    """Find SQL into which a function's argument is written.

    A heuristic: arguments, what loops over them or is made of them by operators and string methods count as values from outside; what
    another function returned does not (that function is checked itself), nor what a constant table in CAPITALS holds under them.
    """
    for module, tree in trees.items():
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
        for function in functions:
            if (module, getattr(function, "name", "")) in COMPOSED_ELSEWHERE:
                continue
            outside = _outside(function)
            for node in ast.walk(function):
                values = [value for value in _inserted(node) if _names(value) & outside]
                if values and any(_is_sql(text) for text in _texts(node)):
                    yield f"{module}:{node.lineno}: {ast.unparse(values[0])} is written into SQL; use a parameter"


def _outside(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """Give the names in a function that hold something of its arguments."""
    held = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)} - {"self", "cls"}
    before = -1
    while before < len(held):
        before = len(held)
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and _names(node.value) & held:
                held |= {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
            elif isinstance(node, ast.For | ast.comprehension) and _names(node.iter) & held:
                held |= {name.id for name in ast.walk(node.target) if isinstance(name, ast.Name)}
    return held


STRING_METHODS = frozenset(
    {"format", "format_map", "join", "replace", "str", "repr", "hex", "strip", "lower", "upper", "encode", "decode", "items", "values"}
)


def _names(value: ast.AST) -> set[str]:
    """Give the names whose content an expression shows."""
    if isinstance(value, ast.Subscript) and ast.unparse(value.value).rpartition(".")[2].isupper():
        return set()
    if isinstance(value, ast.Call):
        called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
        if called not in STRING_METHODS:
            return set()
    if isinstance(value, ast.Attribute) and value.attr == "sql":
        return set()  # a checked function composed it
    if isinstance(value, ast.IfExp):
        return _names(value.body) | _names(value.orelse)
    own = {value.id} if isinstance(value, ast.Name) else set()
    return own.union(*(_names(child) for child in ast.iter_child_nodes(value)))


def _is_sql(text: ast.expr) -> bool:
    return isinstance(text, ast.Constant) and isinstance(text.value, str) and bool(SQL.match(text.value))


def _texts(node: ast.AST) -> list[ast.expr]:
    """Give the literal pieces of a composed string."""
    if isinstance(node, ast.JoinedStr):
        return node.values
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return [node.left, node.right, *_texts(node.left)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"format", "format_map", "replace"}:
        return [node.func.value, *_texts(node.func.value)]
    return []


def _inserted(node: ast.AST) -> list[ast.expr]:
    """Give what is put into a composed string."""
    if isinstance(node, ast.JoinedStr):
        return [value.value for value in node.values if isinstance(value, ast.FormattedValue)]
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.Call):
        return [*node.args, *(keyword.value for keyword in node.keywords)]
    return []


CHECKS = [rank_faults, cycle_faults, door_faults, name_faults, sql_faults]


@pytest.fixture(scope="module")
def trees() -> Sources:
    """Give the package as it is."""
    return sources(ROOT)


@pytest.mark.parametrize("check", CHECKS)
def test_the_package_keeps_the_plan(trees: Sources, check) -> None:
    """No import runs upward, sideways or in a circle, guarded packages have one door, SQL is never put together from values."""
    assert list(check(trees)) == []


@pytest.mark.parametrize(
    ("check", "module", "planted"),
    [
        (rank_faults, "lrs.storage.contract", "from lrs.write import Writer"),
        (rank_faults, "lrs.xapi.model", "def f():\n    import lrs.crypto.seal"),
        (rank_faults, "lrs.storage.contract", "from lrs.crypto import seal"),
        (rank_faults, "lrs.attic.box", "x = 1"),
        (cycle_faults, "lrs.xapi.codec", "from lrs.xapi import other"),
        (door_faults, "lrs.write", "import sqlalchemy.orm"),
        (door_faults, "lrs.storage.vault", "def f():\n    from cryptography.fernet import Fernet"),
        (door_faults, "lrs.storage.warehouse_two", "import chdb"),
        (door_faults, "lrs.privacy.identity", "import pickle"),
        (name_faults, "lrs.xapi.utils", "x = 1"),
        (sql_faults, "lrs.read", "def f(id): return f'SELECT * FROM t WHERE id = {id}'"),
        (sql_faults, "lrs.read", "def f(id): return 'SELECT * FROM t WHERE id = %s' % id"),
        (sql_faults, "lrs.read", "def f(id): return 'DELETE FROM t WHERE id = ' + id"),
        (sql_faults, "lrs.read", "def f(value): return 'INSERT INTO t VALUES ({})'.format(value)"),
    ],
)
def test_the_checker_finds_a_planted_fault(check, module: str, planted: str) -> None:
    """A fault planted in an innocent package is found, and the package without it passes."""
    innocent = {name: ast.parse("") for name in ("lrs.write", "lrs.xapi.model", "lrs.xapi.other", "lrs.crypto.seal", "lrs.crypto")}
    innocent["lrs.xapi.other"] = ast.parse("from lrs.xapi import codec")
    assert list(check(innocent)) == []
    assert len(list(check({**innocent, module: ast.parse(planted)}))) >= 1


@pytest.mark.parametrize(
    "innocent",
    [
        "def f(id): return f'SELECT {COLUMNS} FROM t WHERE id = {{id:UUID}}', {'id': id}",
        "def f(by): return 'SELECT ' + _GROUPS[by] + ' FROM t'",
        "def f(up): return 'ORDER BY stored' + (' DESC' if not up else '')",
        "def f(matching): return 'SELECT a' + matching.sql",
        "def f(chosen):\n    where, values = conditions(chosen)\n    return 'SELECT a FROM t WHERE ' + where, values",
    ],
)
def test_sql_may_be_composed_of_fixed_texts(innocent: str) -> None:
    """Constants, choices between them and what another checked function composed may stand in SQL."""
    assert list(sql_faults({"lrs.read": ast.parse(innocent)})) == []


def test_a_value_is_found_through_a_local_name() -> None:
    """A value that goes through a variable, a loop or a string method is still a value."""
    for planted in (
        "def f(ids):\n    listed = ', '.join(ids)\n    return f'SELECT * FROM t WHERE id IN ({listed})'",
        "def f(ids):\n    for one in ids:\n        run('DELETE FROM t WHERE id = %s' % one)",
        "def f(query):\n    if query.verb:\n        more = ' AND verb = ' + query.verb",
    ):
        assert list(sql_faults({"lrs.read": ast.parse(planted)})), planted


def test_every_test_states_its_behaviour() -> None:
    """Each test has a docstring that says in words what must hold."""
    found = ((path, node) for path in sorted((ROOT / "tests").rglob("test_*.py")) for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path, node in found
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_contributing_tells_the_ranks() -> None:
    """Whoever reads which room may import which reads what is checked here."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (told,) = re.findall(r"^`errors.*?(?=\n\n)", text, re.MULTILINE | re.DOTALL)
    assert [set(rooms.strip(" `\n").split()) for rooms in told.split("<")] == [rank for rank in RANKS if rank != {"__main__"}]
