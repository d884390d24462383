#!/bin/sh
# A shell, jq and pipes: a whole conversation in JSON lines with a real signalbox.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
box=${SIGNALBOX_BIN:-$here/../../signalbox}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAIL $1: $2" >&2; exit 1; }
equal() { [ "$2" = "$3" ] || fail "$1" "want $2, got $3"; }

# start SCENARIO: signalbox reads descriptor 3 and writes descriptor 4.
start() {
  rm -f "$work/in" "$work/out" && mkfifo "$work/in" "$work/out"
  "$box" serve "--simulate${1:+=$1}" <"$work/in" >"$work/out" &
  pid=$!
  exec 3>"$work/in" 4<"$work/out"
}
send() { printf '%s\n' "$1" >&3; }
# until FILTER: reads lines up to the first that the filter is true for.
until_() {
  while IFS= read -r line <&4; do
    printf '%s\n' "$line" >>"$work/seen"
    if printf '%s\n' "$line" | jq -e "$1" >/dev/null; then return 0; fi
  done
  fail "$1" "stdout ended"
}
# stop: shutdown, exit; the exit code must be 0.
stop() {
  send '{"id":"bye","method":"shutdown"}'
  until_ '.id == "bye"'
  send '{"method":"exit"}'
  exec 3>&-
  wait "$pid" || fail exit "code $?"
  exec 4<&-
  : >"$work/seen"
}

# One printf is a whole conversation, and the end of stdin waits for its answer.
text=$(printf '%s\n' '{"id":1,"method":"responses/create","params":{"model":"gpt-5.2-codex","input":"What is 2+2?","stream":true}}' |
  "$box" serve --simulate | jq -rj 'select(.params.event.type? == "response.output_text.delta").params.event.delta')
equal pipeline '2 + 2 = 4.' "$text"

start ''
send '{"id":1,"method":"initialize","params":{"clientInfo":{"name":"sh"}}}'
until_ '.id == 1'
equal framing ndjson "$(printf '%s' "$line" | jq -r .result.capabilities.framing)"
send '{"id":2,"method":"auth/status"}'
until_ '.id == 2'
equal status authenticated "$(printf '%s' "$line" | jq -r .result.state)"
send '{"id":3,"method":"responses/create","params":{"model":"gpt-5.2-pro","input":"What is 2+2?","stream":true}}'
until_ '.id == 3'
equal stream platform "$(printf '%s' "$line" | jq -r .result.evidence.route)"
equal order 'responses/started responses/completed' "$(jq -rs '[.[] | select(.method)] | "\(first.method) \(last.method)"' "$work/seen")"
stop

start slow
send '{"id":1,"method":"responses/create","params":{"model":"gpt-5.2-codex","input":"Count.","stream":true}}'
until_ '.method == "responses/started"'
send '{"method":"$/cancelRequest","params":{"id":1}}'
until_ '.id == 1'
equal cancel '-32800 cancelled' "$(printf '%s' "$line" | jq -r '"\(.error.code) \(.error.data.kind)"')"
stop

# The snippets of the README as they stand; the signalbox on the PATH has the simulator
# in place of OpenAI.
printf '#!/bin/sh\nexec "%s" "$@" --simulate\n' "$(cd "$(dirname "$box")" && pwd)/$(basename "$box")" >"$work/signalbox"
chmod +x "$work/signalbox"
snippet() { # NUMBER: prints what it prints
  awk -v want="$1" '/^```sh$/ { n++; on = 1; next } /^```$/ { on = 0 } on && n == want' "$here/README.md" >"$work/snippet.sh"
  PATH=$work:$PATH sh -eu "$work/snippet.sh"
}
equal 'the first snippet' '2 + 2 = 4.
completed' "$(snippet 1)"
equal 'the second snippet' authenticated "$(snippet 2)"

start logged-out
send '{"id":1,"method":"auth/login","params":{"method":"device"}}'
until_ '.method == "auth/loginPrompt"'
printf '%s' "$line" | jq -e '.params.userCode | test("^\\w{4}-\\w+$")' >/dev/null || fail login "$line"
until_ '.id == 1'
equal login 'succeeded authenticated' "$(printf '%s' "$line" | jq -r '"\(.result.status) \(.result.auth.state)"')"
stop
echo ok
