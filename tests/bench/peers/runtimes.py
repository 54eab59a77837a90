"""Each runtime at its best settings for latency in float32.

A runtime converts the network once (`convert`, in a process of its own, into files that later
runs find), and is opened in its worker for one batch and thread count: `open` returns a function
that runs the network on the images it was given and returns their logits.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .networks import CLASSES, SIZE, images, with_batch

Run = Callable[[], 'numpy.ndarray']  # noqa: F821


class Runtime:
    key = ''
    label = ''
    module = ''           # what is imported; its absence fails the peer
    package = ''          # whose version is reported
    exact = True          # float32: checked against the reference

    def load(self) -> None:
        """Imports the runtime: where the clock of --startup has not begun."""
        importlib.import_module(self.module)

    def files(self, folder: Path, batch: int) -> list[Path]:
        """What convert() makes."""
        return []

    def convert(self, folder: Path, batch: int) -> None:
        pass

    def open(self, folder: Path, inputs, threads: int) -> Run:
        raise NotImplementedError

    def settings(self) -> dict[str, str]:
        """What was chosen, for the report."""
        return {}


def tool(*command: str) -> None:
    """Runs one of the environment's own programs; what it says is told only when it fails."""
    path = Path(sys.executable).parent / command[0]
    result = subprocess.run([str(path), *command[1:]], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise RuntimeError(f'{command[0]} failed: {result.stdout.strip()[-400:]}')


def onnx_file(folder: Path, batch: int) -> Path:
    return folder / f'b{batch}.onnx'


class OnnxRuntime(Runtime):
    key, label, module, package = 'onnxruntime', 'ONNX Runtime', 'onnxruntime', 'onnxruntime'

    def files(self, folder, batch):
        return [onnx_file(folder, batch)]

    def convert(self, folder, batch):
        with_batch(folder / 'b1.onnx', onnx_file(folder, batch), batch)

    def open(self, folder, inputs, threads):
        import numpy as np
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry('session.intra_op.allow_spinning', '1')
        session = ort.InferenceSession(str(onnx_file(folder, len(inputs))), options,
                                       providers=['CPUExecutionProvider'])
        binding = session.io_binding()
        logits = np.empty((len(inputs), CLASSES), np.float32)
        binding.bind_cpu_input('input', inputs)
        result = ort.OrtValue.ortvalue_from_numpy(logits)
        binding.bind_ortvalue_output('logits', result)

        def run():
            session.run_with_iobinding(binding)
            return result.numpy()
        return run

    def settings(self):
        return {'graph optimisation': 'all', 'spinning': 'on', 'I/O': 'bound'}


class OpenVino(Runtime):
    key, label, module, package = 'openvino', 'OpenVINO', 'openvino', 'openvino'

    def model(self, folder, batch):
        return onnx_file(folder, batch)

    def files(self, folder, batch):
        return [self.model(folder, batch)]

    def convert(self, folder, batch):
        with_batch(folder / 'b1.onnx', self.model(folder, batch), batch)

    def open(self, folder, inputs, threads):
        import openvino
        compiled = openvino.Core().compile_model(str(self.model(folder, len(inputs))), 'CPU', {
            'PERFORMANCE_HINT': 'LATENCY', 'NUM_STREAMS': 1, 'INFERENCE_NUM_THREADS': threads,
            'INFERENCE_PRECISION_HINT': 'f32'})
        request = compiled.create_infer_request()
        request.set_input_tensor(openvino.Tensor(inputs, shared_memory=True))

        def run():
            request.infer()
            return request.get_output_tensor().data
        return run

    def settings(self):
        return {'hint': 'latency', 'streams': '1', 'precision': 'f32'}


class OpenVinoInt8(OpenVino):
    key, label, exact = 'openvino-int8', 'OpenVINO int8', False
    CALIBRATION_IMAGES = 32

    def model(self, folder, batch):
        return folder / f'int8-b{batch}.xml'

    def load(self):
        super().load()
        if importlib.util.find_spec('nncf') is None:
            raise ImportError('nncf is not installed')

    def convert(self, folder, batch):
        import nncf
        import openvino
        data = [i[None] for i in images(self.CALIBRATION_IMAGES, 1000)]
        quantized = nncf.quantize(
            openvino.Core().read_model(str(folder / 'b1.onnx')), nncf.Dataset(data),
            preset=nncf.QuantizationPreset.MIXED, subset_size=len(data))
        quantized.reshape([batch, 3, SIZE, SIZE])
        openvino.save_model(quantized, str(self.model(folder, batch)), compress_to_fp16=False)

    def settings(self):
        return {**super().settings(), 'quantisation': 'nncf, after training, mixed preset'}


class Mnn(Runtime):
    key, label, module, package = 'mnn', 'MNN', 'MNN', 'MNN'

    def model(self, folder, batch):
        return folder / f'b{batch}.mnn'

    def files(self, folder, batch):
        return [self.model(folder, batch)]

    def convert(self, folder, batch):
        source = folder / f'mnn-b{batch}.onnx'
        with_batch(folder / 'b1.onnx', source, batch)
        tool('mnnconvert', '-f', 'ONNX', '--modelFile', str(source),
             '--MNNModel', str(self.model(folder, batch)), '--bizCode', 'rexnet')
        source.unlink()

    def open(self, folder, inputs, threads):
        import MNN
        import numpy as np
        interpreter = MNN.Interpreter(str(self.model(folder, len(inputs))))
        session = interpreter.createSession({
            'backend': 'CPU', 'numThread': threads, 'precision': 'high', 'memory': 'high',
            'power': 'high'})
        source, result = interpreter.getSessionInput(session), interpreter.getSessionOutput(session)
        host = [MNN.Tensor(a.shape, MNN.Halide_Type_Float, a, MNN.Tensor_DimensionType_Caffe)
                for a in (inputs, np.zeros((len(inputs), CLASSES), np.float32))]

        def run():
            source.copyFrom(host[0])
            interpreter.runSession(session)
            result.copyToHostTensor(host[1])
            return np.asarray(host[1].getNumpyData())
        return run

    def settings(self):
        return {'precision': 'high', 'memory': 'high', 'power': 'high'}


class Ncnn(Runtime):
    key, label, module, package = 'ncnn', 'ncnn', 'ncnn', 'ncnn'

    def files(self, folder, batch):
        return [folder / 'pnnx.ncnn.param', folder / 'pnnx.ncnn.bin']

    def convert(self, folder, batch):
        tool('pnnx', str(folder / 'b1.onnx'), f'inputshape=[1,3,{SIZE},{SIZE}]f32', 'fp16=0',
             *(f'{kind}={folder}/pnnx.{suffix}' for kind, suffix in (
                 ('pnnxparam', 'param'), ('pnnxbin', 'bin'), ('pnnxpy', 'py'),
                 ('pnnxonnx', 'onnx'), ('ncnnparam', 'ncnn.param'), ('ncnnbin', 'ncnn.bin'),
                 ('ncnnpy', 'ncnn.py'))))

    def open(self, folder, inputs, threads):
        import ncnn
        import numpy as np
        net = ncnn.Net()
        net.opt.num_threads = threads
        net.opt.use_vulkan_compute = False
        # On x86 too these halve the weights' precision: errors beyond 1e-3.
        for option in ('fp16_packed', 'fp16_storage', 'fp16_arithmetic', 'bf16_storage'):
            setattr(net.opt, f'use_{option}', False)
        param, weights = self.files(folder, 1)
        if net.load_param(str(param)) or net.load_model(str(weights)):
            raise RuntimeError(f'ncnn could not load {param.name}')
        mats = [ncnn.Mat(i) for i in inputs]
        logits = np.empty((len(inputs), CLASSES), np.float32)

        def run():
            for i, mat in enumerate(mats):
                extractor = net.create_extractor()
                extractor.input('in0', mat)
                _, out = extractor.extract('out0')
                logits[i] = np.array(out).ravel()
            return logits
        return run

    def settings(self):
        return {'converter': 'pnnx', 'precision': 'fp32', 'batch': 'images one after another'}


class Inductor(Runtime):
    key, label, module, package = 'inductor', 'PyTorch inductor', 'torch', 'torch'

    def open(self, folder, inputs, threads):
        os.environ.setdefault('TORCHINDUCTOR_CACHE_DIR', str(folder / 'inductor'))
        import torch
        import torch._inductor.config
        from .networks import Network, build, fold
        variant, width = folder.name.rsplit('-', 1)
        torch.set_num_threads(threads)
        torch._inductor.config.freezing = True
        with torch.no_grad():
            model = build(Network(variant, float(width)))
            fold(model)
            model = model.to(memory_format=torch.channels_last)
            x = torch.from_numpy(inputs).to(memory_format=torch.channels_last)
            compiled = torch.compile(model)
            compiled(x)

        def run():
            with torch.no_grad():
                return compiled(x).numpy()
        return run

    def settings(self):
        return {'weights': 'frozen', 'layout': 'channels last'}


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
    _fields_ = [('device', ctypes.c_char_p), ('fallback', ctypes.c_char_p),
                ('isa', ctypes.c_char_p), ('threads', ctypes.c_uint), ('batch', ctypes.c_uint)]


class GError(ctypes.Structure):
    _fields_ = [('domain', ctypes.c_uint32), ('code', ctypes.c_int), ('message', ctypes.c_char_p)]


class Ours(Runtime):
    key, label = 'ours', 'librexnet'
    weights = 'weights.pth'
    device = 'cpu'
    precision = F32
    library: ctypes.CDLL
    chosen: dict[str, str] = {}

    def load(self):
        path = os.environ.get('REXNET_LIBRARY', '')
        if not Path(path).exists():
            raise ImportError(f'no {path}: build the project, or give --build FOLDER')
        self.library = ctypes.CDLL(path)
        for name in ('rexnet_model_load', 'rexnet_engine_new', 'rexnet_engine_get_info'):
            getattr(self.library, name).restype = ctypes.c_void_p

    def call(self, name: str, *arguments):
        error = ctypes.POINTER(GError)()
        result = getattr(self.library, name)(*arguments, ctypes.byref(error))
        if not result:
            raise RuntimeError(error.contents.message.decode() if error else f'{name} failed')
        return result

    def open(self, folder, inputs, threads):
        import numpy as np
        model = self.call('rexnet_model_load', str(folder / self.weights).encode())
        apart = len(inputs) > 1 and threads > 1 and self.device == 'cpu'
        options = EngineOptions(device=self.device.encode(), threads=threads, batch=len(inputs),
                                scheduling=THROUGHPUT if apart else LATENCY,
                                width=SIZE, height=SIZE, precision=self.precision)
        engine = ctypes.c_void_p(self.call('rexnet_engine_new', ctypes.c_void_p(model),
                                           ctypes.byref(options)))
        info = ctypes.cast(self.library.rexnet_engine_get_info(engine),
                           ctypes.POINTER(EngineInfo)).contents
        if info.fallback:
            raise RuntimeError(info.fallback.decode())
        if info.threads not in (threads, 0) or info.batch != len(inputs):
            raise RuntimeError(f'asked for {threads} threads and batch {len(inputs)}, got '
                               f'{info.threads} and {info.batch}: has rexnet.h changed?')
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


class OursSafetensors(Ours):
    """Only of interest to --startup."""
    key, label, weights = 'ours-safetensors', 'librexnet, .safetensors', 'weights.safetensors'


class OursOpenCl(Ours):
    """On the OpenCL device that $REXNET_BENCH_DEVICE names; on PoCL it has all cores."""
    key, label, module = 'opencl', 'librexnet, OpenCL', 'ctypes'
    device = os.environ.get('REXNET_BENCH_DEVICE', 'opencl')


class OursOpenClHalf(OursOpenCl):
    key, label, precision, exact = 'opencl-f16', 'librexnet, OpenCL f16', F16, False


class TorchGpu(Runtime):
    """PyTorch on the GPU, or on the device that $REXNET_BENCH_TORCH names (cuda, xpu, mps), input
    and logits in the host's memory as for everyone. CUDA graphs where there is CUDA."""
    key, label, module, package = 'torch-gpu', 'PyTorch, GPU', 'torch', 'torch'
    half = False

    def open(self, folder, inputs, threads):
        import torch
        from .networks import Network, build, fold
        where = os.environ.get('REXNET_BENCH_TORCH', 'cuda')
        if where == 'cuda' and not torch.cuda.is_available():
            raise RuntimeError('PyTorch finds no GPU: $REXNET_BENCH_TORCH names another device')
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.benchmark = True
        dtype = torch.float16 if self.half else torch.float32
        variant, width = folder.name.rsplit('-', 1)
        with torch.no_grad():
            model = build(Network(variant, float(width)))
            fold(model)
            model = model.to(where, dtype, memory_format=torch.channels_last)
            compiled = torch.compile(model, mode='reduce-overhead')
        x = torch.from_numpy(inputs)
        if where == 'cuda':
            x = x.pin_memory()

        def run():
            with torch.no_grad():
                there = x.to(where, dtype, memory_format=torch.channels_last, non_blocking=True)
                return compiled(there).float().cpu().numpy()
        for _ in range(3):              # compiled, then recorded
            run()
        return run

    def settings(self):
        return {'weights': 'folded', 'layout': 'channels last', 'mode': 'reduce-overhead',
                'TF32': 'off'}


class TorchGpuHalf(TorchGpu):
    key, label, half, exact = 'torch-gpu-f16', 'PyTorch, GPU f16', True, False


class OnnxRuntimeGpu(OnnxRuntime):
    """By the first provider that is there; PyPI's package for NVIDIA is onnxruntime-gpu."""
    key, label = 'onnxruntime-gpu', 'ONNX Runtime, GPU'
    known = ('CUDAExecutionProvider', 'MIGraphXExecutionProvider', 'ROCMExecutionProvider',
             'DmlExecutionProvider', 'CoreMLExecutionProvider')
    provider = ''

    def open(self, folder, inputs, threads):
        import onnxruntime as ort
        self.provider = next((p for p in self.known if p in ort.get_available_providers()), '')
        if not self.provider:
            raise RuntimeError('ONNX Runtime has no provider for a GPU: install onnxruntime-gpu in '
                               'place of onnxruntime, or another build, in the environment')
        options = {'use_tf32': '0'} if self.provider.startswith('CUDA') else {}
        session = ort.InferenceSession(str(onnx_file(folder, len(inputs))),
                                       providers=[(self.provider, options)])
        if self.provider not in session.get_providers():
            raise RuntimeError(f'ONNX Runtime could not open {self.provider}')
        return lambda: session.run(['logits'], {'input': inputs})[0]

    def settings(self):
        return {'provider': self.provider, 'TF32': 'off'}


class Tinygrad(Runtime):
    """On OpenCL as well: its kernels are generated from the network."""
    key, label, module, package = 'tinygrad', 'tinygrad, OpenCL', 'tinygrad', 'tinygrad'

    def load(self):
        os.environ['DEV'] = 'CL'
        super().load()

    def open(self, folder, inputs, threads):
        from tinygrad import Tensor, TinyJit
        from tinygrad.nn.onnx import OnnxRunner
        network = OnnxRunner(str(folder / 'b1.onnx'))
        call = TinyJit(lambda x: network({'input': x})['logits'].realize())
        for _ in range(3):              # the third call is the first replay
            call(Tensor(inputs)).numpy()

        def run():
            return call(Tensor(inputs)).numpy()
        return run

    def settings(self):
        return {'device': 'CL', 'jit': 'on'}


RUNTIMES: dict[str, Runtime] = {r.key: r for r in (
    Ours(), OpenVino(), OnnxRuntime(), Mnn(), Ncnn(), Inductor(), OpenVinoInt8(),
    OursSafetensors(), OursOpenCl(), OursOpenClHalf(), Tinygrad(), TorchGpu(), TorchGpuHalf(),
    OnnxRuntimeGpu())}
# Only when asked for.
GPU = ['opencl', 'opencl-f16', 'torch-gpu', 'torch-gpu-f16', 'onnxruntime-gpu']
OPENCL = [*GPU, 'tinygrad']
PEERS = [key for key in RUNTIMES if not key.startswith('ours') and key not in OPENCL]
