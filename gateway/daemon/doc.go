// Package daemon is what talkgate runs as a service: a port with its service manager,
// fleet membership, flight recorder and status as components beside it; or a hub or a
// guard, with the service manager alone.
package daemon
