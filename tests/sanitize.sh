#!/usr/bin/env bash
# Builds the native modules with AddressSanitizer and UBSan and runs their tests and mutants with them.
# usage: sanitize.sh [MUTANTS]
#
# The build goes into a tree of its own, which the base interpreter finds by PYTHONPATH: the packages that are
# installed in .venv for editing would be found first by the interpreter there.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$PWD/.venv/bin/python
build=$PWD/build/sanitize
site=$("$venv" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
base=$("$venv" -c 'import sys; print(sys._base_executable)')

cmake -S workers -B "$build/cmake" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DDNSTIDE_SANITIZE=ON \
    -DSKBUILD_PROJECT_VERSION_FULL="$(cat VERSION)" -DPython_EXECUTABLE="$venv" \
    -Dnanobind_DIR="$("$venv" -m nanobind --cmake_dir)" >/dev/null
cmake --build "$build/cmake" >/dev/null
rm -rf "$build/tree"
mkdir -p "$build/tree"
cp -r workers/dnstide "$build/tree/"
ln -s "$PWD/workers/native" "$build/tree/native" # a test holds the error codes of both sides together
cmake --install "$build/cmake" --prefix "$build/tree" >/dev/null

export PYTHONPATH=$build/tree:$PWD/model:$PWD/protos:$PWD/services:$PWD/clients:$PWD/sample:$site
export PYTHONMALLOC=malloc DNSTIDE_SANITIZE=1
export LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so.6)"
export ASAN_OPTIONS=detect_leaks=0:strict_string_checks=1:abort_on_error=1 # the interpreter itself leaks
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
"$base" -c '
import dnstide.mtbl._native as native
assert "sanitize" in native.__file__, native.__file__
assert "__asan_init" in open("/proc/self/maps").read() or "libasan" in open("/proc/self/maps").read()
'
"$base" -m pytest -p no:cacheprovider -q tests/mtbl
"$base" -m tests.mtbl.mutant_run --count "${1:-50000}"
