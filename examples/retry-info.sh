#!/bin/sh
# What an error tells a program: branch on kind and reason, wait for retryAfterMs, show action to the user.
signalbox call ${SIGNALBOX_FLAGS---simulate} responses/create '{"model":"gpt-5.2-pro","input":"Hello.","_meta":{"simulate":"rate-limit"}}' |
  jq 'select(.error).error | {code, message} + (.data | {kind, reason, action, retryable, retryAfterMs})'
