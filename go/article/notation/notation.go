// Package notation writes bytes in Python's notation, in which the article prints its message.
package notation

import (
	"bytes"
	"fmt"
	"strings"
)

// PythonRepr writes bytes as Python's repr does: b'\n\x05World'.
//
// Printable ASCII stands for itself; tab, line feed and carriage return have their short escapes,
// every other byte is \x and two lower-case digits. The quotes are single ones, unless the bytes
// hold a single and no double quote.
func PythonRepr(value []byte) string {
	quote := quoteFor(value)
	var text strings.Builder
	text.WriteByte('b')
	text.WriteByte(quote)
	for _, char := range value {
		text.WriteString(escaped(char, quote))
	}
	text.WriteByte(quote)
	return text.String()
}

func quoteFor(value []byte) byte {
	if bytes.IndexByte(value, '\'') >= 0 && bytes.IndexByte(value, '"') < 0 {
		return '"'
	}
	return '\''
}

func escaped(char, quote byte) string {
	switch {
	case char == '\t':
		return `\t`
	case char == '\n':
		return `\n`
	case char == '\r':
		return `\r`
	case char == '\\' || char == quote:
		return `\` + string(char)
	case ' ' <= char && char <= '~':
		return string(char)
	default:
		return fmt.Sprintf(`\x%02x`, char)
	}
}
