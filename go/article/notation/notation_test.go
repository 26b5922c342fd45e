package notation

import "testing"

func TestPythonRepr(t *testing.T) {
	for _, given := range []struct {
		why, value, want string
	}{
		{"the article's message reads as printed", "\n\x05World", `b'\n\x05World'`},
		{"no bytes are a pair of quotes", "", `b''`},
		{
			"Python writes some bytes in full that C and Go have short escapes for",
			"\x00\a\b\t\n\v\f\r\\", `b'\x00\x07\x08\t\n\x0b\x0c\r\\'`,
		},
		{"what is not printable ASCII is hex", "\x1f ~\x7f\x80\xff", `b'\x1f ~\x7f\x80\xff'`},
		{"a double quote stands in single ones", `say "hi"`, `b'say "hi"'`},
		{"a single quote stands in double ones", `it's`, `b"it's"`},
		{"of both, the single one is escaped", `it's "so"`, `b'it\'s "so"'`},
	} {
		t.Run(given.why, func(t *testing.T) {
			if got := PythonRepr([]byte(given.value)); got != given.want {
				t.Errorf("%q is written %s, and not %s", given.value, got, given.want)
			}
		})
	}
}
