// Package fleet is what many gateways and those who look after them tell one
// another: pure types, their JSON and their rules. Where they are kept is the
// business of state/redis.
package fleet
