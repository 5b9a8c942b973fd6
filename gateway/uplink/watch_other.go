//go:build !linux

// Package uplink notices that the machine's way to the network has changed.
package uplink

import (
	"context"
	"errors"
)

// Watch is for Linux only.
func Watch(context.Context, func()) error { return errors.ErrUnsupported }
