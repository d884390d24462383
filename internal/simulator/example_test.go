package simulator

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestExampleFollowsTheSchema(t *testing.T) {
	for name, tc := range map[string]struct{ schema, want string }{
		"none":          {``, `{}`},
		"null":          {`null`, `{}`},
		"anything":      {`{}`, `{}`},
		"no object":     {`"x"`, `{}`},
		"required only": {`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["b"]}`, `{"b":"example"}`},
		"every type": {`{"properties":{"s":{"type":"string"},"n":{"type":"number"},"i":{"type":"integer"},"b":{"type":"boolean"},"z":{"type":"null"},"l":{"type":"array","items":{"type":"integer"}},"o":{"type":"object"}},"required":["s","n","i","b","z","l","o"]}`,
			`{"s":"example","n":1,"i":1,"b":true,"z":null,"l":[1],"o":{}}`},
		"enum and const":  {`{"type":"object","properties":{"e":{"type":"string","enum":["x","y"]},"c":{"const":7}},"required":["e","c"]}`, `{"e":"x","c":7}`},
		"nullable":        {`{"type":"object","properties":{"a":{"type":["integer","null"]}},"required":["a"]}`, `{"a":1}`},
		"alternatives":    {`{"type":"object","properties":{"a":{"anyOf":[{"type":"boolean"},{"type":"null"}]},"o":{"oneOf":[{"type":"null"}]}},"required":["a","o"]}`, `{"a":true,"o":null}`},
		"reference":       {`{"type":"object","$defs":{"d":{"type":"integer"}},"properties":{"a":{"$ref":"#/$defs/d"}},"required":["a"]}`, `{"a":1}`},
		"name is escaped": {`{"type":"object","required":["a\"<"]}`, `{"a\"<":"example"}`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, string(example(json.RawMessage(tc.schema))))
		})
	}
}

func TestExampleOfASchemaThatRequiresItselfEnds(t *testing.T) {
	made := example(json.RawMessage(`{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"a":{"$ref":"#/$defs/n"},"b":{"$ref":"#/$defs/n"}},"required":["a","b"]}}}`))
	assert.True(t, json.Valid(made))
	assert.Less(t, len(made), 1<<20)
}
