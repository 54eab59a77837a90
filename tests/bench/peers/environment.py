"""The virtual environment that the comparison runs in. Standard library only."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
REQUIREMENTS = HERE.parent / 'requirements-peers.txt'
INSIDE = 'REXNET_PEERS_INSIDE'

# Without these nothing can be prepared; each of the others only fails its peer.
NEEDED = ('torch', 'numpy', 'onnx', 'onnxscript', 'safetensors', 'matplotlib')


def requirements() -> list[str]:
    lines = (line.split('#')[0].strip() for line in REQUIREMENTS.read_text().splitlines())
    return [line for line in lines if line]


def name_of(requirement: str) -> str:
    return requirement.split('>')[0].split('=')[0].strip()


def clean_environment() -> dict[str, str]:
    """Settings for old OpenBLAS builds only slow numpy; thread counts are ours to set."""
    unwanted = ('OPENBLAS_CORETYPE', 'OPENBLAS_L2_SIZE', 'OMP_NUM_THREADS', 'OMP_WAIT_POLICY',
                'GOMP_SPINCOUNT', 'KMP_AFFINITY', 'KMP_BLOCKTIME', 'MKL_NUM_THREADS')
    return {key: value for key, value in os.environ.items() if key not in unwanted}


def create(folder: Path) -> None:
    if importlib.util.find_spec('ensurepip') is None:
        sys.exit(f'peers.py: {sys.executable} cannot make virtual environments: '
                 'install python3-venv (Debian: apt-get install python3-venv)')
    print(f'Making a virtual environment in {folder}', flush=True)
    result = subprocess.run([sys.executable, '-m', 'venv', str(folder)])
    if result.returncode:
        sys.exit(f'peers.py: no virtual environment could be made in {folder} '
                 '(Debian: apt-get install python3-venv; or give another --venv)')


def install(python: Path) -> bool:
    """Installs everything, or, when one package is not to be had, all others. Returns whether
    all went in."""
    def pip(*what: str) -> bool:
        return subprocess.run([str(python), '-m', 'pip', 'install', '--quiet',
                               '--disable-pip-version-check', *what]).returncode == 0

    wanted = requirements()
    print(f'Installing {", ".join(map(name_of, wanted))} from PyPI: some 5 GB, minutes', flush=True)
    if pip(*wanted):
        return True
    print('Not everything could be installed together: one by one', flush=True)
    needed = [r for r in wanted if name_of(r) in NEEDED]
    if not pip(*needed):
        sys.exit(f'peers.py: pip could not install {", ".join(needed)}; see its message above')
    missing = [r for r in wanted if r not in needed and not pip(r)]
    print(f'Missing, and reported as such: {", ".join(missing) or "none"}', flush=True)
    return not missing


def enter(folder: Path, script: str, arguments: list[str]) -> None:
    """Runs the script again inside the environment, which is made when it is not there."""
    python = folder / 'bin' / 'python'
    stamp = folder / 'peers-stamp'
    wanted = hashlib.sha256('\n'.join(requirements()).encode()).hexdigest()
    if not python.exists():
        create(folder)
    if not stamp.exists() or stamp.read_text() != wanted:
        if install(python):
            stamp.write_text(wanted)
    environment = clean_environment()
    environment[INSIDE] = '1'
    environment['PYTHONNOUSERSITE'] = '1'
    os.execve(python, [str(python), script, *arguments], environment)
