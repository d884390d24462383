"""The crew gate: does a real Crew get its answer from each pinned model?

Prints the matrix of the validation report, one block for each model.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
from dataclasses import asdict, dataclass
from typing import Any, Iterable, Iterator, Optional, TextIO

from .._evidence import evidence
from ..connection import Connection

MODELS = ("gpt-5.2-codex", "gpt-5.2-pro")
QUESTION = "What is 2+2?"


@dataclass
class Row:
    """One line of the matrix; the fields are those of ``signalbox validate --json``."""

    gate: str
    model: str
    status: str
    requested_model: str
    effective_model: Optional[str]
    api: str
    base_url: Optional[str]
    credential_source: str
    http_status: Optional[int]
    category: Optional[str] = None
    reason: Optional[str] = None
    message: Optional[str] = None
    action: Optional[str] = None
    answer: Optional[str] = None


def kickoff(model: str, connection: Connection) -> Row:
    """Runs a Crew of one agent with one task."""
    from crewai import Agent, Crew, Task

    from ._llm import SignalboxLLM

    llm = SignalboxLLM(model, connection=connection, max_retries=0)
    agent = Agent(role="Calculator", goal="Answer", backstory="You answer in one line.", llm=llm, max_retry_limit=0)
    task = Task(description=QUESTION, expected_output="The sum.", agent=agent)
    error: Optional[BaseException] = None
    answer: Optional[str] = None
    try:
        answer = str(Crew(agents=[agent], tasks=[task], memory=False, verbose=False).kickoff())
    except Exception as failure:
        error = failure
    return _row(model, answer, error, llm.last_evidence or evidence(error) or {})


def _row(model: str, answer: Optional[str], error: Optional[BaseException], proof: dict[str, Any]) -> Row:
    row = Row(
        gate=f"crew.responses.{model}",
        model=model,
        status="FAIL",
        requested_model=proof.get("requested_model") or model,
        effective_model=proof.get("effective_model"),
        api=proof.get("api") or "responses",
        base_url=proof.get("base_url"),
        credential_source=proof.get("credential_source") or "unknown",
        http_status=proof.get("status"),
        answer=answer,
    )
    if error is not None:
        about = _about(error)
        row.category = about.get("kind") or type(error).__name__
        row.reason, row.action = about.get("reason"), about.get("action")
        row.message = about.get("message") or str(error)
    elif proof.get("model_match") is False:
        row.category, row.message = "model_mismatch", f"{row.effective_model} has answered."
    elif not proof:
        row.category, row.message = "no_evidence", "There is no evidence of an answer."
    else:
        row.status = "PASS"
    return row


def _about(error: Optional[BaseException]) -> dict[str, Any]:
    """What signalbox said, in the exception or in what caused it."""
    while error is not None:
        body = getattr(error, "body", None)
        if isinstance(body, dict) and isinstance(body.get("signalbox"), dict):
            return {"message": body.get("message"), **body["signalbox"]}
        if getattr(error, "kind", None) and getattr(error, "message", None):
            return {"kind": getattr(error, "kind"), "message": getattr(error, "message"), "action": getattr(error, "action", None)}
        error = error.__cause__ or error.__context__
    return {}


def show(row: Row, out: TextIO) -> None:
    same = row.requested_model == row.effective_model
    print(f"- `{row.gate}`: **{row.status}**", file=out)
    if same:
        print(f"  - requested/effective model: `{row.requested_model}`", file=out)
    else:
        print(f"  - requested model: `{row.requested_model}`", file=out)
        print(f"  - effective model: `{row.effective_model}`", file=out)
    print(f"  - api: `{row.api}`", file=out)
    print(f"  - base_url: `{row.base_url}`", file=out)
    print(f"  - credential_source: `{row.credential_source}`", file=out)
    if row.http_status is not None:
        print(f"  - status: `{row.http_status}`", file=out)
    if row.status == "PASS":
        print(f"  - answer: `{' '.join((row.answer or '').split())}`", file=out)
    else:
        category = f"{row.category}, {row.reason}" if row.reason else str(row.category)
        print(f"  - category: `{category}`", file=out)
        print(f"  - error: `{row.message}`", file=out)


def run(models: Iterable[str], *, binary: Optional[str], simulate: Any, as_json: bool, out: Optional[TextIO] = None) -> int:
    """Exit code: 0 when every model passes, else 1."""
    out = out or sys.stdout
    rows = []
    with Connection(binary, simulate=simulate) as connection:
        for model in models:
            with _quiet():
                row = kickoff(model, connection)
            rows.append(row)
            if not as_json:
                show(row, out)
    passed = all(row.status == "PASS" for row in rows)
    if as_json:
        print(json.dumps({"pass": passed, "rows": [{k: v for k, v in asdict(r).items() if v is not None or k in _ALWAYS} for r in rows]}), file=out)
    return 0 if passed else 1


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """CrewAI prints and logs its own account of a failure; the matrix says it."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)


_ALWAYS = ("effective_model", "base_url", "http_status")
