#!/usr/bin/env bash
# Builds the fuzzer and runs it for a while on what was found before and on the kept tables. usage: run.sh [SECONDS]
# New inputs go to build/fuzz/corpus; one that crashes is left in build/fuzz and its name printed.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$PWD/build/fuzz
CXX=clang++-14 cmake -S tests/fuzz -B "$build/cmake" -G Ninja >/dev/null
cmake --build "$build/cmake"
mkdir -p "$build/corpus"
exec "$build/cmake/fuzz_table" -max_total_time="${1:-60}" -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$build/" -print_final_stats=1 -verbosity=1 "$build/corpus" tests/corpus/good tests/corpus/bad
