// Package gateway is the port: one radio on one channel.
package gateway

import "errors"

// ErrLinkDown is returned by a Link that has no connection to send on.
var ErrLinkDown = errors.New("link is down")
