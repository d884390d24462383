package protocol

import (
	"go/ast"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// model is the protocol as the generators see it: the types that the tables of
// messages name, and those that these use, by name.
type model struct {
	*source
	types map[string]typ
}

// typ is the type of a JSON value. Exactly one of its members but nullable is
// set.
type typ struct {
	// word is "string", "integer", "number", "boolean", "object", "null" or "any".
	word string
	// named is a type of the model.
	named string
	// values of a list of strings that is closed for this release.
	values []string
	// members of an object; never nil for one.
	members []member
	// list and dict have elements of this type.
	list, dict *typ
	// union is one of several.
	union []typ
	// nullable: or null.
	nullable bool
	// open: an object whose other members mean something as well.
	open bool
}

// member of an object.
type member struct {
	name, doc string
	optional  bool
	typ       typ
	// min and max are the tags that bound it, "" without.
	min, max string
}

// openTypes have members that they do not list: the body of the Responses API.
var openTypes = []string{"CreateParams"}

// protocolModel reads the types of the tables from the source of this package.
func protocolModel(t *testing.T) *model {
	t.Helper()
	m := &model{packageSource(t), map[string]typ{}}
	m.reach(t, "Error")
	for _, list := range [][]Message{Methods, ServerRequests, ServerNotifications, ClientNotifications} {
		for _, row := range list {
			for _, value := range []any{row.Params, row.Result} {
				if name := nameOfValue(value); name != "" {
					m.reach(t, name)
				}
			}
		}
	}
	return m
}

// nameOfValue returns the name of the type of a message's params or result; "" for
// none and for the empty object.
func nameOfValue(value any) string {
	if value == nil {
		return ""
	}
	return reflect.TypeOf(value).Name()
}

// names of the types, sorted.
func (m *model) names() []string { return slices.Sorted(maps.Keys(m.types)) }

// reach adds a type and those that it uses.
func (m *model) reach(t *testing.T, name string) {
	if _, known := m.types[name]; known {
		return
	}
	m.types[name] = typ{} // it may use itself
	if fields := m.structs[name]; fields != nil {
		m.types[name] = typ{members: m.membersOf(t, fields), open: slices.Contains(openTypes, name)}
		return
	}
	if constants := ofKind(m.constants, name); len(constants) > 0 && nameOf(m.kinds[name]) == "string" {
		m.types[name] = typ{values: values(m.constants, name)}
		return
	}
	require.NotNil(t, m.kinds[name], "there is no type %s", name)
	m.types[name] = m.typeOf(t, m.kinds[name])
}

func (m *model) membersOf(t *testing.T, of *ast.StructType) []member {
	list := []member{}
	for _, f := range of.Fields.List {
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
		name, options, _ := strings.Cut(tag.Get("json"), ",")
		if name == "-" && tag.Get("doc") == "" {
			continue // only for the code
		}
		row := member{name: name, doc: sentence(f.Names[0].Name, f.Doc.Text()), optional: options != "", min: tag.Get("min"), max: tag.Get("max")}
		// The tag doc says what the Go type does not.
		if given, words, ok := strings.Cut(tag.Get("doc"), ","); ok {
			row.name, row.optional = strings.CutSuffix(given, "?")
			row.optional = row.optional || options != ""
			row.typ = m.typeInWords(t, words)
		} else {
			row.typ = m.typeOf(t, f.Type)
			if row.optional { // a pointer or a list that is nil is left out
				row.typ.nullable = false
			}
		}
		list = append(list, row)
	}
	return list
}

// typeOf returns the type of a Go type. A list is never null: package protocol
// encodes an empty one.
func (m *model) typeOf(t *testing.T, e ast.Expr) typ {
	switch e := e.(type) {
	case *ast.StarExpr:
		to := m.typeOf(t, e.X)
		to.nullable = true
		return to
	case *ast.ArrayType:
		elem := m.typeOf(t, e.Elt)
		return typ{list: &elem}
	case *ast.MapType:
		elem := m.typeOf(t, e.Value)
		return typ{dict: &elem}
	case *ast.StructType:
		return typ{members: m.membersOf(t, e)}
	case *ast.Ident:
		switch {
		case e.Name == "bool":
			return typ{word: "boolean"}
		case e.Name == "string":
			return typ{word: "string"}
		case e.Name == "any":
			return typ{word: "any"}
		case strings.HasPrefix(e.Name, "int"), strings.HasPrefix(e.Name, "uint"):
			return typ{word: "integer"}
		case strings.HasPrefix(e.Name, "float"):
			return typ{word: "number"}
		}
		m.reach(t, e.Name)
		return typ{named: e.Name}
	}
	return typ{word: "any"} // json.RawMessage
}

// typeInWords reads what the tag doc says, such as "string or number".
func (m *model) typeInWords(t *testing.T, words string) typ {
	if elem, ok := strings.CutPrefix(words, "list of "); ok {
		of := m.typeInWords(t, strings.TrimSuffix(elem, "s"))
		return typ{list: &of}
	}
	var all []typ
	nullable := false
	for word := range strings.SplitSeq(words, " or ") {
		word = regexp.MustCompile(`^\[(\w+)\].*$`).ReplaceAllString(word, "$1") // a link
		switch {
		case word == "null":
			nullable = true
		case slices.Contains([]string{"string", "integer", "number", "boolean", "object"}, word):
			all = append(all, typ{word: word})
		case m.structs[word] != nil || m.kinds[word] != nil:
			m.reach(t, word)
			all = append(all, typ{named: word})
		default:
			return typ{word: "any"}
		}
	}
	if len(all) == 1 {
		all[0].nullable = nullable
		return all[0]
	}
	return typ{union: all, nullable: nullable}
}

// doc returns the comment of a type as one line.
func (m *model) doc(name string) string { return sentence(name, m.docs[name]) }

// wrap breaks a text into lines of at most 80 columns.
func wrap(text, indent string) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(strings.ReplaceAll(text, `\*`, "*")) {
		if line != "" && len(indent)+len(line)+1+len(word) > 80 {
			lines, line = append(lines, indent+line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, indent+line)
}
