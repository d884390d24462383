#!/bin/sh
# Where these models would go and why, without any network call: route-table.sh [MODEL...]
[ $# -gt 0 ] || set -- gpt-5.2-codex gpt-5.2-pro gpt-7-codex-mini gpt-7-pro-2027-01-31 gpt-5.5
for model; do
  jq -nc --arg model "$model" '{jsonrpc: "2.0", id: $model, method: "routes/resolve", params: {$model}}'
done | signalbox serve ${SIGNALBOX_FLAGS---simulate} |
  jq -r '[.id, (.result | .route, .rule, .credential_source), .error.data.kind] | map(values) | @tsv'
