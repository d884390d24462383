"""``python -m signalbox …`` runs the binary: ``python -m signalbox login --device``."""

from __future__ import annotations

import os
import subprocess
import sys

from ._binary import find_binary
from .errors import BinaryNotFoundError


def main() -> int:
    try:
        binary = find_binary()
    except BinaryNotFoundError as error:
        print(f"signalbox: {error}", file=sys.stderr)
        return 1
    if sys.platform == "win32":
        return subprocess.call([binary, *sys.argv[1:]])
    os.execv(binary, [binary, *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
