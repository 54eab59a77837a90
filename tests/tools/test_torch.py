# SPDX-License-Identifier: LGPL-2.1-or-later
"""State dicts that PyTorch saves, at widths nobody has published, and timm's
feature vectors.

Runs only where PyTorch is installed. REXNET_TORCH_PYTHON may name an
interpreter that has it.
"""
import json
import os
import sys
import unittest

if "REXNET_TORCH_PYTHON" in os.environ:
    python = os.environ.pop("REXNET_TORCH_PYTHON")
    os.execv(python, [python, *sys.argv])

import harness

try:
    import torch
except ImportError:
    print("PyTorch is not installed")
    sys.exit(harness.SKIP)

try:
    import timm
except ImportError:
    timm = None

sys.path.insert(0, str(harness.MODELS))
import rexnet


def at_ease(network, x):
    """Batch norms as after training: they know what comes, and scale it anew."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.25, 0.25)
            module.momentum = 1.0
    network.train()
    with torch.inference_mode():
        network(x)
    return network.eval()


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

    @unittest.skipUnless(timm, "timm is not installed")
    def test_features_are_timms(self):
        """A picture that needs no resizing: 224 pixels are cut out of 256."""
        torch.manual_seed(11)
        coarse = torch.rand(1, 3, 8, 8)
        smooth = torch.nn.functional.interpolate(coarse, size=(256, 256), mode="bicubic")
        pixels = (smooth[0] * 255).round().clamp(0, 255)
        picture = self.folder / "picture.png"
        harness.write_png(picture, 256, 256, pixels.permute(1, 2, 0).flatten().int().tolist())
        mean, std = (torch.tensor(v)[:, None, None] for v in
                     ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        x = ((pixels[:, 16:240, 16:240] / 255 - mean) / std)[None]
        for name in "rexnet_100", "rexnetr_100", "efficientnet_b0":
            with self.subTest(name):
                network = at_ease(timm.create_model(name, num_classes=7),
                                  torch.cat((x, torch.randn(3, 3, 224, 224))))
                path = self.folder / f"{name}.pth"
                torch.save(network.state_dict(), path)
                with torch.inference_mode():
                    double = network.double()
                    expected = double.forward_head(double.forward_features(x.double()),
                                                   pre_logits=True)[0]
                record = json.loads(self.ok("features", "--model", path, picture))
                found = torch.tensor(record["features"], dtype=torch.double)
                self.assertEqual(found.shape, expected.shape)
                error = float((found - expected).abs().max() / expected.abs().max())
                self.assertLess(error, 1e-4)


harness.main()
