"""The examples of the README, as they stand there, and what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ANSWER, executable

from signalbox import find_binary

ROOT = Path(__file__).parents[1]
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)

# In the order of the README.
PRINTS = [
    f"{ANSWER}\ngpt-5.2-codex over chatgpt with codex_auth_json_oauth\n",
    f"{ANSWER}\nchatgpt\n",
    None,  # a Crew prints what the simulator made of its prompt
    f"{ANSWER} chatgpt\n",
    f"{ANSWER}\n",
    f"{ANSWER}\n",
    f"{ANSWER}\n",
    f"authenticated\n{ANSWER}\nchatgpt True\n",
]


def test_every_example_is_known() -> None:
    assert len(EXAMPLES) == len(PRINTS)


@pytest.mark.parametrize("number", range(len(PRINTS)))
def test_example(number: int, tmp_path: Path) -> None:
    # The same binary, with the simulator in place of OpenAI.
    simulated = executable(tmp_path / "signalbox", f'#!/bin/sh\nexec {find_binary()} "$@" --simulate\n')
    done = subprocess.run(
        [sys.executable, "-c", EXAMPLES[number]],
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "SIGNALBOX_BIN": simulated},
    )
    assert done.returncode == 0, done.stderr
    expected = PRINTS[number]
    if expected is None:
        assert "What is 2+2?" in done.stdout and done.stdout.endswith("chatgpt\n")
    else:
        assert done.stdout == expected
