"""Variables of CrewAI's Codex support and of the OpenAI SDK, in the real process."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Iterator

import openai
import pytest
from conftest import ANSWER, QUESTION

import signalbox
from signalbox import errors
from signalbox._environment import adopt

REQUEST = {"model": "gpt-5.2-codex", "input": QUESTION}


class Upstream:
    """The simulator of one process, for another process that knows of no simulation."""

    def __init__(self, box: signalbox.Connection) -> None:
        status = box.status()
        self.home = str(Path(status["file"]["path"]).parent)
        self.urls = {row["route"]: row["base_url"] for row in status["routes"]}
        self.auth = json.loads(Path(status["file"]["path"]).read_text())


@pytest.fixture
def upstream(box: signalbox.Connection) -> Upstream:
    return Upstream(box)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, upstream: Upstream, tmp_path: Path) -> Iterator[Upstream]:
    monkeypatch.setenv("CODEX_HOME", upstream.home)
    monkeypatch.setenv("OPENAI_BASE_URL", upstream.urls["platform"])
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield upstream


def test_base_url(home: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREWAI_CODEX_CHATGPT_BASE_URL", home.urls["chatgpt"] + "/v1")
    with signalbox.Connection() as box:
        result = box.call("responses/create", REQUEST)
        assert result["evidence"]["base_url"] == home.urls["chatgpt"]
        assert result["response"]["output"][-1]["content"][0]["text"] == ANSWER
    monkeypatch.setenv("CREWAI_CODEX_CHATGPT_BASE_URL", "https://elsewhere.example/v1")
    with signalbox.Connection() as box, pytest.raises(errors.CredentialMismatchError) as raised:
        box.call("responses/create", REQUEST)
    assert raised.value.reason == "bad_override"


@pytest.mark.parametrize(("mode", "route"), [("oauth_codex", "chatgpt"), ("api_key", "platform")])
def test_auth_mode(home: Upstream, monkeypatch: pytest.MonkeyPatch, mode: str, route: str) -> None:
    """It decides where models go that no rule names; the pinned ones stay."""
    monkeypatch.setenv("SIGNALBOX_CHATGPT_BASE_URL", home.urls["chatgpt"])
    monkeypatch.setenv("CREWAI_OPENAI_AUTH_MODE", mode)
    # A stored key goes to no loopback that a variable names.
    monkeypatch.setenv("OPENAI_API_KEY", home.auth["OPENAI_API_KEY"])
    with signalbox.Connection() as box:
        assert box.call("routes/resolve", {"model": "gpt-5.5"})["route"] == route
        assert box.call("routes/resolve", {"model": "gpt-5.2-codex"})["route"] == "chatgpt"
        assert box.call("routes/resolve", {"model": "gpt-5.2-pro"})["route"] == "platform"


def test_access_token(home: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    monkeypatch.setenv("SIGNALBOX_CHATGPT_BASE_URL", home.urls["chatgpt"])
    monkeypatch.setenv("CREWAI_OPENAI_AUTH_MODE", "oauth_token")
    with pytest.raises(errors.ConfigurationError, match="OPENAI_OAUTH_ACCESS_TOKEN"):
        signalbox.Connection().call("ping")
    monkeypatch.setenv("OPENAI_OAUTH_ACCESS_TOKEN", home.auth["tokens"]["access_token"])
    with signalbox.Connection() as box:
        client = signalbox.OpenAI(box)
        answer = client.responses.create(model="openai-codex/gpt-5.5", input=QUESTION)
        evidence = signalbox.evidence(answer)
        assert evidence is not None and evidence["credential_source"] == "env_oauth_access_token"
        assert answer.model == "gpt-5.5" and answer.output_text == ANSWER


def test_key(home: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", home.auth["OPENAI_API_KEY"])
    with signalbox.Connection() as box:
        evidence = box.call("responses/create", {"model": "gpt-5.2-pro", "input": QUESTION})["evidence"]
        assert evidence["credential_source"] == "env_openai_api_key" and evidence["base_url"] == home.urls["platform"]
        with pytest.raises(openai.PermissionDeniedError, match="python -m signalbox login"):
            signalbox.OpenAI(box).responses.create(model="gpt-5.2-codex", input="x")


def test_unknown_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREWAI_OPENAI_AUTH_MODE", "magic")
    with pytest.raises(errors.ConfigurationError, match="api_key, oauth_token, oauth_codex"):
        signalbox.Connection().call("ping")
    with signalbox.Connection(simulate=True) as box:  # nothing of the user's
        assert box.call("ping") == {}


def test_organization_and_project() -> None:
    env, args = adopt({"OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1", "OPENAI_PROJECT": "proj-2"}, ["--idle-timeout=9s"])
    assert (env["OPENAI_ORGANIZATION"], env["OPENAI_PROJECT"], args) == ("org-1", "proj-2", ["--idle-timeout=9s"])
    assert adopt({"CREWAI_OPENAI_AUTH_MODE": "api_key"}, ["--account-mode=plan"])[1] == ["--account-mode=plan"]


def test_env_of_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEX_HOME", "/nowhere")
    _, environ = signalbox.Connection(env={"CODEX_HOME": None, "A": "b"}).command()
    assert "CODEX_HOME" not in environ and environ["A"] == "b" and environ["PATH"] == os.environ["PATH"]
    client = signalbox.OpenAI(organization="org-1", project="proj-1")
    transport = client._client._transport
    assert transport._connection.command()[1]["OPENAI_ORGANIZATION"] == "org-1"  # type: ignore[attr-defined]
