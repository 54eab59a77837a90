"""From a cold process to the first result, and the memory that takes.

Every start is a fresh process, in alternation, with the files in the page cache. The clock runs
from after the import of the runtime, so that nobody pays for Python; the rexnet tool, which needs
no interpreter, is timed as a whole process too.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from pathlib import Path

from . import cache, control, report
from .networks import Network
from .runtime import Setting

STARTS = 9
MIB = 1 << 20
LABELS = {**report.LABELS, 'ours': 'librexnet, .pth'}


def whole_process(tool: Path, folder: Path, threads: int) -> float:
    """Milliseconds of `rexnet logits` from being started to having ended."""
    command = [tool, 'logits', '--model', folder / 'weights.safetensors',
               '--input', folder / 'input-0.f32', '--size', '224x224', '--threads', str(threads)]
    start = time.perf_counter()
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    elapsed = (time.perf_counter() - start) * 1e3
    if result.returncode:
        raise control.Failure(result.stderr.strip()[-300:])
    return elapsed


def measure_case(case: dict, args, folder: Path) -> list[dict]:
    import numpy as np
    np.load(folder / 'input.npy')[0].tofile(folder / 'input-0.f32')
    setting = Setting(1, case['threads'], args.isa)
    keys = ['ours-safetensors', *args.runtimes]
    results = {key: dict(case, runtime=key) for key in keys}
    starts: dict[str, list[dict]] = {key: [] for key in keys}
    tool = args.build / 'engine' / 'tools' / 'rexnet'
    process: list[float] = []
    for number in range(STARTS + 1):        # the first fills the page cache and does not count
        for key in keys:
            if 'reason' in results[key]:
                continue
            try:
                control.convert(key, folder, setting, args.library)
                values = control.run_once(
                    folder / f'{key}.log', 'startup', key, str(folder), *setting.words(),
                    library=args.library, **control.variables(key, setting))
                starts[key] += [values] if number else []
            except control.Failure as failure:
                results[key]['reason'] = str(failure)
        if tool.exists() and number:
            process.append(whole_process(tool, folder, case['threads']))
    for key, values in starts.items():
        if 'reason' not in results[key]:
            for field in ('open_ms', 'first_ms', 'peak'):
                results[key][field] = statistics.median(v[field] for v in values)
            results[key]['grown'] = statistics.median(v['peak'] - v['before'] for v in values)
            results[key]['first_min_ms'] = min(v['first_ms'] for v in values)
    if process:
        results['tool'] = dict(case, runtime='tool', first_ms=statistics.median(process),
                               first_min_ms=min(process))
    return list(results.values())


def measure(args) -> dict:
    outcome = {'versions': cache.versions(), 'starts': STARTS, 'results': []}
    for variant, width in args.variants:
        network = Network(variant, width)
        folder = cache.folder_of(args.cache, network)
        control.prepare(network, folder, 1)
        size = (folder / 'weights.safetensors').stat().st_size
        for threads in args.threads:
            case = dict(variant=variant, width=width, threads=threads, weights=size)
            outcome['results'] += measure_case(case, args, folder)
    return outcome


def row(result: dict) -> list[str]:
    label = ('rexnet logits, whole process' if result['runtime'] == 'tool'
             else LABELS[result['runtime']])
    where = f'{result["variant"]} x{result["width"]}, {result["threads"]} threads'
    if 'reason' in result:
        return [where, label, '-', '-', '-', '-', result['reason']]
    first = f'{result["first_ms"]:.1f} ({result["first_min_ms"]:.1f})'
    if 'peak' not in result:
        return [where, label, '', first, '', '', '']
    return [where, label, f'{result["open_ms"]:.1f}', first, f'{result["peak"] / MIB:.0f}',
            f'{result["grown"] / MIB:.1f}', f'{(result["grown"] - result["weights"]) / MIB:.1f}']


def text(outcome: dict) -> str:
    head = ['network', 'runtime', 'open, ms', 'first result, ms, median (min)', 'peak RSS, MiB',
            'grown by', 'beyond weights']
    lines = [head, *(row(result) for result in outcome['results'])]
    return (report.text_table(lines) + '\nCold processes, files in the page cache. Timed and grown '
            'from after the import of the runtime,\nexcept the whole process; "beyond weights": '
            'less the size of the weights in float32.')
