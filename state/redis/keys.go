package redis

import (
	"strconv"

	"github.com/talkgate/talkgate/state/fleet"
)

// MembershipUpdates is where the control plane publishes a user's whole new
// list of channels.
const MembershipUpdates = "vp:membership_updates"

const (
	keyChannelEvents  = "channel:events"
	keyBanned         = "security:banned"
	keySecurityEvents = "security:events"
	keyAudit          = "audit:log"
	keySessions       = "sessions"
	keyGateways       = "talkgate:fleet:gateways"
)

// What a fleet ought to be is on one slot of a cluster, as an apply changes all of
// it at once.
const (
	keyDesired      = "talkgate:fleet:{config}:desired"
	keySettled      = "talkgate:fleet:{config}:settled"
	keyUndo         = "talkgate:fleet:{config}:undo"
	keyFleetHistory = "talkgate:fleet:{config}:history"
	keyFleetHead    = "talkgate:fleet:{config}:head"
)

func keyLock(channel string) string       { return "channel:" + channel + ":speaker" }
func keyEvents(channel string) string     { return "channel:" + channel + ":events" }
func keyUsers(channel string) string      { return "channel:" + channel + ":users" }
func keyMembers(channel string) string    { return "g." + channel + ".u" }
func keyRights(userID string) string      { return "u." + userID + ".g" }
func keyBan(userID string) string         { return "security:ban:" + userID }
func keySession(userID string) string     { return "session:" + userID }
func keyAuditActor(actorID string) string { return "audit:actor:" + actorID }

// keyEpoch carries the lock's key as its hash tag, which puts both on one slot
// of a cluster.
func keyEpoch(channel string) string { return "talkgate:epoch:{" + keyLock(channel) + "}" }

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

// topicRights is where talkgate's own tools say that one user's rights changed;
// only that user's ports listen.
func topicRights(userID string) string { return "talkgate:rights:" + userID }

// topicAsk is where a gateway is asked something, topicAnswer where the answer to one
// question comes.
func topicAsk(gateway string) string { return "talkgate:ask:" + gateway }
func topicAnswer(id string) string   { return "talkgate:answer:" + id }
