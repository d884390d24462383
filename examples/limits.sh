#!/bin/sh
# How much of the ChatGPT plan is used, for each of its windows, and why that is not known.
signalbox call ${SIGNALBOX_FLAGS---simulate} limits/read '{"refresh":true}' |
  jq -r 'select(.result).result | ((.chatgpt.windows // [])[] | "\(.name): \(.usedPercent) % of \((.windowMinutes // 0) / 60 | floor) h"), (.warnings // [])[]'
