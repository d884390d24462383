package protocol

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKindsAreClosed holds the list of kinds: each constant has exactly one
// code, and each code a kind.
func TestKindsAreClosed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	require.NoError(t, err)
	names, codes := map[string]bool{}, 0
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if strings.HasPrefix(spec.Names[0].Name, "Kind") {
				names[strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)] = true
			}
			if strings.HasPrefix(spec.Names[0].Name, "Code") {
				codes++
			}
		}
		return true
	})
	require.Len(t, kinds, codes)
	for code, kind := range kinds {
		require.True(t, names[string(kind)], "kind %s of %d", kind, code)
		delete(names, string(kind))
	}
	require.Empty(t, names, "kinds without a code")
}

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
