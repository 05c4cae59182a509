"""The documentation is complete, is what the code says, and its examples run."""

from __future__ import annotations

import gzip
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import lrs
from benchmarks import edx
from docs import generate
from lrs import errors
from lrs.access import Scope, View
from lrs.accountability.catalogue import Place, stored
from lrs.cli.commands import lrs as command_line
from lrs.cli.course import statements
from lrs.server import failures
from lrs.server.application import Application
from lrs.settings import Settings
from lrs.storage.vault import schema
from lrs.xapi import documents, query
from tests.cli.calling import call
from tests.sources import samples

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?P<mark><!-- compiled: [^\n]*-->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(#[^)]*)?\)")


def page(name: str) -> str:
    """Read a page of the reference."""
    return (REFERENCE / name).read_text("utf-8")


# Completeness


@pytest.mark.parametrize("name", sorted(generate.pages()))
def test_generated_pages_are_fresh(name: str) -> None:
    """A generated page says what the code says now; if not, `./dev docs` writes it anew."""
    assert page(name) == generate.pages()[name]


def test_every_setting_is_documented() -> None:
    """Each setting has its line, its variable and a meaning."""
    texts = generate.field_docstrings(Settings)
    for field in attrs.fields(Settings):
        assert f"| `{field.name}` | `LRS_{field.name.upper()}` |" in page("settings.md")
        assert texts.get(field.name), f"the setting {field.name} has no docstring"


def test_every_error_is_documented() -> None:
    """Each error's code has its line."""
    codes = {kind.code for kind in [*generate.tree(errors.LRSError), failures.MethodNotAllowed]}
    assert {code for code in codes if f"| `{code}` |" not in page("errors.md")} == set()


def test_every_command_and_option_is_documented() -> None:
    """Each command has its section, with each of its options and what the option is for."""
    text = page("cli.md")
    for path, command in generate.commands(command_line, "lrs"):
        section = text.partition(f"\n## {path}\n")[2].partition("\n## ")[0]
        assert section, f"{path} is not documented"
        assert command.help, f"{path} says nothing of itself"
        for parameter in command.params:
            for name in [*parameter.opts, *parameter.secondary_opts] if parameter.param_type_name == "option" else []:
                assert name in section, f"{path} {name} is not documented"


def test_every_endpoint_and_method_is_documented(tmp_path: Path) -> None:
    """Each resource that the server answers has its line, with its methods."""
    with lrs.open(tmp_path) as store:
        application = Application(store)
        resources = {**application._guarded, **application._open}
    for path, resource in resources.items():
        methods = resource.methods.removesuffix(", OPTIONS")
        assert f"| `{path}` | {methods} |" in page("http.md")


def test_every_parameter_is_documented() -> None:
    """Each parameter of the statements resource has its line, and each filter is named for Python."""
    http, python = page("http.md"), page("python.md")
    for parameter, (filter_name, _) in query._PARAMETERS.items():
        assert f"`{parameter}`" in http
        assert f"`{filter_name}`" in python or filter_name == "attachments"


def test_every_parameter_of_documents_is_documented() -> None:
    """Each parameter of the document resources is on the page about HTTP."""
    parameters = {
        "since",
        *(kind.identifier for kind in documents.Kind),
        *(name for known in documents._CONTEXTS.values() for name in known),
    }
    assert {name for name in parameters if f"`{name}`" not in page("http.md")} == set()


def test_every_column_of_the_vault_is_documented() -> None:
    """Each has an entry in the catalogue of what is stored, in lrs/accountability/catalogue.py: in which form it is there, and what it is about."""
    catalogued = {(each.table, each.column) for each in stored() if each.place is Place.VAULT}
    there = {(table.name, column.name) for table in schema.metadata.sorted_tables for column in table.columns}
    assert (there - catalogued, catalogued - there) == (set(), set()), "write it into lrs/accountability/catalogue.py"


def test_every_scope_and_view_is_documented() -> None:
    """Each scope and view that a credential may have is explained."""
    text = (ROOT / "docs" / "how-to" / "credentials.md").read_text("utf-8")
    assert {name for name in [*Scope, *View] if f"`{name}`" not in text} == set()


def test_every_public_call_is_documented() -> None:
    """Each public method of a store is on the page about Python."""
    public = {name for name in dir(lrs.LRS) if not name.startswith("_")}
    assert {
        name for name in public - {"read", "read_more", "read_person", "read_activity"} if f"`store.{name}" not in page("python.md")
    } == set()


@pytest.mark.parametrize("file", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(file: Path) -> None:
    """A link to another file of the project finds it, and a link to a heading the heading."""
    for target, heading in LINK.findall(file.read_text("utf-8")):
        found = (file.parent / target).resolve()
        assert found.exists(), f"{target} is not there"
        if heading:
            headings = {
                line.lstrip("# ").lower().replace(" ", "-") for line in found.read_text("utf-8").splitlines() if line.startswith("#")
            }
            assert heading[1:] in headings


# Examples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder such as a reader has: a file of statements in it, and one of the events of each source."""
    with gzip.open(tmp_path / "statements.jsonl.gz", "wb") as file:
        file.writelines(statement + b"\n" for statement in statements(learners=3))
    samples.write(tmp_path)
    (tmp_path / "tracking.log").write_bytes(b"\n".join(edx.made(50)) + b"\n")
    return tmp_path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Start a server such as the documentation starts, with its credential -> its port."""
    data = tmp_path_factory.mktemp("served") / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    scopes = ["--scope", "statements/write", "--scope", "statements/read", "--scope", "state"]
    credential = ["credentials", "add", "my-platform", "--data", str(data), "--username", "platform", "--password", "secret", *scopes]
    subprocess.run([sys.executable, "-m", "lrs", *credential], check=True, capture_output=True)
    serve = [sys.executable, "-m", "lrs", "serve", "--data", str(data), "--port", str(port)]
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
        process.terminate()


def blocks(file: Path, language: str) -> list[re.Match[str]]:
    """Give the blocks of one language in a page."""
    return [found for found in BLOCK.finditer(file.read_text("utf-8")) if found["language"] == language]


WITH_PYTHON = [file for file in PAGES if blocks(file, "python")]
WITH_CONSOLE = [file for file in PAGES if blocks(file, "console")]


@pytest.mark.parametrize("file", WITH_PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_python_examples_run(file: Path, folder: Path) -> None:
    """The Python blocks of a page run one after the other, as a reader would run them; those marked so are compiled only."""
    program = []
    for found in blocks(file, "python"):
        compile(found["text"], str(file), "exec")
        if not found["mark"]:
            program.append(found["text"])
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(program)], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", WITH_CONSOLE, ids=lambda path: str(path.relative_to(ROOT)))
def test_console_examples_run(file: Path, folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page tells to type at a prompt works: `lrs` in a folder of its own, `curl` against a server; a server is started elsewhere."""
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("LRS_")]:
        monkeypatch.delenv(name)
    if file.name == "tutorial.md":
        program = "\n".join(found["text"] for found in blocks(file, "python"))
        subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment(), capture_output=True, check=True)
    for line in [line[2:] for found in blocks(file, "console") for line in found["text"].splitlines() if line.startswith("$ ")]:
        if line.startswith(("./dev", "make ", "lrs serve")):
            continue  # .ci/run and the tests of the server are for these.
        if line.startswith("curl "):
            if shutil.which("curl") is None:
                continue
            line = line.replace("curl ", "curl --silent --show-error --fail ", 1).replace(":8000", f":{request.getfixturevalue('server')}")  # noqa: PLW2901
        status, said = typed(line, folder)
        assert status == 0, f"{line}\n{said}"


def typed(line: str, folder: Path) -> tuple[int, str]:
    """Type a line at the prompt -> its exit status, and what it complained of; a lone `lrs` runs in this process, which opened its engine long ago."""
    words = shlex.split(line)
    if words[0] == "lrs" and not {"|", ">"} & set(words):
        done = call(*words[1:])
        return done.status, done.err
    ran = subprocess.run(["bash", "-c", line], cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


def environment() -> dict[str, str]:
    """Give an environment in which `lrs` is the one that is tested."""
    folder = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LRS_")}
    return {**kept, "PATH": folder + os.pathsep + os.environ["PATH"], "PYTHONPATH": str(ROOT)}


def test_the_readme_begins_with_the_two_commands() -> None:
    """The first two things to type set up everything; one runs the demonstration, one the tests."""
    typed = [line for found in blocks(ROOT / "README.md", "console") for line in found["text"].splitlines()]
    assert typed[:2] == ["$ ./dev demo", "$ ./dev test"]
