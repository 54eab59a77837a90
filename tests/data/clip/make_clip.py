#!/usr/bin/env python3
"""Make fashion.webm and fashion.json: Fashion-MNIST test images as a short video.

Rule: of the test images from FIRST_INDEX on, the first of each class, in the
order of the classes. Each fills the centred square of the picture for SECONDS.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
LABELS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
          "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
FIRST_INDEX = 1000
WIDTH, HEIGHT, RATE = 320, 240, 15
SECONDS = 1.2
FRAMES = round(SECONDS * RATE)


def chosen_images(labels: np.ndarray) -> list[int]:
    return [FIRST_INDEX + int(np.argmax(labels[FIRST_INDEX:] == c)) for c in range(len(LABELS))]


def picture(image: np.ndarray) -> bytes:
    """RGB, black at the sides."""
    canvas = Image.new("L", (WIDTH, HEIGHT))
    square = Image.fromarray(image).resize((HEIGHT, HEIGHT), Image.BICUBIC)
    canvas.paste(square, ((WIDTH - HEIGHT) // 2, 0))
    return canvas.convert("RGB").tobytes()


def encode(frames: bytes, path: Path) -> None:
    """VP8 in WebM, a key frame at each image; one thread, so the pictures repeat exactly."""
    pipeline = (
        f"fdsrc fd=0 blocksize={WIDTH * HEIGHT * 3}"
        f" ! rawvideoparse format=rgb width={WIDTH} height={HEIGHT} framerate={RATE}/1"
        " ! videoconvert ! video/x-raw,format=I420,colorimetry=bt601"
        f" ! vp8enc deadline=0 threads=1 keyframe-max-dist={FRAMES} target-bitrate=200000"
        f" ! webmmux ! filesink location={path}")
    subprocess.run(["gst-launch-1.0", "-q", *pipeline.split()], input=frames, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--output", type=Path, default=HERE, help="folder")
    args = parser.parse_args()
    raw = gzip.decompress((args.data / "t10k-images-idx3-ubyte.gz").read_bytes())
    images = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)
    raw = gzip.decompress((args.data / "t10k-labels-idx1-ubyte.gz").read_bytes())
    chosen = chosen_images(np.frombuffer(raw, np.uint8, offset=8))
    encode(b"".join(picture(images[i]) * FRAMES for i in chosen), args.output / "fashion.webm")
    segments = [{"start": round(c * SECONDS, 3), "end": round((c + 1) * SECONDS, 3),
                 "label": LABELS[c], "index": c, "image": image}
                for c, image in enumerate(chosen)]
    lines = ",\n".join("  " + json.dumps(segment) for segment in segments)
    (args.output / "fashion.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
