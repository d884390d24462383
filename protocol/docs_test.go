package protocol

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const docsFile = "../docs/reference.md"

// block is a generated part of the document.
var block = regexp.MustCompile(`(?s)<!-- generated: (.+?) -->\n(.*?)<!-- end -->`)

// TestDocs keeps the tables of docs/reference.md in step with the types and their
// comments. The flags and commands belong to internal/cli, the conversations of
// docs/protocol.md to e2e.
func TestDocs(t *testing.T) {
	s := packageSource(t)
	tables := map[string]func() string{
		"methods":                     func() string { return s.methods(t) },
		"notifications to the host":   func() string { return s.notifications(t, ServerNotifications) },
		"requests to the host":        func() string { return s.requests(t) },
		"notifications from the host": func() string { return s.notifications(t, ClientNotifications) },
		"types":                       func() string { return s.types(t) },
		"errors":                      func() string { return s.errors(t) },
		"values":                      func() string { return s.values(t) },
	}
	for _, m := range Methods {
		tables["method "+m.Name] = func() string { return s.method(t, m) }
	}
	text, err := os.ReadFile(docsFile)
	require.NoError(t, err)
	seen := map[string]bool{}
	var order []string // of the methods
	got := block.ReplaceAllStringFunc(string(text), func(part string) string {
		name := block.FindStringSubmatch(part)[1]
		require.False(t, seen[name], "%q is there twice", name)
		seen[name] = true
		if strings.HasPrefix(name, "method ") {
			order = append(order, name)
		}
		if table := tables[name]; table != nil {
			return fmt.Sprintf("<!-- generated: %s -->\n%s<!-- end -->", name, table())
		}
		return part
	})
	for name := range tables {
		require.True(t, seen[name], "the document has no %q", name)
	}
	require.Len(t, order, len(Methods), "one section for each method, and no other")
	require.True(t, slices.IsSorted(order), "the sections of the methods are in alphabetical order")
	if *update {
		require.NoError(t, os.WriteFile(docsFile, []byte(got), 0o644))
		text = []byte(got)
	}
	require.Equal(t, string(text), got, "run go test ./protocol -update")
	for _, link := range regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(got, -1) {
		require.True(t, headings(got)[link[1]], "there is no heading %q", link[1])
	}
}

// headings returns the anchors of a document.
func headings(text string) map[string]bool {
	anchors := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		anchor := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(line[1]), "")
		anchors[strings.ReplaceAll(anchor, " ", "-")] = true
	}
	return anchors
}

// source is what the document takes from the code of this package.
type source struct {
	structs   map[string]*ast.StructType
	kinds     map[string]ast.Expr // of the other types
	docs      map[string]string   // of types
	constants map[string]constant
}

// constant is a named string, or another constant with an empty value.
type constant struct {
	name, kind, value, doc string
	pos                    token.Pos
}

func packageSource(t *testing.T) *source {
	t.Helper()
	s := &source{map[string]*ast.StructType{}, map[string]ast.Expr{}, map[string]string{}, map[string]constant{}}
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	files := token.NewFileSet()
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range group.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if fields, ok := spec.Type.(*ast.StructType); ok {
						s.structs[spec.Name.Name] = fields
					} else {
						s.kinds[spec.Name.Name] = spec.Type
					}
					s.docs[spec.Name.Name] = group.Doc.Text()
				case *ast.ValueSpec:
					c := constant{name: spec.Names[0].Name, doc: spec.Doc.Text(), pos: spec.Pos()}
					if len(spec.Values) == 1 {
						c.value = literal(spec.Values[0])
					}
					c.kind = nameOf(spec.Type)
					s.constants[c.name] = c
				}
			}
		}
	}
	return s
}

// values lists the constants of a type.
func values(all map[string]constant, kind string) []string {
	var list []string
	for _, c := range ofKind(all, kind) {
		list = append(list, c.value)
	}
	return list
}

// ofKind returns the constants of a type in their order.
func ofKind(all map[string]constant, kind string) []constant {
	var list []constant
	for _, c := range all {
		if c.kind == kind {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b constant) int { return int(a.pos - b.pos) })
	return list
}

// field is a row of a table of fields.
type field struct{ name, kind, meaning string }

// fields lists the members of a struct as JSON names them: "?" is behind the
// name of one that may be absent.
func (s *source) fields(name string) []field { return s.members(s.structs[name], "") }

func (s *source) members(of *ast.StructType, prefix string) []field {
	var rows []field
	for _, f := range of.Fields.List {
		tag := reflect.StructTag(strings.Trim(f.Tag.Value, "`"))
		name, options, _ := strings.Cut(tag.Get("json"), ",")
		if name == "-" && tag.Get("doc") == "" {
			continue // only for the code
		}
		optional := options != ""
		kind := s.typeName(f.Type, optional)
		// The tag doc says what the Go type does not.
		if given, special, ok := strings.Cut(tag.Get("doc"), ","); ok {
			name, kind = given, special
		}
		kind += limitsInWords(kind, tag)
		name = prefix + name
		meaning := sentence(f.Names[0].Name, f.Doc.Text())
		row := field{name, kind, meaning}
		if optional {
			row.name += "?"
		}
		rows = append(rows, row)
		if inner, ok := f.Type.(*ast.StructType); ok {
			rows = append(rows, s.members(inner, name+".")...)
		}
	}
	return rows
}

// limitsInWords says what the tags min and max of a member allow.
func limitsInWords(kind string, tag reflect.StructTag) string {
	least, most := tag.Get("min"), tag.Get("max")
	switch {
	case kind == "string" && least != "":
		return ", not empty"
	case strings.HasPrefix(kind, "list") && most != "":
		return ", at most " + most
	case least != "" && least == most:
		return ": " + least
	case most != "":
		return ", " + least + " to " + most
	case least != "":
		return ", at least " + least
	}
	return ""
}

// typeName names a type as a reader of JSON would.
func (s *source) typeName(e ast.Expr, optional bool) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		if optional {
			return s.typeName(e.X, false)
		}
		return s.typeName(e.X, false) + " or null"
	case *ast.ArrayType:
		if elem := s.typeName(e.Elt, false); !strings.HasPrefix(elem, "[") {
			return "list of " + elem + "s"
		}
		return "list of " + s.typeName(e.Elt, false)
	case *ast.MapType:
		return "object of " + s.typeName(e.Value, false) + "s"
	case *ast.StructType:
		return "object"
	case *ast.Ident:
		switch {
		case e.Name == "bool":
			return "boolean"
		case strings.HasPrefix(e.Name, "int"), strings.HasPrefix(e.Name, "uint"):
			return "integer"
		case e.Name == "string":
			return "string"
		case e.Name == "Kind":
			return "[string](#errors)"
		case s.structs[e.Name] != nil || len(ofKind(s.constants, e.Name)) > 0 && nameOf(s.kinds[e.Name]) == "string":
			return link(e.Name)
		}
		return s.typeName(s.kinds[e.Name], false)
	}
	return "any"
}

func link(name string) string { return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name)) }

// sentence makes one line of a comment, without "Name is" at its start.
func sentence(name, doc string) string {
	text := strings.Join(strings.Fields(doc), " ")
	for _, verb := range []string{": ", " is ", " are "} {
		text = strings.TrimPrefix(text, name+verb)
	}
	return strings.ReplaceAll(Sentence(text), "*", `\*`)
}

// table writes rows under a head.
func table(t *testing.T, head string, rows ...[]string) string {
	var b strings.Builder
	line := func(cells ...string) {
		b.WriteString("|")
		for _, cell := range cells {
			if cell != "" {
				cell = " " + strings.ReplaceAll(cell, "|", `\|`)
			}
			b.WriteString(cell + " |")
		}
		b.WriteString("\n")
	}
	names := strings.Split(head, ", ")
	line(names...)
	b.WriteString("|" + strings.Repeat("---|", len(names)) + "\n")
	for _, row := range rows {
		require.Len(t, row, len(names))
		line(row...)
	}
	return b.String()
}

// texts returns names, such as reasons, as strings.
func texts[T ~string](names []T) []string {
	var list []string
	for _, name := range names {
		list = append(list, string(name))
	}
	return list
}

func code(names ...string) string {
	for i, name := range names {
		names[i] = "`" + name + "`"
	}
	return strings.Join(names, ", ")
}

// typeOf links to the type of params or a result.
func typeOf(value any) string {
	switch name := reflect.TypeOf(value); {
	case value == nil:
		return ""
	case name.Name() == "":
		return "`{}`"
	default:
		return link(name.Name())
	}
}

// meaning returns the comment of the constant with a value.
func (s *source) meaning(t *testing.T, prefix, value string) string {
	for _, c := range s.constants {
		if c.value == value && strings.HasPrefix(c.name, prefix) {
			require.NotEmpty(t, c.doc, c.name)
			return sentence(c.name, c.doc)
		}
	}
	require.Fail(t, "no constant", "%s has none", value)
	return ""
}

func (s *source) methods(t *testing.T) string {
	var rows [][]string
	for _, m := range Methods {
		result := typeOf(m.Result)
		if m.Result == nil {
			result = "`null`"
		}
		rows = append(rows, []string{code(m.Name), typeOf(m.Params), result, s.meaning(t, "Method", m.Name)})
	}
	return table(t, "method, params, result, meaning", rows...)
}

// method returns the head of a method's section.
func (s *source) method(t *testing.T, m Message) string {
	params, result := "none", "`null`"
	if m.Params != nil {
		params = typeOf(m.Params)
	}
	if m.Result != nil {
		result = typeOf(m.Result)
	}
	return fmt.Sprintf("### %s\n\n%s Params: %s. Result: %s.\n", m.Name, s.meaning(t, "Method", m.Name), params, result)
}

// isMessage reports whether a struct is a JSON object that is sent or received:
// all of its fields have tags.
func (s *source) isMessage(name string) bool {
	fields := s.structs[name].Fields.List
	return len(fields) > 0 && !slices.ContainsFunc(fields, func(f *ast.Field) bool { return f.Tag == nil })
}

// types returns the tables of all structs, in alphabetical order.
func (s *source) types(t *testing.T) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.structs)) {
		if s.isMessage(name) {
			parts = append(parts, s.fieldTable(t, name))
		}
	}
	return strings.Join(parts, "\n")
}

func (s *source) requests(t *testing.T) string {
	var rows [][]string
	for _, m := range ServerRequests {
		rows = append(rows, []string{code(m.Name), typeOf(m.Params), typeOf(m.Result), s.meaning(t, "Request", m.Name)})
	}
	return table(t, "request, params, result, meaning", rows...)
}

func (s *source) notifications(t *testing.T, list []Message) string {
	var rows [][]string
	for _, m := range list {
		rows = append(rows, []string{code(m.Name), typeOf(m.Params), s.meaning(t, "Notification", m.Name)})
	}
	return table(t, "notification, params, meaning", rows...)
}

func (s *source) errors(t *testing.T) string {
	var rows [][]string
	for _, e := range Errors {
		rows = append(rows, []string{
			fmt.Sprint(e.Code), code(string(e.Kind)), s.meaning(t, "Kind", string(e.Kind)),
			code(texts(e.Reasons)...), code(slices.Clone(e.Members)...), e.HTTP,
		})
	}
	return table(t, "code, kind, meaning, reasons, members, as HTTP", rows...)
}

func (s *source) fieldTable(t *testing.T, name string) string {
	var rows [][]string
	for _, f := range s.fields(name) {
		require.NotEmpty(t, f.meaning, "%s.%s has no comment", name, f.name)
		rows = append(rows, []string{code(f.name), f.kind, f.meaning})
	}
	return fmt.Sprintf("### %s\n\n%s\n\n%s", name, sentence(name, s.docs[name]), table(t, "member, type, meaning", rows...))
}

// values writes the types that have a list of values.
func (s *source) values(t *testing.T) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.kinds)) {
		list := ofKind(s.constants, name)
		if len(list) == 0 || list[0].value == "" || name == "Kind" {
			continue
		}
		var rows [][]string
		for _, c := range list {
			require.NotEmpty(t, c.doc, c.name)
			rows = append(rows, []string{code(c.value), sentence(c.name, c.doc)})
		}
		_, _ = fmt.Fprintf(&b, "### %s\n\n%s\n\n%s\n", name, sentence(name, s.docs[name]), table(t, "value, meaning", rows...))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
