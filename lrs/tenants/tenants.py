"""The tenants of a store, as its operator sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lrs.access import LOCAL
from lrs.crypto.providers import remove_tenant
from lrs.errors import ConfigurationError, TamperedData
from lrs.privacy.audit import Audit, Event
from lrs.privacy.receipts import facts_of, signed
from lrs.spool.folder import check_empty, drop_tenant
from lrs.tenants import words
from lrs.tenants.archive import Archive, Sink
from lrs.tenants.returning import Returning
from lrs.tenants.taking import Ingest, take_in

if TYPE_CHECKING:
    from zipfile import ZipFile

    from lrs.access import Principal
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.notes import NoteSigner
    from lrs.documents import Documents
    from lrs.privacy.policy.force import InForce
    from lrs.privacy.projects import Projects
    from lrs.settings import Settings
    from lrs.storage.contract import TenantRow
    from lrs.storage.vault import Vault
    from lrs.storage.warehouse import Warehouse


class Tenants:
    """The tenants. ``ended`` is called when one has: whoever remembers its keys forgets them. ``outlast`` waits for what other processes are storing."""

    def __init__(  # noqa: PLR0913 -- both stores, and the edges
        self,
        settings: Settings,
        *,
        vault: Vault,
        warehouse: Warehouse,
        keys: Callable[[str], TenantKeys],
        projects: Callable[[str], Projects],
        policy: Callable[[str], InForce],
        signer: Callable[[], NoteSigner],
        audit: Audit,
        clock: Callable[[], int],
        ingest: Ingest,
        documents: Documents,
        ended: Callable[[str], None],
        outlast: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._warehouse = warehouse
        self._keys = keys
        self._projects = projects
        self._policy = policy
        self._signer = signer
        self._audit = audit
        self._clock = clock
        self._ingest = ingest
        self._documents = documents
        self._ended = ended
        self._outlast = outlast

    def all(self) -> list[TenantRow]:
        """List the tenants by name, those that ended too."""
        return self._vault.tenant_rows()

    def give_back(self, name: str, file: Sink) -> str:
        """Write everything of a tenant into a file, as an archive that anybody can read -> the receipt, which :meth:`end` asks for.

        Statements, attachments, documents, persons, credentials and receipts of erasures; the people in clear. Raises
        :class:`lrs.errors.ConfigurationError`, :class:`lrs.errors.StoreUnavailable` while statements wait in the spool.
        """
        self._known(name, ended=False)
        check_empty(self._settings)
        at, policy = self._clock(), self._policy(name).policy.digest
        # Before it is shown.
        self._audit.record(Event(action="return a tenant", tenant=name, credential=LOCAL, policy=policy))
        returning = Returning(
            name, keys=self._keys(name), vault=self._vault, warehouse=self._warehouse, projects=self._projects(name), clock=self._clock
        )
        archive = Archive(file)
        returning.fill(archive)

        def receipt(digest: str) -> str:
            return signed(words.returned(name, at=at, counts=returning.counts, digest=digest, policy=policy), self._signer())

        return archive.close(receipt)

    def take_in(self, archive: ZipFile, *, principal: Principal) -> dict[str, int]:
        """Store what an archive of :meth:`give_back` holds, for a principal's tenant -> how many statements and documents it holds.

        Called again, it goes on where it was. Persons come in with statements and documents; credentials don't, as nobody has their secrets.
        """
        return take_in(archive, principal, ingest=self._ingest, documents=self._documents)

    def end(self, name: str, *, returned: str | None) -> str:
        """Destroy all keys of a tenant, and delete everything of it -> the certificate. It can be called again when it was stopped.

        ``returned`` is the receipt of what it was given back; None says that nothing was to be. From its first moment on nobody gets in for the tenant, and
        whatever keeps copies of vault or warehouse keeps what nobody can read. Raises :class:`lrs.errors.ConfigurationError`,
        :class:`lrs.errors.TamperedData`, :class:`lrs.errors.KeyUnavailable`.
        """
        row = self._known(name, ended=True)
        if name == self._settings.tenant:
            raise ConfigurationError("the tenant of the settings can't be ended", hint="Choose another one with the setting tenant first.")
        manifest = "" if returned is None else self._manifest(returned, name)
        self._vault.end_tenant(name, at=self._clock())
        remove_tenant(self._settings, name)
        self._ended(name)
        # Whatever has not begun yet finds out that it has ended.
        self._outlast()
        rows = self._vault.drop_tenant(name)
        self._vault.scrub()
        drop_tenant(self._settings, name)
        self._warehouse.drop_tenant(name)
        # Its own key would seal what is said of it, but that is destroyed.
        self._audit.record(Event(action="end a tenant", credential=LOCAL, object=name, counts={"people": row.people, "rows": rows}))
        return signed(words.ended(name, at=self._clock(), people=row.people, rows=rows, manifest=manifest), self._signer())

    def _known(self, name: str, *, ended: bool) -> TenantRow:
        found = next((row for row in self.all() if row.name == name and (ended or row.ended is None)), None)
        if found is None:
            raise ConfigurationError("the store has no such tenant", hint="`lrs tenant list` shows them.")
        return found

    def _manifest(self, note: str, name: str) -> str:
        facts = facts_of(note, self._signer().key)
        if facts.get("kind") != "return" or facts.get("tenant") != name:
            raise TamperedData("this is no receipt of what this tenant was given back", hint="It is in the archive: receipt.txt.")
        return str(facts["manifest"])
