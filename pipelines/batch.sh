#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Classifies video files as fast as they decode and writes FILE.jsonl beside
# each, or in $OUTPUT: one line a frame. How far it is goes to stderr.
#
# usage: [INTERVAL=N] [OUTPUT=FOLDER] pipelines/batch.sh FILE... [-- PROPERTY=VALUE...]
#   INTERVAL  classify every Nth frame (1)
#   PROPERTY  of rexnetclassify: width=1.0, model=FILE, top-k=3, ...
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/pipelines/setup.sh"
use_build "${BUILD:-$root/build}"

[ $# -gt 0 ] || { sed -n '3,8s/^# \{0,1\}//p' "$0"; exit 2; }
files=0
for argument; do
  [ "$argument" != -- ] || break
  files=$((files + 1))
done

# The file names go to the back of the list, behind the properties.
count=$files
while [ "$count" -gt 0 ]; do
  file=$1
  shift
  set -- "$@" "$file"
  count=$((count - 1))
done
properties=
while [ $# -gt "$files" ]; do
  [ "$1" = -- ] || properties="$properties $1"
  shift
done

# gst-launch-1.0 may wait for ever where the type is not found at once.
known() {
  type=$(gst-typefind-1.0 "$1")
  case ${type##* - } in
    FAILED*) echo "$type" >&2; return 1 ;;
  esac
}

status=0
for file; do
  lines=${OUTPUT:-$(dirname "$file")}/$(basename "$file").jsonl
  if known "$file" && gst-launch-1.0 -q filesrc location="$file" ! decodebin \
    ! progressreport update-freq=10 name="$(basename "$file")" ! videoconvert \
    ! rexnetclassify scheduling=throughput interval="${INTERVAL:-1}" $properties \
    ! rexnetjson ! filesink location="$lines" >&2; then
    echo "$lines"
  else
    status=1
    if [ -s "$lines" ]; then
      echo "$file: classified in part, $lines" >&2
    else
      rm -f "$lines"
      echo "$file: not classified" >&2
    fi
  fi
done
exit $status
