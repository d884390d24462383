"""The package: its wheel, its types, its syntax."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ANSWER

from signalbox import find_binary

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "signalbox").rglob("*.py"))


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12), (3, 13), (3, 14)])
def test_syntax(version: tuple[int, int]) -> None:
    """As far as this interpreter knows the grammar; a later one takes all of it."""
    for source in SOURCES:
        ast.parse(source.read_text(), str(source), feature_version=min(version, sys.version_info[:2]))


def interpreters() -> list[str]:
    """Every Python from 3.10 on that is here, by its version; of pyenv's, too."""
    roots = [Path(p) for p in os.environ.get("PATH", "").split(os.pathsep) if "shims" not in p]
    roots += Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.1*/bin")
    names = [f"python3.{minor}" for minor in range(10, 16)]
    found = {name: str(root / name) for name in names for root in roots if os.access(root / name, os.X_OK)}
    return list(found.values()) or [sys.executable]


@pytest.mark.parametrize("interpreter", interpreters())
def test_interpreters(interpreter: str) -> None:
    """Each imports the package without a warning, and makes a call."""
    code = "import signalbox; print(signalbox.Connection(simulate=True).stream({'model': 'gpt-5.2-codex', 'input': 'What is 2+2?'}).text())"
    done = subprocess.run([interpreter, "-W", "error", "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == ANSWER, done.stderr


def test_files_are_short() -> None:
    for source in SOURCES:
        assert len(source.read_text().splitlines()) <= 450, source


def test_wheel(tmp_path: Path) -> None:
    """Built, installed into an empty environment, and used: with the binary that is in
    it, and without anything else."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SIGNALBOX_BIN")}
    built = subprocess.run(
        [str(ROOT / "wheel.sh"), str(tmp_path / "dist")],
        capture_output=True,
        text=True,
        env={**os.environ, "SIGNALBOX_BIN": find_binary(), "PYTHON": sys.executable},
    )
    assert built.returncode == 0, built.stderr
    wheel = Path(built.stdout.strip())
    assert wheel.name.startswith("signalbox_rpc-") and "py3-none-" in wheel.name and "-any" not in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [binary] = [archive.getinfo(name) for name in names if name.endswith(".data/scripts/signalbox")]
    assert binary.external_attr >> 16 & 0o111 == 0o111 and binary.file_size == os.path.getsize(find_binary())
    assert "signalbox/py.typed" in names and "signalbox/crewai/__init__.py" in names
    assert not [name for name in names if not name.startswith("signalbox")]

    home = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    site = subprocess.run([str(home / "bin/python"), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True, check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site.stdout.strip(), str(wheel)], check=True)
    code = f"""
import signalbox
assert "{home}" in signalbox.__file__ and signalbox.find_binary() == "{site.stdout.strip()}/bin/signalbox"
print(signalbox.Connection(simulate=True).stream({{"model": "gpt-5.2-codex", "input": "What is 2+2?"}}).text())
"""
    done = subprocess.run([str(home / "bin/python"), "-c", code], capture_output=True, text=True, env={**environment, "PATH": "/usr/bin:/bin"}, cwd=tmp_path)
    assert done.stdout.strip() == ANSWER, done.stderr
    ran = subprocess.run([str(home / "bin/python"), "-m", "signalbox", "version"], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert ran.returncode == 0 and "signalbox" in ran.stdout, ran.stderr
