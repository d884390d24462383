#!/usr/bin/env bash
# Real clients against the real binary. What is not installed is skipped with a
# line that says so; with CI=true that is a failure. `make test-clients` runs it.
set -uo pipefail
cd "$(dirname "$0")"
root=$(cd .. && pwd)
export SIGNALBOX_BIN=${SIGNALBOX_BIN:-$root/signalbox}
tools=$root/.tools
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0

# Nothing of the user's may change what the tests see.
while IFS='=' read -r name _; do
  case $name in OPENAI_* | CODEX_*) unset "$name" ;; esac
done < <(env)

skip() {
  echo "SKIP $1: $2"
  if [[ ${CI:-} == true ]]; then failed=1; fi
}

# check NAME COMMAND...: runs it, and shows what it printed only when it failed.
check() {
  local name=$1 limit=()
  shift
  command -v timeout >/dev/null && limit=(timeout --kill-after=10 300)
  if "${limit[@]}" "$@" >"$log" 2>&1 </dev/null; then
    echo "ok   $name"
  else
    echo "FAIL $name"
    cat "$log"
    failed=1
  fi
}

# have NAME PROGRAM...: whether all are installed; else it skips NAME.
have() {
  local name=$1 program
  shift
  for program; do
    if ! command -v "$program" >/dev/null; then
      skip "$name" "$program is not installed"
      return 1
    fi
  done
}

have shell jq && check shell sh shell/test.sh

have nvim nvim && check nvim nvim --headless -u NONE -S nvim/test/run.lua

have emacs emacs && check emacs emacs --batch -Q -L emacs -l emacs/signalbox-test.el -f ert-run-tests-batch-and-exit

if have node node npm; then
  if [[ node/node_modules/.package-lock.json -nt node/package-lock.json ]] ||
    (cd node && npm ci --no-audit --no-fund >"$log" 2>&1 && touch node_modules/.package-lock.json); then
    check node npm --prefix node test
  else
    skip node "npm ci: $(tail -n 1 "$log")"
  fi
fi

# The SDKs want Node 22 or newer, which comes with them.
if have sdks node npm; then
  sdk=node/test/sdk
  if [[ $sdk/node_modules/.package-lock.json -nt $sdk/package-lock.json ]] ||
    (cd $sdk && npm ci --no-audit --no-fund >"$log" 2>&1 && touch node_modules/.package-lock.json); then
    check "node SDKs" npm --prefix node run test-sdk
  else
    skip sdks "npm ci: $(tail -n 1 "$log")"
  fi
fi

# gateway NAME: Python programs in an environment of their own.
gateway() {
  local venv=$tools/gateway-$1 wanted=gateway/requirements-$1.txt
  if [[ $venv/installed -nt $wanted ]] ||
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q --require-hashes -r "$wanted" && touch "$venv/installed"; } >"$log" 2>&1; then
    check "gateway $1" "$venv/bin/python" gateway/test_gateway.py
  else
    skip "gateway $1" "$(tail -n 1 "$log")"
  fi
}
have gateway python3 && gateway openai2 && gateway openai3

if have pygls python3; then
  venv=$tools/pygls
  if [[ $venv/installed -nt pygls/requirements.txt ]] ||
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q --require-hashes -r pygls/requirements.txt && touch "$venv/installed"; } >"$log" 2>&1; then
    check pygls "$venv/bin/python" pygls/test_pygls.py
    check "mypy --strict" "$venv/bin/mypy" --strict --python-version 3.10 --cache-dir "$tools/mypy" ../protocol/schema/signalbox.py
  else
    skip pygls "$(tail -n 1 "$log")"
  fi
fi

exit $failed
