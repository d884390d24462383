"""``python -m signalbox.crewai doctor``"""

from __future__ import annotations

import argparse
import os
import sys


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m signalbox.crewai", description="CrewAI through signalbox.")
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser("doctor", help="run a Crew on each pinned model, and print what answered")
    doctor.add_argument("models", nargs="*", help="models, by default gpt-5.2-codex and gpt-5.2-pro")
    doctor.add_argument("--simulate", nargs="?", const=True, metavar="SCENARIO", help="use the built-in simulator")
    doctor.add_argument("--binary", help="path of the signalbox binary")
    doctor.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)

    for name in ("CREWAI_DISABLE_TELEMETRY", "CREWAI_DISABLE_TRACKING", "OTEL_SDK_DISABLED"):
        os.environ.setdefault(name, "true")
    os.environ.setdefault("CREWAI_TRACING_ENABLED", "false")
    try:
        from .doctor import MODELS, run
    except ImportError as error:
        print(f"CrewAI cannot be imported: {error}. Install crewai 1.15.17 or newer.", file=sys.stderr)
        return 2
    from ..errors import SignalboxError

    try:
        return run(options.models or MODELS, binary=options.binary, simulate=options.simulate, as_json=options.json)
    except SignalboxError as error:
        print(f"signalbox: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
