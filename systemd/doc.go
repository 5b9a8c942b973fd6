// Package systemd holds what the system is told of talkgate: units, users,
// device rules, and the making of packages. Its tests ask systemd's own tools.
package systemd
