"""What this package repeats of the protocol, held against the schema of the binary."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from signalbox import _http, errors, find_binary

SCHEMA = json.loads(subprocess.run([find_binary(), "schema", "--lang", "openrpc"], capture_output=True, check=True).stdout)
ROWS: "dict[str, dict[str, Any]]" = SCHEMA["components"]["errors"]


def made(kind: str, code: int, **data: Any) -> errors.SignalboxError:
    return errors.error_from_reply({"code": code, "message": "x", "data": {"kind": kind, **data}})


@pytest.mark.parametrize("kind", ROWS)
def test_an_error_has_its_class_and_its_http_status(kind: str) -> None:
    code, http = ROWS[kind]["code"], ROWS[kind]["data"]["http"]
    error = made(kind, code)
    assert type(error) is not errors.SignalboxError and (error.kind, error.code) == (type(error).kind, code)
    if http == "as upstream":
        assert [_http.status_of(made(name, code, httpStatus=418)) for name in (kind, "of_tomorrow")] == [418, 418]
        return
    usual, *late = [int(status) for status in http.split(" / ")]
    assert _http.status_of(error) == usual
    assert [_http.status_of(made(kind, code, reason="timeout"))] == (late or [usual])
    # A kind that this version does not know is judged by its code.
    assert _http.status_of(made("of_tomorrow", code)) == usual


def test_no_other_kind_has_a_status() -> None:
    ours = {errors.TimeoutExpiredError.kind}
    assert set(_http._STATUS) - ours == set(ROWS) - {"upstream_rejected"}
