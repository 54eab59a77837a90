"""Statistics, tables and the plot."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from pathlib import Path

from .runtimes import RUNTIMES

LABELS = {key: runtime.label for key, runtime in RUNTIMES.items()}
LEVELS = {'avx2': 'AVX2'}
ROUGH = 0.05          # cores that others used: above, a figure is rough


def summarise(rounds: list[list[int]]) -> dict:
    """Milliseconds of all calls, given nanoseconds of each call round by round."""
    times = sorted(t / 1e6 for one in rounds for t in one)
    return {'median_ms': statistics.median(times), 'min_ms': times[0],
            'p95_ms': times[min(len(times) - 1, math.ceil(0.95 * len(times)) - 1)],
            'calls': len(times),
            'round_medians_ms': [statistics.median(one) / 1e6 for one in rounds]}


def geometric_mean(values: Iterable[float]) -> float:
    return math.exp(statistics.fmean(math.log(value) for value in values))


def best_peer(row: dict[str, dict], field: str) -> tuple[str, float] | None:
    """The fastest of the float32 peers that ran, and its time."""
    times = [(result[field], key) for key, result in row.items()
             if key != 'ours' and RUNTIMES[key].exact and field in result]
    return (min(times)[1], min(times)[0]) if times else None


def ratio(row: dict[str, dict], field: str, peer: str | None = None) -> float | None:
    """How many times as fast as a peer, or as the best one, ours is."""
    if field not in row.get('ours', {}):
        return None
    if peer is None:
        best = best_peer(row, field)
        return best[1] / row['ours'][field] if best else None
    return row[peer][field] / row['ours'][field] if field in row.get(peer, {}) else None


def rows_of(results: list[dict]) -> dict[tuple, dict[tuple, dict[str, dict]]]:
    """results[batch, threads][variant, width][runtime]"""
    rows: dict[tuple, dict[tuple, dict[str, dict]]] = {}
    for result in sorted(results, key=lambda r: (r['variant'], r['width'])):
        case = rows.setdefault((result['batch'], result['threads']), {})
        case.setdefault((result['variant'], result['width']), {})[result['runtime']] = result
    return rows


def cell(result: dict | None) -> str:
    if result is None or 'median_ms' not in result:
        return '-'
    return f'{result["median_ms"]:.2f} ({result["min_ms"]:.2f})'


def times(value: float | None) -> str:
    return '-' if value is None else f'{value:.2f}'


def peaks(results: list[dict]) -> dict[int, float]:
    """By threads, the most that was measured: 10^9 multiply-adds a second."""
    found: dict[int, float] = {}
    for result in results:
        threads = result['threads']
        found[threads] = max(found.get(threads, 0.0), result.get('peak', 0.0))
    return found


def of_peak(result: dict | None, peak: float) -> str:
    if not result or not peak or 'median_ms' not in result or 'multiply_adds' not in result:
        return '-'
    rate = result['multiply_adds'] * result['batch'] / result['median_ms'] / 1e6
    return f'{100 * rate / peak:.0f} %'


def table_lines(networks: dict[tuple, dict[str, dict]], runtimes: list[str],
                peak: float = 0.0) -> list[list[str]]:
    lines = [['network', *(LABELS[r] for r in runtimes), 'best peer', 'of medians', 'of minima',
              'ours, of the peak']]
    for (variant, width), row in networks.items():
        best = best_peer(row, 'median_ms')
        lines.append([f'{variant} x{width}', *(cell(row.get(r)) for r in runtimes),
                      LABELS[best[0]] if best else '-',
                      times(ratio(row, 'median_ms')), times(ratio(row, 'min_ms')),
                      of_peak(row.get('ours'), peak)])
    for variant in dict.fromkeys(variant for variant, _ in networks):
        group = [row for (v, _), row in networks.items() if v == variant]

        def mean(field: str, peer: str | None = None) -> str:
            known = [r for r in (ratio(row, field, peer) for row in group) if r is not None]
            return times(geometric_mean(known) if known else None)
        lines.append([f'{variant}, ratio to ours', *(mean('median_ms', r) for r in runtimes), '',
                      mean('median_ms'), mean('min_ms'), ''])
    return lines


def text_table(lines: list[list[str]]) -> str:
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return '\n'.join('  '.join(word.rjust(width) if i else word.ljust(width)
                               for i, (word, width) in enumerate(zip(line, widths)))
                     for line in lines)


def markdown_table(lines: list[list[str]]) -> str:
    rule = ['---', *['---:'] * (len(lines[0]) - 1)]
    return '\n'.join(f'| {" | ".join(line)} |' for line in (lines[0], rule, *lines[1:]))


def title(report: dict, batch: int, threads: int) -> str:
    level = f', everybody held to {LEVELS[report["isa"]]}' if report['isa'] in LEVELS else ''
    return (f'Batch {batch}, {threads} thread{"s" if threads > 1 else ""}{level}: ms a call, '
            'median (minimum), and how many times as fast as the best float32 peer ours is')


def others_cores(results: list[dict]) -> float:
    """How many cores other processes used on average while these were timed."""
    elapsed = sum(result.get('elapsed_s', 0.0) for result in results)
    return sum(result.get('others_s', 0.0) for result in results) / elapsed if elapsed else 0.0


def worst_load(results: list[dict]) -> float:
    return max((others_cores([result]) for result in results), default=0.0)


def place(result: dict) -> str:
    return (f'{result["variant"]} x{result["width"]} batch {result["batch"]} '
            f'{result["threads"]} thread{"s" if result["threads"] > 1 else ""}')


def load_notes(results: list[dict]) -> list[str]:
    average = others_cores(results)
    lines = [f'Meanwhile other processes used {average:.2f} cores on average'
             + ('.' if average < ROUGH else ': the figures are rough.')]
    rough = [f'{place(result)}, {LABELS[result["runtime"]]} ({others_cores([result]):.2f})'
             for result in results if others_cores([result]) >= ROUGH]
    if rough and average < ROUGH:
        lines.append(f'- rough, for the cores that others used: {"; ".join(rough)}')
    return lines


def notes(report: dict) -> list[str]:
    machine = report['machine']
    versions = ', '.join(f'{name} {version}' for name, version in report['versions'].items())
    lines = [f'{machine["cpu"]}, {machine["cores"]} cores, Linux {machine["kernel"]}, '
             f'{machine["date"]}; {report["rounds"]} rounds of {report["seconds"]:g} s each; '
             f'{versions}.', *load_notes(report['results'])]
    known = [f'{peak:.1f} on {threads} thread{"s" if threads > 1 else ""}'
             for threads, peak in sorted(peaks(report['results']).items()) if peak]
    if known:
        lines.append(f'The peak, in 10^9 multiply-adds a second: {", ".join(known)}.')
    if report['left_out']:
        lines.append(f'Left out, as they have no documented way to be held to '
                     f'{LEVELS[report["isa"]]}: '
                     f'{", ".join(LABELS[key] for key in report["left_out"])}.')
    failures: dict[tuple[str, str], list[str]] = {}
    for result in report['results']:
        if 'reason' in result:
            failures.setdefault((result['runtime'], result['reason']), []).append(place(result))
    for (runtime, reason), where in failures.items():
        more = f' and {len(where) - 1} more' if len(where) > 1 else ''
        lines.append(f'- in {LABELS[runtime]} ({where[0]}{more}): {reason}')
    agreement = [r['top1'] for r in report['results'] if r['runtime'] == 'openvino-int8'
                 and 'top1' in r]
    if agreement:
        lines.append(f'int8 names the same best class in {100 * statistics.fmean(agreement):.0f} % '
                     'of the inputs.')
    return lines


def beside_opencl(networks: dict[tuple, dict[str, dict]]) -> list[str]:
    """How the OpenCL backend compares with each of the others, where it was timed."""
    lines = []
    for (variant, width), row in networks.items():
        for key in ('opencl', 'opencl-f16'):
            own = row.get(key, {}).get('median_ms')
            others = [f'{result["median_ms"] / own:.2f} x {LABELS[other]}'
                      for other, result in row.items()
                      if own and not other.startswith('opencl') and 'median_ms' in result]
            if others:
                lines.append(f'{variant} x{width}, {LABELS[key]} is as fast as {", ".join(others)}')
    return lines


def tables(report: dict) -> dict[tuple[int, int], list[list[str]]]:
    """Cells by batch and threads."""
    known = peaks(report['results'])
    return {case: table_lines(networks, report['runtimes'], known[case[1]])
            for case, networks in sorted(rows_of(report['results']).items())}


def text(report: dict) -> str:
    rows = rows_of(report['results'])
    parts = ['\n'.join([title(report, *case), text_table(lines), *beside_opencl(rows[case])])
             for case, lines in tables(report).items()]
    return '\n\n'.join([*parts, '\n'.join(notes(report))])


def marks(isa: str) -> tuple[str, str]:
    """Between which a page holds the tables of this level."""
    command = f'peers.py --isa {isa}' if isa in LEVELS else 'peers.py'
    return f'<!-- {command} writes below -->', f'<!-- {command} writes above -->'


def write_markdown(report: dict, path: Path) -> None:
    """Between the two marks of an existing page, else as a page of its own."""
    parts = [f'{title(report, *case)}:\n\n{markdown_table(lines)}'
             for case, lines in tables(report).items()]
    begin, end = marks(report['isa'])
    body = '\n\n'.join([*parts, *notes(report)])
    before, after = '', '\n'
    if path.exists():
        page = path.read_text()
        if begin not in page or end not in page:
            raise SystemExit(f'peers.py: {path} lacks the marks {begin} and {end}')
        before, after = page.split(begin)[0], page.split(end)[1]
    path.write_text(f'{before}{begin}\n\n{body}\n\n{end}{after}')


def plot(report: dict, path: Path) -> None:
    """How many times ours each runtime takes, by network: batch 1 at the most threads timed."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    cases = rows_of(report['results'])
    batch = min(batch for batch, _ in cases)
    threads = max(threads for b, threads in cases if b == batch)
    networks = {key: row for key, row in cases[batch, threads].items()
                if 'median_ms' in row.get('ours', {})}
    if not networks:
        print(f'No plot: librexnet has no time at batch {batch}, {threads} threads')
        return
    runtimes = report['runtimes']
    figure, axes = pyplot.subplots(figsize=(max(7, 1.3 * len(networks) + 1.5), 4.6),
                                   layout='constrained')
    colours = dict(zip(RUNTIMES, ['#1b1b1b', *pyplot.get_cmap('tab10').colors]))
    colours['openvino-int8'] = colours['openvino']
    for i, runtime in enumerate(runtimes):
        drawn = [(n, ratio(row, 'median_ms', runtime), row[runtime]['median_ms'])
                 for n, row in enumerate(networks.values())
                 if ratio(row, 'median_ms', runtime) is not None]
        step = 0.86 / len(runtimes)
        at = [n + (i - (len(runtimes) - 1) / 2) * step for n, _, _ in drawn]
        bars = axes.bar(at, [height for _, height, _ in drawn], step * 0.92,
                        label=LABELS[runtime], color=colours[runtime],
                        hatch='//' if runtime == 'openvino-int8' else None,
                        edgecolor='white', linewidth=0)
        axes.bar_label(bars, [f'{ms:.3g}' for _, _, ms in drawn], rotation=90, fontsize=7,
                       padding=2)
    axes.set_xticks(range(len(networks)), [f'{variant}\nx{width}' for variant, width in networks],
                    fontsize=8)
    axes.axhline(1, color='#1b1b1b', linewidth=0.8)
    axes.margins(y=0.12)
    axes.set_ylabel('time as a multiple of librexnet’s')
    axes.set_title(f'{report["machine"]["cpu"]}, batch {batch}, {threads} '
                   f'thread{"s" if threads > 1 else ""}; median ms above each bar, '
                   'lower is better', fontsize=9)
    axes.spines[['top', 'right']].set_visible(False)
    axes.legend(fontsize=8, frameon=False, ncols=len(runtimes), loc='upper center',
                bbox_to_anchor=(0.5, -0.12), columnspacing=1.2, handlelength=1.2)
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
