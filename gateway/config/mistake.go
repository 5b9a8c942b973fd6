package config

import "fmt"

// Mistake is an error that only another configuration can mend: trying again is of no
// use.
type Mistake struct{ Err error }

// Error implements error.
func (m Mistake) Error() string { return m.Err.Error() }

// Unwrap returns what is wrong.
func (m Mistake) Unwrap() error { return m.Err }

// Secret reads the secret in file, which key or a flag names, as ReadSecret does. The
// error is a Mistake that names key.
func Secret(key string, file File) (string, error) {
	secret, err := ReadSecret(string(file))
	if err != nil {
		return "", Mistake{Err: fmt.Errorf("%s: %w", key, err)}
	}
	return secret, nil
}
