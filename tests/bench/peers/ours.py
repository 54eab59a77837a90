"""librexnet, through ctypes."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from .networks import CLASSES, SIZE
from .runtime import Runtime

LATENCY, THROUGHPUT = 0, 1      # RexnetScheduling
F32, F16 = 1, 2                 # RexnetPrecision


class EngineOptions(ctypes.Structure):
    """RexnetEngineOptions of rexnet.h; the rest stays zero, which is the default."""
    _fields_ = [('device', ctypes.c_char_p), ('threads', ctypes.c_uint), ('isa', ctypes.c_int),
                ('scheduling', ctypes.c_int), ('batch', ctypes.c_uint),
                ('width', ctypes.c_uint), ('height', ctypes.c_uint), ('precision', ctypes.c_int),
                ('rest', ctypes.c_byte * 256)]


class EngineInfo(ctypes.Structure):
    """The start of RexnetEngineInfo."""
    _fields_ = [('device', ctypes.c_char_p), ('on_cpu', ctypes.c_int),
                ('fallback', ctypes.c_char_p), ('isa', ctypes.c_char_p),
                ('threads', ctypes.c_uint), ('batch', ctypes.c_uint)]


class GError(ctypes.Structure):
    _fields_ = [('domain', ctypes.c_uint32), ('code', ctypes.c_int), ('message', ctypes.c_char_p)]


class Ours(Runtime):
    key, label = 'ours', 'librexnet'
    weights = 'weights.pth'
    device = 'cpu'
    precision = F32
    limits = {'avx2': {'REXNET_ISA': 'avx2'}}
    library: ctypes.CDLL
    chosen: dict[str, str] = {}

    def load(self):
        path = os.environ.get('REXNET_LIBRARY', '')
        if not Path(path).exists():
            raise ImportError(f'no {path}: build the project, or give --build FOLDER')
        self.library = ctypes.CDLL(path)
        for name in ('rexnet_model_load', 'rexnet_engine_new', 'rexnet_engine_get_info'):
            getattr(self.library, name).restype = ctypes.c_void_p
        self.library.rexnet_cpu_peak.restype = ctypes.c_double

    def call(self, name: str, *arguments):
        error = ctypes.POINTER(GError)()
        result = getattr(self.library, name)(*arguments, ctypes.byref(error))
        if not result:
            raise RuntimeError(error.contents.message.decode() if error else f'{name} failed')
        return result

    def open(self, folder, inputs, setting):
        import numpy as np
        model = self.call('rexnet_model_load', str(folder / self.weights).encode())
        apart = setting.batch > 1 and setting.threads > 1 and self.device == 'cpu'
        options = EngineOptions(device=self.device.encode(), threads=setting.threads,
                                batch=setting.batch,
                                scheduling=THROUGHPUT if apart else LATENCY,
                                width=SIZE, height=SIZE, precision=self.precision)
        engine = ctypes.c_void_p(self.call('rexnet_engine_new', ctypes.c_void_p(model),
                                           ctypes.byref(options)))
        info = ctypes.cast(self.library.rexnet_engine_get_info(engine),
                           ctypes.POINTER(EngineInfo)).contents
        if info.fallback:
            raise RuntimeError(info.fallback.decode())
        if info.threads not in (setting.threads, 0) or info.batch != setting.batch:
            raise RuntimeError(f'asked for {setting.threads} threads and batch {setting.batch}, '
                               f'got {info.threads} and {info.batch}: has rexnet.h changed?')
        if setting.isa != 'auto' and info.isa.decode() != setting.isa:
            raise RuntimeError(f'held to {setting.isa}, it uses {info.isa.decode()}')
        self.chosen = {'device': info.device.decode(), 'isa': info.isa.decode(),
                       'scheduling': 'throughput' if apart else 'latency'}
        logits = np.empty((len(inputs), CLASSES), np.float32)
        arguments = (engine, ctypes.c_void_p(inputs.ctypes.data), ctypes.c_uint(len(inputs)),
                     ctypes.c_void_p(logits.ctypes.data))

        def run():
            self.call('rexnet_engine_run', *arguments)
            return logits
        return run

    def settings(self):
        return self.chosen

    def peak(self, threads):
        return self.library.rexnet_cpu_peak(0, ctypes.c_uint(threads))


class OursSafetensors(Ours):
    """Only of interest to --startup."""
    key, label, weights = 'ours-safetensors', 'librexnet, .safetensors', 'weights.safetensors'


class OursOpenCl(Ours):
    """On the OpenCL device that $REXNET_BENCH_DEVICE names; on PoCL it has all cores."""
    key, label, module = 'opencl', 'librexnet, OpenCL', 'ctypes'
    limits = {}
    device = os.environ.get('REXNET_BENCH_DEVICE', 'opencl')


class OursOpenClHalf(OursOpenCl):
    key, label, precision, exact = 'opencl-f16', 'librexnet, OpenCL f16', F16, False
