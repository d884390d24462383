"""Names of models in configuration files: ``llm: signalbox/gpt-5.2-codex``."""

from __future__ import annotations

from typing import Any

from crewai import llm as crewai_llm

from .._environment import CODEX_PREFIX
from ._llm import SignalboxLLM

_PREFIXES = ("signalbox/", CODEX_PREFIX)


def install() -> None:
    """Makes ``LLM("signalbox/NAME")`` and ``LLM("openai-codex/NAME")`` SignalboxLLMs.

    CrewAI has no registry of providers, so this wraps the method in which LLM chooses
    one: call it once, before agents are made from strings or YAML. Without it, give
    agents an instance, which needs no patch.
    """
    original = crewai_llm.LLM.__dict__["_resolve_route"]
    if getattr(original, "_signalbox", False):
        return

    class Installed(classmethod):  # type: ignore[type-arg]
        _signalbox = True

    def resolve(cls: Any, model: str, kwargs: dict[str, Any]) -> Any:
        if model.startswith(_PREFIXES) or kwargs.get("provider") == "signalbox":
            return crewai_llm._Route("signalbox", model, SignalboxLLM, False)
        return original.__func__(cls, model, kwargs)

    setattr(crewai_llm.LLM, "_resolve_route", Installed(resolve))
