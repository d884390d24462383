#!/bin/sh
# Two requests at once on one pipe, one over each route; the ids tell the answers apart.
for model in gpt-5.2-codex gpt-5.2-pro; do
  printf '{"jsonrpc":"2.0","id":"%s","method":"responses/create","params":{"model":"%s","input":"What is 2+2?"}}\n' $model $model
done | signalbox serve ${SIGNALBOX_FLAGS---simulate} | jq -r 'select(.id) | [.id, (.result | .evidence.route,
    (.response.output[]? | select(.type == "message").content[].text)), .error.data.kind] | map(values) | @tsv'
