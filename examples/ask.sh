#!/bin/sh
# The text of an answer as it comes, and nothing else: ask.sh [PROMPT] [MODEL]
params=$(jq -nc --arg input "${1-What is 2+2?}" --arg model "${2-gpt-5.2-codex}" '{$model, $input, stream: true}')
signalbox call ${SIGNALBOX_FLAGS---simulate} responses/create "$params" |
  jq -rj --unbuffered 'if .error then error(.error.message) elif .result then "\n"
    else .params.event | select(.type? == "response.output_text.delta").delta end'
