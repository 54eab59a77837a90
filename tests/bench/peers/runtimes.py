"""All runtimes by the name that options give them."""

from __future__ import annotations

from .cpu_peers import Inductor, Mnn, Ncnn, OnnxRuntime, OpenVino, OpenVinoInt8
from .gpu_peers import OnnxRuntimeGpu, Tinygrad, TorchGpu, TorchGpuHalf
from .ours import Ours, OursOpenCl, OursOpenClHalf, OursSafetensors
from .runtime import Runtime

RUNTIMES: dict[str, Runtime] = {r.key: r for r in (
    Ours(), OpenVino(), OnnxRuntime(), Mnn(), Ncnn(), Inductor(), OpenVinoInt8(),
    OursSafetensors(), OursOpenCl(), OursOpenClHalf(), Tinygrad(), TorchGpu(), TorchGpuHalf(),
    OnnxRuntimeGpu())}
# Only when asked for.
GPU = ['opencl', 'opencl-f16', 'torch-gpu', 'torch-gpu-f16', 'onnxruntime-gpu']
OPENCL = [*GPU, 'tinygrad']
PEERS = [key for key in RUNTIMES if not key.startswith('ours') and key not in OPENCL]
