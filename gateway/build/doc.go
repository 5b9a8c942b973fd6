// Package build says what this program was built from.
package build
