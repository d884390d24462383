"""Environment variables of other programs, and what they mean to signalbox.

signalbox reads most of its environment itself (``CODEX_HOME``, ``OPENAI_API_KEY``,
``OPENAI_OAUTH_ACCESS_TOKEN``, ...). The names below are those of CrewAI's Codex
support and of the OpenAI SDK, which it does not know.
"""

from __future__ import annotations

from typing import Mapping

from .errors import ConfigurationError

# crewAIInc/crewAI PR 4868: mode -> account mode of signalbox.
_AUTH_MODES = {"api_key": "apiKey", "oauth_token": "chatgpt", "oauth_codex": "chatgpt"}

#: A model of this prefix goes over the ChatGPT route, whatever its name.
CODEX_PREFIX = "openai-codex/"


def adopt(environ: Mapping[str, str], args: list[str]) -> tuple[dict[str, str], list[str]]:
    """Returns environment and arguments for a child, from those of this process.

    Raises ConfigurationError for a value that would have been an error there.
    """
    env = dict(environ)
    added: list[str] = []

    mode = env.get("CREWAI_OPENAI_AUTH_MODE", "").strip()
    if mode:
        if mode not in _AUTH_MODES:
            raise ConfigurationError(
                f"CREWAI_OPENAI_AUTH_MODE is {mode!r}, which is not one of {', '.join(_AUTH_MODES)}.",
                action="Set it to one of these, or unset it.",
            )
        if mode == "oauth_token" and not env.get("OPENAI_OAUTH_ACCESS_TOKEN", "").strip():
            raise ConfigurationError(
                "CREWAI_OPENAI_AUTH_MODE is 'oauth_token', and OPENAI_OAUTH_ACCESS_TOKEN is not set.",
                action="Set OPENAI_OAUTH_ACCESS_TOKEN, or use 'oauth_codex' for the login of the Codex CLI.",
            )
        if not _has_flag(args, "--account-mode"):
            added.append(f"--account-mode={_AUTH_MODES[mode]}")

    base = env.get("CREWAI_CODEX_CHATGPT_BASE_URL", "").strip()
    if base and not env.get("SIGNALBOX_CHATGPT_BASE_URL", "").strip():
        base = base.rstrip("/")
        env["SIGNALBOX_CHATGPT_BASE_URL"] = base[: -len("/v1")] if base.endswith("/v1") else base

    # The OpenAI SDK's names for two headers of the Platform.
    for theirs, ours in (("OPENAI_ORG_ID", "OPENAI_ORGANIZATION"), ("OPENAI_PROJECT_ID", "OPENAI_PROJECT")):
        if env.get(theirs, "").strip() and not env.get(ours, "").strip():
            env[ours] = env[theirs]
    return env, args + added


def _has_flag(args: list[str], flag: str) -> bool:
    return any(arg == flag or arg.startswith(flag + "=") for arg in args)


def split_model(model: str) -> tuple[str, bool]:
    """Returns the name that is sent, and whether it asks for the ChatGPT route."""
    if model.startswith(CODEX_PREFIX):
        return model[len(CODEX_PREFIX) :], True
    return model, False
