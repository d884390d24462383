package protocol

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// reasonList lists all reasons, each once; several kinds share some.
func reasonList() []Reason {
	var list []Reason
	for _, row := range Errors {
		for _, reason := range row.Reasons {
			if !slices.Contains(list, reason) {
				list = append(list, reason)
			}
		}
	}
	return list
}

// TestKindsAreClosed: each constant of errors.go is in the table, once.
func TestKindsAreClosed(t *testing.T) {
	codes, list := map[Code]bool{}, []string{}
	for _, row := range Errors {
		require.False(t, codes[row.Code], "code %d is there twice", row.Code)
		codes[row.Code] = true
		list = append(list, string(row.Kind))
	}
	constants := packageSource(t).constants
	require.ElementsMatch(t, values(constants, "Kind"), list)
	require.Len(t, values(constants, "Code"), len(codes))
}

// TestChoicesListTheirConstants: what a host may choose is what the documents
// list.
func TestChoicesListTheirConstants(t *testing.T) {
	constants := packageSource(t).constants
	for kind, list := range map[string][]string{
		"RouteChoice":       texts(RouteChoice("").Values()),
		"EventChoice":       texts(EventChoice("").Values()),
		"UnsupportedPolicy": texts(UnsupportedPolicy("").Values()),
		"StatusRefresh":     texts(StatusRefresh("").Values()),
		"ExchangePolicy":    texts(ExchangePolicy("").Values()),
	} {
		require.Equal(t, values(constants, kind), list)
	}
}

// TestMembersOfErrors: what the table names is a member of error.data, and what
// is there and not general is named.
func TestMembersOfErrors(t *testing.T) {
	general := []string{"kind", "reason", "action", "retryable", "retryAfterMs", "httpStatus", "headers", "upstream", "streamId", "evidence"}
	all := slices.Clone(general)
	for _, row := range Errors {
		for _, name := range row.Members {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	var members []string
	for _, row := range packageSource(t).fields("ErrorData") {
		members = append(members, strings.TrimSuffix(row.name, "?"))
	}
	require.ElementsMatch(t, members, all)
}

// TestReasonsAreClosed: the reasons of the table are those that the code uses.
// That each goes with its kind, the schema of an error says, which the messages
// of the binary are held against.
func TestReasonsAreClosed(t *testing.T) {
	var given []string
	for _, root := range []string{"auth", "engine", "internal/transport", "rpc"} {
		err := filepath.WalkDir(filepath.Join("..", filepath.FromSlash(root)), func(path string, entry fs.DirEntry, err error) error {
			if files, _ := filepath.Glob(filepath.Join(path, "*.go")); err != nil || len(files) == 0 {
				return err
			}
			for _, reason := range reasonsIn(t, path) {
				if !slices.Contains(given, reason) {
					given = append(given, reason)
				}
			}
			return nil
		})
		require.NoError(t, err)
	}
	require.ElementsMatch(t, texts(reasonList()), given)
	require.ElementsMatch(t, given, values(packageSource(t).constants, "Reason"))
}

// reasonsIn finds the reasons that the code of a package uses: the constants
// that are called Reason or reason where they are a member, that are assigned to
// such a member, or that stand for a parameter of that name. A text with blanks
// is the reason of an adjustment.
func reasonsIn(t *testing.T, dir string) []string {
	constants := map[string]string{}
	for name, c := range packageSource(t).constants {
		constants[name] = c.value
	}
	position := map[string]int{} // of the parameter "reason", by function
	var files []*ast.File
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				notePosition(position, n.Name.Name, n.Type)
			case *ast.AssignStmt:
				if f, ok := n.Rhs[0].(*ast.FuncLit); ok {
					notePosition(position, nameOf(n.Lhs[0]), f.Type)
				}
			case *ast.ValueSpec:
				if len(n.Values) == 1 {
					constants[n.Names[0].Name] = literal(n.Values[0])
				}
			}
			return true
		})
	}
	require.NotEmpty(t, files)
	var given []string
	note := func(e ast.Expr) {
		reason := literal(e)
		if reason == "" {
			reason = constants[nameOf(e)]
		}
		if reason != "" && !strings.Contains(reason, " ") {
			given = append(given, reason)
		}
	}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if at, ok := position[nameOf(n.Fun)]; ok && at < len(n.Args) {
					note(n.Args[at])
				}
			case *ast.KeyValueExpr:
				if strings.EqualFold(nameOf(n.Key), "reason") {
					note(n.Value)
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if strings.EqualFold(nameOf(left), "reason") && len(n.Rhs) == len(n.Lhs) {
						note(n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	return given
}

func notePosition(position map[string]int, name string, f *ast.FuncType) {
	at := 0
	for _, field := range f.Params.List {
		for _, param := range field.Names {
			if param.Name == "reason" {
				position[name] = at
			}
			at++
		}
	}
}

// nameOf returns the name of an identifier, or the last one of a selector.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// literal returns the value of a string literal, "" for anything else.
func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	value, _ := strconv.Unquote(lit.Value)
	return value
}

// TestErrorSchemaTiesTheKind: what belongs to another kind is refused.
func TestErrorSchemaTiesTheKind(t *testing.T) {
	schema, err := schemas(t)["error"].Resolve(nil)
	require.NoError(t, err)
	for text, good := range map[string]bool{
		`{"code":1105,"message":"m","data":{"kind":"stream_broken","reason":"cut","retryable":false,"eventsDelivered":1}}`: true,
		`{"code":1105,"message":"m","data":{"kind":"stream_broken","retryable":false}}`:                                    true,
		`{"code":1105,"message":"m","data":{"kind":"stream_broken","reason":"cut off","retryable":false}}`:                 false,
		`{"code":1105,"message":"m","data":{"kind":"stream_broken","reason":"dns","retryable":false}}`:                     false,
		`{"code":1105,"message":"m","data":{"kind":"stream_broken","retryable":false,"limit":1}}`:                          true,
		`{"code":1105,"message":"m","data":{"kind":"stream_broken","retryable":false,"path":"p"}}`:                         false,
		`{"code":1104,"message":"m","data":{"kind":"stream_broken","retryable":false}}`:                                    false,
		`{"code":1000,"message":"m","data":{"kind":"busy","reason":"cut","retryable":true}}`:                               false,
	} {
		var value any
		require.NoError(t, json.Unmarshal([]byte(text), &value))
		require.Equal(t, good, schema.Validate(value) == nil, text)
	}
}
