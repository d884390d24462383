#!/bin/sh
# Which of the pinned models can be proven to answer, and why not; for a check that runs every day.
signalbox validate --json ${SIGNALBOX_FLAGS---simulate} |
  jq -r '.rows[] | select(.required) | [.status, .model, .effective_model // "-", .category // .credential_source] | @tsv'
