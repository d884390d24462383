// Package params reads the params of a request into the types of package
// protocol, which are what the documents are made from: a member is read as it
// is documented.
//
// Names of members are compared exactly. A duplicate member and a wrong type or
// value are a -32602 that names the member; a member that a type does not have is
// ignored, and null means absent (docs/protocol.md: Framing).
//
// The fields say the rest: one whose tag json lets it be left out is optional. The
// tags min and max bound a number, the bytes of a string or the length of a list.
// A string type with a method Values allows those alone, and the empty string for
// absent. A type with a method Null says what null means instead of absent. A field Unknown, a list of strings, gets the names that the type does
// not have: those that are null only with the tag null:"listed".
package params

import (
	"reflect"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// maxDepth of what the host sends; the envelope has been held to it.
const maxDepth = 512

// Decode reads raw, the params of a request or nil, into the struct that to
// points to. Fields of absent members stay as they are. The error is a
// *protocol.Error with code -32602.
func Decode(raw []byte, to any) error {
	var members []rawjson.Member
	if raw != nil {
		var err error
		if members, _, err = rawjson.Object(raw, maxDepth, nil); err != nil {
			return protocol.InvalidParams("", "The params must be an object.")
		}
	}
	return Members(members, to)
}

// Members is Decode of an object that has been read already.
func Members(members []rawjson.Member, to any) error {
	return decoder{}.object(members, reflect.ValueOf(to).Elem(), "")
}

// Lenient is Decode for an object of which much is not for us: what has an
// unexpected type or value is left as it is.
func Lenient(raw []byte, to any) {
	if members, _, err := rawjson.Object(raw, maxDepth, nil); err == nil {
		_ = decoder{lenient: true}.object(members, reflect.ValueOf(to).Elem(), "")
	}
}

// Short returns a name of the host's as it may stand in an error.
func Short(name string) string {
	if runes := []rune(name); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return name
}

// decoder reads members into fields.
type decoder struct{ lenient bool }

// object reads the members of the object at path, "" for the params themselves,
// into a struct.
func (d decoder) object(members []rawjson.Member, to reflect.Value, path string) error {
	if name, found := rawjson.Duplicate(members); found && !d.lenient {
		where := "The params contain"
		if path != "" {
			where = "The member \"" + path + "\" contains"
		}
		return protocol.InvalidParams(join(path, Short(name)), where+" a duplicate member.")
	}
	var absent error // the first that must be there
	var unknown reflect.Value
	var listNull bool
	for i := range to.NumField() {
		tag := to.Type().Field(i).Tag
		name, options, _ := strings.Cut(tag.Get("json"), ",")
		if name == "-" {
			unknown, listNull = to.Field(i), tag.Get("null") == "listed"
			continue
		}
		m, found := rawjson.Find(members, name)
		if found && string(m.Value) == "null" && setNull(to.Field(i)) {
			continue
		}
		if !found || string(m.Value) == "null" {
			if options == "" && absent == nil {
				absent = missing(join(path, name), to.Type().Field(i))
			}
			continue
		}
		err := d.value(m.Value, to.Field(i), join(path, name), limitsOf(tag, options == ""))
		if err != nil && !d.lenient {
			return err
		}
	}
	if unknown.IsValid() {
		unknown.Set(reflect.ValueOf(unknownNames(members, to.Type(), listNull)))
	}
	return absent
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// unknownNames returns the names of the members that a type does not have, with
// or without those that are null; nil for none.
func unknownNames(members []rawjson.Member, of reflect.Type, null bool) []string {
	var names []string
	for _, m := range members {
		name, known := m.Name(), !null && string(m.Value) == "null"
		for i := 0; i < of.NumField() && !known; i++ {
			has, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			known = has == name
		}
		if !known {
			names = append(names, Short(name))
		}
	}
	return names
}
