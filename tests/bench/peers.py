#!/usr/bin/env python3
"""The same ReXNet, with the same weights, on librexnet and on the runtimes people use instead.

One command: makes a virtual environment with the peers from PyPI, checks that all of them compute
the same logits, times them in alternation, and prints medians, minima and ratios.

    tests/bench/peers.py                  a few networks, batch 1, 2 threads
    tests/bench/peers.py --full           every network, batch 1 and 8, 1 and 2 threads
    tests/bench/peers.py --isa avx2       everybody held to AVX2
    tests/bench/peers.py --quick          does it work? no figure worth quoting
    tests/bench/peers.py --peers opencl,tinygrad    the OpenCL backend
    tests/bench/peers.py --gpu            the OpenCL backend against PyTorch and ONNX Runtime on a GPU
    tests/bench/peers.py --startup        from a cold process to the first result, and memory
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from peers import cache, control, environment, report, startup
from peers.networks import WIDTHS, Network
from peers.runtime import ISAS, Setting
from peers.runtimes import GPU, OPENCL, PEERS, RUNTIMES

SOME = ('rexnet:1.0', 'rexnet:2.0', 'rexnet-lite:1.0')
TOLERANCE = 1e-3      # of the largest logit


def integers(text: str) -> list[int]:
    values = [int(word) for word in text.split(',')]
    if min(values) < 1:
        raise argparse.ArgumentTypeError(f'{text}: each must be at least 1')
    return values


def networks(text: str) -> list[tuple[str, float]]:
    chosen = []
    for word in text.split(','):
        variant, _, width = word.partition(':')
        if variant not in WIDTHS:
            raise argparse.ArgumentTypeError(
                f'{word}: not {" or ".join(WIDTHS)}, or one of them with :WIDTH')
        chosen += [(variant, float(width))] if width else [(variant, w) for w in WIDTHS[variant]]
    return chosen


def peer_list(text: str) -> list[str]:
    words = text.split(',')
    for word in words:
        if word not in PEERS + OPENCL:
            raise argparse.ArgumentTypeError(f'{word}: not one of {", ".join(PEERS + OPENCL)}')
    return words


def parse(arguments: list[str]) -> argparse.Namespace:
    build = environment.REPOSITORY / 'build'
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add('--variants', type=networks, metavar='LIST',
        help='rexnet, rexnet-lite, or with a width: rexnet:1.0; default ' + ','.join(SOME))
    add('--threads', type=integers, metavar='LIST', help='default 2; 1,2 with --full')
    add('--batch', type=integers, metavar='LIST', help='default 1; 1,8 with --full')
    add('--peers', type=peer_list, metavar='LIST',
        help=f'default {",".join(PEERS)}; also {",".join(OPENCL)}')
    add('--isa', choices=ISAS, default='auto',
        help='hold everybody to this instruction set and leave out who cannot be held; default '
             'auto, the best that each knows')
    add('--rounds', type=int, metavar='N', help='default 7; 5 with --full')
    add('--seconds', type=float, metavar='S', help='of one runtime in one round; default 0.4; 0.3 with --full')
    add('--full', action='store_true', help='the whole matrix')
    add('--quick', action='store_true', help='rexnet:1.0, 2 rounds of 0.1 s')
    add('--gpu', action='store_true',
        help=f'rexnet:1.0 at batch 1 and 64, peers {",".join(GPU)}')
    add('--prepare', action='store_true', help='only install and convert, for a later run')
    add('--startup', action='store_true', help='start-up time and memory instead of speed')
    add('--json', type=Path, metavar='FILE',
        help='everything that was measured, written after each case')
    add('--resume', action='store_true',
        help='go on from --json: measure what it lacks, report all of it')
    add('--again', type=float, metavar='CORES', default=math.inf,
        help='with --resume: measure again where other processes used more than CORES cores')
    add('--minutes', type=float, metavar='M', default=math.inf,
        help='begin no case that is not expected to end by then')
    add('--plot', type=Path, metavar='PNG')
    add('--markdown', type=Path, metavar='FILE',
        help='the tables, between the marks of a page such as docs/peers.md')
    add('--build', type=Path, metavar='FOLDER', default=build,
        help='where the project was built; default build')
    add('--venv', type=Path, metavar='FOLDER', default=build / 'peers-venv',
        help='default build/peers-venv')
    add('--cache', type=Path, metavar='FOLDER', default=build / 'peers-cache',
        help='converted networks; default build/peers-cache')
    args = parser.parse_args(arguments)
    args.venv, args.cache, args.build = (p.absolute() for p in (args.venv, args.cache, args.build))
    if args.full and args.quick:
        parser.error('--full or --quick, not both')
    if args.resume and not args.json:
        parser.error('--resume needs --json FILE')
    several = networks(','.join(WIDTHS)) if args.full else networks(','.join(SOME))
    args.variants = args.variants or (several[:1] if args.quick or args.gpu else several)
    args.threads = args.threads or ([1, 2] if args.full else [2])
    args.batch = args.batch or ([1, 64] if args.gpu else [1, 8] if args.full else [1])
    args.peers = args.peers or (['onnxruntime', 'openvino'] if args.startup
                                else GPU if args.gpu else PEERS)
    rounds, seconds = (2, 0.1) if args.quick else (5, 0.3) if args.full else (7, 0.4)
    args.rounds, args.seconds = args.rounds or rounds, args.seconds or seconds
    if args.rounds < 1 or args.seconds <= 0:
        parser.error('--rounds and --seconds must be above 0')
    return args


def machine() -> dict:
    return {'cpu': cache.cpu_name(), 'cores': len(os.sched_getaffinity(0)),
            'kernel': platform.release().split('-')[0],
            'date': datetime.now(timezone.utc).strftime('%Y-%m-%d')}


def open_workers(case: dict, args: argparse.Namespace, folder: Path, workers: dict,
                 results: dict[str, dict]) -> None:
    """Fills workers with those that computed the right logits; the rest get a reason."""
    setting = Setting(case['batch'], case['threads'], args.isa)
    for key in args.runtimes:
        results[key] = dict(case, runtime=key)
        try:
            control.convert(key, folder, setting, args.library)
            workers[key] = control.Worker(key, folder, setting, args.library)
            results[key].update(workers[key].opened())
            error = results[key]['error_relative']
            if RUNTIMES[key].exact and not error <= TOLERANCE:
                raise control.Failure(f'logits differ by {error:.1e} of the largest')
        except control.Failure as failure:
            results[key]['reason'] = str(failure)
            if key in workers:
                workers.pop(key).close()


def time_case(case: dict, args: argparse.Namespace, folder: Path) -> list[dict]:
    """All runtimes on one network, batch and thread count, in alternation."""
    results: dict[str, dict] = {}
    workers: dict[str, control.Worker] = {}
    turns: dict[str, list[control.Turn]] = {key: [] for key in args.runtimes}
    try:
        open_workers(case, args, folder, workers, results)
        for number in range(args.rounds):
            order = list(workers)
            shift = number % max(1, len(order))
            for key in order[shift:] + order[:shift]:
                try:
                    turns[key].append(workers[key].time(args.seconds))
                except control.Failure as failure:
                    results[key]['reason'] = str(failure)
                    workers.pop(key).close()
    finally:
        for worker in workers.values():
            worker.close()
    for key in workers:
        results[key].update(report.summarise([turn.times for turn in turns[key]]),
                            elapsed_s=sum(turn.elapsed for turn in turns[key]),
                            others_s=sum(turn.others for turn in turns[key]),
                            peak=max(turn.peak for turn in turns[key]))
    return list(results.values())


def show(case: dict, results: list[dict], progress: str) -> None:
    words = [f'{report.LABELS[r["runtime"]]} '
             + (f'{r["median_ms"]:.2f}' if 'median_ms' in r else '-') for r in results]
    print(f'{progress} {case["variant"]} x{case["width"]}, batch {case["batch"]}, '
          f'{case["threads"]} threads: {", ".join(words)}', flush=True)
    for result in results:
        if 'reason' in result:
            print(f'    {report.LABELS[result["runtime"]]}: {result["reason"]}', flush=True)


def begin(args: argparse.Namespace) -> dict:
    """What was measured before, with --resume, or an outcome without results."""
    outcome = {'machine': machine(), 'versions': cache.versions(), 'isa': args.isa,
               'rounds': args.rounds, 'seconds': args.seconds, 'runtimes': args.runtimes,
               'left_out': args.left_out, 'results': []}
    if not (args.resume and args.json.exists()):
        return outcome
    try:
        earlier = json.loads(args.json.read_text())
    except ValueError as error:
        sys.exit(f'peers.py: {args.json} holds no results: {error}')
    for name in ('versions', 'isa', 'rounds', 'seconds', 'runtimes'):
        if earlier.get(name) != outcome[name]:
            sys.exit(f'peers.py: {args.json} was measured with {name} {earlier.get(name)}, not '
                     f'{outcome[name]}: give another --json, or leave out --resume')
    if earlier['machine']['cpu'] != outcome['machine']['cpu']:
        sys.exit(f'peers.py: {args.json} was measured on {earlier["machine"]["cpu"]}')
    return earlier


def cases_of(args: argparse.Namespace, outcome: dict) -> list[dict]:
    """Those that the outcome lacks, or that others disturbed."""
    known = [result for result in outcome['results']
             if report.others_cores([result]) <= args.again]
    disturbed = [result for result in outcome['results'] if result not in known]
    cases = [dict(variant=variant, width=width, batch=batch, threads=threads)
             for variant, width in args.variants for batch in args.batch
             for threads in args.threads]
    return [case for case in cases
            if not any(case.items() <= result.items() for result in known)
            or any(case.items() <= result.items() for result in disturbed)]


def keep_calmer(outcome: dict, case: dict, results: list[dict]) -> None:
    """Adds a case's results, or puts them in the place of ones that others disturbed more."""
    def badness(some: list[dict]) -> tuple[int, float]:
        return -sum('median_ms' in result for result in some), report.worst_load(some)

    earlier = [result for result in outcome['results'] if case.items() <= result.items()]
    if not earlier or badness(results) < badness(earlier):
        outcome['results'] = [r for r in outcome['results'] if r not in earlier] + results


def compare(args: argparse.Namespace) -> dict:
    outcome = begin(args)
    cases = cases_of(args, outcome)
    started = time.monotonic()
    longest = 0.0
    try:
        for number, case in enumerate(cases, 1):
            begun = time.monotonic()
            if number > 1 and begun - started + longest > args.minutes * 60:
                print(f'{len(cases) - number + 1} cases are left for --resume', flush=True)
                break
            network = Network(case['variant'], case['width'])
            folder = cache.folder_of(args.cache, network)
            control.prepare(network, folder, max(args.batch))
            case['multiply_adds'] = int((folder / 'multiply-adds').read_text())
            results = time_case(case, args, folder)
            keep_calmer(outcome, case, results)
            write_json(outcome, args)
            now = time.monotonic()
            longest = max(longest, now - begun)
            show(case, results, f'[{number}/{len(cases)}, {(now - started) / 60:.0f} min, '
                                f'{(now - started) / number * (len(cases) - number) / 60:.0f} '
                                'to go]')
    except KeyboardInterrupt:
        print('Interrupted: what follows is what there is', flush=True)
    return outcome


def prepare(args: argparse.Namespace) -> None:
    """What compare() would do on the way."""
    for variant, width in args.variants:
        network = Network(variant, width)
        folder = cache.folder_of(args.cache, network)
        control.prepare(network, folder, max(args.batch))
        for key in args.runtimes:
            for setting in [Setting(batch, threads, args.isa)
                            for batch in args.batch for threads in args.threads]:
                try:
                    control.convert(key, folder, setting, args.library)
                except control.Failure as failure:
                    print(f'{variant} x{width}, {report.LABELS[key]}: {failure}', flush=True)
        print(f'{variant} x{width} is converted', flush=True)


def write_json(outcome: dict, args: argparse.Namespace) -> None:
    if args.json:
        part = args.json.with_name(args.json.name + '.part')
        part.write_text(json.dumps(outcome, indent=1) + '\n')
        part.replace(args.json)


def write(outcome: dict, args: argparse.Namespace) -> None:
    write_json(outcome, args)
    if args.markdown:
        report.write_markdown(outcome, args.markdown)
    if args.plot:
        report.plot(outcome, args.plot)


def main() -> int:
    args = parse(sys.argv[1:])
    args.library = str(args.build / 'engine' / 'librexnet.so')
    if not os.path.exists(args.library):
        sys.exit(f'peers.py: no {args.library}: build the project first, or give --build FOLDER')
    if environment.INSIDE not in os.environ:
        environment.enter(args.venv, os.path.abspath(__file__), sys.argv[1:])
    args.left_out = [key for key in args.peers if not RUNTIMES[key].can_be_held_to(args.isa)]
    args.runtimes = ['ours', *(key for key in args.peers if key not in args.left_out)]
    if args.prepare:
        prepare(args)
        return 0
    if args.startup:
        outcome = startup.measure(args)
        print(startup.text(outcome))
        write_json(outcome, args)
        return 0
    outcome = compare(args)
    if not outcome['results']:
        return 1
    print('\n' + report.text(outcome))
    write(outcome, args)
    return 0 if any('median_ms' in r for r in outcome['results']) else 1


if __name__ == '__main__':
    sys.exit(main())
