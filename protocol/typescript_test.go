package protocol

import (
	"fmt"
	"strings"
	"testing"
)

// typescript writes the types for TypeScript; `tsc --strict` checks them in
// clients/node.
func typescript(t *testing.T, m *model) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) }
	comment := func(doc, indent string) {
		lines := wrap(strings.ReplaceAll(doc, "*/", "* /"), indent+" * ")
		if len(lines) == 1 {
			line("%s/** %s */", indent, strings.TrimPrefix(lines[0], indent+" * "))
			return
		}
		line("%s/**\n%s\n%s */", indent, strings.Join(lines, "\n"), indent)
	}
	line("// The protocol of signalbox, version 1. Printed by `signalbox schema --lang typescript`.")
	line("// A later release may send more members, notifications and values: ignore what you")
	line("// do not know, and treat an unknown kind of error by its code.")
	for _, name := range m.names() {
		line("")
		comment(m.doc(name), "")
		if of := m.types[name]; of.members == nil {
			line("export type %s = %s;", name, typescriptType(of, ""))
		} else {
			line("export interface %s %s", name, typescriptType(of, ""))
		}
	}
	line("")
	comment("The params and the result of each method. Absent params may be left out.", "")
	line("export interface Methods {")
	for _, row := range Methods {
		comment(m.meaning(t, "Method", row.Name), "  ")
		line("  %q: { params: %s; result: %s };", row.Name, typescriptMessage(row.Params, "undefined"), typescriptMessage(row.Result, "null"))
	}
	line("}")
	for _, side := range []struct {
		name, doc string
		list      []Message
	}{
		{"ServerNotifications", "The params of each notification to the host.", ServerNotifications},
		{"ClientNotifications", "The params of each notification from the host.", ClientNotifications},
	} {
		line("")
		comment(side.doc, "")
		line("export interface %s {", side.name)
		for _, row := range side.list {
			comment(m.meaning(t, "Notification", row.Name), "  ")
			line("  %q: %s;", row.Name, typescriptMessage(row.Params, "undefined"))
		}
		line("}")
	}
	line("")
	comment("What signalbox asks of a host that has declared that it can answer.", "")
	line("export interface ServerRequests {")
	for _, row := range ServerRequests {
		comment(m.meaning(t, "Request", row.Name), "  ")
		line("  %q: { params: %s; result: %s };", row.Name, typescriptMessage(row.Params, "undefined"), typescriptMessage(row.Result, "null"))
	}
	line("}")
	return []byte(b.String())
}

func typescriptMessage(value any, none string) string {
	if name := nameOfValue(value); name != "" {
		return name
	}
	if value != nil {
		return "Record<string, never>"
	}
	return none
}

// typescriptType writes a type.
func typescriptType(of typ, indent string) string {
	text := ""
	switch {
	case of.named != "":
		text = of.named
	case of.values != nil:
		text = "\"" + strings.Join(of.values, "\"\n  | \"") + "\""
		if len(text) < 60 {
			text = strings.ReplaceAll(text, "\n ", "")
		}
	case of.members != nil:
		var b strings.Builder
		b.WriteString("{\n")
		inner := indent + "  "
		for _, m := range of.members {
			doc := wrap(strings.ReplaceAll(m.doc, "*/", "* /"), inner+" * ")
			if len(doc) == 1 {
				_, _ = fmt.Fprintf(&b, "%s/** %s */\n", inner, strings.TrimPrefix(doc[0], inner+" * "))
			} else {
				_, _ = fmt.Fprintf(&b, "%s/**\n%s\n%s */\n", inner, strings.Join(doc, "\n"), inner)
			}
			name := m.name
			if !identifier.MatchString(name) {
				name = fmt.Sprintf("%q", name)
			}
			if m.optional {
				name += "?"
			}
			_, _ = fmt.Fprintf(&b, "%s%s: %s;\n", inner, name, typescriptType(m.typ, inner))
		}
		if of.open {
			_, _ = fmt.Fprintf(&b, "%s[member: string]: unknown;\n", inner)
		}
		text = b.String() + indent + "}"
	case of.list != nil:
		text = typescriptType(*of.list, indent) + "[]"
		if strings.Contains(text, "|") {
			text = "(" + strings.TrimSuffix(text, "[]") + ")[]"
		}
	case of.dict != nil:
		text = "Record<string, " + typescriptType(*of.dict, indent) + ">"
	case of.union != nil:
		var all []string
		for _, one := range of.union {
			all = append(all, typescriptType(one, indent))
		}
		text = strings.Join(all, " | ")
	default:
		text = map[string]string{"integer": "number", "object": "Record<string, unknown>", "any": "unknown"}[of.word]
		if text == "" {
			text = of.word
		}
	}
	if of.nullable {
		text += " | null"
	}
	return text
}
