package config

import "reflect"

// Changed lists the keys in which two configurations differ, in the order of
// the file. Where another variant was chosen, the key that chooses stands for
// all of its keys.
func Changed(a, b Config) []string {
	return changed("", reflect.ValueOf(a), reflect.ValueOf(b))
}

func changed(section string, a, b reflect.Value) (keys []string) {
	fields, variants := fieldsOf(a)
	others, otherVariants := fieldsOf(b)
	for i, f := range fields {
		key := join(section, f.key)
		if _, isScalar := scalarOf(f); !isScalar {
			keys = append(keys, changed(key, f.value, others[i].value)...)
		} else if !f.value.Equal(others[i].value) {
			keys = append(keys, key)
		}
	}
	for i, v := range variants {
		if other := otherVariants[i].value; !v.value.IsNil() && !other.IsNil() {
			keys = append(keys, changed(section, v.value.Elem(), other.Elem())...)
		}
	}
	return keys
}

// WithLive is c with those keys taken from another configuration that take effect
// without a restart.
func WithLive(c, from Config) Config {
	if c.Hardware.Board != nil {
		own := *c.Hardware.Board // c is a value: what it points to stays as it is
		c.Hardware.Board = &own
	}
	takeLive(reflect.ValueOf(&c).Elem(), reflect.ValueOf(from))
	return c
}

func takeLive(to, from reflect.Value) {
	fields, variants := fieldsOf(to)
	others, otherVariants := fieldsOf(from)
	for i, f := range fields {
		switch {
		case f.Type.Kind() == reflect.Struct:
			takeLive(f.value, others[i].value)
		case f.Tag.Get("live") != "":
			f.value.Set(others[i].value)
		}
	}
	// Of the variants only a board has live keys.
	for i, v := range variants {
		other := otherVariants[i].value
		if board, ok := v.value.Interface().(*BoardHardware); ok && board != nil && !other.IsNil() {
			takeLive(v.value.Elem(), other.Elem())
		}
	}
}
