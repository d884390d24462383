#!/usr/bin/env bash
# Builds a wheel with the binary SIGNALBOX_BIN inside, for the platform that this
# is; prints its path. The first argument is the folder it goes to, by default dist.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-dist}
[[ -x ${SIGNALBOX_BIN:?set it to the binary, or run make python-wheel} ]]

# The binary is static, so any libc of Linux will do; Go needs macOS 12.
case $(uname -s)-$(uname -m) in
Linux-x86_64) tag=manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64 ;;
Linux-aarch64) tag=manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64 ;;
Darwin-x86_64) tag=macosx_12_0_x86_64 ;;
Darwin-arm64) tag=macosx_12_0_arm64 ;;
*)
  echo "no wheels are built on $(uname -sm)" >&2
  exit 1
  ;;
esac

mkdir -p "$out"
# The wheel calls the binary by this name, whatever SIGNALBOX_BIN is called.
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
cp "$SIGNALBOX_BIN" "$staging/signalbox"
chmod 755 "$staging/signalbox"
export SIGNALBOX_WHEEL_BIN=$staging/signalbox SIGNALBOX_WHEEL_TAG=${SIGNALBOX_WHEEL_TAG:-$tag}
isolation=()
# With hatchling there nothing has to be downloaded.
if ${PYTHON:-python3} -c 'import hatchling' 2>/dev/null; then isolation=(--no-build-isolation); fi
${PYTHON:-python3} -m pip wheel --quiet --disable-pip-version-check --no-deps ${isolation[@]+"${isolation[@]}"} --wheel-dir "$out" .
ls "$out"/signalbox_rpc-*.whl
