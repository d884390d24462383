package params

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/signalbox-dev/signalbox/internal/rawjson"
	"github.com/signalbox-dev/signalbox/protocol"
)

// limits are what the tags of a field say.
type limits struct {
	min, max       int64
	hasMin, hasMax bool
	required       bool
}

func limitsOf(tag reflect.StructTag, required bool) limits {
	l := limits{required: required}
	if text, ok := tag.Lookup("min"); ok {
		l.min, _ = strconv.ParseInt(text, 10, 64)
		l.hasMin = true
	}
	if text, ok := tag.Lookup("max"); ok {
		l.max, _ = strconv.ParseInt(text, 10, 64)
		l.hasMax = true
	}
	return l
}

func (l limits) allow(n int64) bool {
	return (!l.hasMin || n >= l.min) && (!l.hasMax || n <= l.max)
}

// value reads the member at path into a field.
func (d decoder) value(raw []byte, to reflect.Value, path string, l limits) error {
	switch to.Kind() {
	case reflect.Pointer:
		elem := reflect.New(to.Type().Elem())
		if err := d.value(raw, elem.Elem(), path, l); err != nil {
			return err
		}
		to.Set(elem)
		return nil
	case reflect.Struct:
		members, _, err := rawjson.Object(raw, maxDepth, nil)
		if err != nil {
			return wrong(path, to.Type(), l)
		}
		return d.inner(members, to, path)
	case reflect.Map:
		members, _, err := rawjson.Object(raw, maxDepth, nil)
		if err != nil {
			return wrong(path, to.Type(), l)
		}
		return d.dict(members, to, path)
	}
	if !plain(raw, to, l) {
		return wrong(path, to.Type(), l)
	}
	return nil
}

// inner reads the members of an object inside the params. Where its type has no
// name, error.data.field is the member as a whole; the message says what is wrong
// in it.
func (d decoder) inner(members []rawjson.Member, to reflect.Value, path string) error {
	err := d.object(members, to, path)
	if refused, ok := errors.AsType[*protocol.Error](err); ok && to.Type().Name() == "" {
		refused.Data.Field = path
	}
	return err
}

// dict reads the members of an object into a map from strings.
func (d decoder) dict(members []rawjson.Member, to reflect.Value, path string) error {
	if name, found := rawjson.Duplicate(members); found {
		return protocol.InvalidParams(join(path, Short(name)), "The member \""+path+"\" contains a duplicate member.")
	}
	all := reflect.MakeMapWithSize(to.Type(), len(members))
	for _, m := range members {
		value := reflect.New(to.Type().Elem()).Elem()
		if !plain(m.Value, value, limits{}) {
			return wrong(join(path, Short(m.Name())), value.Type(), limits{})
		}
		all.SetMapIndex(reflect.ValueOf(m.Name()), value)
	}
	to.Set(all)
	return nil
}

// plain reads a value without members of its own, and reports whether it is what
// the field can take.
func plain(raw []byte, to reflect.Value, l limits) bool {
	switch kind := to.Kind(); {
	case to.Type() == reflect.TypeFor[json.RawMessage]():
		to.SetBytes(raw)
		return true
	case kind == reflect.Bool:
		if string(raw) != "true" && string(raw) != "false" {
			return false
		}
		to.SetBool(raw[0] == 't')
		return true
	case kind == reflect.String:
		text, ok := rawjson.Unquote(raw)
		if !ok || !l.allow(int64(len(text))) || !allowed(to.Type(), text, l.required) {
			return false
		}
		to.SetString(text)
		return true
	case to.CanInt():
		n, ok := whole(raw)
		if !ok || !l.allow(n) || to.OverflowInt(n) {
			return false
		}
		to.SetInt(n)
		return true
	case to.CanUint():
		n, ok := whole(raw)
		if !ok || !l.allow(n) || n < 0 || to.OverflowUint(uint64(n)) {
			return false
		}
		to.SetUint(uint64(n))
		return true
	case kind == reflect.Slice && raw[0] == '[':
		list := reflect.MakeSlice(to.Type(), 0, 0)
		for start, end := range rawjson.Elements(raw) {
			elem := reflect.New(to.Type().Elem()).Elem()
			if !plain(raw[start:end], elem, limits{}) {
				return false
			}
			list = reflect.Append(list, elem)
		}
		if !l.allow(int64(list.Len())) {
			return false
		}
		to.Set(list)
		return true
	}
	return false
}

// whole reads a number without a fraction that a double holds exactly (RFC 8259,
// section 6).
func whole(raw []byte) (int64, bool) {
	n, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || n != math.Trunc(n) || math.Abs(n) > 1<<53 {
		return 0, false
	}
	return int64(n), true
}

// allowed reports whether text is one of the values of a type, if it lists them.
// The empty string means absent.
func allowed(t reflect.Type, text string, required bool) bool {
	values := valuesOf(t)
	return values == nil || text == "" && !required || slices.Contains(values, text)
}

// valuesOf calls the method Values of a string type; nil if it has none.
func valuesOf(t reflect.Type) []string {
	method, ok := t.MethodByName("Values")
	if !ok {
		return nil
	}
	list := method.Func.Call([]reflect.Value{reflect.Zero(t)})[0]
	values := make([]string, list.Len())
	for i := range values {
		values[i] = list.Index(i).String()
	}
	return values
}

// setNull sets a field whose type has a method Null, and reports whether it has.
func setNull(to reflect.Value) bool {
	method, ok := to.Type().MethodByName("Null")
	if ok {
		to.Set(method.Func.Call([]reflect.Value{to})[0])
	}
	return ok
}

// wrong is the error about a member that is not what its type wants.
func wrong(path string, want reflect.Type, l limits) error {
	return protocol.InvalidParams(path, "The member \""+path+"\" must be "+describe(want, l)+".")
}

// missing is the error about a member that must be there.
func missing(path string, field reflect.StructField) error {
	return protocol.InvalidParams(path, "The member \""+path+"\" is missing; it must be "+
		describe(field.Type, limitsOf(field.Tag, true))+".")
}

// describe says in words what a type wants.
func describe(t reflect.Type, l limits) string {
	if values := valuesOf(t); values != nil {
		return oneOf(values)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return describe(t.Elem(), l)
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		if l.hasMin {
			return "a string that is not empty"
		}
		return "a string"
	case reflect.Uint16:
		return "a whole number from 0 to 65535"
	case reflect.Slice:
		most := ""
		if l.hasMax {
			most = fmt.Sprintf("at most %d ", l.max)
		}
		_, elem, _ := strings.Cut(describe(t.Elem(), limits{}), " ")
		noun, bounds, _ := strings.Cut(elem, " from")
		if bounds != "" {
			bounds = " from" + bounds
		}
		return "a list of " + most + noun + "s" + bounds
	case reflect.Map:
		return "an object of strings"
	case reflect.Struct:
		return "an object"
	}
	switch {
	case l.hasMin && l.hasMax && l.min == l.max:
		return strconv.FormatInt(l.min, 10)
	case l.hasMin && l.hasMax:
		return fmt.Sprintf("a whole number from %d to %d", l.min, l.max)
	case l.hasMin:
		return fmt.Sprintf("a whole number of at least %d", l.min)
	}
	return "a whole number"
}

// oneOf lists values: "a", "b" or "c".
func oneOf(values []string) string {
	last := len(values) - 1
	text := strconv.Quote(values[last])
	if last > 0 {
		text = `"` + strings.Join(values[:last], `", "`) + `" or ` + text
	}
	return text
}
