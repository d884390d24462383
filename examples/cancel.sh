#!/bin/sh
# Start a stream and end it half a second later; "simulate" slows the simulator down.
{
  echo '{"jsonrpc":"2.0","id":1,"method":"responses/create","params":{"model":"gpt-5.2-codex","input":"What is 2+2?","stream":true,"_meta":{"simulate":"slow"}}}'
  sleep 0.5
  echo '{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}'
} | signalbox serve ${SIGNALBOX_FLAGS---simulate} | jq -r 'select(.method == "responses/completed").params.status, (.error // empty | "\(.code) \(.data.kind)")'
