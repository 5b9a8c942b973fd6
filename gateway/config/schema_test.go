package config_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/talkgate/talkgate/gateway/config"
)

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("port.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("port.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(value)
}

func TestExampleParsesAndFitsTheSchema(t *testing.T) {
	text, err := config.Example()
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("example.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if want := config.Default(); c.Talk != want.Talk || c.Audio != want.Audio || c.Log != want.Log {
		t.Errorf("the example's defaults are not the defaults: %+v", c)
	}
	if err := validate(t, compile(t), text); err != nil {
		t.Error(err)
	}
}

func TestSchemaAndParserAgree(t *testing.T) {
	schema := compile(t)
	if err := validate(t, schema, minimal); err != nil {
		t.Fatal(err)
	}
	for _, mistake := range []struct{ replace, with string }{
		{"version: 1\n", ""},
		{"version: 1", "version: 2"},
		{"channel: gates", "channel: 17"},
		{"channel: gates", `channel: "{gates}"`},
		{"channel: gates", `channel: "two words"`},
		{"channel: gates", `channel: ""`},
		{"channel: gates", "channel: " + strings.Repeat("g", 129)},
		{"hardware: {driver: sim}\n", ""},
		{"driver: sim", "driver: serial"},
		{"driver: sim", "driver: sim, chip: gpiochip0"},
		{"kind: hub, ", ""},
		{`url: "redis:`, `url: "http:`},
		{`redis://`, `redis://user:word@`},
		{"hardware:", "talk: {leese: 1s}\nhardware:"},
		{"hardware:", "talk: {lease: 1}\nhardware:"},
		{"hardware:", "talk: {lease: soon}\nhardware:"},
		{"hardware:", "audio: {bitrate: 24}\nhardware:"},
		{"hardware:", "audio: {complexity: high}\nhardware:"},
		{"hardware:", "audio: {expected_loss: 10}\nhardware:"},
		{"hardware:", "audio: {tones: {enabled: 1}}\nhardware:"},
		{"hardware:", "audio: {tones: {gain: loud}}\nhardware:"},
		{"hardware:", "log: {level: loud}\nhardware:"},
	} {
		text := strings.Replace(minimal, mistake.replace, mistake.with, 1)
		if _, err := config.Parse("port.yaml", []byte(text)); err == nil {
			t.Errorf("the parser accepts %q for %q", mistake.with, mistake.replace)
		}
		if err := validate(t, schema, text); err == nil {
			t.Errorf("the schema accepts %q for %q", mistake.with, mistake.replace)
		}
	}
}
