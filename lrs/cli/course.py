"""A made-up French course of six weeks, for the demonstration: sixty learners, one teacher, nobody real.

People watch videos (xAPI video profile), answer quizzes, write in the forum, meet in a virtual class, hand in group work and earn a
certificate; some leave on the way. The same seed and end give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs

Json = dict[str, Any]

WEEKS = 6
_SITE = "https://campus.example"
_COURSE = f"{_SITE}/cours/comprendre-le-climat"
_VIDEO = "https://w3id.org/xapi/video"
_ADL = "http://adlnet.gov/expapi"
_ROOM = "https://w3id.org/xapi/virtual-classroom"

_FIRST_NAMES = (
    "Élodie", "Zoé", "Chloé", "Noémie", "Anaïs", "Léa", "Inès", "Maëlle", "Agnès", "Hélène", "Solène", "Aïcha", "Océane", "Gaëlle",
    "Béatrice", "Cécile", "Joséphine", "Thérèse", "Amélie", "Maïwenn", "Jérôme", "Théo", "Rémi", "Loïc", "Raphaël", "François",
    "Hervé", "Mickaël", "Grégoire", "Cédric", "Sébastien", "Timothée", "Anselme", "Kévin", "Aurélien", "Gaël", "Étienne", "Léo",
    "Benoît", "Noël",
)  # fmt: skip
_SURNAMES = (
    "Aubépin", "Bruyèrelle", "Chênevert-Dubosc", "Églantier", "Fougèrolle", "Genêtier", "Hêtrelin", "Jonquillard", "Lavandière-Roc",
    "Mûrieron", "Noisetelle", "Orméau", "Pâquerin", "Ronçaille", "Sureaudin", "Tilleulet", "Verveinois", "Ajonquet", "Bouleaunay",
    "Cèdrelle", "Érablois", "Frênaie-Marsal", "Houxinel", "L’Osieraie", "Mélèzin",
)  # fmt: skip
_TITLES = (
    "Le climat n’est pas la météo",
    "L’effet de serre, du Soleil à l’océan",
    "Lire les archives : glaces, coraux, pollens",
    "Modèles, scénarios et incertitudes",
    "Impacts en France : côtes, forêts, villes",
    "Agir : atténuer et s’adapter",
)
_TALKS = ("Introduction", "L’expérience filmée", "Entretien avec une chercheuse")
_QUESTIONS = (
    ("Quelle durée retient-on pour définir un climat ?", ("10 ans", "30 ans", "100 ans")),
    ("Quel gaz contribue le plus à l’effet de serre naturel ?", ("le CO₂", "la vapeur d’eau", "le méthane")),
    ("Que mesure-t-on dans les bulles d’air des glaces ?", ("la composition de l’air", "la salinité", "le vent")),
)
_OPEN_QUESTION = "Expliquez en quelques phrases ce que vous retenez de la semaine."
_OPEN_ANSWERS = (
    "Je retiens que « 1 °C » de moyenne cache des écarts bien plus grands selon les régions.",
    "Le schéma de l’effet de serre m’a aidée ; je comprends mieux le rôle de la vapeur d’eau.",
    "À Saint-Étienne nous avons déjà des étés plus chauds : le cours met des mots dessus.",
    "J’ai du mal avec les scénarios. Pourquoi ne donne-t-on pas de probabilités ?",
)
_POSTS = (
    "Bonjour à toutes et à tous, je m’appelle {name} et je suis ce cours depuis Besançon.",
    "Quelqu’un a-t-il compris la courbe de la vidéo 2 ? Merci d’avance !",
    "Voici mes notes de la semaine, n’hésitez pas à compléter.",
    "La visio de jeudi sera-t-elle enregistrée ? Cordialement, {name}",
)


@attrs.frozen
class _Learner:
    """One invented person: how they sign in, how steady and how able they are."""

    agent: Json = attrs.field(repr=False)
    name: str = attrs.field(repr=False)
    registration: str = attrs.field(repr=False)
    steadiness: float
    skill: float


def statements(seed: int = 2026, learners: int = 60, *, end: datetime | None = None) -> Iterator[bytes]:
    """Yield the course's statements as JSON, in the order in which they happened during the six weeks before ``end``.

    ``end`` is aware; without it, the last midnight (UTC), so that a second call on the same day gives the same statements.
    """
    end = end or datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    chance = random.Random(f"{seed} {learners} {end.isoformat()}")  # noqa: S311 -- a story, no secret
    happened = sorted(_Course(chance, end - timedelta(weeks=WEEKS)).told(learners), key=lambda statement: str(statement["timestamp"]))
    return (json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode() for statement in happened)


class _Course:
    """The story's teller: chance decides who does what, and when after ``start``."""

    def __init__(self, chance: random.Random, start: datetime) -> None:
        self._chance = chance
        self._start = start
        self._teacher = {"objectType": "Agent", "name": "Pr Maëlys Roselière", "mbox": "mailto:maelys.roseliere@campus.example"}

    def told(self, number: int) -> Iterator[Json]:
        people = [self._learner(index) for index in range(number)]
        here = list(people)
        for learner in people:
            yield self._statement(learner, self._hour(0), _verb(f"{_ADL}/verbs/registered", "s’est inscrit·e"), _course())
        for week in range(WEEKS):
            here = [learner for learner in here if week == 0 or self._chance.random() < learner.steadiness]
            for learner in here:
                yield from self._week(learner, week)
            if week in (1, 4):
                yield from self._virtual_class(here, week)
            if week == WEEKS - 2:
                yield from self._group_work(here, week)
        for learner in here:
            if self._chance.random() < learner.skill:
                yield self._certificate(learner)

    # People

    def _learner(self, index: int) -> _Learner:
        chance = self._chance
        name = f"{_FIRST_NAMES[index % len(_FIRST_NAMES)]} {_SURNAMES[(index * 7 + index // len(_SURNAMES)) % len(_SURNAMES)]}"
        mailbox = f"mailto:apprenant{index:03}@courriel.example"
        kind = chance.choices(("account", "mbox", "mbox_sha1sum", "openid"), (70, 20, 6, 4))[0]
        identifiers: dict[str, Json] = {
            "account": {"account": {"homePage": _SITE, "name": f"{name.partition(' ')[0].lower()}_{chance.randrange(10_000):04}"}},
            "mbox": {"mbox": mailbox},
            # The specification's own digest for mailboxes (xAPI 1.0.3 Data 2.4.2.3), not a choice of ours.
            "mbox_sha1sum": {"mbox_sha1sum": hashlib.sha1(mailbox.encode(), usedforsecurity=False).hexdigest()},
            "openid": {"openid": f"https://identite.example/{index:03}"},
        }
        agent = {"objectType": "Agent", **({"name": name} if chance.random() < 0.6 else {}), **identifiers[kind]}
        return _Learner(agent, name, self._uuid(), chance.betavariate(8, 2), chance.betavariate(6, 2))

    # What happens in a week

    def _week(self, learner: _Learner, week: int) -> Iterator[Json]:
        when = self._hour(week)
        for talk in range(len(_TALKS)):
            if self._chance.random() < 0.9:
                watched = list(self._watching(learner, week, talk, when))
                yield from watched
                when = datetime.fromisoformat(str(watched[-1]["timestamp"])) + timedelta(minutes=self._chance.uniform(1, 40))
        yield from self._quiz(learner, week, when)
        if self._chance.random() < 0.35:
            yield self._post(learner, week, when + timedelta(minutes=self._chance.uniform(5, 600)))

    def _watching(self, learner: _Learner, week: int, talk: int, when: datetime) -> Iterator[Json]:
        length = 240 + 97 * talk + 41 * week
        extensions = {
            "session-id": self._uuid(),
            "length": length,
            "completion-threshold": 0.95,
            "speed": self._chance.choice(("1x", "1.25x", "1.5x")),
        }
        context = self._context(
            learner, week, category=_VIDEO, extensions={f"{_VIDEO}/extensions/{key}": value for key, value in extensions.items()}
        )
        video = _activity(f"{_COURSE}/s{week + 1}/video/{talk + 1}", f"{_VIDEO}/activity-type/video", f"{_TITLES[week]} — {_TALKS[talk]}")

        def told(verb: str, at: float, result: Json | None) -> Json:
            return self._statement(learner, when + timedelta(seconds=at), verb_of(verb), video, context=context, result=result)

        def verb_of(name: str) -> Json:
            label, own = _VIDEO_VERBS[name]
            return _verb(f"{_VIDEO}/verbs/{name}" if own else f"{_ADL}/verbs/{name}", label)

        yield told("initialized", 0, None)
        position, clock, segments = 0.0, 2.0, []
        while position < length:
            stop = min(length, position + self._chance.expovariate(1 / 170))
            yield told("played", clock, _at(time=position))
            clock += stop - position + 1
            segments.append(f"{position:.3f}[.]{stop:.3f}")
            seen: dict[str, float | str] = {"played-segments": "[,]".join(segments), "progress": round(stop / length, 3)}
            if stop == length:
                yield told("completed", clock, {"completion": True, "duration": f"PT{clock:.2f}S", **_at(time=length, **seen)})
                break
            position = stop
            if self._chance.random() < 0.3:
                position = max(0.0, min(length - 1.0, stop + self._chance.uniform(-60, 90)))
                yield told("seeked", clock, _at(**{"time-from": stop, "time-to": position}))
            else:
                yield told("paused", clock, _at(time=stop, **seen))
            if self._chance.random() < 0.06:
                break
            clock += self._chance.expovariate(1 / 20)
        yield told("terminated", clock + 3, _at(time=position, progress=round(min(1.0, position / length), 3)))

    def _quiz(self, learner: _Learner, week: int, when: datetime) -> Iterator[Json]:
        right = 0
        quiz = _activity(f"{_COURSE}/s{week + 1}/quiz", f"{_ADL}/activities/assessment", f"Quiz de la semaine {week + 1}")
        for number, (question, answers) in enumerate(_QUESTIONS):
            good = (number + week) % len(answers)
            given = good if self._chance.random() < learner.skill else self._chance.randrange(len(answers))
            right += given == good
            when += timedelta(seconds=self._chance.uniform(15, 90))
            result = {"response": f"r{given}", "success": given == good, "duration": f"PT{self._chance.uniform(4, 60):.2f}S"}
            definition = _choice(question, answers, good)
            yield self._answer(learner, week, when, f"{number + 1}", definition=definition, result=result, quiz=quiz)
        when += timedelta(minutes=self._chance.uniform(1, 6))
        opened = {"response": self._chance.choice(_OPEN_ANSWERS), "completion": True}
        definition = {
            "description": {"fr-FR": _OPEN_QUESTION},
            "type": f"{_ADL}/activities/cmi.interaction",
            "interactionType": "long-fill-in",
        }
        yield self._answer(learner, week, when, "4", definition=definition, result=opened, quiz=quiz)
        passed = right >= 2
        score = {"scaled": round(right / 3, 2), "raw": right, "min": 0, "max": 3}
        verb = _verb(f"{_ADL}/verbs/passed", "a réussi") if passed else _verb(f"{_ADL}/verbs/failed", "a échoué à")
        yield self._statement(
            learner,
            when + timedelta(seconds=1),
            verb,
            quiz,
            context=self._context(learner, week),
            result={"score": score, "success": passed, "completion": True},
        )

    def _answer(self, learner: _Learner, week: int, when: datetime, number: str, *, definition: Json, result: Json, quiz: Json) -> Json:
        question = {"objectType": "Activity", "id": f"{quiz['id']}/q{number}", "definition": definition}
        context = self._context(learner, week, parent=quiz)
        return self._statement(learner, when, _verb(f"{_ADL}/verbs/answered", "a répondu à"), question, context=context, result=result)

    def _post(self, learner: _Learner, week: int, when: datetime) -> Json:
        topic = f"{_COURSE}/s{week + 1}/forum/{self._chance.randrange(8)}"
        forum = _activity(topic, "http://id.tincanapi.com/activitytype/forum-topic", f"Forum de la semaine {week + 1}")
        text = self._chance.choice(_POSTS).format(name=learner.name)
        verb = _verb("https://w3id.org/xapi/acrossx/verbs/posted", "a publié dans")
        return self._statement(learner, when, verb, forum, context=self._context(learner, week), result={"response": text})

    def _virtual_class(self, here: list[_Learner], week: int) -> Iterator[Json]:
        begin = self._start + timedelta(weeks=week, days=3, hours=17)
        room = _activity(
            f"{_COURSE}/s{week + 1}/visio", f"{_ROOM}/activity-types/virtual-classroom", f"Classe virtuelle, semaine {week + 1}"
        )
        extensions = {f"{_ROOM}/extensions/session-id": self._uuid()}
        for learner in (learner for learner in here if self._chance.random() < 0.6):
            came = begin + timedelta(seconds=abs(self._chance.gauss(0, 240)))
            went = came + timedelta(minutes=min(75.0, self._chance.uniform(15, 90)))
            context = self._context(learner, week, extensions=extensions)
            yield self._statement(learner, came, _verb("http://activitystrea.ms/join", "a rejoint"), room, context=context)
            stayed = {"duration": f"PT{(went - came).total_seconds():.0f}S"}
            yield self._statement(learner, went, _verb("http://activitystrea.ms/leave", "a quitté"), room, context=context, result=stayed)

    def _group_work(self, here: list[_Learner], week: int) -> Iterator[Json]:
        work = _activity(f"{_COURSE}/s{week + 1}/projet", f"{_ADL}/activities/assessment", "Projet : le climat près de chez moi")
        for number, first in enumerate(range(0, len(here) - 3, 4)):
            members = [learner.agent for learner in here[first : first + 4]]
            group: Json = {"objectType": "Group", "name": f"Équipe {number + 1}", "member": members}
            if number % 2:
                group["account"] = {"homePage": _SITE, "name": f"equipe-{number + 1}"}
            when = self._hour(week)
            submitted = _verb("http://activitystrea.ms/schema/1.0/submit", "a remis")
            yield self._statement(here[first], when, submitted, work, context=self._context(here[first], week, team=group))
            scored = {"score": {"scaled": round(self._chance.uniform(0.5, 1), 2)}, "response": "Bon travail, pensez à citer vos sources."}
            verb = _verb(f"{_ADL}/verbs/scored", "a noté")
            yield self._statement(None, when + timedelta(days=1), verb, work, context=self._context(None, week, team=group), result=scored)

    def _certificate(self, learner: _Learner) -> Json:
        when = self._start + timedelta(weeks=WEEKS, minutes=-self._chance.uniform(1, 600))
        certificate = _activity(
            f"{_COURSE}/attestation", "https://www.opigno.org/en/tincan_registry/activity_type/certificate", "Attestation de réussite"
        )
        return self._statement(
            learner, when, _verb("http://id.tincanapi.com/verb/earned", "a obtenu"), certificate, context=self._context(learner, WEEKS - 1)
        )

    # Pieces of statements

    def _statement(
        self, learner: _Learner | None, when: datetime, verb: Json, target: Json, *, context: Json | None = None, result: Json | None = None
    ) -> Json:
        told: Json = {"id": self._uuid(), "actor": learner.agent if learner else self._teacher, "verb": verb, "object": target}
        if result:
            told["result"] = result
        told["context"] = context or self._context(learner, 0)
        told["timestamp"] = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return told

    def _context(
        self,
        learner: _Learner | None,
        week: int,
        *,
        parent: Json | None = None,
        category: str | None = None,
        team: Json | None = None,
        extensions: Json | None = None,
    ) -> Json:
        section = _activity(f"{_COURSE}/s{week + 1}", f"{_ADL}/activities/module", _TITLES[week])
        activities: Json = {"parent": [parent or section], "grouping": [_course()]}
        if category:
            activities["category"] = [{"id": category}]
        context: Json = {"contextActivities": activities, "platform": "Campus de démonstration", "language": "fr-FR"}
        if learner:
            context |= {"registration": learner.registration, "instructor": self._teacher}
        if team:
            context["team"] = team
        if extensions:
            context["extensions"] = extensions
        return context

    def _hour(self, week: int) -> datetime:
        """Choose a moment of the week's first six days, mostly in the evening."""
        hour = min(23.0, max(6.0, self._chance.gauss(19.5, 2.5)))
        return self._start + timedelta(weeks=week, days=self._chance.randrange(6), hours=hour)

    def _uuid(self) -> str:
        return str(UUID(int=self._chance.getrandbits(128), version=4))


_VIDEO_VERBS = {
    "initialized": ("a ouvert", False),
    "played": ("a lu", True),
    "paused": ("a mis en pause", True),
    "seeked": ("s’est déplacé·e dans", True),
    "completed": ("a terminé", False),
    "terminated": ("a fermé", False),
}


def _verb(iri: str, french: str) -> Json:
    return {"id": iri, "display": {"fr-FR": french, "en-US": iri.rpartition("/")[2]}}


def _activity(iri: str, kind: str, name: str) -> Json:
    return {"objectType": "Activity", "id": iri, "definition": {"type": kind, "name": {"fr-FR": name}}}


def _course() -> Json:
    return _activity(_COURSE, f"{_ADL}/activities/course", "Comprendre le climat")


def _choice(question: str, answers: tuple[str, ...], good: int) -> Json:
    return {
        "description": {"fr-FR": question},
        "type": f"{_ADL}/activities/cmi.interaction",
        "interactionType": "choice",
        "correctResponsesPattern": [f"r{good}"],
        "choices": [{"id": f"r{index}", "description": {"fr-FR": answer}} for index, answer in enumerate(answers)],
    }


def _at(**values: float | str) -> Json:
    """Give a result of the video profile: where in the video, in seconds."""
    return {
        "extensions": {
            f"{_VIDEO}/extensions/{key}": round(value, 3) if isinstance(value, float) else value for key, value in values.items()
        }
    }
