"""Puts the binary into the wheel, as a script, and names the platform that it runs on.

SIGNALBOX_WHEEL_BIN is the binary, SIGNALBOX_WHEEL_TAG the platform tag. Without them
the wheel is pure Python and finds signalbox on the PATH.
"""

from __future__ import annotations

import os
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BinaryHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        binary = os.environ.get("SIGNALBOX_WHEEL_BIN")
        if not binary:
            return
        if not os.access(binary, os.X_OK):
            raise FileNotFoundError(f"SIGNALBOX_WHEEL_BIN: {binary!r} is not there or cannot be run")
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + os.environ["SIGNALBOX_WHEEL_TAG"]
        build_data["shared_scripts"][binary] = os.path.basename(binary)
