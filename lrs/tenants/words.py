"""What the receipts of a return and of an end say, in French and English."""

from __future__ import annotations

from collections.abc import Mapping

from lrs.privacy.receipts import Receipt
from lrs.xapi.formats import format_timestamp


def returned(tenant: str, *, at: int, counts: Mapping[str, int], digest: str, policy: str) -> Receipt:
    """Make the receipt of what a tenant was given back; ``digest`` is the SHA-256 of the archive's manifest."""
    return Receipt(
        kind="return",
        tenant=tenant,
        at=at,
        policy=policy,
        fr=f"Restitution au responsable de traitement de toutes les données du locataire « {tenant} » (RGPD, art. 28(3)(g)), commencée le "
        f"{format_timestamp(at)} : {counts['statements']} énoncés, {counts['attachments']} pièces jointes, {counts['documents']} documents, "
        f"{counts['persons']} personnes avec leurs identités en clair, {counts['credentials']} accès.",
        en=f'Return to the controller of all data of the tenant "{tenant}" (GDPR art. 28(3)(g)), begun at {format_timestamp(at)}: '
        f"{counts['statements']} statements, {counts['attachments']} attachments, {counts['documents']} documents, "
        f"{counts['persons']} persons with their identities in clear, {counts['credentials']} credentials.",
        facts={**counts, "manifest": digest},
    )


def ended(tenant: str, *, at: int, people: int, rows: int, manifest: str) -> Receipt:
    """Make the certificate of a tenant's end; ``manifest`` is that of what was given back, empty when nothing was."""
    given = (
        (f"Elles avaient été restituées (manifeste {manifest}).", f"They had been given back (manifest {manifest}).")
        if manifest
        else ("Rien n'a été restitué avant.", "Nothing was given back before.")
    )
    return Receipt(
        kind="end of a tenant",
        tenant=tenant,
        at=at,
        fr=f"Fin du contrat du locataire « {tenant} » (RGPD, art. 28(3)(g)), le {format_timestamp(at)}. Toutes ses clés ont été détruites, puis ses "
        f"données effacées : {people} personnes, {rows} lignes du coffre, tous ses énoncés, pièces jointes et documents. {given[0]} "
        "Ce qui reste : le nom du locataire, la date, et des traces d'audit dont les personnes ne sont plus lisibles. Les sauvegardes des énoncés et du "
        "coffre antérieures ne se lisent plus sans une sauvegarde antérieure des clés : celles-ci doivent être supprimées.",
        en=f'End of the contract of the tenant "{tenant}" (GDPR art. 28(3)(g)), at {format_timestamp(at)}. All its keys were destroyed, then its '
        f"data deleted: {people} persons, {rows} rows of the vault, all its statements, attachments and documents. {given[1]} "
        "What remains: the tenant's name, the date, and audit entries whose persons can't be read any more. Earlier backups of statements and "
        "vault can't be read without an earlier backup of the keys: those have to be deleted.",
        facts={"manifest": manifest, "people": people, "rows": rows},
    )
