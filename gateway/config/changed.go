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
