"""Where the signalbox binary is."""

from __future__ import annotations

import os
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Mapping, Optional

from .errors import BinaryNotFoundError

_NAME = "signalbox.exe" if sys.platform == "win32" else "signalbox"


_DISTRIBUTION = "signalbox-rpc"


def bundled() -> Optional[Path]:
    """Returns the binary that the wheel of this very package has put among the scripts of its
    environment; None for a package without one."""
    try:
        files = metadata.distribution(_DISTRIBUTION).files or []
    except metadata.PackageNotFoundError:
        return None
    if not any(os.path.abspath(f.locate()) == os.path.abspath(__file__) for f in files):
        return None  # another copy is installed
    scripts = [Path(f.locate()) for f in files if f.name == _NAME and f.parent.name.lower() in ("bin", "scripts")]
    # pip install --target moves the scripts after it has recorded them.
    scripts += [Path(__file__).parents[1] / "bin" / _NAME for _ in scripts]
    return next((Path(os.path.abspath(path)) for path in scripts if os.access(path, os.X_OK)), None)


def find_binary(binary: Optional[str] = None, environ: Optional[Mapping[str, str]] = None) -> str:
    """Returns the path of the binary: the argument, else SIGNALBOX_BIN, else that of this
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
    own = bundled()
    if own:
        return str(own)
    found = shutil.which(_NAME, path=environ.get("PATH"))
    if not found:
        raise BinaryNotFoundError(
            "There is no signalbox binary: none in this package, and none on the PATH.",
            action="Install a wheel for this platform, or set SIGNALBOX_BIN to the path of the binary.",
        )
    return found
