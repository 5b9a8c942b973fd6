// Package monitor decides what is heard of several channels when more than one
// of them speaks.
package monitor
