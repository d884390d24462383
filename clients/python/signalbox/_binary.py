"""Where the signalbox binary is."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Mapping, Optional

from .errors import BinaryNotFoundError

_NAME = "signalbox.exe" if sys.platform == "win32" else "signalbox"


def bundled() -> Path:
    """Returns where a wheel for this platform has the binary."""
    return Path(__file__).with_name("bin") / _NAME


def find_binary(binary: Optional[str] = None, environ: Optional[Mapping[str, str]] = None) -> str:
    """Returns the path of the binary: the argument, else SIGNALBOX_BIN, else the one in this
    package, else the first on the PATH. Raises BinaryNotFoundError."""
    environ = os.environ if environ is None else environ
    for source, named in (("The argument binary", binary), ("SIGNALBOX_BIN", environ.get("SIGNALBOX_BIN"))):
        if not named:
            continue
        found = shutil.which(os.path.expanduser(named), path=environ.get("PATH"))
        if not found:
            raise BinaryNotFoundError(
                f"{source} names {named!r}, which is not there or cannot be run.",
                action="Correct the path, or remove it to use the bundled binary or the one on the PATH.",
            )
        return found
    if os.access(bundled(), os.X_OK):
        return str(bundled())
    found = shutil.which(_NAME, path=environ.get("PATH"))
    if not found:
        raise BinaryNotFoundError(
            "There is no signalbox binary: none in this package, and none on the PATH.",
            action="Install a wheel for this platform, or set SIGNALBOX_BIN to the path of the binary.",
        )
    return found
