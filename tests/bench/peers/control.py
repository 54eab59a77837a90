"""The parent's side of the workers: starts them, lets one at a time run, watches the machine."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .environment import HERE
from . import cache
from .networks import Network
from .runtime import Setting
from .runtimes import RUNTIMES

TICKS = os.sysconf('SC_CLK_TCK')


class Failure(Exception):
    """A runtime that could not do what it was asked: the reason stands in the report."""


@dataclass(frozen=True)
class Turn:
    times: list[int]        # nanoseconds of each call
    others: float           # CPU seconds that other processes used meanwhile
    elapsed: float          # seconds it took
    peak: float             # what Runtime.peak() told right after


class Child:
    """A worker and the line protocol with it."""

    def __init__(self, log: Path, *arguments: str, library: str = '', **variables: str) -> None:
        environment = dict(os.environ, PYTHONPATH=str(HERE.parent), REXNET_LIBRARY=library,
                           **variables)
        self.log = log
        with log.open('ab') as stream:
            self.process = subprocess.Popen(
                [sys.executable, '-m', 'peers.worker', *arguments], env=environment,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream, text=True, bufsize=1,
                start_new_session=True)

    def signal(self, number: int) -> None:
        """To the worker and whatever it has started."""
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def ask(self, **values) -> None:
        try:
            self.process.stdin.write(json.dumps(values) + '\n')
        except BrokenPipeError:
            raise Failure(f'died, see {self.log}') from None

    def read(self, timeout: float) -> dict:
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        if not ready:
            self.close()
            raise Failure(f'no answer within {timeout:.0f} s')
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f'died with status {self.process.wait()}, see {self.log}')
        values = json.loads(line)
        if 'error' in values:
            raise Failure(values['error'])
        return values

    def close(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def cpu_seconds(self) -> float:
        fields = Path(f'/proc/{self.process.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


def machine_busy_seconds() -> float:
    """CPU time of everything on this machine since it started, steal included."""
    user, nice, system, _, _, irq, softirq, steal = map(
        int, Path('/proc/stat').read_text().split('\n', 1)[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


class Worker(Child):
    """A runtime that holds one network open. Stopped by a signal whenever it is not its turn:
    threads that spin while they wait for work would take the cores from the one measured."""

    def __init__(self, key: str, folder: Path, setting: Setting, library: str) -> None:
        super().__init__(folder / f'{key}.log', 'serve', key, str(folder), *setting.words(),
                         library=library, **variables(key, setting))
        self.key = key

    def opened(self) -> dict:
        values = self.read(timeout=900)
        self.signal(signal.SIGSTOP)
        return values

    def time(self, seconds: float) -> Turn:
        machine, own = machine_busy_seconds(), self.cpu_seconds()
        clock = time.monotonic()
        self.signal(signal.SIGCONT)
        self.ask(seconds=seconds)
        answer = self.read(timeout=120 + 20 * seconds)
        self.signal(signal.SIGSTOP)
        elapsed = time.monotonic() - clock
        others = machine_busy_seconds() - machine - (self.cpu_seconds() - own)
        return Turn(answer['times'], max(0.0, others), elapsed, answer['peak'])


def variables(key: str, setting: Setting) -> dict[str, str]:
    """The environment of a runtime's process."""
    return {'OMP_NUM_THREADS': str(setting.threads), **RUNTIMES[key].limits.get(setting.isa, {})}


def run_once(log: Path, *arguments: str, library: str = '', **environment: str) -> dict:
    child = Child(log, *arguments, library=library, **environment)
    try:
        return child.read(timeout=900)
    finally:
        child.close()


def prepare(network: Network, folder: Path, batch: int) -> None:
    batch = max(batch, 8)               # so that another run need not start over
    done = folder / f'prepared-{batch}'
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        run_once(folder / 'prepare.log', 'prepare', network.variant, str(network.width),
                 str(folder), str(batch))
        done.touch()


def convert(key: str, folder: Path, setting: Setting, library: str) -> None:
    runtime = RUNTIMES[key]
    if cache.is_converted(runtime, folder, setting):
        return
    base = runtime.based_on(setting)
    if base:
        convert(key, folder, base, library)
    limits = runtime.limits.get(setting.isa, {}) if runtime.native else {}
    run_once(folder / f'{key}.log', 'convert', key, str(folder), *setting.words(),
             library=library, **limits)
    cache.stamp(runtime, folder, setting).write_text(cache.recipe(runtime))
