package cli

import (
	"strings"

	"rsc.io/qr"
)

// quietZone is the margin that a reader needs, in modules: ISO/IEC 18004 asks for
// 4; cameras manage with 2.
const quietZone = 2

// qrText draws a QR code for a terminal, two rows of modules in a line of text.
// Light modules are drawn, so that it is dark on light on a dark background; on
// a light one it is inverted, which cameras read as well. "" for a text that is
// too long.
func qrText(text string) string {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return ""
	}
	light := func(x, y int) bool { return !code.Black(x, y) } // also outside
	var b strings.Builder
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		for x := -quietZone; x < code.Size+quietZone; x++ {
			switch above, below := light(x, y), y+1 < code.Size+quietZone && light(x, y+1); {
			case above && below:
				b.WriteRune('█')
			case above:
				b.WriteRune('▀')
			case below:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
