// Package drivers picks the drivers of a port: lines, sound cards, virtual radios, and the
// links to channel servers. It implements daemon.Drivers.
package drivers
