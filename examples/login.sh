#!/bin/sh
# Log in with a code on another device: show what to do, wait, and say who it is.
echo '{"jsonrpc":"2.0","id":1,"method":"auth/login","params":{"method":"device"}}' |
  signalbox serve ${SIGNALBOX_FLAGS---simulate} | jq -r --unbuffered '
    if .method == "auth/loginPrompt" then .params | "Open \(.verificationUrl) and enter \(.userCode)."
    elif .error then "\(.error.message) \(.error.data.action)"
    elif .result then .result.auth.account | "Logged in as \(.email) (\(.planType))."
    else empty end'
