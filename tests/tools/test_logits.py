# SPDX-License-Identifier: LGPL-2.1-or-later
import harness

GOLDEN = harness.golden("rexnet-0.5-c10-64x64-s4.json")


class Logits(harness.ToolTest):
    def setUp(self):
        super().setUp()
        self.model = self.folder / "official.safetensors"
        self.input = self.folder / "input.f32"

    def write_model(self):
        harness.write_safetensors(self.model, harness.rexnet_tensors(GOLDEN["width"],
                                                                     GOLDEN["classes"]))

    def write_input(self, *seeds, size=64):
        self.input.write_bytes(b"".join(
            harness.little_endian(harness.golden_input(seed, size, size)) for seed in seeds))

    def logits(self, *arguments, **environment):
        lines = self.ok("logits", "--model", self.model, "--input", self.input, *arguments,
                        **environment).splitlines()
        return [float(line) for line in lines]

    def assert_close(self, found, expected):
        self.assertEqual(len(found), len(expected))
        limit = 1e-4 * max(map(abs, expected))
        for x, y in zip(found, expected):
            self.assertAlmostEqual(x, y, delta=limit)

    def test_golden_logits_from_a_file(self):
        self.write_model()
        self.write_input(4)
        self.assert_close(self.logits("--size", "64x64"), GOLDEN["logits"])
        self.assert_close(self.logits("--size", "64x64", "--isa", "c", "--threads", "1"),
                          GOLDEN["logits"])
        self.assertEqual(self.logits("--size", "64x64"),
                         self.logits("--size", "64x64", LC_ALL="de_DE.UTF-8"))

        self.write_input(9, 4, 9)
        batch = self.logits("--size", "64x64", "--batch", "3")
        self.assertEqual(len(batch), 30)
        self.assert_close(batch[10:20], GOLDEN["logits"])
        self.assert_close(batch[20:], batch[:10])
        self.assertNotEqual(batch[:10], batch[10:20])

    def test_size_is_width_by_height(self):
        model = ["--model", harness.DEFAULT_MODEL]
        values = harness.golden_input(1, 40, 72)
        self.input.write_bytes(harness.little_endian(values))
        wide = self.ok("logits", *model, "--input", self.input, "--size", "72x40")
        tall = self.ok("logits", *model, "--input", self.input, "--size", "40x72")
        self.assertNotEqual(wide, tall)

    def test_wrong_input_sizes(self):
        self.write_input(1, size=48)
        size = 3 * 48 * 48 * 4
        ok = self.input.read_bytes()
        for data in b"", ok[:-1], ok + b"\0", ok * 2:
            with self.subTest(len(data)):
                self.input.write_bytes(data)
                message = self.fails(1, "logits", "--input", self.input)
                self.assertIn(f"{self.input}: ", message)
                self.assertIn(f"expected {size} bytes, found {len(data)}", message)
        self.input.write_bytes(ok)
        message = self.fails(1, "logits", "--input", self.input, "--batch", "2")
        self.assertIn(f"expected {2 * size} bytes, found {size}", message)

    def test_unreadable_inputs(self):
        missing = self.folder / "missing.f32"
        self.assertIn(f"{missing}: ", self.fails(1, "logits", "--input", missing))
        self.assertIn(f"{self.folder}: ", self.fails(1, "logits", "--input", self.folder))
        self.assertIn("found at least", self.fails(1, "logits", "--input", "/dev/zero"))

    def test_a_generated_network_is_what_its_definition_says(self):
        """What `bench` times: compared by its layers, which `info` shows."""
        self.write_model()
        generated = self.ok("info", "--json", "--width", "0.5", "--classes", "10",
                            "--size", "64x64")
        loaded = self.ok("info", "--json", "--size", "64x64", self.model)
        layers = '"layers":'
        self.assertEqual(generated[generated.index(layers):], loaded[loaded.index(layers):])


harness.main()
