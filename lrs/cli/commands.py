"""The commands of ``lrs``, put together."""

from __future__ import annotations

import click

import lrs as package
from lrs.cli.audit import audit
from lrs.cli.backup import backup, restore
from lrs.cli.breach import breach
from lrs.cli.consent import consent
from lrs.cli.convert import convert
from lrs.cli.credentials import credentials
from lrs.cli.demo import demo
from lrs.cli.doctor import doctor
from lrs.cli.erase import erase
from lrs.cli.export import export
from lrs.cli.forward import forward
from lrs.cli.ingest import ingest
from lrs.cli.keys import keys
from lrs.cli.notice import notice
from lrs.cli.policy import policy
from lrs.cli.privacy import privacy
from lrs.cli.projects import project
from lrs.cli.proof import check_proof, prove
from lrs.cli.pull import pull
from lrs.cli.quarantine import quarantine
from lrs.cli.query import query
from lrs.cli.receipts import receipt
from lrs.cli.requests import request
from lrs.cli.retention import retention
from lrs.cli.serve import serve
from lrs.cli.subject import subject
from lrs.cli.tenants import tenant


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package.__version__, prog_name="lrs")
def lrs() -> None:
    """Run a learning record store for xAPI statements, which keeps identities encrypted and apart.

    \b
    See it work:        lrs demo
    Run it:             lrs credentials add my-platform --data data/
                        lrs serve --data data/
    Load a file:        lrs ingest statements.jsonl.gz --data data/
    Look into it:       lrs query --count-by verb --data data/
    Something wrong?    lrs doctor --data data/

    Every setting can be given as an LRS_... variable or in lrs.toml in the data directory too.
    """  # noqa: D301 -- click keeps the lines after a backspace as they are


COMMANDS = (
    serve,
    demo,
    ingest,
    convert,
    query,
    export,
    pull,
    forward,
    credentials,
    quarantine,
    policy,
    project,
    privacy,
    retention,
    keys,
    audit,
    receipt,
    request,
    breach,
    consent,
    notice,
    backup,
    restore,
    subject,
    tenant,
    erase,
    doctor,
)
for command in COMMANDS:
    lrs.add_command(command)
for command in (prove, check_proof):
    audit.add_command(command)
