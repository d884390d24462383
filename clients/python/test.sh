#!/usr/bin/env bash
# Runs the tests of the Python package with the real SDKs and frameworks, against
# the real binary and its simulator. The virtual environments are kept in the cache
# of the user, named after what they hold. Arguments go to pytest; --bench runs
# bench.py instead.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)

# A missing tool is said aloud; where CI is set it is a failure.
skip() {
  echo "SKIP clients/python: $1"
  if [[ ${CI:-} == true ]]; then exit 1; fi
  exit 0
}

python=
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10}; do
  # CrewAI does not support 3.14 yet.
  if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
[[ -n $python ]] || skip "no python3 from 3.10 to 3.13 with venv (Debian: apt-get install python3-venv)"

cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/signalbox-tests
environment() { # of a requirements file; prints its folder
  local key dir
  key=$({ "$python" -c 'import sys; print(sys.version, sys.prefix)'; cat "$1"; } | cksum | cut -d' ' -f1)
  dir=$cache/${1%.txt}-$key
  if [[ ! -e $dir/complete ]]; then
    rm -rf "$dir"
    mkdir -p "$(dirname "$dir")"
    "$python" -m venv "$dir" >&2
    # uv is many times faster; pip does the same.
    { "$dir/bin/python" -m pip install --quiet --disable-pip-version-check uv==0.13.9 &&
      "$dir/bin/uv" pip install --quiet --require-hashes --python "$dir/bin/python" -r "$1"; } >&2 ||
      "$dir/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1" >&2 || return 1
    touch "$dir/complete"
  fi
  echo "$dir"
}
main=$(environment requirements.txt) || skip "the packages of requirements.txt could not be installed"
openai3=$(environment requirements-openai3.txt) || skip "the packages of requirements-openai3.txt could not be installed"

if [[ -z ${SIGNALBOX_BIN:-} ]]; then
  make -s -C "$root" build
  export SIGNALBOX_BIN=$root/signalbox
fi
export PYTHONPATH=$PWD PYTHONPYCACHEPREFIX=$cache/pycache XDG_DATA_HOME=$cache/data
# Nothing of the user's, and nothing leaves the machine: no telemetry, no tracing.
unset OPENAI_API_KEY OPENAI_BASE_URL OPENAI_OAUTH_ACCESS_TOKEN OPENAI_ORG_ID OPENAI_PROJECT_ID OPENAI_ORGANIZATION OPENAI_PROJECT CREWAI_OPENAI_AUTH_MODE CREWAI_CODEX_CHATGPT_BASE_URL
export CREWAI_DISABLE_TELEMETRY=true CREWAI_DISABLE_TRACKING=true CREWAI_TRACING_ENABLED=false OTEL_SDK_DISABLED=true
export OPENAI_AGENTS_DISABLE_TRACING=1 LANGSMITH_TRACING=false LANGCHAIN_TRACING_V2=false ANONYMIZED_TELEMETRY=false
export CREWAI_STORAGE_DIR=signalbox-tests NO_COLOR=1

if [[ ${1:-} == --bench ]]; then
  for environment in "$main" "$openai3"; do "$environment/bin/python" bench.py; done
  exit
fi
if (($#)); then exec "$main/bin/python" -m pytest "$@"; fi
# A part that fails does not hide the others.
failed=0
"$main/bin/python" -m mypy --strict --cache-dir "$cache/mypy" signalbox || failed=1
"$main/bin/python" -m pytest -rfEs tests || failed=1
echo "with version 3 of the OpenAI SDK:"
"$openai3/bin/python" -m pytest -rfEs tests/test_openai.py tests/test_openai_errors.py tests/test_httpx.py || failed=1
exit $failed
