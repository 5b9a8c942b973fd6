package config

import (
	"bytes"
	"encoding/json"
)

// schema is a JSON Schema, as far as a configuration needs it.
type schema struct {
	Dialect              string      `json:"$schema,omitempty"`
	Title                string      `json:"title,omitempty"`
	Description          string      `json:"description,omitempty"`
	Type                 string      `json:"type,omitempty"`
	OneOf                []*schema   `json:"oneOf,omitempty"`
	Enum                 []string    `json:"enum,omitempty"`
	Pattern              string      `json:"pattern,omitempty"`
	Minimum              json.Number `json:"minimum,omitempty"`
	Maximum              json.Number `json:"maximum,omitempty"`
	MinLength            *uint64     `json:"minLength,omitempty"`
	MaxLength            *uint64     `json:"maxLength,omitempty"`
	Default              any         `json:"default,omitempty"`
	Properties           properties  `json:"properties,omitempty"`
	AdditionalProperties *bool       `json:"additionalProperties,omitempty"`
	Required             []string    `json:"required,omitempty"`
}

// properties are the keys of a section, in the order of the file.
type properties []namedSchema

type namedSchema struct {
	key    string
	schema *schema
}

// MarshalJSON implements json.Marshaler.
func (p properties) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	for i, named := range p {
		key, err := json.Marshal(named.key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(named.schema)
		if err != nil {
			return nil, err
		}
		text.WriteByte("{,"[min(i, 1)])
		text.Write(key)
		text.WriteByte(':')
		text.Write(value)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}
