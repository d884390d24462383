#!/bin/sh
# Without a stream, on either route: the whole text, then what it cost.
signalbox call ${SIGNALBOX_FLAGS---simulate} responses/create '{"model":"gpt-5.2-pro","input":"What is 2+2?"}' |
  jq -r 'if .error then error(.error.message) else .result // empty end |
    (.response.output[] | select(.type == "message").content[].text),
    "\(.usage.input_tokens) tokens in, \(.usage.output_tokens) out"'
