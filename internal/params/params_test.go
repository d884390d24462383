package params

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/signalbox-dev/signalbox/protocol"
)

type colour string

func (colour) Values() []colour { return []colour{"red", "green", "blue"} }

type choice int

func (choice) Null() choice { return -1 }

// sample has a field of each type that a member may have.
type sample struct {
	Name   string            `json:"name" min:"1"`
	Colour colour            `json:"colour,omitempty"`
	On     *bool             `json:"on,omitempty"`
	Off    bool              `json:"off,omitempty"`
	Wait   int64             `json:"wait,omitempty" min:"1" max:"60"`
	Level  int               `json:"level,omitempty" min:"-1"`
	Format *int              `json:"format,omitempty" min:"1" max:"1"`
	Ports  []uint16          `json:"ports,omitempty" max:"2"`
	Words  []string          `json:"words,omitempty"`
	Extra  map[string]string `json:"extra,omitempty"`
	Raw    json.RawMessage   `json:"raw,omitempty"`
	Inner  struct {
		Deep string `json:"deep,omitempty"`
	} `json:"inner,omitzero"`
	Choice  choice   `json:"choice,omitempty" min:"1"`
	Unknown []string `json:"-"`
}

// An unknown member that is null is listed where the type asks for it.
func TestUnknownMembersThatAreNull(t *testing.T) {
	var got struct {
		Name    string   `json:"name,omitempty"`
		Unknown []string `json:"-" null:"listed"`
	}
	require.NoError(t, Decode([]byte(`{"name":null,"rootUri":null,"locale":"en"}`), &got))
	assert.Equal(t, []string{"rootUri", "locale"}, got.Unknown)
}

func TestMembersAreReadIntoFields(t *testing.T) {
	var got sample
	require.NoError(t, Decode([]byte(`{"name":"n","colour":"green","on":false,"off":true,"wait":6e1,"level":-1,"ports":[0,65535],"words":["a","\u0062"],
		"extra":{"k":"v"},"raw":[ 1 ],"inner":{"deep":"d","Deep":7},"\u0057ait":7,"other":null,"more":{}}`), &got))
	want := sample{
		Name: "n", Colour: "green", On: new(false), Off: true, Wait: 60, Level: -1, Ports: []uint16{0, 65535}, Words: []string{"a", "b"},
		Extra: map[string]string{"k": "v"}, Raw: json.RawMessage("[ 1 ]"), Unknown: []string{"Wait", "more"},
	}
	want.Inner.Deep = "d"
	assert.Equal(t, want, got)
}

// null, and an empty word where there is a list of words, leave what was there.
func TestNullMeansAbsent(t *testing.T) {
	got := sample{Off: true, Ports: []uint16{1}}
	require.NoError(t, Decode([]byte(`{"name":"n","colour":"","on":null,"off":null,"wait":null,"ports":null,"inner":null,"raw":null}`), &got))
	assert.Equal(t, sample{Name: "n", Off: true, Ports: []uint16{1}}, got)
	require.NoError(t, Decode([]byte(`{"name":"n","ports":[]}`), &got))
	assert.Equal(t, []uint16{}, got.Ports, "empty is not absent")
	require.NoError(t, Decode([]byte(`{"name":"n","choice":null}`), &got))
	assert.Equal(t, choice(-1), got.Choice, "a type may tell null from absent")
	require.Error(t, Decode([]byte(`{"name":"n","choice":-1}`), &got))
}

// The error names the member as the host has to write it, and its type.
func TestWrongMembersAreNamed(t *testing.T) {
	for params, want := range map[string]string{
		`7`:                                            ` The params must be an object.`,
		`{}`:                                           `name The member "name" is missing; it must be a string that is not empty.`,
		`{"name":null}`:                                `name The member "name" is missing; it must be a string that is not empty.`,
		`{"Name":"n"}`:                                 `name The member "name" is missing; it must be a string that is not empty.`,
		`{"off":1}`:                                    `off The member "off" must be true or false.`,
		`{"name":""}`:                                  `name The member "name" must be a string that is not empty.`,
		`{"name":"\ud800"}`:                            `name The member "name" must be a string that is not empty.`,
		`{"name":"n","\u006eame":"m"}`:                 `name The params contain a duplicate member.`,
		`{"name":"n","x":1,"x":1}`:                     `x The params contain a duplicate member.`,
		`{"name":"n","colour":"Red"}`:                  `colour The member "colour" must be "red", "green" or "blue".`,
		`{"name":"n","colour":7}`:                      `colour The member "colour" must be "red", "green" or "blue".`,
		`{"name":"n","on":"true"}`:                     `on The member "on" must be true or false.`,
		`{"name":"n","off":1}`:                         `off The member "off" must be true or false.`,
		`{"name":"n","wait":0}`:                        `wait The member "wait" must be a whole number from 1 to 60.`,
		`{"name":"n","wait":61}`:                       `wait The member "wait" must be a whole number from 1 to 60.`,
		`{"name":"n","wait":1.5}`:                      `wait The member "wait" must be a whole number from 1 to 60.`,
		`{"name":"n","wait":"1"}`:                      `wait The member "wait" must be a whole number from 1 to 60.`,
		`{"name":"n","level":-2}`:                      `level The member "level" must be a whole number of at least -1.`,
		`{"name":"n","level":1e300}`:                   `level The member "level" must be a whole number of at least -1.`,
		`{"name":"n","format":2}`:                      `format The member "format" must be 1.`,
		`{"name":"n","ports":[65536]}`:                 `ports The member "ports" must be a list of at most 2 whole numbers from 0 to 65535.`,
		`{"name":"n","ports":[1,2,3]}`:                 `ports The member "ports" must be a list of at most 2 whole numbers from 0 to 65535.`,
		`{"name":"n","ports":1}`:                       `ports The member "ports" must be a list of at most 2 whole numbers from 0 to 65535.`,
		`{"name":"n","words":["a",null]}`:              `words The member "words" must be a list of strings.`,
		`{"name":"n","words":{}}`:                      `words The member "words" must be a list of strings.`,
		`{"name":"n","extra":[]}`:                      `extra The member "extra" must be an object of strings.`,
		`{"name":"n","extra":{"k":1}}`:                 `extra.k The member "extra.k" must be a string.`,
		`{"name":"n","extra":{"k":"","k":""}}`:         `extra.k The member "extra" contains a duplicate member.`,
		`{"name":"n","inner":[]}`:                      `inner The member "inner" must be an object.`,
		`{"name":"n","inner":{"deep":true}}`:           `inner The member "inner.deep" must be a string.`,
		`{"name":"n","inner":{"deep":"","d":1,"d":2}}`: `inner The member "inner" contains a duplicate member.`,
	} {
		var to sample
		err := Decode([]byte(params), &to)
		var refused *protocol.Error
		require.ErrorAs(t, err, &refused, params)
		assert.Equal(t, protocol.CodeInvalidParams, refused.Code)
		assert.Equal(t, want, refused.Data.Field+" "+refused.Message, params)
	}
	var to sample
	err := Decode([]byte(`{"`+strings.Repeat("x", 1<<20)+`":1,"`+strings.Repeat("x", 1<<20)+`":1}`), &to)
	assert.Less(t, len(protocol.Encode(err)), 500, "a name comes back in part")
}

// What an editor declares beyond our types is not for us, and does not keep what
// is for us from being read.
func TestLenientSkipsWhatItCannotRead(t *testing.T) {
	got := sample{Wait: 7}
	Lenient([]byte(`{"on":"yes","off":true,"wait":"1","inner":{"deep":"d"},"ports":[1],"x":1,"x":2}`), &got)
	want := sample{Off: true, Wait: 7, Ports: []uint16{1}, Unknown: []string{"x", "x"}}
	want.Inner.Deep = "d"
	assert.Equal(t, want, got)
	Lenient(nil, &got)
	Lenient([]byte(`[1]`), &got)
	assert.Equal(t, want, got)
}

// Whatever a host sends is read or refused with a -32602; the lenient reading refuses
// nothing.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"name":"n","colour":"red","on":true,"wait":1,"ports":[1],"words":["a"],"extra":{"a":"b"},"raw":null,"inner":{"deep":""},"choice":null}`,
		`{"name":"n","name":"n"}`, `[]`, `{"inner":{"a":1,"a":1}}`, `{"wait":-0.0,"level":1e15,"format":1.0}`, `{"\u006eame":"\ud800"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var strict, lenient sample
		err := Decode(text, &strict)
		Lenient(text, &lenient)
		if err == nil {
			assert.Equal(t, strict, lenient)
			assert.NotEmpty(t, strict.Name)
			return
		}
		var refused *protocol.Error
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, protocol.CodeInvalidParams, refused.Code)
	})
}
