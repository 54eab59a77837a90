"""The child process of one runtime: python -m peers.worker ACTION...

    prepare VARIANT WIDTH FOLDER BATCH     reference, weights and ONNX into FOLDER
    convert KEY FOLDER BATCH THREADS ISA   the runtime's own files into FOLDER
    serve KEY FOLDER BATCH THREADS ISA     opens it, then answers on standard output, a JSON
                                           object a line, what standard input asks: {"seconds"}
    startup KEY FOLDER BATCH THREADS ISA   one cold start

Failures are answered as {"error"}.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path

# Runtimes print what they like: it goes to standard error, answers keep the real output.
ANSWERS = os.fdopen(os.dup(1), 'w', buffering=1)
os.dup2(2, 1)

from .networks import Network, prepare  # noqa: E402
from .runtime import Setting  # noqa: E402
from .runtimes import RUNTIMES  # noqa: E402

WARM_UP_SECONDS = 0.05


def answer(**values) -> None:
    ANSWERS.write(json.dumps(values) + '\n')


def relative_error(folder: Path, logits) -> float:
    import numpy as np
    reference = np.load(folder / 'logits.npy')[:len(logits)]
    logits = np.asarray(logits, np.float64).reshape(reference.shape)
    return float(np.abs(logits - reference).max() / np.abs(reference).max())


def top1_agreement(folder: Path, logits) -> float:
    import numpy as np
    reference = np.load(folder / 'logits.npy')[:len(logits)]
    logits = np.asarray(logits).reshape(reference.shape)
    return float((logits.argmax(1) == reference.argmax(1)).mean())


def inputs_of(folder: Path, batch: int):
    import numpy as np
    return np.ascontiguousarray(np.load(folder / 'input.npy')[:batch])


def time_slice(run, seconds: float) -> list[int]:
    """Nanoseconds of each call for as long as told, at least one, after a warm-up."""
    clock = time.perf_counter_ns
    end = clock() + int(WARM_UP_SECONDS * 1e9)
    while True:
        run()
        if clock() >= end:
            break
    times = []
    end = clock() + int(seconds * 1e9)
    while True:
        start = clock()
        run()
        stop = clock()
        times.append(stop - start)
        if stop >= end:
            return times


def serve(key: str, folder: Path, setting: Setting) -> None:
    runtime = RUNTIMES[key]
    runtime.load()
    inputs = inputs_of(folder, setting.batch)   # some runtimes only borrow it: it must stay
    run = runtime.open(folder, inputs, setting)
    logits = run()
    answer(error_relative=relative_error(folder, logits), top1=top1_agreement(folder, logits),
           settings=runtime.settings())
    for line in sys.stdin:
        answer(times=time_slice(run, json.loads(line)['seconds']),
               peak=runtime.peak(setting.threads))


def memory(field: str) -> int:
    """Bytes, from /proc: VmRSS now or VmHWM at most so far."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(field + ':'):
            return int(line.split()[1]) * 1024
    raise OSError(f'/proc/self/status has no {field}')


def startup(key: str, folder: Path, setting: Setting) -> None:
    """From a runtime that is imported to the first result."""
    runtime = RUNTIMES[key]
    inputs = inputs_of(folder, setting.batch)
    runtime.load()
    before = memory('VmRSS')
    start = time.perf_counter()
    run = runtime.open(folder, inputs, setting)
    opened = time.perf_counter()
    logits = run()
    first = time.perf_counter()
    peak = memory('VmHWM')
    answer(open_ms=(opened - start) * 1e3, first_ms=(first - start) * 1e3, before=before, peak=peak,
           error_relative=relative_error(folder, logits))


def die_with_parent() -> None:
    """A stopped worker whose parent was killed would stay for ever."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def main() -> None:
    die_with_parent()
    action, *rest = sys.argv[1:]
    try:
        if action == 'prepare':
            variant, width, folder, batch = rest
            prepare(Network(variant, float(width)), Path(folder), int(batch))
            answer(done=True)
            return
        key, folder, *words = rest
        setting = Setting.of(*words)
        if action == 'convert':
            RUNTIMES[key].load()
            RUNTIMES[key].convert(Path(folder), setting)
            answer(done=True)
        else:
            {'serve': serve, 'startup': startup}[action](key, Path(folder), setting)
    except Exception as failure:  # a peer that fails in whatever way must not end the run
        text = str(failure).strip().splitlines() or ['']
        answer(error=f'{type(failure).__name__}: {text[0][:300]}')
        sys.exit(1)


if __name__ == '__main__':
    main()
