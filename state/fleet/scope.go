package fleet

import (
	"fmt"
	"strings"
)

// Scope is whom a document is for: "defaults", "group/NAME" or "gateway/ID".
type Scope string

// Defaults is the scope of every gateway.
const Defaults Scope = "defaults"

// Group is the scope of the gateways of a group.
func Group(name string) Scope { return Scope("group/" + name) }

// Gateway is the scope of one gateway, by its user ID.
func Gateway(id string) Scope { return Scope("gateway/" + id) }

// ParseScope reads a scope as it is written.
func ParseScope(text string) (Scope, error) {
	kind, of, _ := strings.Cut(text, "/")
	if text == string(Defaults) || (kind == "group" || kind == "gateway") && ValidID(of) {
		return Scope(text), nil
	}
	return "", fmt.Errorf("scope %q: expected defaults, group/NAME or gateway/ID", text)
}

// ScopesOf are the scopes whose documents a gateway obeys, from the lowest to
// the highest. A gateway without a group has two.
func ScopesOf(gateway, group string) []Scope {
	if group == "" {
		return []Scope{Defaults, Gateway(gateway)}
	}
	return []Scope{Defaults, Group(group), Gateway(gateway)}
}

// Covers reports whether the documents of a scope are for a gateway.
func (s Scope) Covers(gateway, group string) bool {
	return s == Defaults || s == Gateway(gateway) || group != "" && s == Group(group)
}
