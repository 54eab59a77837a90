# SPDX-License-Identifier: LGPL-2.1-or-later
"""State dicts that PyTorch saves, at widths nobody has published.

Runs only where PyTorch is installed. REXNET_TORCH_PYTHON may name an
interpreter that has it.
"""
import os
import sys

if "REXNET_TORCH_PYTHON" in os.environ:
    python = os.environ.pop("REXNET_TORCH_PYTHON")
    os.execv(python, [python, *sys.argv])

import harness

try:
    import torch
except ImportError:
    print("PyTorch is not installed")
    sys.exit(harness.SKIP)

sys.path.insert(0, str(harness.MODELS))
import rexnet


class Torch(harness.ToolTest):
    def check(self, network, **save):
        torch.manual_seed(7)
        for name, value in network.state_dict().items():
            if name.endswith("running_mean"):
                value.normal_(0, 0.1)
            elif name.endswith("running_var"):
                value.uniform_(0.5, 1.5)
        network.eval()
        path, raw = self.folder / "weights.pth", self.folder / "input.f32"
        torch.save(network.state_dict(), path, **save)
        x = torch.randn(2, 3, 40, 72)
        raw.write_bytes(x.numpy().astype("<f4").tobytes())
        with torch.inference_mode():
            expected = network.double()(x.double()).flatten()
        lines = self.ok("logits", "--model", path, "--input", raw, "--size", "72x40",
                        "--batch", 2).splitlines()
        found = torch.tensor([float(line) for line in lines], dtype=torch.double)
        self.assertEqual(found.shape, expected.shape)
        self.assertLess(float((found - expected).abs().max() / expected.abs().max()), 1e-4)

    def test_rexnet_zip(self):
        self.check(rexnet.ReXNet(0.77, 17))

    def test_rexnet_legacy(self):
        self.check(rexnet.ReXNet(1.13, 23), _use_new_zipfile_serialization=False)

    def test_rexnet_lite_zip(self):
        self.check(rexnet.ReXNetLite(1.21, 11))

    def test_rexnet_lite_legacy(self):
        self.check(rexnet.ReXNetLite(0.77, 5), _use_new_zipfile_serialization=False)


harness.main()
