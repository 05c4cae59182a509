"""The PyPI package tincan, which Python programs use, against a running server."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import tincan
from tincan.documents import StateDocument

from tests.server.process import BOTH, Server, add_credentials


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server for 1.0.3 alone: the library refuses to read a list of versions in which it finds a newer one."""
    folder = tmp_path_factory.mktemp("tincan")
    (folder / "data").mkdir(mode=0o700)
    add_credentials(folder / "data")
    running = Server(folder, LRS_SUPPORTED_VERSIONS="1.0.3")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def remote(server: Server) -> tincan.RemoteLRS:
    """The library's record store."""
    return tincan.RemoteLRS(endpoint=f"{server.address}/xapi/", username=BOTH[0], password=BOTH[1], version="1.0.3")


@pytest.fixture
def agent() -> tincan.Agent:
    """Somebody of whom nothing is stored."""
    return tincan.Agent(name="Jeanne Dupont", mbox=f"mailto:jeanne.{uuid4()}@example.fr")


@pytest.fixture
def activity() -> tincan.Activity:
    """Something that nobody did."""
    definition = tincan.ActivityDefinition(name=tincan.LanguageMap({"fr-FR": "Climat"}))
    return tincan.Activity(id=f"https://lms.example.fr/course/{uuid4()}", definition=definition)


def statement(agent: tincan.Agent, activity: tincan.Activity, **more: Any) -> tincan.Statement:
    verb = tincan.Verb(id="http://adlnet.gov/expapi/verbs/completed", display=tincan.LanguageMap({"fr": "a terminé"}))
    return tincan.Statement(actor=agent, verb=verb, object=activity, **more)


def content(response: tincan.LRSResponse) -> Any:
    """Give what came back, of a call that must have gone well."""
    assert response.success, response.data
    return response.content


def with_etag(response: tincan.LRSResponse) -> Any:
    """Give the document that came back with its ETag, which the library looks for and does not find."""
    found = content(response)
    found.etag = response.response.getheader("ETag")
    return found


def test_about_tells_the_versions(remote: tincan.RemoteLRS) -> None:
    """Those that the server speaks."""
    assert "1.0.3" in content(remote.about()).version


def test_a_statement_goes_there_and_back(remote: tincan.RemoteLRS, agent: tincan.Agent, activity: tincan.Activity) -> None:
    """By PUT under its own id, with a result and a context."""
    sent = statement(agent, activity, id=str(uuid4()))
    sent.result = tincan.Result(score=tincan.Score(scaled=0.85, raw=85), success=True)
    sent.context = tincan.Context(registration=str(uuid4()), language="fr-FR")
    content(remote.save_statement(sent))
    found = content(remote.retrieve_statement(str(sent.id)))
    assert (found.id, found.actor.mbox, found.result.score.scaled) == (sent.id, agent.mbox, 0.85)
    assert found.context.registration == sent.context.registration
    assert found.stored is not None


def test_statements_are_queried_page_by_page(remote: tincan.RemoteLRS, agent: tincan.Agent, activity: tincan.Activity) -> None:
    """All of an agent's, in pages, by the link that comes with each."""
    saved = content(remote.save_statements([statement(agent, activity) for _ in range(5)]))
    ids = {each.id for each in saved}
    page = content(remote.query_statements({"agent": agent, "activity": activity, "limit": 2}))
    seen = [each.id for each in page.statements]
    while page.more:
        page = content(remote.more_statements(page.more))
        seen += [each.id for each in page.statements]
    assert len(seen) == 5
    assert set(seen) == ids
    assert all(isinstance(each, UUID) for each in seen)


def test_a_voided_statement_is_found_as_such(remote: tincan.RemoteLRS, agent: tincan.Agent, activity: tincan.Activity) -> None:
    """By its id it is gone; asked for as a voided one it is there."""
    saved = content(remote.save_statement(statement(agent, activity, id=str(uuid4()))))
    voiding = tincan.Statement(
        actor=agent, verb=tincan.Verb(id="http://adlnet.gov/expapi/verbs/voided"), object=tincan.StatementRef(id=str(saved.id))
    )
    content(remote.save_statement(voiding))
    assert remote.retrieve_statement(str(saved.id)).response.status == 404
    assert content(remote.retrieve_voided_statement(str(saved.id))).id == saved.id


def test_metadata_of_an_attachment_come_back(remote: tincan.RemoteLRS, agent: tincan.Agent, activity: tincan.Activity) -> None:
    """The library sends no contents, but names the place of a file."""
    sha2 = hashlib.sha256(b"essay").hexdigest()
    attachment = tincan.Attachment(
        usage_type="https://lms.example.fr/essay",
        display={"fr": "Devoir"},
        content_type="text/plain",
        length=5,
        sha2=sha2,
        fileurl="https://lms.example.fr/files/1",
    )
    saved = content(remote.save_statement(statement(agent, activity, id=str(uuid4()), attachments=[attachment])))
    found = content(remote.retrieve_statement(str(saved.id)))
    assert [(each.sha2, each.fileurl) for each in found.attachments] == [(sha2, "https://lms.example.fr/files/1")]


def test_state_is_kept(remote: tincan.RemoteLRS, agent: tincan.Agent, activity: tincan.Activity) -> None:
    """Stored, read with its ETag, listed, changed, deleted, cleared."""
    state = StateDocument(id="bookmark", activity=activity, agent=agent, content=bytearray(b'{"page": 1}'))
    state.content_type = "application/json"
    content(remote.save_state(state))
    found = with_etag(remote.retrieve_state(activity, agent, "bookmark"))
    assert bytes(found.content) == b'{"page": 1}'
    assert len(found.etag.strip('"')) == 40
    assert content(remote.retrieve_state_ids(activity, agent)) == ["bookmark"]
    content(remote.delete_state(found))
    assert content(remote.retrieve_state_ids(activity, agent)) == []
    content(remote.save_state(state))
    content(remote.clear_state(activity, agent))
    assert content(remote.retrieve_state_ids(activity, agent)) == []


@pytest.mark.parametrize("kind", ["activity", "agent"])
def test_profiles_are_kept(remote: tincan.RemoteLRS, server: Server, agent: tincan.Agent, activity: tincan.Activity, kind: str) -> None:
    """Of an activity and of an agent: read with the ETag, changed under it, listed, deleted. The first is made as 1.0.3 asks, which the library can't."""
    key = {"activityId": activity.id} if kind == "activity" else {"agent": agent.to_json()}
    place = "activities/profile" if kind == "activity" else "agents/profile"
    with server.client(**{"If-None-Match": "*", "Content-Type": "text/csv"}) as client:
        assert client.put(f"/xapi/{place}", params=key | {"profileId": "prefs"}, content=b"a,b").status_code == 204
    of = activity if kind == "activity" else agent
    read = remote.retrieve_activity_profile if kind == "activity" else remote.retrieve_agent_profile
    save = remote.save_activity_profile if kind == "activity" else remote.save_agent_profile
    found = with_etag(read(of, "prefs"))
    assert bytes(found.content) == b"a,b"
    found.content = bytearray(b"new")
    content(save(found))
    assert bytes(content(read(of, "prefs")).content) == b"new"
    assert save(found).response.status == 412, "the ETag is that of what was there before"
    ids = remote.retrieve_activity_profile_ids if kind == "activity" else remote.retrieve_agent_profile_ids
    assert content(ids(of)) == ["prefs"]
    delete = remote.delete_activity_profile if kind == "activity" else remote.delete_agent_profile
    content(delete(with_etag(read(of, "prefs"))))
    assert content(ids(of)) == []
