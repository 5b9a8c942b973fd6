// Package fleetstore keeps a fleet in Redis: its signed documents, their rollouts and
// history, and the reports of its gateways.
package fleetstore

import (
	"strconv"

	"github.com/talkgate/talkgate/state/fleet"
	"github.com/talkgate/talkgate/state/redis/conn"
)

// Store reads and writes a fleet.
type Store struct {
	conn *conn.Conn
	Scripts
}

// New returns the store behind a connection that was opened with its scripts.
func New(c *conn.Conn, scripts Scripts) *Store { return &Store{conn: c, Scripts: scripts} }

// Scripts are the atomic steps of a Store.
type Scripts struct{ report, apply, canary conn.Script }

// NewScripts returns the scripts for conn.Open.
func NewScripts() Scripts {
	return Scripts{report: conn.NewScript(luaReport), apply: conn.NewScript(luaApply), canary: conn.NewScript(luaReportCanary)}
}

// All are the scripts in a list.
func (s Scripts) All() []conn.Script { return []conn.Script{s.report, s.apply, s.canary} }

// keyGateways is a set of all gateways that ever reported.
const keyGateways = "talkgate:fleet:gateways"

// What a fleet ought to be is on one slot of a cluster, as an apply changes all of
// it at once.
const (
	keyDesired = "talkgate:fleet:{config}:desired"
	keySettled = "talkgate:fleet:{config}:settled"
	keyUndo    = "talkgate:fleet:{config}:undo"
	keyHistory = "talkgate:fleet:{config}:history"
	keyHead    = "talkgate:fleet:{config}:head"
)

// keyReport and keyBeat are of one gateway, and share its ID as their hash tag.
func keyReport(gateway string) string { return "talkgate:fleet:report:{" + gateway + "}" }
func keyBeat(gateway string) string   { return "talkgate:fleet:beat:{" + gateway + "}" }

// keyRollout is how the rollout of an apply stands.
func keyRollout(version uint64) string {
	return "talkgate:fleet:{config}:rollout:" + strconv.FormatUint(version, 10)
}

// topicFleet is where it is told that the document of a scope changed, or the
// state of its rollout.
func topicFleet(scope fleet.Scope) string { return topicFleetPrefix + string(scope) }

const topicFleetPrefix = "talkgate:fleet:changed:"

// topicReports is where the IDs of gateways are published that have reported.
const topicReports = "talkgate:fleet:reports"
