// Package options maps a configuration to what a port is made of. It is the one mapping
// that run, reload, doctor and the fleet's check use.
package options
