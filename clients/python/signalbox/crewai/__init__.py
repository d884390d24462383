"""CrewAI through signalbox.

    from signalbox.crewai import SignalboxLLM

    llm = SignalboxLLM("gpt-5.2-codex")
    Agent(..., llm=llm)

It is CrewAI's own OpenAI provider over the Responses API; only the client is ours.
Needs crewai 1.15.17 or newer.
"""

from __future__ import annotations

from ._install import install
from ._llm import SignalboxLLM

__all__ = ["SignalboxLLM", "install"]
