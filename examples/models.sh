#!/bin/sh
# The models that can be used now, with the route of each, for a picker.
signalbox call ${SIGNALBOX_FLAGS---simulate} models/list '{"refresh":true}' |
  jq -r 'select(.result).result | (.models[] | select(.available and (.hidden | not)) | [.id, .route, .source] | @tsv), .warnings[]'
