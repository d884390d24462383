package rawjson

// Check reports whether text is exactly one JSON value (RFC 8259, section 2) in
// valid UTF-8 (section 8.1) whose arrays and objects are nested at most maxDepth
// deep (section 9 allows such a limit). Blanks around the value are allowed. A
// maxDepth of 0 or less allows neither arrays nor objects.
//
// err is nil or a *[SyntaxError]. breaks is true when the text holds a line
// break: LF or CR between tokens or around the value, or raw U+0085, U+2028 or
// U+2029 inside a string; [AppendLine] removes them. With an error breaks is
// false.
//
// Check allocates nothing for a valid text. The Go stack it needs grows with the
// nesting of the text, by one small frame for every 64 levels.
func Check(text []byte, maxDepth int) (breaks bool, err error) {
	i, breaks := blanks(text, 0)
	i, b, f := value(text, i, maxDepth)
	if f != noFault {
		return false, syntaxError(i, f, maxDepth)
	}
	end, b2 := blanks(text, i)
	if end != len(text) {
		return false, syntaxError(end, faultSecond, maxDepth)
	}
	return breaks || b || b2, nil
}

// frameDepth is the number of levels of nesting one call of value keeps, one bit
// each.
const frameDepth = 64

// value scans the value that starts at i, where there must be no blank. left is
// the number of levels it may be nested. It returns the offset just past the
// value, or a fault and its offset.
//
// The kinds of the open containers are bits of one word: nothing has to be
// cleared or allocated per call however deep a text may be, and the call for
// every frameDepth levels keeps the stack small for deep ones.
func value(text []byte, i, left int) (end int, breaks bool, f fault) {
	var objects uint64 // bit 0: the innermost open container is an object
	open := 0
	var b bool
	for {
		// A value or, right after an opening bracket, the end of the array
		// starts at i.
		if i >= len(text) {
			return len(text), false, faultEnd
		}
		switch c := text[i]; c {
		case '"':
			i, b, f = str(text, i)
			breaks = breaks || b
			if f != noFault {
				return i, false, f
			}
		case '{', '[':
			if open >= left {
				return i, false, faultDepth
			}
			if open == frameDepth {
				i, b, f = value(text, i, left-open)
				breaks = breaks || b
				if f != noFault {
					return i, false, f
				}
				break
			}
			i++
			if i < len(text) && text[i] <= ' ' {
				i, b = blanks(text, i)
				breaks = breaks || b
			}
			if i >= len(text) {
				return len(text), false, faultEnd
			}
			if text[i] == c+2 { // '}' is '{'+2, ']' is '['+2
				i++
				break
			}
			open++
			objects <<= 1
			if c == '{' {
				objects |= 1
				i, b, f = name(text, i)
				breaks = breaks || b
				if f != noFault {
					return i, false, f
				}
			}
			continue
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			i, f = number(text, i)
			if f != noFault {
				return i, false, f
			}
		case 't':
			if i, f = literal(text, i, "true"); f != noFault {
				return i, false, f
			}
		case 'f':
			if i, f = literal(text, i, "false"); f != noFault {
				return i, false, f
			}
		case 'n':
			if i, f = literal(text, i, "null"); f != noFault {
				return i, false, f
			}
		default:
			return i, false, faultValue
		}

		// A value ends at i, and maybe the containers around it do.
		for {
			if open == 0 {
				return i, breaks, noFault
			}
			if i < len(text) && text[i] <= ' ' {
				i, b = blanks(text, i)
				breaks = breaks || b
			}
			if i >= len(text) {
				return len(text), false, faultEnd
			}
			c := text[i]
			if c == ',' {
				break
			}
			if c != ']'|byte(objects&1)<<5 { // '}' is ']' with bit 5
				return i, false, faultInArray + fault(objects&1) // or faultInObject
			}
			i++
			open--
			objects >>= 1
		}
		i++
		if i < len(text) && text[i] <= ' ' {
			i, b = blanks(text, i)
			breaks = breaks || b
		}
		if objects&1 != 0 {
			i, b, f = name(text, i)
			breaks = breaks || b
			if f != noFault {
				return i, false, f
			}
		}
	}
}

// name scans what precedes the value of a member, from the opening quote of its
// name at i to the blanks after the colon.
func name(text []byte, i int) (end int, breaks bool, f fault) {
	if i >= len(text) {
		return len(text), false, faultEnd
	}
	if text[i] != '"' {
		return i, false, faultName
	}
	i, breaks, f = str(text, i)
	if f != noFault {
		return i, false, f
	}
	if i+1 < len(text) && text[i] == ':' && text[i+1] > ' ' {
		return i + 1, breaks, noFault
	}
	i, b, f := colon(text, i)
	return i, breaks || b, f
}

// colon scans the colon at i or after blanks, and the blanks after it.
func colon(text []byte, i int) (end int, breaks bool, f fault) {
	i, breaks = blanks(text, i)
	if i >= len(text) {
		return len(text), false, faultEnd
	}
	if text[i] != ':' {
		return i, false, faultColon
	}
	i, b := blanks(text, i+1)
	return i, breaks || b, noFault
}
