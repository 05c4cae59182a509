"""The draft of an elimination slip (bordereau d'élimination): what a French public archive asks for before it lets anything be eliminated.

Code du patrimoine, art. L212-2 and R212-14. In French, which is the language of those who sign it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from lrs.privacy.policy.model import Fate
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.retention.desk import Desk
    from lrs.storage.contract import Held

_COLUMNS = (
    "N° d'ordre",
    "Intitulé",
    "Dates extrêmes",
    "Nombre de traces",
    "Métrage (octets)",
    "Durée d'utilité administrative",
    "Sort final",
)
_STYLE = "body{font:11pt sans-serif}table{border-collapse:collapse}th,td{border:1px solid;padding:.3em .6em;text-align:left}dd{margin-bottom:.6em}"


def lines(desk: Desk, *, now: int) -> list[tuple[str, ...]]:
    """Give the lines of the slip: what has ended and waits for the archives."""
    held = desk.endings.held(desk.tenant, now=now, through=desk.through())
    kinds = [kind for kind in held if desk.force.retention(kind.purposes).fate is not Fate.TRANSFER]
    return [_line(desk, number, kind) for number, kind in enumerate(kinds, 1)]


def as_csv(rows: Sequence[tuple[str, ...]]) -> str:
    """Write the lines for a spreadsheet."""
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([_COLUMNS, *rows])
    return out.getvalue()


def as_html(desk: Desk, rows: Sequence[tuple[str, ...]], *, now: int) -> str:
    """Write the slip for people, with places for what is filled in and signed by hand."""
    policy = desk.force.policy
    service = next((party.name for party in policy.parties if party.role.endswith("controller")), "")
    cells = "\n".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"""<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>Bordereau d'élimination (projet)</title><style>{_STYLE}</style></head><body>
<h1>Bordereau d'élimination d'archives publiques (projet)</h1>
<p>Code du patrimoine, art. L212-2 et R212-14. Projet établi le {format_timestamp(now)} ; rien n'est éliminé avant le visa.</p>
<dl>
<dt>Service producteur</dt><dd>{escape(service)}</dd>
<dt>Référence du bordereau</dt><dd>…………………………</dd>
<dt>Politique de conservation</dt><dd>{escape(policy.title.fr)} (SHA-256 {policy.digest})</dd>
<dt>Support</dt><dd>Base de données (traces d'apprentissage xAPI)</dd>
</dl>
<table><thead><tr>{"".join(f"<th>{escape(name)}</th>" for name in _COLUMNS)}</tr></thead><tbody>
{cells}
</tbody></table>
<dl>
<dt>Proposé par le responsable du service producteur (nom, date, signature)</dt><dd>…………………………</dd>
<dt>Visa de la personne chargée du contrôle scientifique et technique de l'État sur les archives (nom, date, signature)</dt><dd>…………………………</dd>
</dl>
<p>Après visa : <code>lrs retention approve --visa RÉFÉRENCE --through {format_timestamp(now)}</code>, puis <code>lrs retention apply</code>.</p>
</body></html>
"""


def _line(desk: Desk, number: int, kind: Held) -> tuple[str, ...]:
    retention = desk.force.retention(kind.purposes)
    titles = [each.title.fr for each in desk.force.policy.purposes if each.id in kind.purposes] or ["Sans identité"]
    what = " ; ".join(titles) + (" (annulations)" if kind.voiding else "")
    dates = f"{format_timestamp(kind.oldest)[:10]} au {format_timestamp(kind.newest)[:10]}"
    days = "" if retention.statement_days is None else f"{retention.statement_days} jours"
    fate = "élimination" if retention.fate is Fate.ELIMINATE else "élimination après décompte anonyme"
    return str(number), what, dates, str(kind.number), str(kind.size), days, fate
