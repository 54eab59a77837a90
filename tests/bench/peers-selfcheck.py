#!/usr/bin/env python3
"""Checks of peers.py that need no package: its statistics, tables, options and sources."""

from __future__ import annotations

import compileall
import json
import math
import re
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import importlib.util  # noqa: E402

from peers import cache, control, networks, ours, report, runtime, runtimes  # noqa: E402


def load_script():
    """peers.py itself, which the package of that name hides."""
    spec = importlib.util.spec_from_file_location('peers_script', HERE / 'peers.py')
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def result(runtime: str, median: float | None, variant: str = 'rexnet', width: float = 1.0,
           **more) -> dict:
    values = dict(runtime=runtime, variant=variant, width=width, batch=1, threads=2, **more)
    if median is not None:
        values.update(median_ms=median, min_ms=median / 2, elapsed_s=1.0, others_s=0.5)
    return values


def example() -> dict:
    return {
        'machine': {'cpu': 'A CPU', 'cores': 2, 'kernel': '6.1', 'date': '2000-01-01'},
        'versions': {'openvino': '1'}, 'isa': 'auto', 'rounds': 3, 'seconds': 0.5, 'left_out': [],
        'runtimes': ['ours', 'openvino', 'mnn', 'openvino-int8'],
        'results': [
            result('ours', 4.0), result('openvino', 8.0), result('mnn', 12.0),
            result('openvino-int8', 2.0, top1=0.75),
            result('ours', 10.0, width=2.0), result('openvino', None, width=2.0, reason='broken'),
            result('mnn', 45.0, width=2.0), result('openvino-int8', None, width=2.0)]}


class Statistics(unittest.TestCase):
    def test_summary(self):
        summary = report.summarise([[3_000_000, 1_000_000], [2_000_000, 10_000_000, 4_000_000]])
        self.assertEqual(summary['median_ms'], 3.0)
        self.assertEqual(summary['min_ms'], 1.0)
        self.assertEqual(summary['p95_ms'], 10.0)
        self.assertEqual(summary['calls'], 5)
        self.assertEqual(summary['round_medians_ms'], [2.0, 4.0])

    def test_geometric_mean(self):
        self.assertAlmostEqual(report.geometric_mean([2.0, 8.0]), 4.0)

    def test_best_peer_is_float32_and_ran(self):
        rows = report.rows_of(example()['results'])[1, 2]
        self.assertEqual(report.best_peer(rows['rexnet', 1.0], 'median_ms'), ('openvino', 8.0))
        self.assertEqual(report.best_peer(rows['rexnet', 2.0], 'median_ms'), ('mnn', 45.0))
        self.assertIsNone(report.best_peer({'ours': result('ours', 1.0)}, 'median_ms'))

    def test_ratios(self):
        rows = report.rows_of(example()['results'])[1, 2]
        self.assertEqual(report.ratio(rows['rexnet', 1.0], 'median_ms'), 2.0)
        self.assertEqual(report.ratio(rows['rexnet', 1.0], 'median_ms', 'openvino-int8'), 0.5)
        self.assertIsNone(report.ratio(rows['rexnet', 2.0], 'median_ms', 'openvino'))


class OpenCl(unittest.TestCase):
    def test_others(self):
        results = [result('ours', 2.0), result('opencl', 4.0), result('tinygrad', 100.0),
                   result('opencl-f16', None, reason='broken')]
        rows = report.rows_of(results)[1, 2]
        self.assertEqual(report.beside_opencl(rows),
                         ['rexnet x1.0, librexnet, OpenCL is as fast as 0.50 x librexnet, '
                          '25.00 x tinygrad, OpenCL'])
        self.assertEqual(report.beside_opencl(
            report.rows_of(example()['results'])[1, 2]), [])

    def test_options(self):
        args = load_script().parse(['--gpu'])
        self.assertEqual(args.batch, [1, 64])
        self.assertEqual(args.variants, [('rexnet', 1.0)])
        self.assertIn('torch-gpu', args.peers)
        self.assertIn('opencl', args.peers)


class Tables(unittest.TestCase):
    def test_lines(self):
        outcome = example()
        lines = report.table_lines(report.rows_of(outcome['results'])[1, 2], outcome['runtimes'])
        self.assertEqual(len({len(line) for line in lines}), 1)
        self.assertEqual(lines[1][1], '4.00 (2.00)')
        self.assertEqual(lines[2][2], '-')
        self.assertEqual(lines[1][-4:], ['OpenVINO', '2.00', '2.00', '-'])
        mean = math.sqrt(2.0 * 4.5)
        self.assertEqual(lines[3][-3], f'{mean:.2f}')

    def test_share_of_the_peak(self):
        results = [result('ours', 4.0, peak=50.0, multiply_adds=100_000_000),
                   result('openvino', 8.0, peak=0.0)]
        self.assertEqual(report.peaks(results), {2: 50.0})
        lines = report.table_lines(report.rows_of(results)[1, 2], ['ours', 'openvino'], 50.0)
        self.assertEqual(lines[1][-1], '50 %')

    def test_load_is_told_cell_by_cell(self):
        calm = [result('ours', 4.0), *(result('mnn', 9.0, width=w) for w in range(2, 30))]
        for one in calm[1:]:
            one['others_s'] = 0.0
        lines = report.load_notes(calm)
        self.assertTrue(lines[0].endswith('0.02 cores on average.'))
        self.assertEqual(lines[1:], ['- rough, for the cores that others used: rexnet x1.0 batch 1 '
                                     '2 threads, librexnet (0.50)'])

    def test_level_is_told(self):
        outcome = dict(example(), isa='avx2', left_out=['ncnn'])
        text = report.text(outcome)
        self.assertIn('everybody held to AVX2', text)
        self.assertIn('no documented way to be held to AVX2: ncnn', text)
        self.assertNotIn('held to', report.text(example()))

    def test_notes_tell_failures_and_load(self):
        text = report.text(example())
        self.assertIn('OpenVINO (rexnet x2.0 batch 1 2 threads): broken', text)
        self.assertIn('0.50 cores on average: the figures are rough', text)
        self.assertIn('75 %', text)

    def test_markdown_replaces_what_is_between_the_marks(self):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / 'page.md'
            (begin, end), (begin2, end2) = report.marks('auto'), report.marks('avx2')
            page.write_text(f'# Above\n{begin}\nold\n{end}\n{begin2}\nkept\n{end2}\nbelow\n')
            report.write_markdown(example(), page)
            text = page.read_text()
            self.assertTrue(text.startswith('# Above\n'))
            self.assertTrue(text.endswith(f'{end}\n{begin2}\nkept\n{end2}\nbelow\n'))
            self.assertNotIn('old', text)
            report.write_markdown(dict(example(), isa='avx2'), page)
            self.assertNotIn('kept', page.read_text())
            page.write_text('no marks')
            with self.assertRaises(SystemExit):
                report.write_markdown(example(), page)


class Resuming(unittest.TestCase):
    def begin(self, path: Path, *more: str, **changed):
        script = load_script()
        args = script.parse(['--variants', 'rexnet:1.0,rexnet:2.0', '--json', str(path), *more])
        args.runtimes, args.left_out = ['ours', 'mnn'], []
        script.machine = lambda: {'cpu': 'A CPU'}
        return script, args, script.begin(args)

    def test_only_what_is_missing_is_measured(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'results.json'
            script, args, outcome = self.begin(path, '--resume')
            self.assertEqual(len(script.cases_of(args, outcome)), 2)
            outcome['results'] += [result('ours', 4.0), result('mnn', None, reason='broken')]
            script.write_json(outcome, args)
            script, args, outcome = self.begin(path, '--resume')
            self.assertEqual([c['width'] for c in script.cases_of(args, outcome)], [2.0])
            script, args, outcome = self.begin(path, '--resume', '--again', '0.4')
            self.assertEqual(len(script.cases_of(args, outcome)), 2)
            script, args, outcome = self.begin(path)
            self.assertEqual(outcome['results'], [])

    def test_the_calmer_of_two_is_kept(self):
        script = load_script()
        case = dict(variant='rexnet', width=1.0, batch=1, threads=2)
        outcome = {'results': [result('ours', 9.0, width=2.0), result('ours', 5.0)]}
        worse = dict(result('ours', 6.0), others_s=0.9)
        better = dict(result('ours', 7.0), others_s=0.0)
        script.keep_calmer(outcome, case, [worse])
        self.assertEqual([r['median_ms'] for r in outcome['results']], [9.0, 5.0])
        script.keep_calmer(outcome, case, [dict(result('ours', None), others_s=0)])
        self.assertEqual([r['median_ms'] for r in outcome['results']], [9.0, 5.0])
        script.keep_calmer(outcome, case, [better])
        self.assertEqual([r['median_ms'] for r in outcome['results']], [9.0, 7.0])

    def test_unlike_results_are_not_mixed(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'results.json'
            script, args, outcome = self.begin(path, '--resume')
            script.write_json(outcome, args)
            for option in (['--isa', 'avx2'], ['--rounds', '2'], ['--seconds', '9']):
                with self.assertRaisesRegex(SystemExit, option[0][2:]):
                    self.begin(path, '--resume', *option)
            for text, reason in ((json.dumps(dict(outcome, machine={'cpu': 'Another'})), 'Another'),
                                 ('{"results": []}', 'versions None'), ('{', 'no results')):
                path.write_text(text)
                with self.assertRaisesRegex(SystemExit, reason):
                    self.begin(path, '--resume')


class Conversions(unittest.TestCase):
    def test_a_conversion_is_used_again_until_its_recipe_changes(self):
        kind, setting = runtimes.RUNTIMES['mnn'], runtime.Setting(1, 2)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self.assertFalse(cache.is_converted(kind, folder, setting))
            kind.files(folder, setting)[0].touch()
            self.assertFalse(cache.is_converted(kind, folder, setting))
            cache.stamp(kind, folder, setting).write_text(cache.recipe(kind))
            self.assertTrue(cache.is_converted(kind, folder, setting))
            self.assertFalse(cache.is_converted(kind, folder, runtime.Setting(8, 2)))
            cache.stamp(kind, folder, setting).write_text('another')
            self.assertFalse(cache.is_converted(kind, folder, setting))

    def test_compiled_code_is_kept_apart_by_what_it_depends_on(self):
        kind = runtimes.RUNTIMES['inductor']
        names = {kind.files(Path(), runtime.Setting(b, t, isa))[0]
                 for b in (1, 8) for t in (1, 2) for isa in runtime.ISAS}
        self.assertEqual(len(names), 8)

    def test_who_can_be_held_to_avx2(self):
        held = {key for key in runtimes.PEERS if runtimes.RUNTIMES[key].can_be_held_to('avx2')}
        self.assertEqual(held, {'openvino', 'openvino-int8', 'inductor'})
        self.assertTrue(runtimes.RUNTIMES['ours'].can_be_held_to('avx2'))
        self.assertTrue(all(runtimes.RUNTIMES[key].can_be_held_to('auto')
                            for key in runtimes.PEERS))
        variables = control.variables('openvino', runtime.Setting(1, 2, 'avx2'))
        self.assertEqual(variables, {'OMP_NUM_THREADS': '2', 'ONEDNN_MAX_CPU_ISA': 'AVX2'})


class Definitions(unittest.TestCase):
    def test_hash(self):
        self.assertEqual(networks.fnv1a64(''), 0xCBF29CE484222325)
        self.assertEqual(networks.fnv1a64('a'), 0xAF63DC4C8601EC8C)

    def test_options(self):
        script = load_script()
        self.assertEqual(script.networks('rexnet:1.0,rexnet-lite:2'),
                         [('rexnet', 1.0), ('rexnet-lite', 2.0)])
        full = script.parse(['--full'])
        self.assertEqual((len(full.variants), full.batch, full.threads), (11, [1, 8], [1, 2]))
        self.assertEqual(len(script.parse(['--quick']).variants), 1)

    def test_structures_are_those_of_the_header(self):
        header = (HERE.parents[1] / 'engine/include/rexnet/rexnet.h').read_text()
        header = re.sub(r'/\*.*?\*/', '', header, flags=re.DOTALL)
        for name, kind in (('RexnetEngineOptions', ours.EngineOptions),
                           ('RexnetEngineInfo', ours.EngineInfo)):
            body = re.search(r'typedef struct\s*\{([^}]*)\}\s*' + name + ';', header)[1]
            fields = re.findall(r'(\w+)\s*[,;]', body)
            known = [field for field, _ in kind._fields_ if field != 'rest']
            self.assertEqual(fields[:len(known)], known)

    def test_sources_compile(self):
        with tempfile.TemporaryDirectory() as folder:
            sys.pycache_prefix = folder
            self.assertTrue(compileall.compile_dir(HERE / 'peers', quiet=1, force=True))
            self.assertTrue(compileall.compile_file(HERE / 'peers.py', quiet=1, force=True))
            sys.pycache_prefix = None


if __name__ == '__main__':
    unittest.main()
