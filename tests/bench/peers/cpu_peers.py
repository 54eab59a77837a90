"""The peers on the CPU, each at its best settings for latency in float32."""

from __future__ import annotations

import importlib.util
import os
import tempfile

from .networks import CLASSES, SIZE, Network, build, fold, images, with_batch
from .runtime import Runtime, Setting, onnx_file, tool

# oneDNN's own limit. OpenVINO and PyTorch bring it along.
ONEDNN_LIMITS = {'avx2': {'ONEDNN_MAX_CPU_ISA': 'AVX2'}}


class OnnxRuntime(Runtime):
    key, label, module = 'onnxruntime', 'ONNX Runtime', 'onnxruntime'
    converters = ('onnx',)

    def files(self, folder, setting):
        return [onnx_file(folder, setting.batch)]

    def convert(self, folder, setting):
        with_batch(folder / 'b1.onnx', onnx_file(folder, setting.batch), setting.batch)

    def open(self, folder, inputs, setting):
        import numpy as np
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads = setting.threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry('session.intra_op.allow_spinning', '1')
        session = ort.InferenceSession(str(onnx_file(folder, setting.batch)), options,
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


def kernels_of(compiled) -> list[str]:
    """The implementations that OpenVINO chose for the layers that multiply."""
    layers = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
    return sorted({str(layer['primitiveType'].astype(str)) for layer in layers
                   if 'Convolution' in layer['layerType'].astype(str)
                   or 'FullyConnected' in layer['layerType'].astype(str)})


class OpenVino(Runtime):
    key, label, module = 'openvino', 'OpenVINO', 'openvino'
    converters = ('onnx',)
    limits = ONEDNN_LIMITS
    kernels: list[str] = []

    def model(self, folder, batch):
        return onnx_file(folder, batch)

    def files(self, folder, setting):
        return [self.model(folder, setting.batch)]

    def convert(self, folder, setting):
        with_batch(folder / 'b1.onnx', self.model(folder, setting.batch), setting.batch)

    def open(self, folder, inputs, setting):
        import openvino
        compiled = openvino.Core().compile_model(str(self.model(folder, setting.batch)), 'CPU', {
            'PERFORMANCE_HINT': 'LATENCY', 'NUM_STREAMS': 1,
            'INFERENCE_NUM_THREADS': setting.threads, 'INFERENCE_PRECISION_HINT': 'f32'})
        self.kernels = kernels_of(compiled)
        beyond = [name for name in self.kernels if 'avx512' in name]
        if setting.isa == 'avx2' and beyond:
            raise RuntimeError(f'held to AVX2, it chose {", ".join(beyond)}')
        request = compiled.create_infer_request()
        request.set_input_tensor(openvino.Tensor(inputs, shared_memory=True))

        def run():
            request.infer()
            return request.get_output_tensor().data
        return run

    def settings(self):
        return {'hint': 'latency', 'streams': '1', 'precision': 'f32',
                'kernels': ', '.join(self.kernels)}


class OpenVinoInt8(OpenVino):
    key, label, exact = 'openvino-int8', 'OpenVINO int8', False
    converters = ('openvino', 'nncf')
    CALIBRATION_IMAGES = 32

    def model(self, folder, batch):
        return folder / f'int8-b{batch}.xml'

    def load(self):
        super().load()
        if importlib.util.find_spec('nncf') is None:
            raise ImportError('nncf is not installed')

    def based_on(self, setting):
        return Setting(1, 1) if setting.batch != 1 else None

    def convert(self, folder, setting):
        import openvino
        if setting.batch == 1:
            quantized = self.quantize(folder)
        else:
            quantized = openvino.Core().read_model(str(self.model(folder, 1)))
        quantized.reshape([setting.batch, 3, SIZE, SIZE])
        openvino.save_model(quantized, str(self.model(folder, setting.batch)),
                            compress_to_fp16=False)

    def quantize(self, folder):
        import nncf
        import openvino
        data = [i[None] for i in images(self.CALIBRATION_IMAGES, 1000)]
        return nncf.quantize(
            openvino.Core().read_model(str(folder / 'b1.onnx')), nncf.Dataset(data),
            preset=nncf.QuantizationPreset.MIXED, subset_size=len(data))

    def settings(self):
        return {**super().settings(), 'quantisation': 'nncf, after training, mixed preset'}


class Mnn(Runtime):
    key, label, module = 'mnn', 'MNN', 'MNN'
    converters = ('onnx', 'MNN')

    def model(self, folder, batch):
        return folder / f'b{batch}.mnn'

    def files(self, folder, setting):
        return [self.model(folder, setting.batch)]

    def convert(self, folder, setting):
        source = folder / f'mnn-b{setting.batch}.onnx'
        with_batch(folder / 'b1.onnx', source, setting.batch)
        tool('mnnconvert', '-f', 'ONNX', '--modelFile', str(source),
             '--MNNModel', str(self.model(folder, setting.batch)), '--bizCode', 'rexnet')
        source.unlink()

    def open(self, folder, inputs, setting):
        import MNN
        import numpy as np
        interpreter = MNN.Interpreter(str(self.model(folder, setting.batch)))
        session = interpreter.createSession({
            'backend': 'CPU', 'numThread': setting.threads, 'precision': 'high', 'memory': 'high',
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
    key, label, module = 'ncnn', 'ncnn', 'ncnn'
    converters = ('pnnx',)

    def files(self, folder, setting):
        return [folder / 'pnnx.ncnn.param', folder / 'pnnx.ncnn.bin']

    def convert(self, folder, setting):
        tool('pnnx', str(folder / 'b1.onnx'), f'inputshape=[1,3,{SIZE},{SIZE}]f32', 'fp16=0',
             *(f'{kind}={folder}/pnnx.{suffix}' for kind, suffix in (
                 ('pnnxparam', 'param'), ('pnnxbin', 'bin'), ('pnnxpy', 'py'),
                 ('pnnxonnx', 'onnx'), ('ncnnparam', 'ncnn.param'), ('ncnnbin', 'ncnn.bin'),
                 ('ncnnpy', 'ncnn.py'))))

    def open(self, folder, inputs, setting):
        import ncnn
        import numpy as np
        net = ncnn.Net()
        net.opt.num_threads = setting.threads
        net.opt.use_vulkan_compute = False
        # On x86 too these halve the weights' precision: errors beyond 1e-3.
        for option in ('fp16_packed', 'fp16_storage', 'fp16_arithmetic', 'bf16_storage'):
            setattr(net.opt, f'use_{option}', False)
        param, weights = self.files(folder, setting)
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
    """Compiled ahead of time: that takes half a minute for each setting, is kept, and is faster
    to call than torch.compile()."""
    key, label, module = 'inductor', 'PyTorch inductor', 'torch'
    converters = ('torch',)
    native = True
    limits = {'avx2': {'ATEN_CPU_CAPABILITY': 'avx2', 'MKL_ENABLE_INSTRUCTIONS': 'AVX2',
                       **ONEDNN_LIMITS['avx2']}}

    def files(self, folder, setting):
        return [folder / f'inductor-b{setting.batch}-t{setting.threads}-{setting.isa}.pt2']

    def convert(self, folder, setting):
        with tempfile.TemporaryDirectory() as scratch:
            os.environ['TORCHINDUCTOR_CACHE_DIR'] = scratch
            import torch
            torch.set_num_threads(setting.threads)
            variant, width = folder.name.rsplit('-', 1)
            x = torch.zeros(setting.batch, 3, SIZE, SIZE)
            x = x.to(memory_format=torch.channels_last)
            with torch.no_grad():
                model = build(Network(variant, float(width)))
                fold(model)
                model = model.to(memory_format=torch.channels_last)
                torch._inductor.aoti_compile_and_package(
                    torch.export.export(model, (x,)),
                    package_path=str(self.files(folder, setting)[0]),
                    inductor_configs={'freezing': True})

    def open(self, folder, inputs, setting):
        import torch
        torch.set_num_threads(setting.threads)
        level = torch.backends.cpu.get_cpu_capability()
        if setting.isa == 'avx2' and level != 'AVX2':
            raise RuntimeError(f'held to AVX2, PyTorch uses {level}')
        compiled = torch._inductor.aoti_load_package(str(self.files(folder, setting)[0]))
        x = torch.from_numpy(inputs).to(memory_format=torch.channels_last)

        def run():
            with torch.no_grad():
                return compiled(x).numpy()
        return run

    def settings(self):
        return {'weights': 'frozen', 'layout': 'channels last', 'compiled': 'ahead of time'}
