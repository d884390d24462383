#!/bin/sh
# Who am I, and which routes can be used now.
signalbox status --json ${SIGNALBOX_FLAGS---simulate} |
  jq -r '.state, (.routes[] | [.route, if .available then .credential_source else "not available: \(.reason)" end] | @tsv)'
