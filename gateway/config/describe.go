package config

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	"github.com/goccy/go-yaml/ast"
)

// maxExcerpt is how much of a wrong value is shown, in bytes.
const maxExcerpt = 60

// kindOf is what YAML took a node for, in words that do not show its content.
func kindOf(n ast.Node) string {
	switch n.Type() {
	case ast.NullType:
		return "nothing"
	case ast.MappingType, ast.MappingValueType:
		return "keys with values"
	case ast.SequenceType:
		return "a list"
	case ast.StringType:
		return "text"
	case ast.LiteralType:
		return "a block of text"
	case ast.IntegerType:
		return "a whole number (text of digits only needs quotes)"
	case ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.BoolType:
		return "true or false (the word as text needs quotes)"
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType:
		return "an anchor or alias, which this file does without"
	case ast.TagType:
		return "a tag, which this file does without"
	default:
		return "something else (" + n.Type().String() + ")"
	}
}

// excerpt is a wrong value, quoted.
func excerpt(text string) string {
	if len(text) > maxExcerpt {
		return strconv.Quote(text[:maxExcerpt]) + "…"
	}
	return strconv.Quote(text)
}

// DidYouMean is the one of some words that is close to a misspelt one, as a question;
// empty if none is.
func DidYouMean(word string, known []string) string {
	if len(word) > maxExcerpt {
		return ""
	}
	best, distance := "", max(1, len(word)/3)+1
	for _, k := range known {
		if n := levenshtein.ComputeDistance(word, k); n < distance {
			best, distance = k, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// decodeText drops the byte order mark of UTF-8. Text in another encoding is not
// decoded: encoding says which it is.
func decodeText(text []byte) (plain []byte, encoding string) {
	switch {
	case bytes.HasPrefix(text, []byte{0xFF, 0xFE}), bytes.HasPrefix(text, []byte{0xFE, 0xFF}), bytes.IndexByte(text, 0) >= 0:
		return nil, "UTF-16; save the file as UTF-8"
	case !utf8.Valid(text):
		return nil, "another encoding, such as Latin-1; save the file as UTF-8"
	}
	return bytes.TrimPrefix(text, []byte("\uFEFF")), ""
}
