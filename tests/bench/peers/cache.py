"""Which of the files that earlier runs made can be used again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import platform
from collections.abc import Iterable
from pathlib import Path

from .environment import HERE, REPOSITORY, name_of, requirements
from .networks import Network
from .runtime import Runtime, Setting

# What networks.prepare() is done with.
PREPARERS = ('torch', 'numpy', 'onnx', 'onnxscript', 'safetensors')


def versions() -> dict[str, str]:
    found = {}
    for name in map(name_of, requirements()):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


def cpu_name() -> str:
    lines = Path('/proc/cpuinfo').read_text().splitlines()
    return next((line.split(':', 1)[1].strip() for line in lines
                 if line.startswith('model name')), platform.machine())


def digest(parts: Iterable[str]) -> str:
    return hashlib.sha256('\n'.join(parts).encode()).hexdigest()[:10]


def folder_of(cache: Path, network: Network) -> Path:
    """Another one whenever what all runtimes start from may have changed."""
    sources = (HERE / 'networks.py', REPOSITORY / 'models' / 'rexnet.py')
    known = versions()
    key = digest([*(source.read_text() for source in sources),
                  *(f'{name} {known.get(name)}' for name in PREPARERS)])
    return cache / key / str(network)


def recipe(runtime: Runtime) -> str:
    """Changes with whatever could change what runtime.convert() makes."""
    known = versions()
    kind = type(runtime)
    return digest([*(inspect.getsource(getattr(kind, name)) for name in ('files', 'convert')),
                   *(f'{name} {known.get(name)}' for name in runtime.converters),
                   cpu_name() if runtime.native else ''])


def stamp(runtime: Runtime, folder: Path, setting: Setting) -> Path:
    """A file that holds the recipe of a conversion that came to its end."""
    return folder / f'{runtime.key}-{runtime.files(folder, setting)[0].name}.done'


def is_converted(runtime: Runtime, folder: Path, setting: Setting) -> bool:
    files = runtime.files(folder, setting)
    if not files:
        return True
    done = stamp(runtime, folder, setting)
    return (done.exists() and done.read_text() == recipe(runtime)
            and all(file.exists() for file in files))
