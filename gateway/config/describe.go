package config

import (
	"strconv"

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
