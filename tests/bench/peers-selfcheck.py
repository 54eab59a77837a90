#!/usr/bin/env python3
"""Checks of peers.py that need no package: its statistics, tables, options and sources."""

from __future__ import annotations

import compileall
import math
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import importlib.util  # noqa: E402

from peers import networks, report  # noqa: E402


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
        values.update(median_ms=median, min_ms=median / 2)
    return values


def example() -> dict:
    return {
        'machine': {'cpu': 'A CPU', 'cores': 2, 'kernel': '6.1', 'date': '2000-01-01'},
        'versions': {'openvino': '1'}, 'rounds': 3, 'seconds': 0.5, 'others_cores': 0.5,
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
        self.assertEqual(lines[1][-3:], ['OpenVINO', '2.00', '2.00'])
        mean = math.sqrt(2.0 * 4.5)
        self.assertEqual(lines[3][-2], f'{mean:.2f}')

    def test_notes_tell_failures_and_load(self):
        text = report.text(example())
        self.assertIn('OpenVINO (rexnet x2.0 batch 1 2 threads): broken', text)
        self.assertIn('0.50 cores on average: the figures are rough', text)
        self.assertIn('75 %', text)

    def test_markdown_replaces_what_is_between_the_marks(self):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / 'page.md'
            page.write_text(f'# Above\n{report.BEGIN}\nold\n{report.END}\nbelow\n')
            report.write_markdown(example(), page)
            text = page.read_text()
            self.assertTrue(text.startswith('# Above\n'))
            self.assertTrue(text.endswith(f'{report.END}\nbelow\n'))
            self.assertNotIn('old', text)
            page.write_text('no marks')
            with self.assertRaises(SystemExit):
                report.write_markdown(example(), page)


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

    def test_sources_compile(self):
        with tempfile.TemporaryDirectory() as folder:
            sys.pycache_prefix = folder
            self.assertTrue(compileall.compile_dir(HERE / 'peers', quiet=1, force=True))
            self.assertTrue(compileall.compile_file(HERE / 'peers.py', quiet=1, force=True))
            sys.pycache_prefix = None


if __name__ == '__main__':
    unittest.main()
