#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# From a fresh checkout on Debian 12 or 13 to a classified video: installs what
# is needed, builds, classifies the sample clip, prints what it saw, and writes
# a video and pictures with the labels drawn on.
#
# usage: pipelines/quickstart.sh [OUTPUT_FOLDER]      (build/quickstart)
#        pipelines/quickstart.sh --imagenet [OUTPUT_FOLDER]
#          the same with real photographs and ImageNet's labels: imagenet.sh
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
if [ "${1-}" = --imagenet ]; then
  shift
  exec "$root/pipelines/imagenet.sh" "$@"
fi
. "$root/pipelines/setup.sh"
folder=${BUILD:-$root/build}
output=${1:-$folder/quickstart}
clip=$root/tests/data/clip/fashion.webm

install $build_packages
build "$folder"
use_build "$folder"
mkdir -p "$output"

say "Classifying $clip"
gst-launch-1.0 -q filesrc location="$clip" ! matroskademux ! vp8dec \
  ! rexnetclassify ! tee name=labelled \
  labelled. ! queue ! rexnetjson ! filesink async=false location="$output/labels.jsonl" \
  labelled. ! queue ! videoconvert ! videoscale \
  ! video/x-raw,width=640,height=480 ! rexnetoverlay ! videoconvert ! tee name=drawn \
  drawn. ! queue ! vp8enc deadline=1 target-bitrate=1000000 ! webmmux \
  ! filesink async=false location="$output/overlay.webm" \
  drawn. ! queue ! videorate ! video/x-raw,framerate=1/1 ! videoconvert ! pngenc \
  ! multifilesink async=false location="$output/overlay-%02d.png"
python3 "$root/pipelines/labels.py" "$output/labels.jsonl"

say "Written"
echo "$output/overlay.webm       the video with labels"
echo "$output/overlay-*.png      a picture a second of it"
echo "$output/labels.jsonl       a line of JSON a frame"
