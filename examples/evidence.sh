#!/bin/sh
# Which model, route and credential answered, as tab-separated values.
signalbox call ${SIGNALBOX_FLAGS---simulate} responses/create '{"model":"gpt-5.2-codex","input":"What is 2+2?"}' |
  jq -r 'if .error then error(.error.message) else .result.evidence // empty end |
    [.requested_model, .effective_model, .route, .credential_source, .status] | @tsv'
