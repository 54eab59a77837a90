#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A camera on the screen with labels drawn on it.
#
# usage: pipelines/live.sh [DEVICE] [PROPERTY=VALUE...]
#   DEVICE    a V4L2 device (/dev/video0), the address of a camera, stream or
#             file (rtsp://..., file://...), or "test" for a moving test picture
#   PROPERTY  of rexnetclassify: width=1.0, model=FILE, top-k=3, ...
#   SINK      (environment) where to show it: autovideosink
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/pipelines/setup.sh"
use_build "${BUILD:-$root/build}"

device=${1:-/dev/video0}
[ $# -eq 0 ] || shift
leaky=downstream
case $device in
  test) source="videotestsrc is-live=true pattern=ball" ;;
  rtsp://* | rtsps://*) source="rtspsrc latency=200 location=$device ! decodebin" ;;
  file://*) source="uridecodebin uri=$device" leaky=no ;;
  *://*) source="uridecodebin uri=$device" ;;
  *)
    if [ ! -e "$device" ]; then
      echo "$device is not there; name a camera, or \"test\" for a test picture" >&2
      exit 1
    fi
    source="v4l2src device=$device"
    ;;
esac

# The leaky queue keeps the newest frame when the screen is slow; the other one
# lets the next frame be classified while the last waits for its time.
set -f
exec gst-launch-1.0 $source ! videoconvert ! queue max-size-buffers=2 leaky=$leaky \
  ! rexnetclassify "$@" ! rexnetoverlay ! queue max-size-buffers=2 ! videoconvert \
  ! ${SINK:-autovideosink}
