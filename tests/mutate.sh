#!/usr/bin/env bash
# Changes the code bit by bit and counts the changes that the fast tests do not see.
#
# Usage: [NAMES="PATTERN..."] tests/mutate.sh [PART...], by default all parts, and all changes of them. What lives is
# listed; `.venv/bin/mutmut show NAME` in .cache/mutate/PART shows it. The tool wants the code of a part under src/ by the names of its modules; all other
# packages are those of the environment.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

# part, its code under one of the distributions, its tests. Tests that take long for what they see stay away.
parts() {
  case $1 in
    codec) code=(protos/dnstide/codec) tests=(codec/test_catalog.py codec/test_enums.py codec/test_errors.py codec/test_large.py codec/test_requests.py codec/test_round_trips.py) ;;
    engine) code=(workers/dnstide/engine) tests=(engine) ;;
    ranking) code=(workers/dnstide/shard/ranking workers/dnstide/engine/top) tests=(engine/test_rank.py engine/test_top.py) ;;
    merge) code=(workers/dnstide/engine/volume/merge.py) tests=(engine/test_merge.py engine/test_scenarios.py) ;;
    coverage) code=(workers/dnstide/engine/volume/coverage.py) tests=(engine/test_coverage.py engine/test_scenarios.py) ;;
    retry) code=(services/dnstide/gateway/retry.py) tests=(gateway/test_retry.py gateway/conftest.py) ;;
    *) echo "no part is called $1: codec, engine, ranking, merge, coverage or retry" >&2; exit 2 ;;
  esac
}

# The arguments as texts of TOML.
list() { printf '"%s",' "$@"; }

# The folder of the part as the tool wants it: whole packages, of which only `code` is changed.
lay_out() {
  rm -rf "$stage" && mkdir -p "$stage/src/dnstide" "$stage/tests" "$stage/mutants/src" # no path that lacks at the start is looked at later
  local changed=() packages=() path package
  for path in "${code[@]}"; do
    package=$(cut -d/ -f3 <<<"$path")
    cp -r "${path%%/*}/dnstide/$package" "$stage/src/dnstide/"
    packages+=("dnstide.$package")
    [ -d "$path" ] && path=$path/*
    changed+=("src/${path#*/}")
  done
  cp -r protos docs VERSION pyproject.toml "$stage"
  find tests -name '*.txt' -o -name '*.py' ! -name 'test_*' | xargs cp --parents -t "$stage"
  cp -r --parents "${tests[@]/#/tests/}" "$stage"
  # The editable install of the workers names the place of each module; those of the part are to come from src/.
  cat >"$stage/sitecustomize.py" <<PYTHON
import sys

for finder in sys.meta_path:
    for table in ("known_source_files", "submodule_search_locations"):
        known = getattr(finder, table, {})
        for name in [name for name in known if name == "dnstide" or name.startswith(($(list "${packages[@]}")))]:
            del known[name]
PYTHON
  sed -i -e "/^\[tool.mutmut\]/a only_mutate = [$(list "${changed[@]}")]" \
    -e "/^\[tool.mutmut\]/a pytest_add_cli_args_test_selection = [$(list "${tests[@]/#/tests/}")]" "$stage/pyproject.toml"
}

# A change that makes the tests wait for ever is seen, too.
score='
import json, sys
told = json.load(open("mutants/mutmut-cicd-stats.json"))
seen = told["killed"] + told["timeout"] + told["segfault"]
made = seen + told["survived"] + told["suspicious"] + told["no_tests"]
print(f"{sys.argv[1]}: {seen} of {made} changes are seen, {seen / made:.1%}")
'

(($#)) || set -- codec engine ranking merge coverage retry
for part in "$@"; do parts "$part"; done
for part in "$@"; do
  parts "$part"
  stage=$root/.cache/mutate/$part
  lay_out
  (
    cd "$stage"
    # shellcheck disable=SC2086
    PYTHONPATH=$stage/mutants/src:$stage nice -n 19 "$root/.venv/bin/mutmut" run ${NAMES:-} >run.log 2>&1 || { tail -n 40 run.log >&2; exit 1; }
    "$root/.venv/bin/mutmut" results >lives.txt
    cat lives.txt
    "$root/.venv/bin/mutmut" export-cicd-stats >/dev/null
    "$root/.venv/bin/python" -c "$score" "$part"
  )
done
