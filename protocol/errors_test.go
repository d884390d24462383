package protocol

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestErrorEncodesAsTheContractSays(t *testing.T) {
	status := 429
	e := NewError(CodeRateLimited, "The limit <of> \"x\" has been reached.", ErrorData{
		Reason: "requests", Retryable: true, RetryAfterMs: 2000, HTTPStatus: status,
		Headers: Headers{"retry-after": "2"}, Upstream: &UpstreamError{Type: "requests"},
	})
	require.Equal(t, `{"code":1103,"message":"The limit <of> \"x\" has been reached.","data":{"kind":"rate_limited","reason":"requests","retryable":true,"retryAfterMs":2000,"httpStatus":429,"headers":{"retry-after":"2"},"upstream":{"type":"requests"}}}`, string(e.Encode()))
	require.Equal(t, `{"code":-32800,"message":"M.","data":{"kind":"cancelled","retryable":false}}`, string(NewError(CodeCancelled, "M.", ErrorData{}).Encode()))
	require.Equal(t, "A sentence.", InvalidParams("f", "a sentence").Error())
}

func TestSentence(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"the key is blank":            "The key is blank.",
		"The key is blank.":           "The key is blank.",
		"tokens.account_id is a list": "tokens.account_id is a list.",
		"/home/u/auth.json is a list": "/home/u/auth.json is a list.",
		"OPENAI_API_KEY is blank":     "OPENAI_API_KEY is blank.",
		"\"x\" is twice there":        "\"x\" is twice there.",
		"is it?":                      "Is it?",
	} {
		require.Equal(t, want, Sentence(text))
	}
}
