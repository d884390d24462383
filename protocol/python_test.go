package protocol

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// python writes typed dictionaries for Python 3.9 and newer, with the standard
// library alone; mypy checks them in clients/pygls.
func python(t *testing.T, m *model) []byte {
	p := &pythonWriter{m: m}
	p.line(`"""The protocol of signalbox, version 1. Printed by "signalbox schema --lang python".`)
	p.line(``)
	p.line(`A later release may send more members, notifications and values: ignore what you`)
	p.line(`do not know, and treat an unknown kind of error by its code.`)
	p.line(`"""`)
	p.line(`from __future__ import annotations`)
	p.line(``)
	p.line(`from typing import Any, Dict, List, Literal, Optional, TypedDict, Union`)
	// Aliases are evaluated, in their order; annotations are not.
	for _, name := range m.names() {
		if of := m.types[name]; of.values != nil {
			p.line("\n# %s", strings.Join(wrap(m.doc(name), ""), "\n# "))
			p.line("%s = Literal[\n    \"%s\",\n]", name, strings.Join(of.values, "\",\n    \""))
		}
	}
	for _, name := range m.names() {
		if of := m.types[name]; of.values == nil && of.members == nil {
			p.line("\n# %s", strings.Join(wrap(m.doc(name), ""), "\n# "))
			p.line("%s = %s", name, p.typeOf(of, name, ""))
		}
	}
	for _, name := range m.names() {
		if of := m.types[name]; of.members != nil {
			p.class(name, m.doc(name), of)
		}
	}
	for _, side := range []struct {
		name, doc string
		list      []Message
	}{
		{"Method", "The methods.", Methods},
		{"ServerNotification", "The notifications to the host.", ServerNotifications},
		{"ServerRequest", "What is asked of a host that has declared that it can answer.", ServerRequests},
		{"ClientNotification", "The notifications from the host.", ClientNotifications},
	} {
		p.line("\n# %s\n%s = Literal[", side.doc, side.name)
		for _, row := range side.list {
			var types []string
			for _, value := range []any{row.Params, row.Result} {
				if name := nameOfValue(value); name != "" {
					types = append(types, name)
				}
			}
			note := ""
			if len(types) > 0 {
				note = "  # " + strings.Join(types, " -> ")
			}
			p.line("    %q,%s", row.Name, note)
		}
		p.line("]")
	}
	return []byte(p.text.String())
}

// identifier is a name that needs no quotes, in Python and in TypeScript.
var identifier = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

type pythonWriter struct {
	m    *model
	text strings.Builder
}

func (p *pythonWriter) line(format string, args ...any) {
	_, _ = fmt.Fprintf(&p.text, format+"\n", args...)
}

// class writes an object. Members that may be absent stand in a class of their
// own: NotRequired came with Python 3.11.
func (p *pythonWriter) class(name, doc string, of typ) {
	split := slices.IndexFunc(of.members, func(m member) bool { return m.optional })
	base := "TypedDict"
	var required, optional []member
	for _, m := range of.members {
		if m.optional {
			optional = append(optional, m)
		} else {
			required = append(required, m)
		}
	}
	// Objects inside, first: they are classes as well.
	var bodies [2]strings.Builder
	for i, list := range [][]member{required, optional} {
		for _, m := range list {
			if !identifier.MatchString(m.name) { // only the functional syntax could name it
				_, _ = fmt.Fprintf(&bodies[i], "    # also: %q\n", m.name)
				continue
			}
			for _, text := range wrap(m.doc, "    # ") {
				_, _ = fmt.Fprintln(&bodies[i], text)
			}
			_, _ = fmt.Fprintf(&bodies[i], "    %s: %s\n", m.name, p.typeOf(m.typ, name, m.name))
		}
	}
	if len(required) > 0 && split >= 0 {
		base = "_" + name
		p.line("\n\nclass %s(TypedDict):\n%s", base, strings.TrimSuffix(bodies[0].String(), "\n"))
		bodies[0].Reset()
	}
	if split >= 0 {
		base += ", total=False"
	}
	p.line("\n\nclass %s(%s):\n    \"\"\"%s\"\"\"", name, base, strings.TrimPrefix(strings.Join(wrap(strings.ReplaceAll(doc, `"`, "'"), "    "), "\n"), "    "))
	if body := strings.TrimSuffix(bodies[0].String()+bodies[1].String(), "\n"); body != "" {
		p.line("\n%s", body)
	}
	if of.open {
		p.line("    # and any other member of the body: see the Responses API")
	}
}

// typeOf writes a type; owner and name say what to call an object inside.
func (p *pythonWriter) typeOf(of typ, owner, name string) string {
	text := ""
	switch {
	case of.named != "":
		text = of.named
	case of.members != nil:
		text = owner + strings.ToUpper(name[:1]) + name[1:]
		p.class(text, name+" of "+owner, of)
	case of.list != nil:
		text = "List[" + p.typeOf(*of.list, owner, name) + "]"
	case of.dict != nil:
		text = "Dict[str, " + p.typeOf(*of.dict, owner, name) + "]"
	case of.union != nil:
		var all []string
		for _, one := range of.union {
			all = append(all, p.typeOf(one, owner, name))
		}
		text = "Union[" + strings.Join(all, ", ") + "]"
	default:
		text = map[string]string{
			"string": "str", "integer": "int", "number": "float", "boolean": "bool",
			"object": "Dict[str, Any]", "any": "Any", "null": "None",
		}[of.word]
	}
	if of.nullable {
		text = "Optional[" + text + "]"
	}
	return text
}
