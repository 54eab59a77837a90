"""What a runtime is to the comparison.

A runtime converts the network once (`convert`, in a process of its own, into files that later
runs find), and is opened in its worker for one setting: `open` returns a function that runs the
network on the images it was given and returns their logits.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Run = Callable[[], 'numpy.ndarray']  # noqa: F821

ISAS = ('auto', 'avx2')


@dataclass(frozen=True)
class Setting:
    batch: int
    threads: int
    isa: str = 'auto'     # one of ISAS: the best there is, or held to that level

    def words(self) -> list[str]:
        return [str(self.batch), str(self.threads), self.isa]

    @classmethod
    def of(cls, batch: str, threads: str, isa: str) -> Setting:
        return cls(int(batch), int(threads), isa)


class Runtime:
    key = ''
    label = ''
    module = ''           # what is imported; its absence fails the peer
    converters: tuple[str, ...] = ()    # the packages that convert
    exact = True          # float32: checked against the reference
    native = False        # what convert() makes is for this machine's CPU alone
    limits: dict[str, dict[str, str]] = {}      # environment that holds it to a level

    def load(self) -> None:
        """Imports the runtime: where the clock of --startup has not begun."""
        importlib.import_module(self.module)

    def files(self, folder: Path, setting: Setting) -> list[Path]:
        """What convert() makes."""
        return []

    def convert(self, folder: Path, setting: Setting) -> None:
        pass

    def open(self, folder: Path, inputs, setting: Setting) -> Run:
        raise NotImplementedError

    def settings(self) -> dict[str, str]:
        """What was chosen, for the report. Asked for after the first run."""
        return {}

    def based_on(self, setting: Setting) -> Setting | None:
        """What must have been converted before."""
        return None

    def peak(self, threads: int) -> float:
        """10^9 multiply-adds a second that the cores reach in registers; 0: it cannot tell."""
        return 0.0

    def can_be_held_to(self, isa: str) -> bool:
        return isa == 'auto' or isa in self.limits


def tool(*command: str) -> None:
    """Runs one of the environment's own programs; what it says is told only when it fails."""
    path = Path(sys.executable).parent / command[0]
    result = subprocess.run([str(path), *command[1:]], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise RuntimeError(f'{command[0]} failed: {result.stdout.strip()[-400:]}')


def onnx_file(folder: Path, batch: int) -> Path:
    return folder / f'b{batch}.onnx'
