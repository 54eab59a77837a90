"""The peers on a GPU, and tinygrad on OpenCL."""

from __future__ import annotations

import os

from .cpu_peers import OnnxRuntime
from .networks import Network, build, fold
from .runtime import Runtime, onnx_file


class TorchGpu(Runtime):
    """PyTorch on the GPU, or on the device that $REXNET_BENCH_TORCH names (cuda, xpu, mps), input
    and logits in the host's memory as for everyone. CUDA graphs where there is CUDA."""
    key, label, module = 'torch-gpu', 'PyTorch, GPU', 'torch'
    half = False

    def open(self, folder, inputs, setting):
        import torch
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

    def open(self, folder, inputs, setting):
        import onnxruntime as ort
        self.provider = next((p for p in self.known if p in ort.get_available_providers()), '')
        if not self.provider:
            raise RuntimeError('ONNX Runtime has no provider for a GPU: install onnxruntime-gpu in '
                               'place of onnxruntime, or another build, in the environment')
        options = {'use_tf32': '0'} if self.provider.startswith('CUDA') else {}
        session = ort.InferenceSession(str(onnx_file(folder, setting.batch)),
                                       providers=[(self.provider, options)])
        if self.provider not in session.get_providers():
            raise RuntimeError(f'ONNX Runtime could not open {self.provider}')
        return lambda: session.run(['logits'], {'input': inputs})[0]

    def settings(self):
        return {'provider': self.provider, 'TF32': 'off'}


class Tinygrad(Runtime):
    """On OpenCL as well: its kernels are generated from the network."""
    key, label, module = 'tinygrad', 'tinygrad, OpenCL', 'tinygrad'

    def load(self):
        os.environ['DEV'] = 'CL'
        super().load()

    def open(self, folder, inputs, setting):
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
